using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using ConsentLedger.Resilience;
using ConsentLedger.ServiceDefaults;
using Polly;

namespace ConsentLedger.MarketingPreference.AskingErasure;

/// <summary>How a request to be forgotten stands.</summary>
/// <param name="DueOn">The last day on which its end is still in time.</param>
/// <param name="Outcome">What it came to, once it is completed: also one that was refused is.</param>
public sealed record Erasure(Guid Id, Guid Subject, string State, DateOnly DueOn, string? Outcome = null)
{
    /// <summary>How it stands, as the page puts it.</summary>
    public string Standing => (State, Outcome) switch
    {
        ("completed", "refused") => "refused",
        ("completed", "partially") => "partly",
        ("completed" or "certified", _) => "completed",
        ("held" or "withdrawn", _) => State,
        _ => "running",
    };

    /// <summary>Whether there is a day to promise: under a hold nobody knows one, and after its end there is none.</summary>
    public bool IsRunning => Standing == "running";
}

/// <summary>The erasure orchestrator over HTTP, with this service's own token. Whoever asks twice hears of the same request, so a lost answer is asked for again.</summary>
public sealed partial class ErasureClient : IDisposable
{
    private const string Remote = "erasure";
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly HttpClient? _http;
    private readonly ServiceToken? _token;
    private readonly ResiliencePipeline _pipeline;
    private readonly TimeProvider _clock;
    private readonly ILogger<ErasureClient> _log;

    public static IServiceCollection Add(IServiceCollection services) => services
        .AddRemote(Remote, remote =>
        {
            (remote.TimeoutMs, remote.AttemptTimeoutMs, remote.Attempts, remote.BaseDelayMs, remote.MaxDelayMs) = (4000, 1500, 3, 50, 1000);
            remote.Breaker = new Breaker();
        })
        .AddSingleton<ErasureClient>();

    public ErasureClient(IConfiguration configuration, Remotes remotes, TimeProvider clock, ILogger<ErasureClient> log)
    {
        if (configuration["Erasure:Url"] is { } url)
        {
            _token = new ServiceToken(configuration["Consent:TokenFile"] ?? throw new InvalidOperationException("Consent__TokenFile is not set."));
            _http = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(1), AllowAutoRedirect = false, UseCookies = false })
            {
                BaseAddress = new Uri(url),

                // The pipeline's is the one that counts.
                Timeout = Timeout.InfiniteTimeSpan,
            };
        }

        (_clock, _log) = (clock, log);
        _pipeline = remotes.Calling(Remote, HttpAnswers.IsOutage, HttpAnswers.RetryAfter);
    }

    /// <summary>Whether this installation has an orchestrator; without one a person writes to the controller.</summary>
    public bool IsThere => _http is not null;

    /// <param name="withdrawAll">Every consent is withdrawn before anything is erased.</param>
    /// <returns>Null where the orchestrator does not answer: nothing is known to be under way.</returns>
    public Task<Erasure?> RequestAsync(StreamKey person, bool withdrawAll, CancellationToken ct) => SendAsync(person.Tenant, () => new HttpRequestMessage(HttpMethod.Post, "/v1/erasures")
    {
        Content = JsonContent.Create(new { subject = person.Id.Value, withdrawAll }, Json),
    }, ct);

    /// <summary>A request of this person, and of nobody else.</summary>
    public async Task<Erasure?> FindAsync(StreamKey person, Guid id, CancellationToken ct) =>
        await SendAsync(person.Tenant, () => new HttpRequestMessage(HttpMethod.Get, $"/v1/erasures/{id}"), ct) is { } erasure && erasure.Subject == person.Id.Value ? erasure : null;

    public void Dispose() => _http?.Dispose();

    private async Task<Erasure?> SendAsync(TenantId tenant, Func<HttpRequestMessage> request, CancellationToken ct)
    {
        if (_http is not { } http || _token is not { } token) return null;
        try
        {
            return await _pipeline.ExecuteAsync(
                async limited =>
                {
                    using var question = request();
                    question.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Current());
                    question.Headers.Add(Caller.TenantHeader, tenant.ToString());
                    using var answer = await http.SendAsync(question, limited);
                    if (answer.StatusCode == HttpStatusCode.NotFound) return null;
                    answer.EnsureAnswered(_clock);
                    return await answer.Content.ReadFromJsonAsync<Erasure>(JsonSerializerOptions.Web, limited);
                },
                ct);
        }
        catch (Exception e) when (e is HttpRequestException or ExecutionRejectedException or IOException or UnauthorizedAccessException or JsonException)
        {
            NoAnswer(e is HttpRequestException { StatusCode: { } status } ? $"status {(int)status}" : e.GetType().Name);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The erasure orchestrator did not answer: {Reason}.")]
    private partial void NoAnswer(string reason);
}
