using System.Text.Json;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Aging;
using ConsentLedger.Consent.Consents.Confirming;
using ConsentLedger.Consent.Consents.Correcting;
using ConsentLedger.Consent.Consents.Granting;
using ConsentLedger.Consent.Consents.Merging;
using ConsentLedger.Consent.Consents.Objecting;
using ConsentLedger.Consent.Consents.Refusing;
using ConsentLedger.Consent.Consents.Restricting;
using ConsentLedger.Consent.Consents.Withdrawing;
using ConsentLedger.Consent.Decisions;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.EventStore;
using ConsentLedger.ServiceDefaults;
using FsCheck;
using FsCheck.Fluent;

namespace ConsentLedger.Consent.Tests.Histories;

internal enum Deed
{
    Grant,
    GrantForAWhile,
    GrantToBeConfirmed,
    Confirm,
    Refuse,
    Withdraw,
    Void,
    DateEarlier,
    Object,
    Retract,
    Restrict,
    Lift,
    Merge,
    Unmerge,
    StateBirthMonth,

    /// <summary>Nobody does anything but the clock.</summary>
    LetTimeWork,
}

/// <param name="Who">Under which of the ids that may or may not be one person.</param>
/// <param name="Jurisdiction">Where: under one law, under another, nowhere said, or where no law is declared.</param>
/// <param name="ClaimedHours">When it was done, from the moment it is heard: never later.</param>
/// <param name="PassingHours">How long it is after the step before.</param>
/// <param name="Which">Of the events there are, the one that is corrected, retracted or lifted.</param>
internal sealed record LifeStep(Deed Deed, int Who, string? Channel, string? Jurisdiction, Actor Actor, int ClaimedHours, int PassingHours, int Which);

/// <summary>A life under up to three ids: everything that can be said about a consent, in any order.</summary>
/// <param name="isAskedTwice">Whether the policy asks for a double opt-in.</param>
internal sealed class Life(bool isAskedTwice = false)
{
    public const int Ids = 3;
    public static readonly IReadOnlyList<string> Channels = ["email", "sms"];
    public static readonly IReadOnlyList<string?> Places = ["FR", "US-CA", "JP", null];

    // Two laws, so that what is said under one can be told from what is said under the other.
    private static readonly PolicyPack Pack = Packs.Spectral with
    {
        Regimes = [.. Packs.Spectral.Regimes, new JurisdictionRegime { Jurisdiction = "US-CA", Regime = Regime.OptIn }],
    };

    private readonly PolicyBook _policies = new([new PublishedVersion(new PolicyPublished(isAskedTwice ? Pack.AskingTwice(Acts.Offers) : Pack, Guid.Empty), DateTimeOffset.MinValue)]);

    private readonly List<StoredEvent> _log = [];

    // Asked after far more often than anything happens: read once from what was stored, and for the states until something happens.
    private readonly List<(int Who, EventPlace Place, object Facts)> _read = [];
    private readonly Dictionary<StreamId, SubjectConsents> _states = [];

    public DateTimeOffset Now { get; private set; } = Acts.Day(1);

    /// <summary>All that was recorded, under whichever id.</summary>
    public IReadOnlyList<(int Who, EventPlace Place, object Facts)> Log => _read;

    public static Arbitrary<LifeStep[]> Any { get; } = Arb.From(AnyStep().ArrayOf(), steps => History.WithoutSome(steps));

    /// <summary>Acts of one id that say yes or no once and for all, so that no order of them is better than another.</summary>
    public static Arbitrary<LifeStep[]> AnyWords { get; } = Arb.From(AnyStep(Deed.Grant, Deed.Refuse, Deed.Withdraw).Select(s => s with { Who = 0 }).ArrayOf(), steps => History.WithoutSome(steps));

    public static string? LawOf(string? place) => Pack.LawFor(place);

