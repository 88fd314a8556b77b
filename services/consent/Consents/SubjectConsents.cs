using System.Collections.Immutable;

namespace ConsentLedger.Consent.Consents;

/// <summary>Everything one subject's stream says about consent.</summary>
/// <param name="Terms">The last answer to each version of the terms, by version.</param>
/// <param name="Signals">Where a browser's signal was last taken for an objection, or was not, by place; the empty text where no place was named.</param>
/// <param name="Others">The subjects who are the same person.</param>
public sealed record SubjectConsents(
    ImmutableDictionary<Lane, LaneState> Lanes,
    ImmutableList<Objection> Objections,
    ImmutableList<Restriction> Restrictions,
    ImmutableDictionary<string, TermsAnswer> Terms,
    ImmutableDictionary<string, Signalled> Signals,
    ImmutableHashSet<StreamId> Others,
    Age? Age,
    Erasure Erasure)
{
    /// <summary>More ids than one person has: whoever has more is decided as nobody.</summary>
    public const int MostIds = 17;

    public static readonly SubjectConsents Nobody = new(
        ImmutableDictionary<Lane, LaneState>.Empty, [], [], ImmutableDictionary<string, TermsAnswer>.Empty, ImmutableDictionary<string, Signalled>.Empty, [], null, Erasure.None);

    public static readonly StreamType<SubjectConsents> Stream = new(Nobody, (state, e, place) => state.Evolve(e, place));

    /// <summary>The erasure that was last reported as done, and when.</summary>
    public (Guid Request, DateTimeOffset At)? Answered { get; private init; }

    private SubjectConsents Evolve(object e, EventPlace place) => e switch
    {
        ConsentAsked asked when MayBeAsked(asked.Lane) => With(asked, LaneStatus.Asked, place, asked.Text),
        ConsentPending pending when Prevails(pending.Lane, pending.Actor, pending.OccurredAt) => WithFirstStep(pending, place),
        ConsentConfirmed confirmed when Prevails(confirmed.Lane, confirmed.Actor, confirmed.OccurredAt) => With(confirmed, LaneStatus.Given, place, confirmed.Text, confirmed.Until),
        ConsentGranted granted when Prevails(granted.Lane, granted.Actor, granted.OccurredAt) && !IsLate(granted) => With(granted, LaneStatus.Given, place, granted.Text, granted.Until),
        ConsentRefused refused => WithNo(refused, LaneStatus.Refused, place, refused.Text),
        ConsentWithdrawn withdrawn => WithNo(withdrawn, LaneStatus.Withdrawn, place, null),
        ConsentExpired expired => Change(expired.Lane, expired.Rested, lane => lane with { Status = LaneStatus.Expired }),
        ConsentRenewalDue due => Change(due.Lane, due.Rested, lane => lane with { RenewalDue = true }),
        RecordCorrected corrected => Correct(corrected),
        SubjectMerged merged => this with { Others = Others.Add(new StreamId(merged.Other)) },
        SubjectUnmerged unmerged => this with { Others = Others.Remove(new StreamId(unmerged.Other)) },

        // Whoever was of age when they said so does not come of age.
        BirthMonthStated stated => this with { Age = new Age(stated.BornIn, stated.ConsentsFrom, stated.OfAgeFrom, Told: stated.OfAgeFrom <= place.RecordedAt) },
        SubjectCameOfAge => this with { Age = Age! with { Told = true } },
        TermsAnswered terms when !Terms.TryGetValue(terms.PolicyVersion, out var before) || before.GivesWayTo(terms.Accepted, terms.Actor, terms.EffectiveAt(place)) =>
            this with { Terms = Terms.SetItem(terms.PolicyVersion, new TermsAnswer(terms.Accepted, terms.Actor.IsOwn(), terms.EffectiveAt(place), place)) },
        ObjectionRaised raised => this with { Objections = Objections.Add(Objection.Of(raised, place)) },
        ObjectionDecided decided => this with { Objections = [.. Objections.Select(o => o.Place.Version == decided.Objection ? o with { Upheld = decided.Upheld } : o)] },
        ObjectionOverdue overdue => this with { Objections = [.. Objections.Select(o => o.Place.Version == overdue.Objection ? o with { Due = null } : o)] },
        ProcessingRestricted restricted => this with { Restrictions = Restrictions.Add(new Restriction(restricted.Ground, [.. restricted.Purposes], restricted.EffectiveAt(place), place)) },
        RestrictionLifted lifted => this with { Restrictions = Restrictions.RemoveAll(r => r.Place.Version == lifted.Restriction) },
        SignalReceived signal => this with { Signals = Signals.SetItem(signal.Jurisdiction?.Value ?? "", Signalled.After(Signals.GetValueOrDefault(signal.Jurisdiction?.Value ?? ""), signal, place)) },
        DataDisclosed or UseExcepted or HistoryRead => this,
        ErasureStarted => this with { Erasure = Erasure.Started },

        // Nothing remains to decide on: an erased person gave no consent, and asking again starts a new stream.
        // Who else is the same person stays known: they are not to be heard of again under another id.
        SubjectErased erased => Nobody with { Erasure = Erasure.Done, Others = Others, Answered = (erased.Request, place.RecordedAt) },
        _ => this,
    };

    /// <summary>The subject first, and after it all that merges connect it with, as far as their states are there: one person.</summary>
    public static IReadOnlyList<SubjectConsents> PersonOf(StreamId subject, IReadOnlyDictionary<StreamId, SubjectConsents> states)
    {
        if (states[subject].Others.IsEmpty) return [states[subject]];
        var known = new List<StreamId> { subject };
        for (var i = 0; i < known.Count && known.Count <= MostIds; i++) known.AddRange(states[known[i]].Others.Where(o => states.ContainsKey(o) && !known.Contains(o)));
        return [.. known.Select(s => states[s])];
    }

    /// <summary>Whether a yes counts, or is only history.</summary>
    public bool Prevails(Lane lane, Actor actor, DateTimeOffset occurredAt) => LaneState.Undoes(actor, occurredAt, LastNo(lane));

    /// <summary>
    /// Whether a no is worth recording where one stands: a later one, since a yes from between the two may still arrive, and one after which a yes was recorded that answers the same
    /// question, under another law or under an id that cannot be seen from here.
    /// </summary>
    public bool Hears(Lane lane, DateTimeOffset no) =>
        !Lanes.TryGetValue(lane, out var state) || !state.IsNo || state.LastNo is not { } last || no > last
        || !Others.IsEmpty || Answers(lane with { Law = null }).Any(s => s.Given && s.Place.Position > state.LastNoPosition);

    /// <summary>All that was answered to this, under each law that the question is about.</summary>
    /// <param name="laws">Other laws that the place asked about was ever under: a no that was said there stays one, however later policies cut the laws. A yes after it is none here.</param>
    public IEnumerable<LaneState> Answers(Lane asked, params IReadOnlyCollection<string> laws)
    {
        foreach (var (lane, state) in Lanes)
        {
            if (lane.Concerns(asked)) yield return state;
            else if (state.LastNo is not null && lane.Law is { } law && laws.Contains(law) && lane.Concerns(asked with { Law = law })) yield return state.Given ? state with { Status = LaneStatus.Expired } : state;
        }
    }

    /// <summary>The versions of the policy under which the person said no to the purpose, over whatever channel and for whatever recipient, and has said no yes since.</summary>
    /// <param name="laws">As of <see cref="Answers"/>.</param>
    public IEnumerable<string> NoesUnder(Lane asked, IReadOnlyCollection<string> laws) => Lanes
        .Where(l => l.Key.Purpose == asked.Purpose && (l.Key.IsUnderLawOf(asked) || laws.Contains(l.Key.Law!))).SelectMany(l => l.Value.NoesUnder.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    /// <summary>Whether anything came after a consent that a new one would go before: then saying yes again is saying something.</summary>
    public bool WasStoppedSince(Lane lane, LaneState given) =>
        !Others.IsEmpty || Answers(lane with { Law = null }).Any(s => s.LastNo > given.OccurredAt || s.LastNoPosition > given.Place.Position) || Objections.Any(o => o.Stands && (o.OccurredAt >= given.OccurredAt || o.Place.Position > given.Place.Position))
        || Restrictions.Any(r => r.OccurredAt >= given.OccurredAt || r.Place.Position > given.Place.Position) || Signals.Values.Any(s => s.Honoured && (s.OccurredAt >= given.OccurredAt || s.Place.Position > given.Place.Position));

    /// <summary>Whether a yes was recorded after this that may have gone before it. One under another id cannot be seen from here.</summary>
    public bool SaidYesSince(EventPlace place) => !Others.IsEmpty || Lanes.Values.Any(l => l.Given && l.Place.Position > place.Position);

    /// <summary>The stream version of the consent that another one takes the place of, without a no between them.</summary>
    public long? Renewed(Lane lane) => Lanes.TryGetValue(lane, out var state) && state.Status is LaneStatus.Given or LaneStatus.Expired ? state.Place.Version : null;

    private bool MayBeAsked(Lane lane) => !Lanes.TryGetValue(lane, out var state) || state.Status == LaneStatus.Asked;

    // The person's latest yes is the one that counts, in whatever order word of it comes, and no other's word takes its place.
    private bool IsLate(ConsentGranted granted) => Lanes.TryGetValue(granted.Lane, out var state) && state.Status switch
    {
        LaneStatus.Given when state.IsOwn != granted.Actor.IsOwn() => state.IsOwn,
        LaneStatus.Given or LaneStatus.Expired or LaneStatus.Voided => state.WasGiven && granted.OccurredAt < state.OccurredAt,
        _ => false,
    };

    private bool IsGiven(Lane lane) => Lanes.TryGetValue(lane, out var state) && state.Given;

    private bool WasGiven(Lane lane) => Lanes.TryGetValue(lane, out var state) && state.WasGiven;

    private DateTimeOffset? LastNo(Lane lane) => Lanes.Where(l => l.Key == lane || l.Key == lane with { Law = null }).Max(l => l.Value.LastNo);

    private SubjectConsents With(ILaneAct act, LaneStatus status, EventPlace place, TextShown? text, DateTimeOffset? until = null, DateTimeOffset? ends = null) => this with
    {
        Lanes = Lanes.SetItem(act.Lane, new LaneState(status, act.OccurredAt, place, act.PolicyVersion, act.Actor, text, Lanes.GetValueOrDefault(act.Lane)?.LastNo, until)
        {
            WasGiven = status == LaneStatus.Given || WasGiven(act.Lane),
            Ends = ends,
            LastNoPosition = Lanes.GetValueOrDefault(act.Lane)?.LastNoPosition,
            NoesUnder = status == LaneStatus.Given ? "" : Lanes.GetValueOrDefault(act.Lane)?.NoesUnder ?? "",
        }),
    };

    // Beside a consent that stands, the first step of its renewal waits and takes nothing away.
    private SubjectConsents WithFirstStep(ConsentPending pending, EventPlace place)
    {
        var after = With(pending, LaneStatus.Pending, place, pending.Text, pending.Until, pending.Ends);
        return IsGiven(pending.Lane) ? this with { Lanes = Lanes.SetItem(pending.Lane, Lanes[pending.Lane] with { Renewal = after.Lanes[pending.Lane] }) } : after;
    }

    private SubjectConsents WithNo(ILaneAct act, LaneStatus status, EventPlace place, TextShown? text)
    {
        var at = act.EffectiveAt(place);
        var before = Lanes.GetValueOrDefault(act.Lane);
        var noes = before?.NoesUnder ?? "";
        return this with
        {
            Lanes = Lanes.SetItem(act.Lane, new LaneState(status, at, place, act.PolicyVersion, act.Actor, text, before?.LastNo > at ? before.LastNo : at)
            {
                WasGiven = WasGiven(act.Lane),
                LastNoPosition = place.Position,
                NoesUnder = noes.Split(' ').Contains(act.PolicyVersion) ? noes : $"{noes} {act.PolicyVersion}",
            }),
        };
    }

    private SubjectConsents Change(Lane lane, long rested, Func<LaneState, LaneState> change) =>
        Lanes.TryGetValue(lane, out var state) && state.Place.Version == rested ? this with { Lanes = Lanes.SetItem(lane, change(state)) } : this;

    /// <summary>A correction takes a yes away or changes when it was given; it takes no "no" back, and never makes one of it.</summary>
    private SubjectConsents Correct(RecordCorrected corrected)
    {
        var (lane, state) = Lanes.FirstOrDefault(l => l.Value.Place.Version == corrected.Corrects);
        if (state is null || state.IsNo) return this;
        var done = corrected.DoneAt ?? state.OccurredAt;
        var stands = !corrected.Voided && LaneState.Undoes(state.Actor, done, state.LastNo);
        return this with
        {
            Lanes = Lanes.SetItem(lane, state with
            {
                Status = stands ? state.Status : LaneStatus.Voided,
                OccurredAt = done,
                Until = state.Until - (state.OccurredAt - done),
                Text = corrected.Text ?? state.Text,
                PolicyVersion = corrected.PolicyVersion ?? state.PolicyVersion,
            }),
        };
    }
}

/// <param name="OccurredAt">When it counts from: the person's own consent given later goes before it.</param>
/// <param name="Due">By when it has to be decided; null where nothing waits.</param>
/// <param name="Upheld">Null until decided.</param>
/// <param name="PolicyVersion">The one that said what is marketing, and what profiling.</param>
public sealed record Objection(ObjectionTo To, string? Purpose, string PolicyVersion, DateTimeOffset OccurredAt, DateTimeOffset? Due, bool? Upheld, EventPlace Place)
{
    /// <summary>Whether it stops what it is about.</summary>
    public bool Stands => Upheld != false;

    public static Objection Of(ObjectionRaised raised, EventPlace place) =>
        new(raised.To, raised.Purpose, raised.PolicyVersion, raised.EffectiveAt(place), raised.Due, raised.To == ObjectionTo.Purpose ? null : true, place);
}

/// <param name="Purposes">Empty for all.</param>
public sealed record Restriction(RestrictionGround Ground, ImmutableArray<string> Purposes, DateTimeOffset OccurredAt, EventPlace Place)
{
    public bool Covers(string purpose) => Purposes.IsEmpty || Purposes.Contains(purpose);
}

/// <param name="IsOwn">It is the person's own word, or a guardian's for them.</param>
public sealed record TermsAnswer(bool Accepted, bool IsOwn, DateTimeOffset OccurredAt, EventPlace Place)
{
    /// <summary>The later answer counts; of one moment, the no. A no gives way to the person's own word only, and their own yes to nobody else's.</summary>
    public bool GivesWayTo(bool accepted, Actor actor, DateTimeOffset at) =>
        (!accepted || actor.IsOwn() || (Accepted && !IsOwn)) && (at > OccurredAt || (at == OccurredAt && Accepted && !accepted));
}

/// <param name="Honoured">Whether a policy took it for an objection, then or before.</param>
/// <param name="OccurredAt">The latest moment at which one did, wherever word of that lies.</param>
/// <param name="PolicyVersion">The one under which it came last.</param>
/// <param name="Place">Where the one lies that counted last, whatever moment it claims.</param>
/// <param name="FirstUnder">The version of the policy under which it first was.</param>
public sealed record Signalled(bool Honoured, DateTimeOffset OccurredAt, string PolicyVersion, EventPlace Place, string FirstUnder)
{
    /// <summary>Nothing takes an objection back: neither one that claims to be older nor a policy that ignores it.</summary>
    public static Signalled After(Signalled? before, SignalReceived signal, EventPlace place)
    {
        var at = signal.EffectiveAt(place);
        if (before is not { Honoured: true }) return new(signal.Honoured, at, signal.PolicyVersion, place, signal.PolicyVersion);
        return signal.Honoured ? before with { OccurredAt = at > before.OccurredAt ? at : before.OccurredAt, PolicyVersion = signal.PolicyVersion, Place = place } : before with { PolicyVersion = signal.PolicyVersion };
    }
}

/// <param name="Told">That the person is of age has been recorded.</param>
public sealed record Age(string BornIn, DateTimeOffset ConsentsFrom, DateTimeOffset OfAgeFrom, bool Told);

public enum Erasure
{
    None,
    Started,
    Done,
}

public static class Effects
{
    /// <summary>Whether it is the person's own word, or a guardian's for them.</summary>
    public static bool IsOwn(this Actor actor) => actor is Actor.Subject or Actor.Guardian;

    /// <inheritdoc cref="EventPlace.HeardAt(DateTimeOffset)"/>
    public static DateTimeOffset EffectiveAt(this IAct act, EventPlace place) => place.HeardAt(act.OccurredAt);
}
