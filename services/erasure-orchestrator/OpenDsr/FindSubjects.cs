using System.Net.Http.Headers;
using System.Text.Json;
using ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;
using ConsentLedger.Resilience;
using ConsentLedger.ServiceDefaults;
using Polly;

namespace ConsentLedger.ErasureOrchestrator.OpenDsr;

/// <summary>Nobody could say who it is just now.</summary>
public sealed class LookupUnavailableException(Exception inner) : Exception("The consent service did not answer.", inner);

/// <summary>Asks the consent service, which alone knows addresses, whom one leads to.</summary>
public sealed class FindSubjects : IDisposable
{
    private const string Remote = "consent-lookup";

    private readonly HttpClient? _http;
    private readonly ServiceToken? _token;
    private readonly ResiliencePipeline _pipeline;
    private readonly TimeProvider _clock;

    public static IServiceCollection Add(IServiceCollection services) => services
        .AddRemote(Remote, remote => (remote.TimeoutMs, remote.AttemptTimeoutMs, remote.Attempts) = (10_000, 3000, 3))
        .AddSingleton<FindSubjects>();

    public FindSubjects(IConfiguration configuration, Remotes remotes, TimeProvider clock)
    {
        (_clock, _pipeline) = (clock, remotes.Calling(Remote, HttpAnswers.IsOutage, HttpAnswers.RetryAfter));
        if (configuration["Consent:Url"] is not { Length: > 0 } url) return;
        _token = new ServiceToken(configuration["Consent:TokenFile"] ?? throw new InvalidOperationException("Consent__TokenFile is not set."));
        _http = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(1), AllowAutoRedirect = false, UseCookies = false })
        {
            BaseAddress = new Uri(url),
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>Everybody whom these identities lead to. An id that the controller had from us says more than an address, which a family may share.</summary>
    /// <exception cref="LookupUnavailableException"/>
    public async Task<IReadOnlyList<Guid>> FindAsync(TenantId tenant, IReadOnlyList<DsrIdentity> identities, CancellationToken ct)
    {
        var named = identities.Where(i => i.Type == DsrWords.ControllerCustomerId).Select(i => SubjectId.TryParse(i.Value, out var subject) ? subject.Value : (Guid?)null).OfType<Guid>().Distinct().ToList();
        if (named.Count > 0) return named;

        // Where nobody can be asked, a person looks.
        if (_http is null) return [];
        var found = new HashSet<Guid>();
        foreach (var identity in identities.Where(i => i.Type == DsrWords.Email)) found.UnionWith(await LookUpAsync(tenant, identity.Value, ct));
        return [.. found];
    }

    public void Dispose() => _http?.Dispose();

    private async Task<IReadOnlyList<Guid>> LookUpAsync(TenantId tenant, string address, CancellationToken ct)
    {
        try
        {
            return await _pipeline.ExecuteAsync(
                async limited =>
                {
                    using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/subjects/lookup") { Content = JsonContent.Create(new { kind = "email", value = address }) };
                    request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token!.Current());
                    request.Headers.Add(Caller.TenantHeader, tenant.ToString());
                    using var answer = await _http!.SendAsync(request, limited);
                    answer.EnsureAnswered(_clock);
                    return (await answer.Content.ReadFromJsonAsync<Found>(JsonSerializerOptions.Web, limited))?.Subjects ?? [];
                },
                ct);
        }
        catch (Exception e) when (e is HttpRequestException or ExecutionRejectedException or IOException or UnauthorizedAccessException or JsonException)
        {
            throw new LookupUnavailableException(e);
        }
    }

    private sealed record Found(IReadOnlyList<Guid> Subjects);
}
