using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using ConsentLedger.Resilience;
using ConsentLedger.ServiceDefaults;
using Polly;

namespace ConsentLedger.MarketingPreference.AskingConsent;

/// <summary>The consent service did not answer in time, or not in a way to rely on. Nothing may be taken for a yes.</summary>
/// <param name="status">What it said where that is final; null where another time it may answer.</param>
public sealed class ConsentUnavailableException(Exception inner, HttpStatusCode? status) : HttpRequestException("The consent service did not answer.", inner, status);

/// <summary>
/// The consent service over HTTP, with this service's own token. A question about a decision changes nothing, and what is recorded there, a withdrawal or that
/// a history was read, is recorded once by its key: so a lost answer is asked for again.
/// </summary>
public sealed partial class ConsentClient : IDisposable
{
    private const string Remote = "consent";
    private const string ManyQuestions = "consent-many";
    private const string Histories = "consent-history";

    /// <summary>More than this are a part of a mailing: nobody waits for one of them, and reading so many people takes its time.</summary>
    private const int Few = 100;
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly HttpClient _http;
    private readonly ServiceToken _token;
    private readonly ResiliencePipeline _pipeline;
    private readonly ResiliencePipeline _many;
    private readonly ResiliencePipeline _histories;
    private readonly TimeProvider _clock;
    private readonly ILogger<ConsentClient> _log;

    /// <summary>
    /// Somebody waits for a decision, so there is a limit to the whole call, and one to each attempt, lest a replica that hangs leave no time for another; while
    /// consent is away, what rests on it is not sent anyway. For a history nobody waits: it may be long, and who handles the message asks again.
    /// </summary>
    public static IServiceCollection Add(IServiceCollection services) => services
        .AddRemote(Remote, remote =>
        {
            (remote.TimeoutMs, remote.AttemptTimeoutMs, remote.Attempts, remote.BaseDelayMs, remote.MaxDelayMs) = (2000, 600, 3, 50, 1000);
            remote.Breaker = new Breaker();
        })
        .AddRemote(ManyQuestions, remote =>
        {
            (remote.TimeoutMs, remote.AttemptTimeoutMs, remote.Attempts, remote.BaseDelayMs, remote.MaxDelayMs) = (10_000, 4_000, 3, 50, 1000);
            remote.Breaker = new Breaker();
        })
        .AddRemote(Histories, remote => (remote.TimeoutMs, remote.Attempts) = (30_000, 1))
        .AddSingleton<ConsentClient>();

