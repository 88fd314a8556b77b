using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Erasures.Withdrawing;
using ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.OpenDsr;

/// <summary>A controller takes a request back while it is pending (section 9). What somebody else asked for too, the person or another case, goes on.</summary>
public static class DsrCancel
{
    private static readonly Decision NotPending = Decision.No("not_pending", "Only a pending request can be cancelled.");

    public static void Map(IEndpointRouteBuilder api)
    {
        foreach (var path in (string[])["/v2/requests/{id:guid}", "/v1/opengdpr_requests/{id:guid}"])
            api.MapDelete(path, HandleAsync).RequireScope(Scopes.ErasureRequest).ExcludeFromDescription();
    }

    /// <summary>Before anybody was found.</summary>
    public static Decision Decide(DsrCase cancelled) => cancelled switch
    {
        { CancelledAt: not null } => Decision.Unchanged,
        { Matched: null, FoundNobody: false } => Decision.Of(new DsrCancelled(cancelled.Received!.Id)),
        _ => NotPending,
    };

    /// <summary>Beside the request that it became.</summary>
    public static Decision Decide(DsrCase cancelled, StreamKey place, PersonRequest? request, TenantRegister register, DateTimeOffset now)
    {
        if (cancelled.CancelledAt is not null) return Decision.Unchanged;
        if (request is null || cancelled.StatusBy(request) != DsrStatus.Pending) return NotPending;
        var taken = new NewEvent(new DsrCancelled(cancelled.Received!.Id)) { Stream = place };

        // A case of before this was recorded began a request that says nothing of it.
        var id = cancelled.Received.Id;
        if (!(request.AskedBy.Count == 1 && (cancelled.Matched!.IsOwn || request.AskedBy.Contains(id))))
            return new Decision.Record(request.AskedBy.Contains(id) ? [new NewEvent(new ErasureAskedNoMore(request.Id, id)), taken] : [taken]);
        return WithdrawRequest.Whole(request) switch
        {
            Decision.Record withdrawn => withdrawn with { Events = [.. withdrawn.Events, taken] },
            Decision.Nothing => new Decision.Record([taken]),
            _ => NotPending,
        };
    }

    private static async Task<IResult> HandleAsync(Guid id, Caller caller, DeciderLoop ledger, StateReader reader, Patience patience, TimeProvider clock, CancellationToken ct)
    {
        var place = DsrCase.KeyOf(caller.Tenant, id);
        var (state, _) = await reader.ReadAsync(place, DsrCase.Stream, ct);
        if (state.Received is null) return DsrResult.NotFound;
        if (await ledger.ExecuteAsync(CommandOf(caller.Tenant, state, place, patience), ct) is Outcome.Refused { Refusal: var no }) return DsrResult.Refused(new DsrFault(no.Code, no.Reason));
        (state, _) = await reader.ReadAsync(place, DsrCase.Stream, ct);

        // It was found out meanwhile whose it is: the same question again is the other one.
        if (state.CancelledAt is null) return DsrResult.Refused(new DsrFault("not_pending", "Only a pending request can be cancelled."));
        return DsrResult.Of(StatusCodes.Status202Accepted, new DsrCancellation(caller.Tenant.ToString(), id, state.CancelledAt ?? clock.GetUtcNow(), DsrWords.ApiVersion));
    }

    private static Command CommandOf(TenantId tenant, DsrCase state, StreamKey place, Patience patience)
    {
        if (state.Matched is not { } matched) return new Command(place, DsrCase.Stream, Id: null, default, context => Decide(context.State<DsrCase>()));
        var person = new StreamKey(tenant, new StreamId(matched.Subject));
        return new Command(person, SubjectRequests.Stream, Id: null, default, context =>
        {
            Func<SubjectRequests, TenantRegister, DateTimeOffset, Decision> decide = (requests, register, now) => Decide(context.State<DsrCase>(place), place, requests.Find(matched.Request), register, now);
            return decide.Advancing(person, patience, context);
        })
        {
            Reads = [.. TenantRegister.ReadBy(tenant), (place, DsrCase.Stream)],
        };
    }
}
