using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Reading;
using ConsentLedger.Consent.Decisions;
using ConsentLedger.Consent.Decisions.Audiences;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.EventStore;

namespace ConsentLedger.Consent.Tests.Histories;

/// <summary>What holds however long a life is: under policies that cut the laws otherwise, drop what they declared and ask for more, with recipients, signals, and word that comes twice.</summary>
public sealed class LongLifeTests
{
    private static readonly CompactFacts Compact = new(ConsentCatalog.Events);

    [Fact]
    public void Every_yes_rests_on_an_act_that_nothing_took_away_or_on_nobody_having_said_no() => Holds((life, _, step, _) =>
    {
        var (hindsight, policy) = (new Hindsight(life), life.Policies.Current!);
        foreach (var asked in Questions.Where(q => q.Who == step.Who || step.Deed == Deed.Publish))
            if (life.Ask(asked) is { Allowed: true } yes && WhatIsWrongWith(yes, asked, hindsight, policy) is { } wrong) Assert.Fail($"{step}: {asked}: {yes}: {wrong}");
    });

    [Fact]
    public void Whoever_of_age_says_yes_now_is_heard() => Holds((life, step, _, decision) =>
    {
        if (step is not { Deed: Deed.Grant or Deed.GrantForAWhile or Deed.Confirm, Actor: Actor.Subject, ClaimedMinutes: 0 } || decision is Decision.Refuse or Decision.Record { Note: "confirmation_needed" }) return;
        if (step.Deed == Deed.Confirm && decision is not Decision.Record) return;
        var asked = new Asked(step.Who, Acts.Offers, step.Channel!, step.Jurisdiction, step.Recipient);
        var hindsight = new Hindsight(life);
        if (hindsight.IsYoung(step.Who) || hindsight.IsErased(step.Who)) return;

        // Between the two steps the policy may have changed what the first one was about.
        if (step.Deed == Deed.Confirm && life.Policies.IsChangedSince(Acts.Offers, ((ConsentConfirmed)life.Log[^1].Facts).PolicyVersion)) return;
        var answer = life.Ask(asked);
        if (answer is not { Allowed: true, Code: "consent_given" }) Assert.Fail($"{step}: {answer}");
    });

    [Fact]
    public void Whoever_says_no_is_heard_whatever_date_it_claims() => Holds((life, heard, step, decision) =>
    {
        if (decision is Decision.Refuse) return;

        // The echo of an unsubscription is no second one.
        if (heard.Deed == Deed.HearAgain && step.Deed == Deed.Unsubscribe) return;
        var same = new Hindsight(life).SameAs(step.Who);
        foreach (var asked in Questions.Where(q => same.Contains(q.Who) && IsConcerned(life.Policies.Current!, step, q)))
            if (life.Ask(asked) is { Allowed: true } yes) Assert.Fail($"{step} came to {decision}, and yet {asked}: {yes}");
    });

    [Fact]
    public void All_ids_of_one_person_have_one_answer() => Holds((life, step, _, _) =>
    {
        var same = new Hindsight(life).SameAs(0);
        if (same.Count == 1) return;
        foreach (var asked in Questions.Where(q => q.Who == 0))
            foreach (var other in same)
                if (life.Ask(asked with { Who = other }) is var answer && answer != life.Ask(asked)) Assert.Fail($"{step}: {asked}: {life.Ask(asked)}, and {answer} under {other}");
    });

    [Fact]
    public void Word_that_comes_twice_at_once_changes_no_answer() => Holds((life, heard, step, _) =>
    {
        if (heard.Deed is Deed.HearAgain or Deed.Publish) return;
        var once = Questions.Where(q => q.Who == step.Who).Select(q => (q, life.Ask(q) with { Position = null })).ToList();
        life.HearLastAgain();
        foreach (var (asked, answer) in once)
            if (life.Ask(asked) with { Position = null } is var twice && twice != answer) Assert.Fail($"{step}: {asked}: {answer}, and then {twice}");
    });