    public DecisionAnswer Ask(int who, string channel, string? place) => ConsentDecision.Decide(
        Story.Question(Acts.Offers, channel, null) with { Jurisdiction = place }, SubjectConsents.PersonOf(IdOf(who), Enumerable.Range(0, Ids).ToDictionary(IdOf, State)), _policies, Now);

    public Decision Live(LifeStep step)
    {
        Now += TimeSpan.FromHours(step.PassingHours);
        return Hear(step, Now.AddHours(step.ClaimedHours));
    }

    /// <param name="at">When it was done.</param>
    public Decision Hear(LifeStep step, DateTimeOffset at)
    {
        var state = State(step.Who);
        var decision = step.Deed switch
        {
            Deed.LetTimeWork => ByTime.Decide(state, _log.Count(e => e.Stream.Id == IdOf(step.Who)), _policies, Now),
            Deed.Merge or Deed.Unmerge => Merge(step, at),
            _ => SubjectActs.Decide(Act(step, at, state), state, _policies, Now),
        };
        foreach (var e in decision is Decision.Record record ? record.Events : []) Append(e.Stream?.Id ?? IdOf(step.Who), e.Facts);
        return decision;
    }

    private static ISubjectAct Act(LifeStep step, DateTimeOffset at, SubjectConsents state)
    {
        var (method, place) = (Token.Parse("web-form"), step.Jurisdiction is { } said ? Token.Parse(said) : null);
        var channel = step.Channel ?? Channels[0];
        long Chosen(IEnumerable<long> versions) => versions.Order().ToList() is [_, ..] some ? some[step.Which % some.Count] : 1;
        return step.Deed switch
        {
            Deed.Grant => new GrantConsent(Acts.Offers, at, step.Actor, method, channel, Jurisdiction: place),
            Deed.GrantForAWhile => new GrantConsent(Acts.Offers, at, step.Actor, method, channel, Jurisdiction: place, Until: at.AddHours(60)),
            Deed.GrantToBeConfirmed => new GrantConsent(Acts.Offers, at, step.Actor, method, channel, Jurisdiction: place, Confirm: true),
            Deed.Confirm => new ConfirmConsent(Acts.Offers, at, step.Actor, method, channel, Jurisdiction: place),
            Deed.Refuse => new RefuseConsent(Acts.Offers, at, step.Actor, method, channel, Jurisdiction: place),
            Deed.Withdraw => new WithdrawConsent(Acts.Offers, at, step.Actor, method, step.Channel, Jurisdiction: place),
            Deed.Void => new CorrectRecord(Chosen(state.Lanes.Values.Select(l => l.Place.Version)), method, at, step.Actor, method, Voided: true),
            Deed.DateEarlier => new CorrectRecord(Chosen(state.Lanes.Values.Select(l => l.Place.Version)), method, at, step.Actor, method, DoneAt: at),
            Deed.Object => new ObjectToProcessing(ObjectionTo.Marketing, at, step.Actor, method),
            Deed.Retract => new DecideObjection(Chosen(state.Objections.Select(o => o.Place.Version)), Upheld: false, Token.Parse(DecideObjection.Retracted), at, Actor.Subject, method),
            Deed.Restrict => new RestrictProcessing(RestrictionGround.AccuracyContested, at, step.Actor, method),
            Deed.Lift => new LiftRestriction(Chosen(state.Restrictions.Select(r => r.Place.Version)), at, at, step.Actor, method),
            Deed.StateBirthMonth => new StateBirthMonth(step.Which % 2 == 0 ? "1990-01" : "2014-01", at, step.Actor, method),
            var other => throw new InvalidOperationException($"{other} is no act."),
        };
    }

