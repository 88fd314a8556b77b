using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using ConsentLedger.ErasureOrchestrator.Processors;
using ConsentLedger.Resilience;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Running;

/// <summary>
/// What the consent service is asked over HTTP, as any system is asked that has no part in erasures over the bus: to withdraw everything, by what others know the person, to restrict, to have a copy
/// ready. Each request is named by its own id, so asking again changes nothing. The calls go through lanes, as those to processors do: what they ask for of one tenant stops nobody else.
/// </summary>
public sealed class OwnCalls : IDisposable
{
    public const string Method = "rights-request", Remote = "consent-calls";

    // A week: the longest that a system is left alone.
    private static readonly TimeSpan LookAgain = TimeSpan.FromDays(7);

    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly HttpClient? _http;
    private readonly ServiceToken? _token;
    private readonly ProcessorLanes _lanes;
    private readonly TimeProvider _clock;

    /// <summary>As processors are called; but a copy of a long history takes its time.</summary>
    public static IServiceCollection Add(IServiceCollection services) => services
        .AddRemote(Remote, remote =>
        {
            (remote.TimeoutMs, remote.AttemptTimeoutMs, remote.Attempts, remote.BaseDelayMs, remote.MaxDelayMs) = (60_000, 30_000, 3, 200, 5000);
            remote.Breaker = new Breaker { MinimumCalls = 5, WindowMs = 60_000, BreakMs = 30_000 };
        })
        .AddSingleton<OwnCalls>();

