using System.Collections.Immutable;

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
