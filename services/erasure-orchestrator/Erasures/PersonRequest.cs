using System.Collections.Immutable;
using ConsentLedger.ErasureOrchestrator.Deadlines;

namespace ConsentLedger.ErasureOrchestrator.Erasures;

/// <summary>One request, from its receipt to its certificate.</summary>
/// <param name="HasIdentities">How others know the person, or where their data lies, is sealed in the request's own stream.</param>
public sealed record PersonRequest(
    Guid Id,
    RequestType Type,
    ErasureReason? Reason,
    DateTimeOffset ReceivedAt,
    Deadline Deadline,
    IdentityCheck? Identity,
    DateTimeOffset? CoolsOffAt,
    string? Instructor,
    bool WithdrawsAll,
    bool HasIdentities)
{
    /// <summary>The request under another id of the person that this one goes with.</summary>
    public Guid? With { get; init; }

    /// <summary>Among <see cref="AskedBy"/>: the person, or whoever speaks for them.</summary>
    public static readonly Guid ByPerson = Guid.Empty;

    /// <summary>Whose wish it is: the person's, and those of controllers by their cases.</summary>
    public ImmutableSortedSet<Guid> AskedBy { get; init; } = [ByPerson];

    /// <summary>Hashes of the links that confirm who asks, each with its end.</summary>
    public ImmutableSortedDictionary<string, DateTimeOffset> Links { get; init; } = ImmutableSortedDictionary<string, DateTimeOffset>.Empty;

    public bool LinkMailed { get; init; }

    public IdentityMethod? Verified { get; init; }

    public bool Forwarded { get; init; }

    public Instruction? Instruction { get; init; }

    public bool CooledOff { get; init; }

    public ErasurePlanned? Plan { get; init; }

    public DateTimeOffset? PlannedAt { get; init; }

    /// <summary>By system.</summary>
    public ImmutableSortedDictionary<string, RequestTask> Tasks { get; init; } = ImmutableSortedDictionary<string, RequestTask>.Empty;

    public DateTimeOffset? HeldSince { get; init; }

    /// <summary>Under holds that were lifted.</summary>
    public ImmutableList<(DateTimeOffset From, DateTimeOffset Until)> HeldBefore { get; init; } = ImmutableList<(DateTimeOffset From, DateTimeOffset Until)>.Empty;

    public ErasureExtended? Extension { get; init; }

    /// <summary>When it was extended, and what its deadline was until then.</summary>
    public (DateTimeOffset At, Deadline Before)? Lengthened { get; init; }

    /// <summary>The last reminder that was given of the deadline.</summary>
    public int? DaysLeftSaid { get; init; }

    public bool Overdue { get; init; }

    public DateTimeOffset? WithdrawnAt { get; init; }

    public DateTimeOffset? CompletedAt { get; init; }

    public RequestOutcome? Outcome { get; init; }

    public string? RefusedFor { get; init; }

    /// <summary>Each time that one went out.</summary>
    public ImmutableList<HandedCopy> Copies { get; init; } = ImmutableList<HandedCopy>.Empty;

    public bool CopyHandedOut => Copies.Exists(c => !c.IsPart);

    public bool IsForCopy => Type is RequestType.Access or RequestType.Portability;

    /// <summary>Everybody else has answered, and our own systems have said that they will: the whole copy is there for whoever fetches it, and stays so until somebody does.</summary>
    public bool HasCopyReady => IsForCopy && IsOpen && HasBegun && Tasks.All(t => !t.Value.IsOpen || (t.Value.IsTakenOn && OwnSystems.All.Contains(t.Key)));

    /// <summary>The SHA-256 of what its certificate states, in hex; there from a moment after its end.</summary>
    public string? Certificate { get; init; }

    public DateTimeOffset? EndedAt => CompletedAt ?? WithdrawnAt;

    public bool IsOpen => EndedAt is null;

    /// <summary>A stranger may have asked.</summary>
    public bool IsUnconfirmed => this is { IsOpen: true, Identity: not null, Verified: null };

    /// <summary>A plan was made, or, before there were plans, a system was told. Consents are withdrawn before that.</summary>
    public bool HasBegun => Plan is not null || Tasks.Keys.Any(system => system != OwnSystems.Withdrawals);

    /// <summary>It is known that the person asks, and that whoever gives instructions wants it done.</summary>
    public bool IsFollowed => (Identity is null || Verified is not null) && (Instructor is null || Instruction == Erasures.Instruction.Proceed);

    /// <summary>Withdrawals that nobody was told of yet.</summary>
    public bool OwesWithdrawals => WithdrawsAll && IsFollowed && !Tasks.ContainsKey(OwnSystems.Withdrawals);

    /// <summary>A hold keeps data from being erased. It is no reason to go on using it, so that what only stops its use goes on.</summary>
    public bool IsHeldAt(string system) => HeldSince is not null && system != OwnSystems.Withdrawals;

    /// <summary>What keeps it from beginning or going on.</summary>
    public WaitsFor? WaitsFor => this switch
    {
        { IsOpen: false } => null,
        { HeldSince: not null } => Erasures.WaitsFor.LegalHold,
        { HasBegun: true } => null,
        { Identity: not null, Verified: null } => Erasures.WaitsFor.Identity,
        { Instructor: not null, Instruction: null } => Erasures.WaitsFor.Instruction,
        { CoolsOffAt: not null, CooledOff: false } => Erasures.WaitsFor.CoolingOff,
        _ => null,
    };

    public RequestState State => this switch
    {
        { WithdrawnAt: not null } => RequestState.Withdrawn,
        { CompletedAt: not null } => RequestState.Completed,
        _ => WaitsFor switch
        {
            Erasures.WaitsFor.LegalHold => RequestState.Held,
            Erasures.WaitsFor.Identity => RequestState.AwaitingIdentity,
            Erasures.WaitsFor.Instruction => RequestState.AwaitingInstruction,
            Erasures.WaitsFor.CoolingOff => RequestState.CoolingOff,
            _ => RequestState.Running,
        },
    };

    public bool IsOpenAt(string system) => IsOpen && Tasks.TryGetValue(system, out var task) && task.IsOpen;

    internal static PersonRequest Of(ErasureRequested e, EventPlace place)
    {
        var receivedOn = e.ReceivedOn ?? DateOnly.FromDateTime(place.RecordedAt.UtcDateTime);
        var lapsesAt = e.LapsesAt ?? new DateTimeOffset(e.DueOn.AddDays(1), TimeOnly.MinValue, TimeSpan.Zero);
        return new PersonRequest(
            e.Request, e.Type ?? RequestType.Erasure, e.Reason, e.ReceivedAt ?? place.RecordedAt, new Deadline(receivedOn, e.DueOn, lapsesAt), e.Identity, e.CoolsOffAt, e.Instructor,
            e.WithdrawsAll ?? false, e.HasIdentities ?? false)
        {
            With = e.With,
            AskedBy = [e.Case ?? ByPerson],
        };
    }

    internal PersonRequest Planned(ErasurePlanned plan, EventPlace place) => this with
    {
        Plan = plan,
        PlannedAt = place.RecordedAt,
        Tasks = Tasks.AddRange(plan.Steps.Where(s => !Tasks.ContainsKey(s.System)).Select(s => KeyValuePair.Create(s.System, RequestTask.Of(s)))),
    };

    /// <summary>Whoever was handed over for want of these is told after all.</summary>
    internal PersonRequest Identified() => this with
    {
        HasIdentities = true,
        Tasks = Tasks.SetItems(Tasks.Where(t => t.Value.IsHandedOver).Select(t => KeyValuePair.Create(t.Key, t.Value with { Stage = TaskStage.Planned, Assignee = null, Failure = null }))),
    };

    internal PersonRequest Completed(ErasureCompleted e, EventPlace place) => this with { CompletedAt = place.RecordedAt, Outcome = e.Outcome ?? RequestOutcome.Fully, RefusedFor = e.Reason };
}

/// <param name="By">Whoever's token fetched it; null for one of before that was recorded.</param>
/// <param name="IsPart">Not every system had answered.</param>
public sealed record HandedCopy(DateTimeOffset At, string? By, bool IsPart);