    public OwnCalls(IConfiguration configuration, ProcessorLanes lanes, TimeProvider clock)
    {
        (_lanes, _clock) = (lanes, clock);
        if (configuration["Consent:Url"] is { Length: > 0 } url && configuration["Consent:TokenFile"] is { } tokenFile)
        {
            _token = new ServiceToken(tokenFile);
            _http = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(1), AllowAutoRedirect = false, UseCookies = false })
            {
                BaseAddress = new Uri(url),

                // The pipeline's is the one that counts.
                Timeout = Timeout.InfiniteTimeSpan,
            };
        }
    }

    public async Task<TaskReply> SendAsync(TaskCall call, CancellationToken ct)
    {
        if (_http is null) return new TaskReply.Unreachable("no-client", RetryAfter: null);
        try
        {
            return call.Type switch
            {
                RequestType.Erasure when call.Processor.Id == OwnSystems.Addresses => await IdentifyAsync(call, ct),
                RequestType.Erasure => await WithdrawAsync(call, ct),
                RequestType.Restriction => await RestrictAsync(call, ct),
                _ => await FindAsync(call, ct),
            };
        }
        catch (Exception e) when (CodeOf(e) is { } code)
        {
            return new TaskReply.Unreachable(code, ProcessorCalls.RetryAfter(e));
        }
    }

    /// <summary>Whether a consent of the person stands for one of these purposes; null where the consent service has no answer now.</summary>
    public async Task<bool?> ConsentLastsAsync(StreamKey subject, IReadOnlyList<string> purposes, CancellationToken ct)
    {
        if (_http is null) return null;
        try
        {
            var consents = await ReadConsentsAsync(subject.Tenant, OwnSystems.Consent, subject.Id.Value, ct);
            return consents.EnumerateArray().Any(c => c.GetProperty("state").GetString() == "given" && purposes.Contains(c.GetProperty("purpose").GetString()));
        }
        catch (Exception e) when (CodeOf(e) is not null)
        {
            return null;
        }
    }

    /// <summary>The copy itself, for whoever asked for it (GDPR art. 15(3), 20(1)), with what was sealed where its form has room for that; null where the consent service has no answer now.</summary>
    /// <param name="portable">In a form that another controller takes in.</param>
    public async Task<OwnCopy?> ReadCopyAsync(TenantId tenant, Guid subject, bool portable, CancellationToken ct)
    {
        if (_http is null) return null;

        // Under a key of its own each time: the same key again is the same reading, with nothing in it that was recorded since.
        var (path, key) = ($"/v1/subjects/{subject}/records?format={(portable ? "dpv" : "json&disclose=true")}", $"copy {Guid.CreateVersion7(_clock.GetUtcNow())}");
        try
        {
            return await AskAsync(tenant, OwnSystems.Consent, () => Question(HttpMethod.Get, tenant, path, key, body: null), async (answer, limited) =>
            {
                if (await IsOfNobodyAsync(answer, limited))
                    return new OwnCopy(JsonSerializer.SerializeToUtf8Bytes(new { subject, at = _clock.GetUtcNow(), consents = Array.Empty<object>() }, StrictJson.Options), "application/json; charset=utf-8", HoldsNothing: true);
                answer.EnsureAnswered(_clock);
                return new OwnCopy(await answer.Content.ReadAsByteArrayAsync(limited), answer.Content.Headers.ContentType?.ToString() ?? "application/json");
            }, ct);
        }
        catch (Exception e) when (CodeOf(e) is not null)
        {
            return null;
        }
    }

    public void Dispose() => _http?.Dispose();

    private async Task<TaskReply> WithdrawAsync(TaskCall call, CancellationToken ct)
    {
        var consents = await ReadConsentsAsync(call.Tenant, call.Processor.Id, call.Identities.Subject, ct);
        var purposes = consents.EnumerateArray().Where(c => c.GetProperty("state").GetString() is not ("withdrawn" or "refused" or "expired")).Select(c => c.GetProperty("purpose").GetString()!).Distinct();
        foreach (var purpose in purposes)
        {
            var refused = await PostAsync(call, "withdrawals", $"withdraw {call.Request} {purpose}", new { purpose, occurredAt = call.ReceivedAt, actor = "subject", method = Method }, ct);
            if (refused is not null and not ("consent_not_the_basis" or "subject_erased")) return new TaskReply.Unreachable(refused.Replace('_', '-'), RetryAfter: null);
        }

        // What rests on no consent is objected to: while data is only kept, nobody is marketed to.
        var objected = await PostAsync(call, "objections", $"object {call.Request}", new { to = "marketing", occurredAt = call.ReceivedAt, actor = "subject", method = Method }, ct);
        return objected is null or "policy_missing" or "subject_erased" ? new TaskReply.Done(TaskOutcome.Withdrawn, Reason: null) : new TaskReply.Unreachable(objected.Replace('_', '-'), RetryAfter: null);
    }

    private async Task<TaskReply> RestrictAsync(TaskCall call, CancellationToken ct)
    {
        var refused = await PostAsync(
            call, "restrictions", $"restrict {call.Request}", new { ground = "accuracy-contested", purposes = Array.Empty<string>(), occurredAt = call.ReceivedAt, actor = "subject", method = Method }, ct);
        return refused is null ? new TaskReply.Done(TaskOutcome.Restricted, Reason: null) : new TaskReply.Refused(refused.Replace('_', '-'));
    }

    /// <summary>There is a copy. The part is done when somebody has it: <see cref="Answering.HandOutCopy"/>.</summary>
    private async Task<TaskReply> FindAsync(TaskCall call, CancellationToken ct)
    {
        await ReadConsentsAsync(call.Tenant, call.Processor.Id, call.Identities.Subject, ct);
        return new TaskReply.Accepted(Reference: null, _clock.GetUtcNow() + LookAgain);
    }

    /// <summary>Somebody who was never seen there, or is erased, has no address that anybody could tell.</summary>
    private Task<TaskReply> IdentifyAsync(TaskCall call, CancellationToken ct)
    {
        // The same attempt again is the same reading.
        var (path, key) = ($"/v1/subjects/{call.Identities.Subject}/addresses", $"addresses {call.Request} {call.Attempt}");
        return AskAsync<TaskReply>(call.Tenant, call.Processor.Id, () => Question(HttpMethod.Get, call.Tenant, path, key, body: null), async (answer, limited) =>
        {
            if (await IsOfNobodyAsync(answer, limited)) return new TaskReply.Identified([]);
            answer.EnsureAnswered(_clock);
            var known = await answer.Content.ReadFromJsonAsync<KnownAddresses>(JsonSerializerOptions.Web, limited) ?? throw new JsonException();
            return new TaskReply.Identified([.. known.Addresses.Select(a => new SubjectIdentity(a.Kind, a.Value))]);
        }, ct);
    }

    private Task<JsonElement> ReadConsentsAsync(TenantId tenant, string system, Guid subject, CancellationToken ct) =>
        AskAsync(tenant, system, () => Question(HttpMethod.Get, tenant, $"/v1/subjects/{subject}/consents", key: null, body: null), async (answer, limited) =>
        {
            answer.EnsureAnswered(_clock);
            using var read = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(limited));
            return read.RootElement.GetProperty("consents").Clone();
        }, ct);

    /// <returns>The code it was refused with; null where it was done.</returns>
    private Task<string?> PostAsync(TaskCall call, string act, string key, object body, CancellationToken ct) =>
        AskAsync(call.Tenant, call.Processor.Id, () => Question(HttpMethod.Post, call.Tenant, $"/v1/subjects/{call.Identities.Subject}/{act}", key, body), async (answer, limited) =>
        {
            if (answer.StatusCode != HttpStatusCode.UnprocessableEntity)
            {
                answer.EnsureAnswered(_clock);
                return null;
            }

            using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(limited));
            return problem.RootElement.GetProperty("code").GetString() ?? "refused";
        }, ct);

    /// <summary>Nothing was ever recorded about the person, which is an answer, too. Somebody else's 404 is none.</summary>
    private static async Task<bool> IsOfNobodyAsync(HttpResponseMessage answer, CancellationToken ct)
    {
        if (answer.StatusCode != HttpStatusCode.NotFound) return false;
        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(ct));
        return problem.RootElement is { ValueKind: JsonValueKind.Object } said && said.TryGetProperty("code", out var code) && code.ValueKind == JsonValueKind.String && code.ValueEquals(KnownProblems.NotFound.Code);
    }

    private static string? CodeOf(Exception e) => ProcessorCalls.CodeOf(e) ?? (e is UnauthorizedAccessException or JsonException ? "no-answer" : null);

    /// <param name="system">Whose lane it is: of the consent service's parts none waits for another.</param>
    private Task<T> AskAsync<T>(TenantId tenant, string system, Func<HttpRequestMessage> question, Func<HttpResponseMessage, CancellationToken, Task<T>> read, CancellationToken ct) =>
        _lanes.CallAsync(tenant, system, async limited =>
        {
            using var asked = question();
            using var answer = await _http!.SendAsync(asked, limited);
            return await read(answer, limited);
        }, ct, Remote);

    private HttpRequestMessage Question(HttpMethod method, TenantId tenant, string path, string? key, object? body)
    {
        var question = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body, body.GetType(), Json, StrictJson.Options) };
        question.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token!.Current());
        question.Headers.Add(Caller.TenantHeader, tenant.ToString());
        if (key is not null) question.Headers.Add(CommandOptions.IdempotencyKeyHeader, key);
        return question;
    }

    private sealed record KnownAddresses(IReadOnlyList<KnownAddress> Addresses)
    {
        public override string ToString() => $"{Addresses.Count} addresses";
    }

    private sealed record KnownAddress(string Kind, string Value)
    {
        public override string ToString() => Kind;
    }
}

/// <param name="HoldsNothing">The consent service never saw the person.</param>
public sealed record OwnCopy(byte[] Bytes, string ContentType, bool HoldsNothing = false)
{
    public override string ToString() => "copy";
}
