using System.Text.Json;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Aging;
using ConsentLedger.Consent.Consents.Asking;
using ConsentLedger.Consent.Consents.Confirming;
using ConsentLedger.Consent.Consents.Correcting;
using ConsentLedger.Consent.Consents.Erasing;
using ConsentLedger.Consent.Consents.Granting;
using ConsentLedger.Consent.Consents.Merging;
using ConsentLedger.Consent.Consents.Objecting;
using ConsentLedger.Consent.Consents.Reading;
using ConsentLedger.Consent.Consents.Refusing;
using ConsentLedger.Consent.Consents.Restricting;
using ConsentLedger.Consent.Consents.Signalling;
using ConsentLedger.Consent.Consents.Telling;
using ConsentLedger.Consent.Consents.Withdrawing;
using ConsentLedger.Consent.Decisions;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.EventStore;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Tests.Histories;

/// <summary>A life under up to three ids: everything that can be said about a consent, in any order.</summary>
/// <param name="policy">The first version; without one, two laws, so that what is said under one can be told from what is said under the other.</param>
internal sealed class Life(PolicyPack? policy = null)
{
    public const int Ids = 3;
    public static readonly IReadOnlyList<string> Channels = ["email", "sms"];
    public static readonly IReadOnlyList<string?> Places = ["FR", "US-CA", "JP", null];

    private static readonly PolicyPack TwoLaws = Packs.Spectral with
    {
        Regimes = [.. Packs.Spectral.Regimes, new JurisdictionRegime { Jurisdiction = "US-CA", Regime = Regime.OptIn }],
    };

    private static readonly JsonElement Reason = JsonSerializer.SerializeToElement(new { reason = "My own situation" });

    private readonly List<StoredEvent> _log = [];
    private readonly List<(LifeStep Step, DateTimeOffset At, ISubjectAct? Act)> _heard = [];

    // Asked after far more often than anything happens: read once from what was stored, and for the states until something happens.
    private readonly List<(int Who, EventPlace Place, object Facts)> _read = [];
    private Dictionary<StreamId, SubjectConsents>? _states;

    public DateTimeOffset Now { get; private set; } = Acts.Day(1);

    public PolicyBook Policies { get; private set; } = new([new PublishedVersion(new PolicyPublished(policy ?? TwoLaws, Guid.Empty), DateTimeOffset.MinValue)]);

    /// <summary>All that was recorded, under whichever id.</summary>
    public IReadOnlyList<(int Who, EventPlace Place, object Facts)> Log => _read;

    /// <summary>The same as it is stored.</summary>
    public IReadOnlyList<StoredEvent> Stored => _log;

    /// <summary>The states as they are kept in memory, without reading anything again.</summary>
    public Dictionary<StreamId, SubjectConsents> Kept { get; } = Streams.ToDictionary(id => id, _ => SubjectConsents.Nobody);

    /// <summary>One whose policy asks for a double opt-in.</summary>
    public static Life AskedTwice() => new(TwoLaws.AskingTwice(Acts.Offers));

    /// <summary>One under policies that change.</summary>
    public static Life Long() => new(new Stance().After([]));

    public DecisionAnswer Ask(int who, string channel, string? place) => Ask(new Asked(who, Acts.Offers, channel, place));

    public DecisionAnswer Ask(Asked asked) => Ask(asked, States, Policies, Now);

    /// <summary>Whoever answers as two clocks turned back show it.</summary>
    public Func<Asked, DecisionAnswer> Then(Replay replay)
    {
        var (states, moment) = (Replayed(_log.Where((e, i) => replay.Includes(e, _read[i].Facts))), replay.Latest!.Value);
        var policies = Policies.AsOf(moment);
        return asked => Ask(asked, states, policies, moment);
    }

    public Decision Live(LifeStep step) => Live(step, out _);

    /// <param name="said">What was done, where word of something comes again.</param>
    public Decision Live(LifeStep step, out LifeStep said)
    {
        LetPass(step);
        return Do(step, out said);
    }

    public void LetPass(LifeStep step) => Now += TimeSpan.FromMinutes(step.PassingMinutes);

    /// <inheritdoc cref="Live(LifeStep, out LifeStep)"/>
    public Decision Do(LifeStep step, out LifeStep said)
    {
        said = step.Deed == Deed.HearAgain && _heard.Count > 0 ? _heard[step.Which % _heard.Count].Step : step;
        return step.Deed == Deed.HearAgain ? _heard.Count == 0 ? Decision.Unchanged : HearAgain(step.Which % _heard.Count) : Hear(step, Now.AddMinutes(step.ClaimedMinutes));
    }

    /// <param name="at">When it was done.</param>
    public Decision Hear(LifeStep step, DateTimeOffset at)
    {
        if (step.Deed == Deed.Publish) return Publish(step.Stance!);
        var act = step.Deed is Deed.LetTimeWork or Deed.Merge or Deed.Unmerge or Deed.Erase ? null : Act(step, at, State(step.Who));
        _heard.Add((step, at, act));
        return Hear(step, at, act);
    }

    /// <summary>The words of the last act once more, at once.</summary>
    public Decision HearLastAgain() => HearAgain(_heard.Count - 1);

    private Decision HearAgain(int which)
    {
        var (step, at, act) = _heard[which];
        return Hear(step, at, step.Deed == Deed.Unsubscribe ? (WithdrawConsent)act! with { CausedBy = ("unsubscribed", Guid.Empty) } : act);
    }

