using ConsentLedger.Consent.Consents;
using ConsentLedger.EventStore;
using FsCheck.Fluent;

namespace ConsentLedger.Consent.Tests.Histories;

/// <summary>What holds however a life goes: under several laws and ids, confirmed later, corrected, objected to, restricted, run out.</summary>
public sealed class LifeTests
{
    [Fact]
    public void Every_yes_rests_on_an_act_that_nothing_took_away() => Random.Check(Life.Any, steps =>
    {
        var life = new Life();
        foreach (var step in steps)
        {
            life.Live(step);
            foreach (var (who, channel, place) in Questions)
                if (life.Ask(who, channel, place) is { Allowed: true } yes) WhatAllows(life, who, channel, place).ShouldNotBeEmpty($"{step}: {who}, {channel}, {place}: {yes}");
        }
    });

    [Fact]
    public void Every_yes_rests_on_its_second_step_where_the_policy_asks_for_one() => Random.Check(Life.Any, steps =>
    {
        var life = new Life(isAskedTwice: true);
        foreach (var step in steps)
        {
            life.Live(step);
            foreach (var (who, channel, place) in Questions)
            {
                if (life.Ask(who, channel, place) is not { Allowed: true } yes) continue;
                var (by, _, facts) = life.Log.Single(e => e.Place.Position == yes.Position);
                var second = facts.ShouldBeOfType<ConsentConfirmed>($"{step}: {yes}");
                var first = life.Log.Single(e => e.Who == by && e.Place.Version == second.Confirms).Facts.ShouldBeOfType<ConsentPending>();
                var corrected = life.Log.Where(e => e.Who == by).Select(e => e.Facts).OfType<RecordCorrected>().Where(c => c.Corrects == second.Confirms).Min(c => c.DoneAt);
                second.OccurredAt.ShouldBeGreaterThan((corrected < first.OccurredAt ? corrected.Value : first.OccurredAt).AddMinutes(-6), $"{step}: {yes}");
            }
        }
    });

    [Fact]
    public void Whoever_of_age_says_yes_now_or_confirms_it_is_heard() => Random.Check(Life.Any, steps =>
    {
        var life = new Life();
        foreach (var step in steps)
        {
            var recorded = life.Live(step) is Decision.Record;
            if (step is not ({ Deed: Deed.Grant, Actor: Actor.Subject, ClaimedHours: 0 } or { Deed: Deed.Confirm, Actor: Actor.Subject, ClaimedHours: 0 }) || IsYoung(life)) continue;
            if (step.Deed == Deed.Confirm && !recorded) continue;
            life.Ask(step.Who, step.Channel!, step.Jurisdiction).ShouldBe(life.Ask(step.Who, step.Channel!, step.Jurisdiction) with { Allowed = true, Code = "consent_given" }, $"{step}");
        }
    });

    [Fact]
    public void No_order_in_which_word_comes_makes_a_yes_of_what_was_a_no() => Random.Check(Life.AnyWords, steps =>
    {
        // An hour apart, so that none is said at the same moment as another.
        var said = steps.Select((step, i) => (Step: step, At: Acts.Day(1).AddHours(-1000 + i))).ToList();
        var (one, other) = (new Life(), new Life());
        foreach (var (step, at) in said) one.Hear(step, at);
        foreach (var (step, at) in said.OrderBy(s => s.Step.Which)) other.Hear(step, at);
        foreach (var (who, channel, place) in Questions) (other.Ask(who, channel, place).Allowed && !one.Ask(who, channel, place).Allowed).ShouldBeFalse($"{channel}, {place}");
    });

    private static IEnumerable<(int Who, string Channel, string? Place)> Questions =>
        from who in Enumerable.Range(0, Life.Ids) from channel in Life.Channels from place in Life.Places select (who, channel, place);

    private static bool IsYoung(Life life) => life.Log.Any(e => e.Facts is BirthMonthStated { BornIn: "2014-01" });

    // The rules once more, naively: each yes that was ever said, held against everything that was ever said against it.
    private static IEnumerable<object> WhatAllows(Life life, int who, string channel, string? place)
    {
        var ids = SameAs(life, who);
        var law = Life.LawOf(place);
        var said = life.Log.Where(e => ids.Contains(e.Who)).ToList();
        var about = said.Where(e => e.Facts is ILaneAct { Lane: var lane } && lane.Channel == channel && (lane.Law is null || law is null || lane.Law == law)).ToList();

        var noes = about.Where(e => e.Facts is ConsentWithdrawn or ConsentRefused).Select(e => (At: At((IAct)e.Facts, e.Place), e.Place.Position)).ToList();
        var stops = said.Where(e => e.Facts is ObjectionRaised && !said.Any(d => d.Who == e.Who && d.Facts is ObjectionDecided { Upheld: false } decided && decided.Objection == e.Place.Version))
            .Concat(said.Where(e => e.Facts is ProcessingRestricted && !said.Any(l => l.Who == e.Who && l.Facts is RestrictionLifted lifted && lifted.Restriction == e.Place.Version)))
            .Select(e => (At: At((IAct)e.Facts, e.Place), e.Place.Position)).ToList();
        var ages = said.Where(e => e.Facts is BirthMonthStated).GroupBy(e => e.Who, (_, stated) => (BirthMonthStated)stated.Last().Facts).ToList();

        foreach (var (by, at, facts) in about)
        {
            var (yes, until) = facts switch
            {
                ConsentGranted granted => ((ILaneAct?)granted, granted.Until),
                ConsentConfirmed confirmed => (confirmed, confirmed.Until),
                _ => (null, null),
            };
            if (yes is null) continue;
            var corrections = said.Where(e => e.Who == by).Select(e => e.Facts).OfType<RecordCorrected>().Where(c => c.Corrects == at.Version).ToList();
            var done = corrections.Min(c => c.DoneAt) is { } earlier && earlier < yes.OccurredAt ? earlier : yes.OccurredAt;
            var isOwn = yes.Actor is Actor.Subject or Actor.Guardian;

            if (corrections.Any(c => c.Voided) || until - (yes.OccurredAt - done) <= life.Now) continue;
            if (noes.Any(no => !isOwn || done <= no.At || at.Position < no.Position)) continue;
            if (stops.Any(stop => !isOwn || done <= stop.At || at.Position < stop.Position)) continue;
            if (yes.Actor == Actor.Guardian ? ages.Any(a => a.OfAgeFrom <= life.Now) : ages.Any(a => a.ConsentsFrom > done)) continue;
            yield return facts;
        }

        static DateTimeOffset At(IAct act, EventPlace place) => ReferenceModel.HeardAt(act.OccurredAt, place.RecordedAt);
    }

    private static HashSet<int> SameAs(Life life, int who)
    {
        var pairs = new HashSet<(int, Guid)>();
        foreach (var (id, _, facts) in life.Log)
        {
            if (facts is SubjectMerged merged) pairs.Add((id, merged.Other));
            if (facts is SubjectUnmerged parted) pairs.Remove((id, parted.Other));
        }

        HashSet<int> same = [who];
        while (pairs.FirstOrDefault(p => same.Contains(p.Item1) && same.Add(p.Item2.ToString()[^1] - '1')) != default) { }
        return same;
    }
}
