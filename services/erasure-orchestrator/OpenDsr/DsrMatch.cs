using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Requesting;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.OpenDsr;

/// <summary>Whose case it is. Where one address leads to one person the service sees by itself; else a person says it, or says that nobody here is the one.</summary>
/// <param name="Subject">Absent for nobody.</param>
public sealed record DsrMatch(SubjectId? Subject = null)
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPost("/v1/opendsr/{id:guid}/match", HandleAsync).RequireScope(Scopes.ErasureRequest).RefusesWith("dsr_matched", "dsr_cancelled").Produces(StatusCodes.Status204NoContent);

    /// <summary>The request and the case that became it, in one commit: there is no moment at which only one of them knows.</summary>
    /// <param name="request">The id of the request, should it be a new one.</param>
    public static Decision Decide(DsrCase matched, ReceiveRequest asked, Guid request, SubjectRequests subject, TenantRegister register, StreamKey place, StreamKey? identities, DateTimeOffset now)
    {
        if (Refuse(matched) is { } no) return no;
        asked = asked with { Case = matched.Received!.Id };
        var fact = new DsrMatched(matched.Received.Id, asked.Subject.Value, request, IsOwn: true);

        // The month began when the controller's request came, however long it took to find the person.
        return ReceiveRequest.Decide(asked, request, subject, register, now, identities, matched.ReceivedAt) switch
        {
            Decision.Record record when record.Events.Any(e => e.Facts is ErasureRequested) => record with { Events = [.. record.Events, .. InstructionIn(matched, record), new NewEvent(fact) { Stream = place }] },
            Decision.Record added => Join(matched, subject.Answering(asked.Type!.Value)!, fact, place, added.Events),
            Decision.Nothing => Join(matched, subject.Answering(asked.Type!.Value)!, fact, place, []),
            var other => other,
        };
    }

    /// <summary>The person had asked before. What the controller instructs counts for that one, and so does by what it knows the person.</summary>
    private static Decision.Record Join(DsrCase matched, PersonRequest answering, DsrMatched fact, StreamKey place, IReadOnlyList<NewEvent> added)
    {
        var joined = new NewEvent(fact with { Request = answering.Id, IsOwn = false }) { Stream = place };
        return answering is { IsOpen: true, Instructor: not null, Instruction: null } && matched.Received!.Instructs == true
            ? new Decision.Record([.. added, new NewEvent(new ErasureInstructed(answering.Id, Instruction.Proceed)), joined])
            : new Decision.Record([.. added, joined]);
    }

    /// <summary>Too late, where nobody has looked at the clock meanwhile, is said with it. A match needs not say so: the request that it begins has its own deadline.</summary>
    public static Decision DecideNobody(DsrCase matched, DateTimeOffset now) => Refuse(matched) ?? (matched is { Overdue: false } && now >= matched.LapsesAt
        ? Decision.Of(new DsrOverdue(matched.Received!.Id, matched.DueOn), new DsrFoundNobody(matched.Received.Id))
        : Decision.Of(new DsrFoundNobody(matched.Received!.Id)));

    private static IEnumerable<NewEvent> InstructionIn(DsrCase matched, Decision.Record record) => record.Events.Select(e => e.Facts).OfType<ErasureRequested>()
        .Where(asked => asked.Instructor is not null && matched.Received!.Instructs == true).Select(asked => new NewEvent(new ErasureInstructed(asked.Request, Instruction.Proceed)));

    private static Decision? Refuse(DsrCase matched) => matched switch
    {
        { Received: null } => Decision.Unchanged,
        { CancelledAt: not null } => Decision.No("dsr_cancelled", "The controller has cancelled this request."),
        { Matched: not null } or { FoundNobody: true } => Decision.No("dsr_matched", "It was already said whose request this is."),
        _ => null,
    };

    private static async Task<IResult> HandleAsync(Guid id, Body<DsrMatch> body, Caller caller, DsrMatching matching, StateReader reader, CancellationToken ct)
    {
        var place = DsrCase.KeyOf(caller.Tenant, id);
        var (state, _) = await reader.ReadAsync(place, DsrCase.Stream, ct);
        if (state.Received is null) return KnownProblems.NotFound;
        var outcome = await matching.RecordAsync(caller.Tenant, state, body.Value.Subject, ct);
        return outcome is Outcome.Recorded or Outcome.Unchanged ? TypedResults.NoContent() : outcome.ToResult();
    }
}

/// <summary>Carries a match out.</summary>
public sealed class DsrMatching(DeciderLoop ledger, ReceiveRequests receiving, DsrVault cases, Patience patience)
{
    /// <param name="subject">Null for nobody.</param>
    public async Task<Outcome> RecordAsync(TenantId tenant, DsrCase state, SubjectId? subject, CancellationToken ct)
    {
        var place = DsrCase.KeyOf(tenant, state.Received!.Id);
        if (subject is not { } who)
            return await ledger.ExecuteAsync(new Command(place, DsrCase.Stream, Id: null, default, context => DsrMatch.DecideNobody(context.State<DsrCase>(), context.Now)), ct);

        var person = new StreamKey(tenant, who.Stream);
        var opened = await cases.OpenAsync(place, ct);
        var asked = new ReceiveRequest(
            who, Type: TypeOf(state.Received.Type), Identities: opened?.Identities.Where(i => i.Type != DsrWords.ControllerCustomerId).Select(i => new SubjectIdentity(i.Type, i.Value, DsrWords.NameOf(i.Format))).ToList());
        while (true)
        {
            var joined = await receiving.JoinAsync(person, asked, ct);
            var outcome = await receiving.ExecuteAsync(person, joined, identities => CommandOf(person, place, joined, identities), ct);
            if (outcome is not Outcome.Refused refused || refused.Refusal != ReceiveRequest.Moved) return outcome;
        }
    }

    private Command CommandOf(StreamKey person, StreamKey place, Joining joined, StreamKey? identities) =>
        new(person, SubjectRequests.Stream, Id: null, default, context =>
        {
            Func<SubjectRequests, TenantRegister, DateTimeOffset, Decision> decide = (requests, register, now) =>
                DsrMatch.Decide(context.State<DsrCase>(place), joined.Asked, joined.Request, requests, register, place, identities, now);
            return decide.Advancing(person, patience, context);
        })
        {
            Reads = [.. TenantRegister.ReadBy(person.Tenant), (place, DsrCase.Stream)],
        };

    private static RequestType TypeOf(DsrType type) => type switch
    {
        DsrType.Access => RequestType.Access,
        DsrType.Portability => RequestType.Portability,
        _ => RequestType.Erasure,
    };
}
