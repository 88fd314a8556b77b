using System.Collections.Immutable;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.ErasureOrchestrator.Deadlines;

namespace ConsentLedger.ErasureOrchestrator.Erasures;

/// <summary>
/// Everything that one person asked for, and what stands in its way. The stream has the person's own id, so that two requests of the same person meet in it and
/// the second is recognised.
/// </summary>
/// <param name="All">In the order of their receipt.</param>
/// <param name="Holds">In force. None of what they protect is erased.</param>
/// <param name="Aliases">Other subjects who are the same person.</param>
/// <param name="AliasesHeard">Of each other subject that was said to be the same person, or not to be: the version of this one's stream in the consent service that said so last.</param>
public sealed record SubjectRequests(ImmutableList<PersonRequest> All, ImmutableSortedDictionary<Guid, HoldPlaced> Holds, ImmutableSortedSet<Guid> Aliases, ImmutableSortedDictionary<Guid, long> AliasesHeard)
{
    public static readonly SubjectRequests None =
        new(ImmutableList<PersonRequest>.Empty, ImmutableSortedDictionary<Guid, HoldPlaced>.Empty, ImmutableSortedSet<Guid>.Empty, ImmutableSortedDictionary<Guid, long>.Empty);

    public static readonly StreamType<SubjectRequests> Stream = new(None, (state, e, place) => state.Evolve(e, place));

    /// <summary>How long what is left may stay, once what it was kept for has ended.</summary>
    public Retention? Retention { get; init; }

    public PersonRequest? Find(Guid request) => All.Find(r => r.Id == request);

    public PersonRequest? Last(RequestType type) => All.FindLast(r => r.Type == type);

    /// <summary>What the person hears of who asks for the same again: what runs, and an erasure also when it is completed. What nobody has confirmed answers nobody, or a stranger's would stand in the person's way.</summary>
    public PersonRequest? Answering(RequestType type) => All.FindLast(r =>
        r.Type == type && !r.IsUnconfirmed && (r.IsOpen || (r is { Type: RequestType.Erasure, CompletedAt: not null } && r.Outcome != RequestOutcome.Refused)));