    [Fact]
    public void The_echo_of_an_unsubscription_takes_no_yes_that_was_said_after_it() => Random.Check(LifeStep.AnyLong, steps =>
    {
        var life = Life.Long();
        var recorded = new Dictionary<LifeStep, (int Since, List<Lane> Lanes)>();
        foreach (var step in steps)
        {
            life.LetPass(step);
            var given = step.Deed == Deed.HearAgain ? Questions.Where(q => life.Ask(q).Code == "consent_given").ToList() : [];
            var before = life.Log.Count;
            var isRecorded = life.Do(step, out var said) is Decision.Record;
            if (step is { Deed: Deed.Unsubscribe, ClaimedMinutes: <= 0 } && isRecorded)
                recorded[step] = (life.Log.Count, [.. life.Log.Skip(before).Select(e => e.Facts).OfType<ConsentWithdrawn>().Select(e => e.Lane)]);

            // It is known by its date, as long as no other no has come meanwhile, and where it was recorded: beside a later no it was not, and is heard after the yes to that.
            if (said.Deed != Deed.Unsubscribe || !recorded.TryGetValue(said, out var no) || life.Log.Take(before).Skip(no.Since).Any(e => e.Who == said.Who && e.Facts is ConsentWithdrawn or ConsentRefused)) continue;
            foreach (var asked in given.Where(q => no.Lanes.Any(lane => (lane.Purpose, lane.Channel, lane.Recipient) == (q.Purpose, q.Channel, q.Recipient ?? PolicyPack.ControllerRecipient))))
                if (life.Ask(asked) is { Allowed: false } answer) Assert.Fail($"{said}: {asked}: {answer}");
        }
    });

    [Fact]
    public void The_log_folds_to_the_states_that_were_kept_however_it_is_stored() => Random.Check(LifeStep.AnyLong, steps =>
    {
        var life = Life.Long();
        foreach (var step in steps) life.Live(step);
        foreach (var stream in Life.Streams)
        {
            var events = life.Stored.Where(e => e.Stream.Id == stream).ToList();
            ShouldBeSame(SubjectConsents.Stream.Replay(events, ConsentCatalog.Events), life.Kept[stream]);
            ShouldBeSame(Compact.Replay(events.SelectMany(Compact.Encode).ToArray(), SubjectConsents.Stream, SubjectConsents.Nobody, long.MaxValue), life.Kept[stream]);
        }
    });

    [Fact]
    public void What_was_answered_at_a_moment_is_what_a_replay_of_it_answers() => Random.Check(LifeStep.AnyLong, steps =>
    {
        var life = Life.Long();
        var answered = new List<(DateTimeOffset At, bool IsAhead, List<(Asked Asked, DecisionAnswer Answer)> Answers)>();
        foreach (var step in steps)
        {
            life.Live(step);
            answered.Add((life.Now, life.Log.Any(e => e.Facts is IAct act && act.OccurredAt > life.Now), [.. Questions.Where(q => q.Who == step.Who).Select(q => (q, life.Ask(q)))]));
        }

        // Of the erased nothing is answered any more, not even as of before.
        if (Enumerable.Range(0, Life.Ids).Any(new Hindsight(life).IsErased)) return;
        foreach (var (at, isAhead, answers) in answered.Where((_, i) => i % 9 == steps.Length % 9))
        {
            var (known, then) = (life.Then(new Replay(null, at)), life.Then(new Replay(at, at)));
            foreach (var (asked, answer) in answers)
            {
                if (known(asked) != answer) Assert.Fail($"{asked} at {at:O}: {answer}, and as known then {known(asked)}");
                if (!isAhead && then(asked) != answer) Assert.Fail($"{asked} at {at:O}: {answer}, and as of then {then(asked)}");
            }
        }
    });

    private static readonly IReadOnlyList<Asked> Questions =
    [
        .. from who in Enumerable.Range(0, Life.Ids) from channel in Life.Channels from place in Life.Places from recipient in (string?[])[null, Acts.Partners] select new Asked(who, Acts.Offers, channel, place, recipient),
        .. from who in Enumerable.Range(0, Life.Ids) select new Asked(who, Stance.News, "email", "FR"),
    ];