    private Decision Hear(LifeStep step, DateTimeOffset at, ISubjectAct? act)
    {
        var state = State(step.Who);
        var decision = step.Deed switch
        {
            Deed.LetTimeWork => ByTime.Decide(state, _log.Count(e => e.Stream.Id == IdOf(step.Who)), Policies, Now),
            Deed.Merge or Deed.Unmerge => Merge(step, at),
            Deed.Erase => state.Erasure == Erasure.None ? EraseSubject.Start(Guid.Empty, state) : EraseSubject.Finish(Guid.Empty, state, askedAt: Now),
            _ => SubjectActs.Decide(act!, state, Policies, Now).TellingRecipients(state, Policies),
        };
        foreach (var e in decision is Decision.Record record ? record.Events : []) Append(e.Stream?.Id ?? IdOf(step.Who), e.Facts);
        return decision;
    }

    private Decision Publish(Stance stance)
    {
        var pack = stance.After(Policies.Packs);
        var decision = PublishPolicy.Decide(pack, Policies);
        if (decision is Decision.Record) Policies = new(Policies.Versions.Add(new PublishedVersion(new PolicyPublished(pack, Guid.Empty), Now)));
        return decision;
    }

    private static ISubjectAct Act(LifeStep step, DateTimeOffset at, SubjectConsents state)
    {
        var (method, place) = (Token.Parse("web-form"), step.Jurisdiction is { } said ? Token.Parse(said) : null);
        var channel = step.Channel ?? Channels[0];
        long Chosen(IEnumerable<long> versions) => versions.Order().ToList() is [_, ..] some ? some[step.Which % some.Count] : 1;
        return step.Deed switch
        {
            Deed.Ask => new AskConsent(Acts.Offers, Acts.Text, at, step.Actor, method, channel, step.Recipient, Jurisdiction: place),
            Deed.Grant => new GrantConsent(Acts.Offers, at, step.Actor, method, channel, step.Recipient, Jurisdiction: place),
            Deed.GrantForAWhile => new GrantConsent(Acts.Offers, at, step.Actor, method, channel, step.Recipient, Jurisdiction: place, Until: at.AddHours(60)),
            Deed.GrantToBeConfirmed => new GrantConsent(Acts.Offers, at, step.Actor, method, channel, step.Recipient, Jurisdiction: place, Confirm: true),
            Deed.Confirm => new ConfirmConsent(Acts.Offers, at, step.Actor, method, channel, step.Recipient, Jurisdiction: place),
            Deed.Refuse => new RefuseConsent(Acts.Offers, at, step.Actor, method, channel, step.Recipient, Jurisdiction: place),
            Deed.Withdraw => new WithdrawConsent(Acts.Offers, at, step.Actor, method, step.Channel, step.Recipient, Jurisdiction: place),
            Deed.Unsubscribe => new WithdrawConsent(Acts.Offers, at, step.Actor, method, step.Channel),
            Deed.Void => new CorrectRecord(Chosen(state.Lanes.Values.Select(l => l.Place.Version)), method, at, step.Actor, method, Voided: true),
            Deed.DateEarlier => new CorrectRecord(Chosen(state.Lanes.Values.Select(l => l.Place.Version)), method, at, step.Actor, method, DoneAt: at),
            Deed.Object => new ObjectToProcessing(ObjectionTo.Marketing, at, step.Actor, method),
            Deed.ObjectToPurpose => new ObjectToProcessing(ObjectionTo.Purpose, at, step.Actor, method, step.Which % 3 == 0 ? Stance.News : Acts.Offers, Evidence: Reason),
            Deed.Retract => new DecideObjection(Chosen(state.Objections.Select(o => o.Place.Version)), Upheld: false, Token.Parse(DecideObjection.Retracted), at, Actor.Subject, method),
            Deed.Restrict => new RestrictProcessing(RestrictionGround.AccuracyContested, at, step.Actor, method),
            Deed.RestrictPurpose => new RestrictProcessing(RestrictionGround.AccuracyContested, at, step.Actor, method, [step.Which % 3 == 0 ? Stance.News : Acts.Offers]),
            Deed.Lift => new LiftRestriction(Chosen(state.Restrictions.Select(r => r.Place.Version)), at, at, step.Actor, method),
            Deed.Signal => new ReceiveSignal(PrivacySignal.Gpc, at, step.Actor, method, Jurisdiction: place),
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
        Kept[stream] = SubjectConsents.Stream.After(Kept[stream], facts, stored.Place);
        _states = null;
    }

    private static DecisionAnswer Ask(Asked asked, Dictionary<StreamId, SubjectConsents> states, PolicyBook policies, DateTimeOffset now) => ConsentDecision.Decide(
        Story.Question(asked.Purpose, asked.Channel, asked.Recipient) with { Jurisdiction = asked.Place }, SubjectConsents.PersonOf(IdOf(asked.Who), states), policies, now);

    private static Dictionary<StreamId, SubjectConsents> Replayed(IEnumerable<StoredEvent> events)
    {
        var streams = events.ToLookup(e => e.Stream.Id);
        return Streams.ToDictionary(id => id, id => SubjectConsents.Stream.Replay(streams[id], ConsentCatalog.Events));
    }

    private Dictionary<StreamId, SubjectConsents> States => _states ??= Replayed(_log);

    private SubjectConsents State(int who) => States[IdOf(who)];

    private static StreamKey KeyOf(StreamId id) => new(Story.Tenant, id);

    public static readonly IReadOnlyList<StreamId> Streams = [.. Enumerable.Range(1, Ids).Select(n => new StreamId(Guid.Parse($"0195a1b2-0000-7000-8000-00000000000{n}")))];

    private static StreamId IdOf(int who) => Streams[who];
}

/// <summary>May offers be sent, or news?</summary>
internal sealed record Asked(int Who, string Purpose, string Channel, string? Place, string? Recipient = null);