    private SubjectRequests Evolve(object e, EventPlace place) => e switch
    {
        ErasureRequested requested => this with { All = All.Add(PersonRequest.Of(requested, place)), Retention = Retention is { } kept && kept.Request == requested.Request ? kept with { Erased = true } : Retention },
        ErasureIdentityAsked asked => With(asked.Request, r => r with { Links = r.Links.SetItem(asked.Link, asked.ExpiresAt), LinkMailed = false }),
        ErasureIdentityMailed mailed => With(mailed.Request, r => r with { LinkMailed = true }),
        ErasureIdentityVerified verified => With(verified.Request, r => r with { Verified = verified.Method }),
        ErasureAskedAgain again => With(again.Request, r => r with { AskedBy = r.AskedBy.Add(again.Case ?? PersonRequest.ByPerson) }),
        ErasureAskedNoMore no => With(no.Request, r => r with { AskedBy = r.AskedBy.Remove(no.Case) }),
        ErasureWithdrawsAll all => With(all.Request, r => r with { WithdrawsAll = true }),
        ErasureIdentitiesAdded added => With(added.Request, r => r.Identified()),
        ErasureForwarded forwarded => With(forwarded.Request, r => r with { Forwarded = true }),
        ErasureInstructed instructed => With(instructed.Request, r => r with { Instruction = instructed.Instruction }),
        ErasureCooledOff cooled => With(cooled.Request, r => r with { CooledOff = true }),
        ErasurePlanned planned => With(planned.Request, r => r.Planned(planned, place)),
        ErasureTaskDispatched dispatched => WithTask(dispatched.Request, dispatched.System, t => t.Dispatched(dispatched, place)),
        ErasureTaskAccepted accepted => WithTask(accepted.Request, accepted.System, t => t with { Stage = TaskStage.Waiting, IsTakenOn = true, Reference = accepted.Reference, NextAt = accepted.AskAt, Failure = null }),
        ErasureTaskFailed failed => WithTask(failed.Request, failed.System, t => t with { Stage = TaskStage.Waiting, NextAt = failed.RetryAt, Failure = failed.Code }),
        ErasureTaskHandedOver over => WithTask(over.Request, over.System, t => t.HandedOver(over)),
        ErasureTaskCompleted done => WithTask(done.Request, done.System, t => t.Done(done, place)).With(done.Request, r => r with { HasIdentities = r.HasIdentities || done.HasResults == true }),
        ErasureTaskContradicted other => WithTask(other.Request, other.System, t => t with { Contradictions = t.Contradictions.Add(new Contradiction(other.Outcome, other.Reason, place.RecordedAt)) }),
        ErasureHeld held => With(held.Request, r => r with { HeldSince = place.RecordedAt }),
        ErasureResumed resumed => With(resumed.Request, r => r with { HeldSince = null, HeldBefore = r.HeldSince is { } since ? r.HeldBefore.Add((since, place.RecordedAt)) : r.HeldBefore }),
        ErasureWithdrawn withdrawn => With(withdrawn.Request, r => r with { WithdrawnAt = place.RecordedAt }),
        ErasureExtended extended => With(extended.Request, r => r with { Deadline = r.Deadline with { DueOn = extended.DueOn, LapsesAt = extended.LapsesAt }, Extension = extended, Lengthened = (place.RecordedAt, r.Deadline), DaysLeftSaid = null, Overdue = false }),
        ErasureEscalated escalated => With(escalated.Request, r => r with { DaysLeftSaid = escalated.DaysLeft }),
        ErasureOverdue overdue => With(overdue.Request, r => r with { Overdue = true, DaysLeftSaid = 0 }),
        ErasureCompleted completed => With(completed.Request, r => r.Completed(completed, place)),
        ErasureCertified certified => With(certified.Request, r => r with { Certificate = certified.Sha256 }),
        ErasureIdentitiesDestroyed destroyed => With(destroyed.Request, r => r with { HasIdentities = false }),
        ErasureCopyHandedOut copy => With(copy.Request, r => r with { Copies = r.Copies.Add(new HandedCopy(place.RecordedAt, copy.By, copy.Partial == true)) }),
        // Of several ends the earliest counts.
        RetentionSet set => Retention is { Erased: false } kept && kept.EraseAt <= set.EraseAt ? this : this with { Retention = new Retention(set.Request, set.Ended, set.EraseAt, Over: false, Erased: false) },
        RetentionOver => this with { Retention = Retention! with { Over = true } },
        RetentionConsentEnded => this with { Retention = Retention! with { ConsentEnded = true } },
        RetentionCancelled => this with { Retention = null },
        HoldPlaced placed => this with { Holds = Holds.SetItem(placed.Hold, placed) },
        HoldLifted lifted => this with { Holds = Holds.Remove(lifted.Hold) },
        SubjectJoined joined => this with { Aliases = Aliases.Add(joined.Other), AliasesHeard = AliasesHeard.SetItem(joined.Other, joined.Version) },
        SubjectParted parted => this with { Aliases = Aliases.Remove(parted.Other), AliasesHeard = AliasesHeard.SetItem(parted.Other, parted.Version) },
        _ => this,
    };

    private SubjectRequests With(Guid request, Func<PersonRequest, PersonRequest> change) =>
        All.FindIndex(r => r.Id == request) is >= 0 and var index ? this with { All = All.SetItem(index, change(All[index])) } : this;

    private SubjectRequests WithTask(Guid request, string system, Func<RequestTask, RequestTask> change) =>
        With(request, r => r with { Tasks = r.Tasks.SetItem(system, change(r.Tasks.GetValueOrDefault(system) ?? RequestTask.Unplanned(system))) });
}

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

/// <param name="Request">The erasure's, when its time has come.</param>
/// <param name="Over">Its time has come.</param>
/// <param name="Erased">The erasure was begun.</param>
public sealed record Retention(Guid Request, RetentionEnd Ended, DateTimeOffset EraseAt, bool Over, bool Erased)
{
    /// <summary>The consent service was asked, and no consent lasts for which data is kept longer.</summary>
    public bool ConsentEnded { get; init; }

    /// <summary>It is still to be found out whether a consent lasts.</summary>
    public bool IsAsked => this is { Over: true, Erased: false, ConsentEnded: false };

    /// <summary>The purposes for which the policy keeps data while the person's consent lasts, whatever else has ended; none where it promises to erase at the end of the service.</summary>
    public IReadOnlyList<string> LastsFor(PolicyPack? policy) =>
        policy is null || (Ended == RetentionEnd.ServiceTerminated && policy.Erasure.OnTermination) ? [] : [.. policy.Purposes.Where(p => p.Retention.Until == RetentionEnd.ConsentWithdrawn).Select(p => p.Id)];
}
