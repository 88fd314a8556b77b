using System.Net.Http.Headers;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;
using ConsentLedger.ErasureOrchestrator.Outbound;
using ConsentLedger.ErasureOrchestrator.Processors;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Vault;
using Polly;

namespace ConsentLedger.ErasureOrchestrator.OpenDsr;

/// <summary>
/// Brings each open case on: finds out whose it is, tells the controller of each change, and forgets what was sealed when nobody is left to be told. All that it knows
/// lies in the cases, so it may be killed at any time and run in every replica: at worst a controller hears the same twice.
/// </summary>
public sealed partial class DsrWork(
    DsrLookup lookup, StateReader reader, DeciderLoop ledger, FindSubjects subjects, DsrMatching matching, DsrVault vault, DsrOffer offer, CallbackHosts hosts, OutboundHttp http, ProcessorLanes lanes,
    IConfiguration configuration, TimeProvider clock, ILogger<DsrWork> log) : BackgroundService
{
    /// <summary>Failures in a row after which a URL is given up, some three days: whoever does not hear of it can still ask.</summary>
    private const int MostFailures = 20;

    private readonly SemaphoreSlim _raised = new(0);

    /// <summary>Something has changed here: no need to wait for the next look.</summary>
    public void Raise()
    {
        if (_raised.CurrentCount == 0) _raised.Release();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (offer.Signer is null) return;
        var period = configuration.GetValue("OpenDsr:LookAgainAfter", TimeSpan.FromSeconds(5));
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (Exception e) when (e is StoreUnavailableException or AppendConflictException)
            {
                Waiting(e.Message);
            }

            await _raised.WaitAsync(period, stoppingToken);
        }
    }

    public async Task LookAsync(CancellationToken ct)
    {
        for (var page = await lookup.ReadAsync(forgotten: false, after: null, ct); page.Count > 0; page = await lookup.ReadAsync(forgotten: false, page[^1], ct))
            await Parallel.ForEachAsync(page, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = ct }, async (one, limited) => await BringOnAsync(one.Tenant, one.Id, limited));
    }

    private async Task BringOnAsync(TenantId tenant, Guid id, CancellationToken ct)
    {
        var place = DsrCase.KeyOf(tenant, id);
        var (state, _) = await reader.ReadAsync(place, DsrCase.Stream, ct);
        try
        {
            if (state is { Received: not null, Matched: null, Unmatched: null, FoundNobody: false, CancelledAt: null })
            {
                await MatchAsync(tenant, state, place, ct);
                (state, _) = await reader.ReadAsync(place, DsrCase.Stream, ct);
            }

            var request = await DsrRead.RequestOfAsync(tenant, state, reader, ct);
            var status = state.StatusBy(request);
            if (state.ToTell(status, clock.GetUtcNow()) is { Count: > 0 } callbacks)
            {
                await TellAsync(tenant, state, request, place, status, callbacks, ct);
                (state, _) = await reader.ReadAsync(place, DsrCase.Stream, ct);
            }

            if (!state.IsOver(status)) return;

            // In this order: a crash in between destroys what is destroyed.
            await vault.DestroyAsync(place, ct);
            await RecordAsync(place, s => s.Forgotten ? Decision.Unchanged : Decision.Of(new DsrForgotten(id)), ct);
        }
        catch (Exception e) when (e is LookupUnavailableException or VaultUnavailableException or EnvelopeRefusedException)
        {
            Waiting(e.Message);
        }
    }

    private async Task MatchAsync(TenantId tenant, DsrCase state, StreamKey place, CancellationToken ct)
    {
        if (await vault.OpenAsync(place, ct) is not { } opened) return;
        var found = await subjects.FindAsync(tenant, opened.Identities, ct);
        if (found.Count == 1 && SubjectId.TryParse(found[0].ToString("D"), out var subject))
        {
            await matching.RecordAsync(tenant, state, subject, ct);
            return;
        }

        var reason = found.Count == 0 ? Unmatched.Nobody : Unmatched.Several;
        await RecordAsync(place, s => s is { Matched: null, Unmatched: null, FoundNobody: false, CancelledAt: null } ? Decision.Of(new DsrUnmatched(state.Received!.Id, reason)) : Decision.Unchanged, ct);
    }

    private async Task TellAsync(TenantId tenant, DsrCase state, PersonRequest? request, StreamKey place, DsrStatus status, IReadOnlyList<int> callbacks, CancellationToken ct)
    {
        if (await vault.OpenAsync(place, ct) is not { } opened) return;
        foreach (var n in callbacks.Where(n => n < opened.Callbacks.Count))
        {
            var (url, id) = (opened.Callbacks[n], state.Received!.Id);
            var body = DsrJson.Write(new DsrCallback(tenant.ToString(), DsrRead.ExpectedBy(state, request), url.OriginalString, id, DsrWords.NameOf(status)));
            var failure = await CallAsync(tenant, url, body, ct);
            await RecordAsync(place, s => s.Told.TryGetValue(n, out var told) && told.Status == status && told.IsOver ? Decision.Unchanged
                : failure is null ? Decision.Of(new DsrTold(id, n, status))
                : Decision.Of(new DsrNotTold(id, n, status, failure, RetryAt(s.Told.TryGetValue(n, out var before) && before.Status == status ? before.Failures : 0))), ct);
            if (failure is not null) NotTold(tenant.ToString(), failure);
        }
    }

    /// <returns>Null where it was taken, else why not.</returns>
    private async Task<string?> CallAsync(TenantId tenant, Uri url, byte[] body, CancellationToken ct)
    {
        // What was agreed on when it came may not be any more.
        if (!hosts.Allow(tenant, url)) return "callback-not-allowed";
        try
        {
            await lanes.CallAsync(tenant, $"callback {url.Host}", async limited =>
            {
                using var message = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } } };
                foreach (var headers in (DsrHeaders[])[DsrHeaders.OpenDsr, DsrHeaders.OpenGdpr])
                {
                    message.Headers.Add(headers.Domain, offer.Signer!.Domain);
                    message.Headers.Add(headers.Signature, offer.Signer.Sign(body));
                }

                var answer = await http.SendAsync(message, limited);
                lanes.EnsureAnswered(answer);
                return answer;
            }, ct);
            return null;
        }
        catch (Exception e) when (e is HttpRequestException or ExecutionRejectedException or IOException or LaneFullException)
        {
            return ProcessorCalls.CodeOf(e) ?? "no-answer";
        }
    }

    private DateTimeOffset? RetryAt(int failures) => failures + 1 >= MostFailures
        ? null
        : DateTimeOffset.FromUnixTimeMilliseconds((clock.GetUtcNow() + TimeSpan.FromMinutes(Math.Min(Math.Pow(2, failures), 360))).ToUnixTimeMilliseconds());

    private Task<EventStore.Outcome> RecordAsync(StreamKey place, Func<DsrCase, Decision> decide, CancellationToken ct) =>
        ledger.ExecuteAsync(new Command(place, DsrCase.Stream, Id: null, default, context => decide(context.State<DsrCase>())), ct);

    [LoggerMessage(Level = LogLevel.Warning, Message = "OpenDSR cases wait: {Reason}")]
    private partial void Waiting(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A callback of {Tenant} was not taken: {Code}.")]
    private partial void NotTold(string tenant, string code);
}
