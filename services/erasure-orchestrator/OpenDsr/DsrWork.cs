using System.Net.Http.Headers;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Holds;
using ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;
using ConsentLedger.ErasureOrchestrator.Outbound;
using ConsentLedger.ErasureOrchestrator.Processors;
using ConsentLedger.Resilience;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Vault;
using Polly;

namespace ConsentLedger.ErasureOrchestrator.OpenDsr;

/// <summary>
/// Brings cases on: finds out whose each is, tells the controller of each change, and forgets what was sealed when nobody is left to be told. What there is to do lies in a table, written
/// with the events that call for it, so that whoever is killed leaves it to the next, and a case that waits for others costs nothing. One process at a time does so; at worst a controller
/// hears the same twice.
/// </summary>
public sealed partial class DsrWork(
    DsrLookup lookup, StateReader reader, IEventEngine engine, DeciderLoop ledger, FindSubjects subjects, Aliases aliases, DsrMatching matching, DsrVault vault, DsrOffer offer, CallbackHosts hosts, OutboundHttp http,
    ProcessorLanes lanes, IConfiguration configuration, Remotes remotes, TimeProvider clock, ILogger<DsrWork> log) : BackgroundService
{
    public const string Remote = "opendsr-cases";

    /// <summary>Failures in a row after which a URL is given up, some three days: whoever does not hear of it can still ask.</summary>
    private const int MostFailures = 20;

    private static readonly TimeSpan Unexpected = TimeSpan.FromMinutes(10);

    /// <summary>How soon whoever is away is asked again.</summary>
    private readonly TimeSpan _again = configuration.GetValue("OpenDsr:LookAgainAfter", TimeSpan.FromSeconds(5));

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => offer.Signer is null
        ? Task.CompletedTask
        : remotes.KeepGoingAsync(Remote, "look", ct => Turns.TakeAsync(engine, Remote, clock, LookAsync, ct), retry => Waiting(retry.Exception?.GetType().Name ?? ""), stoppingToken);

    /// <summary>Does what there is to do by now.</summary>
    /// <returns>When there is something next; null where nothing is set.</returns>
    public async Task<DateTimeOffset?> LookAsync(CancellationToken ct)
    {
        while (await lookup.ReadDueAsync(clock.GetUtcNow(), ct) is { Count: > 0 } due)
            await Parallel.ForEachAsync(due, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = ct }, async (one, limited) => await BringOnAsync(one, limited));
        return await lookup.ReadNextAsync(ct);
    }

    private async Task BringOnAsync(DueCase due, CancellationToken ct)
    {
        var (place, next) = (DsrCase.KeyOf(due.Tenant, due.Id), (DateTimeOffset?)null);
        var (state, _) = await reader.ReadAsync(place, DsrCase.Stream, ct);
        try
        {
            if (state is { AwaitsMatch: true, Unmatched: null })
            {
                await MatchAsync(due.Tenant, state, place, ct);
                (state, _) = await reader.ReadAsync(place, DsrCase.Stream, ct);
            }

            var request = await DsrRead.RequestOfAsync(due.Tenant, state, reader, ct);
            var status = state.StatusBy(request);
            if (state.ToTell(status, clock.GetUtcNow()) is { Count: > 0 } callbacks)
            {
                await TellAsync(due.Tenant, state, request, place, status, callbacks, ct);
                (state, _) = await reader.ReadAsync(place, DsrCase.Stream, ct);
            }

            if (state.IsOver(status, request))
            {
                // In this order: a crash in between destroys what is destroyed.
                await vault.DestroyAsync(place, ct);
                await RecordAsync(place, s => s.Forgotten ? Decision.Unchanged : Decision.Of(new DsrForgotten(due.Id)), ct);
            }

            next = state.NextAt(status);
        }
        catch (Exception e) when (e is LookupUnavailableException or VaultUnavailableException)
        {
            Waiting(e.Message);
            next = clock.GetUtcNow() + _again;
        }
        catch (Exception e) when (e is not (OperationCanceledException or StoreUnavailableException or AppendConflictException))
        {
            // Whatever is wrong with one case stops no other.
            Waiting(e.GetType().Name);
            next = clock.GetUtcNow() + Unexpected;
        }

        // What was recorded here has changed the case: then it is looked at once more, and finds nothing to do.
        await lookup.PutOffAsync(due, next, state.Matched?.Request, ct);
    }

    private async Task MatchAsync(TenantId tenant, DsrCase state, StreamKey place, CancellationToken ct)
    {
        // What cannot be opened leads to nobody, and a person can still ask the controller.
        var opened = await vault.OpenAsync(place, ct);
        var found = opened is null ? [] : await subjects.FindAsync(tenant, opened.Identities, ct);

        // Found under several ids, the person is one all the same.
        if (found.Count > 1 && (await aliases.ClosureAsync([new StreamKey(tenant, new StreamId(found[0]))], ct)).Select(s => s.Id.Value).ToHashSet().IsSupersetOf(found)) found = [found[0]];
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
            var body = DsrJson.Write(new DsrCallback(tenant.ToString(), DsrRead.ExpectedBy(state, request), url.OriginalString, id, DsrWords.NameOf(status), DsrFetch.UrlOf(state, request, offer)));
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
