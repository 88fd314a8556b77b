using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using ConsentLedger.Resilience;
using ConsentLedger.ServiceDefaults;
using Polly;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Running;

/// <summary>What marketing-preference is asked over HTTP, with this service's own token: its part of the copy that a person asked for.</summary>
public sealed class PreferenceCalls : IDisposable
{
    private const string Remote = "preference";

    // A week: the longest that a system is left alone.
    private static readonly TimeSpan LookAgain = TimeSpan.FromDays(7);

    private readonly HttpClient? _http;
    private readonly ServiceToken? _token;
    private readonly ResiliencePipeline _pipeline;
    private readonly TimeProvider _clock;

    public static IServiceCollection Add(IServiceCollection services) => services
        .AddRemote(Remote, remote =>
        {
            (remote.TimeoutMs, remote.AttemptTimeoutMs, remote.Attempts) = (30_000, 12_000, 2);
            remote.Breaker = new Breaker();
        })
        .AddSingleton<PreferenceCalls>();

    public PreferenceCalls(IConfiguration configuration, Remotes remotes, TimeProvider clock)
    {
        (_clock, _pipeline) = (clock, remotes.Calling(Remote, HttpAnswers.IsOutage, HttpAnswers.RetryAfter));
        if (configuration["Preference:Url"] is not { Length: > 0 } url) return;
        _token = new ServiceToken(configuration["Consent:TokenFile"] ?? throw new InvalidOperationException("Consent__TokenFile is not set."));
        _http = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(1), AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = new Uri(url), Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Whether this installation has said where it is.</summary>
    public bool IsThere => _http is not null;

    /// <summary>Whether its part can be had. The part is done when somebody has the copy: <see cref="Answering.HandOutCopy"/>.</summary>
    public async Task<TaskReply> SendAsync(TaskCall call, CancellationToken ct)
    {
        if (_http is null) return new TaskReply.Unreachable("no-client", RetryAfter: null);
        try
        {
            await AskAsync(HttpMethod.Head, call.Tenant, call.Identities.Subject, ct);
            return new TaskReply.Accepted(Reference: null, _clock.GetUtcNow() + LookAgain);
        }
        catch (Exception e) when (e is HttpRequestException or ExecutionRejectedException or IOException or UnauthorizedAccessException)
        {
            return new TaskReply.Unreachable(e is HttpRequestException { StatusCode: { } status } ? $"status-{(int)status}" : "no-answer", HttpAnswers.RetryAfter(e));
        }
    }

    /// <summary>All that it keeps of the person, read afresh; null where it has no answer now.</summary>
    public async Task<KeptPart?> ReadAsync(TenantId tenant, Guid subject, CancellationToken ct)
    {
        if (_http is null) return null;
        try
        {
            var kept = JsonNode.Parse(await AskAsync(HttpMethod.Get, tenant, subject, ct)) as JsonObject;
            return kept?["isEmpty"] is JsonValue said && said.TryGetValue<bool>(out var isEmpty) && kept["choices"] is JsonArray && kept["events"] is JsonArray && kept["addresses"] is JsonArray ? new KeptPart(kept, isEmpty) : null;
        }
        catch (Exception e) when (e is HttpRequestException or ExecutionRejectedException or IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    public void Dispose() => _http?.Dispose();

    private async Task<byte[]> AskAsync(HttpMethod method, TenantId tenant, Guid subject, CancellationToken ct) => await _pipeline.ExecuteAsync(
        async limited =>
        {
            using var question = new HttpRequestMessage(method, $"/v1/subjects/{subject}/kept");
            question.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token!.Current());
            question.Headers.Add(Caller.TenantHeader, tenant.ToString());
            using var answer = await _http!.SendAsync(question, limited);
            answer.EnsureAnswered(_clock);
            return await answer.Content.ReadAsByteArrayAsync(limited);
        },
        ct);
}

/// <param name="HoldsNothing">It never saw the person.</param>
public sealed record KeptPart(JsonObject Kept, bool HoldsNothing)
{
    public override string ToString() => "kept";
}