    /// <summary>After each step, with what was said in it and what came of that.</summary>
    private static void Holds(Action<Life, LifeStep, LifeStep, Decision> after) => Random.Check(LifeStep.AnyLong, steps =>
    {
        var life = Life.Long();
        foreach (var step in steps)
        {
            var decision = life.Live(step, out var said);
            after(life, step, said, decision);
        }
    });

    private static string? WhatIsWrongWith(DecisionAnswer yes, Asked asked, Hindsight hindsight, PolicyPack policy)
    {
        var purpose = policy.FindPurpose(asked.Purpose)!;
        var restsOnConsent = purpose.RestsOn(LawfulBasis.Consent);
        if (hindsight.IsErased(asked.Who)) return "it is about nobody any more";
        var isLawful = yes.Code switch
        {
            "consent_given" => restsOnConsent,
            "opt_out_regime" => restsOnConsent && policy.RegimeFor(purpose, asked.Channel, asked.Place) == Regime.OptOut,
            _ => yes.Code == "rests_on_other_basis" && !restsOnConsent,
        };
        if (!isLawful) return "the policy knows no such basis";
        var rests = hindsight.WhatAllows(asked).Select(e => e.Place.Position).ToList();
        return yes.Position is { } position ? rests.Contains(position) ? null : "something took away what it rests on" : rests.Count > 0 ? null : hindsight.WhatSpeaksAgainst(asked, isSilence: restsOnConsent);
    }

    /// <summary>Whether this step is a no to that.</summary>
    private static bool IsConcerned(PolicyPack policy, LifeStep step, Asked asked)
    {
        var isThere = step.Deed == Deed.Unsubscribe || policy.LawFor(step.Jurisdiction) is not { } law || policy.LawFor(asked.Place) is not { } other || law == other;
        return step.Deed switch
        {
            Deed.Withdraw => asked.Purpose == Acts.Offers && isThere && (step.Channel ?? asked.Channel) == asked.Channel && (step.Recipient ?? asked.Recipient) == asked.Recipient,
            Deed.Unsubscribe => asked.Purpose == Acts.Offers && (step.Channel ?? asked.Channel) == asked.Channel,
            Deed.Refuse => asked.Purpose == Acts.Offers && isThere && step.Channel == asked.Channel && step.Recipient == asked.Recipient,
            Deed.Object => policy.FindPurpose(asked.Purpose) is { Marketing: true },
            Deed.ObjectToPurpose => asked.Purpose == (step.Which % 3 == 0 ? Stance.News : Acts.Offers) && policy.FindPurpose(asked.Purpose)!.Bases.All(b => b.Basis == LawfulBasis.LegitimateInterests),
            Deed.Restrict => true,
            Deed.RestrictPurpose => asked.Purpose == (step.Which % 3 == 0 ? Stance.News : Acts.Offers),
            Deed.Signal => policy.Tracking is { } tracking && tracking.Purposes.Contains(asked.Purpose) && (step.Jurisdiction is null || tracking.HonoursPrivacyControl(step.Jurisdiction)) && tracking.GlobalPrivacyControl == SignalStance.Objection,
            Deed.Erase => true,
            _ => false,
        };
    }

    private static void ShouldBeSame(SubjectConsents one, SubjectConsents other)
    {
        (one.Erasure, one.Age, one.Answered).ShouldBe((other.Erasure, other.Age, other.Answered));
        one.Lanes.Count.ShouldBe(other.Lanes.Count);
        foreach (var (lane, state) in one.Lanes) other.Lanes[lane].ShouldBe(state);
        one.Objections.ShouldBe(other.Objections);
        one.Restrictions.Select(r => (r.Ground, r.OccurredAt, r.Place, string.Join(' ', r.Purposes))).ShouldBe(other.Restrictions.Select(r => (r.Ground, r.OccurredAt, r.Place, string.Join(' ', r.Purposes))));
        one.Signals.OrderBy(s => s.Key).ShouldBe(other.Signals.OrderBy(s => s.Key));
        one.Others.SetEquals(other.Others).ShouldBeTrue();
    }
}
