using ConsentLedger.Consent.AuditorConsole;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Policies;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Tests.AuditorConsole;

/// <summary>What the picture of a history shows, before it is drawn.</summary>
public sealed class TimelineTests
{
    [Fact]
    public void A_yes_and_a_no_are_a_span_each_and_before_the_first_act_there_is_none()
    {
        var lane = Drawn((Yes(1), 1), (No(5), 5)).Lanes.ShouldHaveSingleItem();
        Spans(lane).ShouldBe([(true, Acts.Day(1), Acts.Day(5)), (false, Acts.Day(5), Acts.Day(10))]);
        lane.Marks.Select(m => m.Kind).ShouldBe([ActKind.Given, ActKind.Withdrawn]);
    }

    [Fact]
    public void An_act_recorded_later_counts_from_when_it_was_done_and_the_mark_keeps_both()
    {
        var lane = Drawn((Yes(1), 4)).Lanes.Single();
        Spans(lane).ShouldBe([(true, Acts.Day(1), Acts.Day(10))]);
        (lane.Marks.Single().At, lane.Marks.Single().Place.RecordedAt).ShouldBe((Acts.Day(1), Acts.Day(4)));
    }

    [Fact]
    public void A_yes_that_came_too_late_is_marked_and_begins_nothing()
    {
        var lane = Drawn((Yes(1), 1), (No(5), 5), (Yes(3) with { InForce = false }, 6)).Lanes.Single();
        lane.Spans.Select(s => s.Given).ShouldBe([true, false]);
        lane.Marks.Single(m => m.Kind == ActKind.Overtaken).At.ShouldBe(Acts.Day(3));
    }

    [Fact]
    public void The_same_answer_again_lengthens_its_span_backwards_only()
    {
        Spans(Drawn((Yes(4), 4), (Yes(6), 6)).Lanes.Single()).ShouldBe([(true, Acts.Day(4), Acts.Day(10))]);
        var lane = Drawn((Yes(4), 4), (Yes(2), 6)).Lanes.Single();
        Spans(Drawn((Yes(1), 1), (No(3), 3), (Yes(6), 6), (Yes(2), 7)).Lanes.Single()).ShouldBe([(true, Acts.Day(1), Acts.Day(3)), (false, Acts.Day(3), Acts.Day(6)), (true, Acts.Day(6), Acts.Day(10))]);
        Spans(lane).ShouldBe([(true, Acts.Day(2), Acts.Day(4)), (true, Acts.Day(4), Acts.Day(10))]);
        lane.Spans.Select(s => s.KnownSince).ShouldBe([Acts.Day(6), Acts.Day(4)], "before day 6 nobody knew of the first two days");
    }

    [Fact]
    public void A_no_dated_before_the_yes_that_it_ends_leaves_that_yes_no_time()
    {
        Spans(Drawn((Yes(4), 4), (No(2), 6)).Lanes.Single()).ShouldBe([(false, Acts.Day(2), Acts.Day(10))]);
    }

    /// <summary>Whatever comes late or in another order: what the picture says of a moment is what a replay as of that moment says.</summary>
    [Fact]
    public void At_every_moment_of_any_history_the_picture_says_what_a_replay_says()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var chance = new Random(seed);
            var story = Story.Given();
            for (var day = 1.0; day < 20; day += chance.NextDouble() * 3)
            {
                var done = Math.Max(0.5, day - (chance.Next(3) == 0 ? chance.NextDouble() * 8 : 0));
                var given = chance.Next(2) == 0;
                var inForce = story.State.Prevails(No(done).Lane, Actor.Subject, Acts.Day(done));
                story = story.Record(given ? Yes(done) with { InForce = inForce } : No(done), Acts.Day(day));
            }

            var events = story.Log.Select(e => new KnownEvent(e, ConsentCatalog.Events.Decode(e))).ToList();
            var lane = Timeline.Of(events, [], Acts.Day(21)).Lanes.Single();
            for (var day = 0.25; day < 21; day += 0.25)
            {
                var asOf = new Moment(null, Acts.Day(day)).Replay;
                var state = SubjectConsents.Stream.Replay(events.Where(e => asOf.Includes(e.Stored, e.Facts)).Select(e => e.Stored), ConsentCatalog.Events);
                var said = lane.Spans.SingleOrDefault(s => s.From <= Acts.Day(day) && Acts.Day(day) < s.Until)?.Given;
                said.ShouldBe(state.Lanes.Values.SingleOrDefault()?.Given, $"seed {seed}, day {day}");
            }
        }
    }

    [Fact]
    public void An_erasure_ends_every_span()
    {
        var timeline = Drawn((Yes(1), 1), (new ErasureStarted(Guid.Empty), 3), (new SubjectErased(Guid.Empty), 4));
        timeline.Cut.ShouldBe(Acts.Day(3));
        Spans(timeline.Lanes.Single()).ShouldBe([(true, Acts.Day(1), Acts.Day(3))]);
    }

    [Fact]
    public void Of_the_policies_those_are_marked_that_were_in_force_meanwhile()
    {
        PublishedVersion[] policies = [Published("a", -20), Published("b", -10), Published("c", 5), Published("d", 11)];
        Timeline.Of(Known((Yes(1), 1)), policies, Acts.Day(10)).Policies.Select(p => p.Version).ShouldBe(["b", "c"]);
    }

    [Fact]
    public void A_history_of_one_moment_still_has_an_axis()
    {
        var timeline = Timeline.Of(Known((Yes(1), 1)), [], Acts.Day(1));
        timeline.From.ShouldBeLessThan(timeline.Until);
    }

    [Theory]
    [InlineData(0.0005)]
    [InlineData(1)]
    [InlineData(90)]
    [InlineData(7200)]
    [InlineData(86400 * 3)]
    [InlineData(86400 * 40)]
    [InlineData(86400 * 700)]
    [InlineData(86400 * 365.25 * 90)]
    public void Ticks_are_few_in_order_apart_and_on_the_axis(double seconds)
    {
        var ticks = new TimeAxis(Acts.Day(1.234567), Acts.Day(1.234567) + TimeSpan.FromSeconds(seconds), 830).Ticks();
        ticks.Count.ShouldBeInRange(seconds < 0.001 ? 0 : 2, 11);
        ticks.ShouldAllBe(t => t.X >= 0 && t.X <= 830);
        ticks.Zip(ticks.Skip(1)).ShouldAllBe(pair => pair.Second.X - pair.First.X > 60);
    }

    private static IEnumerable<(bool, DateTimeOffset, DateTimeOffset)> Spans(TimelineLane lane) => lane.Spans.Select(s => (s.Given, s.From, s.Until));

    private static ConsentGranted Yes(double day) => new(new Lane("news", "email", "controller"), "a", Acts.Day(day), Actor.Subject, Token.Parse("web-form"), null, null, null, true);

    private static ConsentWithdrawn No(double day) => new(new Lane("news", "email", "controller"), "a", Acts.Day(day), Actor.Subject, Token.Parse("web-form"), null, null, null);

    private static PublishedVersion Published(string version, double day) => new(new PolicyPublished(Packs.Spectral with { Version = version }, Guid.Empty), Acts.Day(day));

    private static Timeline Drawn(params (object Facts, double Day)[] events) => Timeline.Of(Known(events), [], Acts.Day(10));

    private static IReadOnlyList<KnownEvent> Known(params (object Facts, double Day)[] events) =>
        [.. events.Aggregate(Story.Given(), (story, e) => story.Record(e.Facts, Acts.Day(e.Day))).Log.Select((e, i) => new KnownEvent(e, events[i].Facts))];
}