    private Decision Merge(LifeStep step, DateTimeOffset at)
    {
        var other = (step.Who + 1 + (step.Which % (Ids - 1))) % Ids;
        SubjectId.TryParse(IdOf(other).ToString(), out var id).ShouldBeTrue();
        var merge = new MergeSubjects(id, at, step.Actor, Token.Parse("desk"));
        Func<MergeSubjects, StreamKey, SubjectConsents, StreamKey, SubjectConsents, Decision> decide = step.Deed == Deed.Merge ? MergeSubjects.Merge : MergeSubjects.Unmerge;
        return decide(merge, KeyOf(IdOf(step.Who)), State(step.Who), KeyOf(IdOf(other)), State(other));
    }

    private void Append(StreamId stream, object facts)
    {
        var stored = new StoredEvent(
            KeyOf(stream), new EventPlace(_log.Count, _log.Count(e => e.Stream.Id == stream) + 1, Now), Guid.CreateVersion7(Now), ConsentCatalog.Events.NameOf(facts),
            JsonSerializer.SerializeToUtf8Bytes(facts, facts.GetType(), EventCatalog.Json), null);
        _log.Add(stored);
        _read.Add((Enumerable.Range(0, Ids).First(who => IdOf(who) == stream), stored.Place, ConsentCatalog.Events.Decode(stored)));
        _states.Clear();
    }

    private SubjectConsents State(int who) => State(IdOf(who));

    private SubjectConsents State(StreamId id)
    {
        if (!_states.TryGetValue(id, out var state)) _states[id] = state = SubjectConsents.Stream.Replay(_log.Where(e => e.Stream.Id == id), ConsentCatalog.Events);
        return state;
    }

    private static StreamKey KeyOf(StreamId id) => new(Story.Tenant, id);

    private static readonly IReadOnlyList<StreamId> Streams = [.. Enumerable.Range(1, Ids).Select(n => new StreamId(Guid.Parse($"0195a1b2-0000-7000-8000-00000000000{n}")))];

    private static StreamId IdOf(int who) => Streams[who];

    private static Gen<LifeStep> AnyStep(params IReadOnlyList<Deed> deeds) =>
        from deed in deeds.Count > 0 ? Gen.Elements<Deed>(deeds) : Gen.Frequency(
            (10, Gen.Constant(Deed.Grant)), (3, Gen.Constant(Deed.GrantForAWhile)), (3, Gen.Constant(Deed.GrantToBeConfirmed)), (4, Gen.Constant(Deed.Confirm)), (2, Gen.Constant(Deed.Refuse)),
            (7, Gen.Constant(Deed.Withdraw)), (2, Gen.Constant(Deed.Void)), (5, Gen.Constant(Deed.DateEarlier)), (2, Gen.Constant(Deed.Object)), (1, Gen.Constant(Deed.Retract)),
            (1, Gen.Constant(Deed.Restrict)), (1, Gen.Constant(Deed.Lift)), (3, Gen.Constant(Deed.Merge)), (1, Gen.Constant(Deed.Unmerge)), (1, Gen.Constant(Deed.StateBirthMonth)),
            (2, Gen.Constant(Deed.LetTimeWork)))
        // Crowded on purpose: what nobody else speaks of nobody can contradict.
        from who in Gen.Frequency((6, Gen.Constant(0)), (2, Gen.Constant(1)), (1, Gen.Constant(2)))
        from channel in Gen.Frequency((6, Gen.Constant<string?>("email")), (1, Gen.Constant<string?>("sms")), (deed == Deed.Withdraw ? 2 : 0, Gen.Constant<string?>(null)))
        from place in Gen.Frequency((5, Gen.Constant<string?>("FR")), (3, Gen.Elements<string?>([.. Places])))
        from actor in Gen.Elements(Actor.Subject, Actor.Subject, Actor.Subject, Actor.Guardian, Actor.Agent, Actor.System)
        from claimed in Gen.Frequency((3, Gen.Constant(0)), (3, Gen.Choose(-100, -1)))
        from passing in Gen.Frequency((6, Gen.Choose(1, 30)), (1, Gen.Choose(200, 1500)))
        from which in Gen.Choose(0, 1000)
        select new LifeStep(deed, who, channel, place, actor, claimed, passing, which);
}