    public ConsentClient(IConfiguration configuration, Remotes remotes, TimeProvider clock, ILogger<ConsentClient> log)
    {
        var url = configuration["Consent:Url"] ?? throw new InvalidOperationException("Consent__Url is not set.");
        _token = new ServiceToken(configuration["Consent:TokenFile"] ?? throw new InvalidOperationException("Consent__TokenFile is not set."));
        _http = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(1), AllowAutoRedirect = false, UseCookies = false })
        {
            BaseAddress = new Uri(url),

            // The pipeline's is the one that counts.
            Timeout = Timeout.InfiniteTimeSpan,
        };
        (_clock, _log) = (clock, log);
        _pipeline = remotes.Calling(Remote, HttpAnswers.IsOutage, HttpAnswers.RetryAfter);
        _many = remotes.Calling(ManyQuestions, HttpAnswers.IsOutage, HttpAnswers.RetryAfter);
        _histories = remotes.Calling(Histories, HttpAnswers.IsOutage);
    }

    /// <summary>The strict decision for each question, in order.</summary>
    /// <exception cref="ConsentUnavailableException"/>
    public Task<IReadOnlyList<ConsentDecision>> DecideAsync(TenantId tenant, IReadOnlyList<ConsentQuestion> questions, CancellationToken ct) => SendAsync(
        questions.Count > Few ? _many : _pipeline,
        () => Request(HttpMethod.Post, tenant, "/v1/decisions", questions),
        async (answer, limited) =>
        {
            answer.EnsureAnswered(_clock);
            var decisions = await answer.Content.ReadFromJsonAsync<List<ConsentDecision>>(JsonSerializerOptions.Web, limited);
            return decisions?.Count == questions.Count ? (IReadOnlyList<ConsentDecision>)decisions : throw new JsonException("Not one decision a question.");
        },
        ct);

    /// <summary>As <see cref="DecideAsync"/>, with each question asked once and the ids of whom it is about, and answered in some bytes each.</summary>
    /// <exception cref="ConsentUnavailableException"/>
    public async Task<IReadOnlyList<ConsentDecision>> DecideForManyAsync(TenantId tenant, IReadOnlyList<ConsentQuestion> questions, CancellationToken ct)
    {
        var parts = AboutMany.Of(questions);
        try
        {
            return await SendAsync(
                _many,
                () => Request(HttpMethod.Post, tenant, "/v1/decisions/many", parts.Questions),
                async (answer, limited) =>
                {
                    answer.EnsureAnswered(_clock);
                    return parts.Read(await answer.Content.ReadFromJsonAsync<List<ConsentAnswersAboutMany>>(JsonSerializerOptions.Web, limited) ?? []);
                },
                ct);
        }
        catch (ConsentUnavailableException e) when (e.StatusCode == HttpStatusCode.NotFound)
        {
            // One of an older release, which is replaced at this moment.
            return await DecideAsync(tenant, questions, ct);
        }
    }

    /// <summary>When this returns, no decision over there says yes any more; a refusal means that there was nothing to withdraw.</summary>
    /// <param name="key">The same key again is carried out once.</param>
    /// <exception cref="ConsentUnavailableException"/>
    public Task WithdrawAsync(StreamKey subject, ConsentWithdrawal withdrawal, string? key, CancellationToken ct) => SendAsync(
        _pipeline,
        () =>
        {
            var request = Request(HttpMethod.Post, subject.Tenant, $"/v1/subjects/{subject.Id}/withdrawals", withdrawal);
            if (key is not null) request.Headers.Add(CommandOptions.IdempotencyKeyHeader, key);
            return request;
        },
        (answer, _) =>
        {
            if (answer.StatusCode != HttpStatusCode.UnprocessableEntity) answer.EnsureAnswered(_clock);
            return Task.FromResult(true);
        },
        ct);

    /// <summary>Records something that the person does on a page here, and says what it came to.</summary>
    /// <param name="act">As the consent service's path names it: <c>grants</c>, <c>objections</c>.</param>
    /// <param name="key">The same key again is carried out once.</param>
    /// <param name="version">Which the person's stream there must still have; null for any.</param>
    /// <exception cref="ConsentUnavailableException"/>
    public Task<ConsentReply> RecordAsync(StreamKey subject, string act, object told, string key, long? version, CancellationToken ct) => SendAsync(
        _pipeline,
        () =>
        {
            var request = Request(HttpMethod.Post, subject.Tenant, $"/v1/subjects/{subject.Id}/{act}", told);
            request.Headers.Add(CommandOptions.IdempotencyKeyHeader, key);
            if (version is { } still) request.Headers.IfMatch.Add(new EntityTagHeaderValue($"\"{still}\""));
            return request;
        },
        async (answer, limited) =>
        {
            if (answer.StatusCode != HttpStatusCode.UnprocessableEntity) answer.EnsureAnswered(_clock);
            return await answer.Content.ReadFromJsonAsync<ConsentReply>(JsonSerializerOptions.Web, limited) ?? throw new JsonException("No answer.");
        },
        ct);

    /// <summary>What has been recorded of each consent; that it was read is not recorded.</summary>
    /// <exception cref="ConsentUnavailableException"/>
    public Task<ConsentRecords> ReadConsentsAsync(StreamKey subject, CancellationToken ct) => SendAsync(
        _pipeline,
        () => Request(HttpMethod.Get, subject.Tenant, $"/v1/subjects/{subject.Id}/consents", body: null),
        async (answer, limited) =>
        {
            answer.EnsureAnswered(_clock);
            return await answer.Content.ReadFromJsonAsync<ConsentRecords>(JsonSerializerOptions.Web, limited) is { Consents: not null } read ? read : throw new JsonException("No consents.");
        },
        ct);

    /// <summary>Everything recorded there about a subject, to be handed to them. That it was read is recorded there.</summary>
    /// <param name="format">As the consent service names it: <c>json</c>, <c>csv</c>.</param>
    /// <exception cref="ConsentUnavailableException"/>
    public Task<byte[]?> ReadRecordsAsync(StreamKey subject, string format, CancellationToken ct) => SendAsync(
        _histories,
        () => Request(HttpMethod.Get, subject.Tenant, $"/v1/subjects/{subject.Id}/records?format={format}", body: null),
        async (answer, limited) =>
        {
            // Of whom nothing is known there, there is nothing to copy.
            if (answer.StatusCode == HttpStatusCode.NotFound) return null;
            answer.EnsureAnswered(_clock);
            return (byte[]?)await answer.Content.ReadAsByteArrayAsync(limited);
        },
        ct);

    /// <summary>Everything recorded there about a subject, in order. That it was read is recorded there, too, as the last of it.</summary>
    /// <param name="key">The same key again is the same reading.</param>
    /// <exception cref="ConsentUnavailableException"/>
    public Task<IReadOnlyList<ConsentEntry>> ReadHistoryAsync(StreamKey subject, string key, CancellationToken ct) => SendAsync(
        _histories,
        () =>
        {
            var request = Request(HttpMethod.Get, subject.Tenant, $"/v1/subjects/{subject.Id}/history", body: null);
            request.Headers.Add(CommandOptions.IdempotencyKeyHeader, key);
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/x-ndjson"));
            return request;
        },
        async (answer, limited) =>
        {
            answer.EnsureAnswered(_clock);
            var lines = (await answer.Content.ReadAsStringAsync(limited)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            return (IReadOnlyList<ConsentEntry>)[.. lines.Select(line => JsonSerializer.Deserialize<HistoryLine>(line, JsonSerializerOptions.Web)!.ToEntry())];
        },
        ct);

    public void Dispose() => _http.Dispose();

    // A refused token or a missing right is no answer either: it says nothing about the person.
    private async Task<T> SendAsync<T>(
        ResiliencePipeline pipeline, Func<HttpRequestMessage> request, Func<HttpResponseMessage, CancellationToken, Task<T>> read, CancellationToken ct)
    {
        try
        {
            return await pipeline.ExecuteAsync(
                async limited =>
                {
                    using var question = request();
                    using var answer = await _http.SendAsync(question, HttpCompletionOption.ResponseHeadersRead, limited);
                    return await read(answer, limited);
                },
                ct);
        }
        catch (Exception e) when (e is HttpRequestException or ExecutionRejectedException or IOException or UnauthorizedAccessException or JsonException)
        {
            NoAnswer(e is HttpRequestException { StatusCode: { } status } ? $"status {(int)status}" : e.GetType().Name);
            throw new ConsentUnavailableException(e, FinalStatus(e));
        }
    }

    // A token can be renewed and a right be given while we wait. What cannot be read now cannot be read later.
    private static HttpStatusCode? FinalStatus(Exception e) => e switch
    {
        JsonException => HttpStatusCode.OK,
        HttpRequestException { StatusCode: HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden } => null,
        HttpRequestException answered => answered.StatusCode,
        _ => null,
    };

    private HttpRequestMessage Request(HttpMethod method, TenantId tenant, string path, object? body)
    {
        var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body, body.GetType(), Json, StrictJson.Options) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token.Current());
        request.Headers.Add(Caller.TenantHeader, tenant.ToString());
        return request;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The consent service did not answer: {Reason}.")]
    private partial void NoAnswer(string reason);
}
