using ConsentLedger.Consent.Consents;
using ConsentLedger.EventStore;
using FsCheck.Fluent;

namespace ConsentLedger.Consent.Tests.Histories;

/// <summary>What holds however a life goes: under several laws and ids, confirmed later, corrected, objected to, restricted, run out.</summary>
public sealed class LifeTests
{
    [Fact]
    public void Every_yes_rests_on_an_act_that_nothing_took_away() => Random.Check(LifeStep.Any, steps =>
    {
        var life = new Life();
        foreach (var step in steps)
        {
            life.Live(step);
            var hindsight = new Hindsight(life);
            foreach (var (who, channel, place) in Questions)
                if (life.Ask(who, channel, place) is { Allowed: true } yes) hindsight.WhatAllows(new Asked(who, Acts.Offers, channel, place)).ShouldNotBeEmpty($"{step}: {who}, {channel}, {place}: {yes}");
        }
    });

    [Fact]
    public void Every_yes_rests_on_its_second_step_where_the_policy_asks_for_one() => Random.Check(LifeStep.Any, steps =>
    {
        var life = Life.AskedTwice();
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
    public void Whoever_of_age_says_yes_now_or_confirms_it_is_heard() => Random.Check(LifeStep.Any, steps =>
    {
        var life = new Life();
        foreach (var step in steps)
        {
            var recorded = life.Live(step) is Decision.Record;
            if (step is not ({ Deed: Deed.Grant, Actor: Actor.Subject, ClaimedMinutes: 0 } or { Deed: Deed.Confirm, Actor: Actor.Subject, ClaimedMinutes: 0 }) || IsYoung(life)) continue;
            if (step.Deed == Deed.Confirm && !recorded) continue;
            life.Ask(step.Who, step.Channel!, step.Jurisdiction).ShouldBe(life.Ask(step.Who, step.Channel!, step.Jurisdiction) with { Allowed = true, Code = "consent_given" }, $"{step}");
        }
    });

    [Fact]
    public void No_order_in_which_word_comes_makes_a_yes_of_what_was_a_no() => Random.Check(LifeStep.AnyWords, steps =>
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
}
