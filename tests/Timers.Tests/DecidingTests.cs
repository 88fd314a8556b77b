using ConsentLedger.EventStore;

namespace ConsentLedger.Timers.Tests;

/// <summary>What time does to a stream, with no store and no clock.</summary>
public sealed class DecidingTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void What_is_due_is_recorded_in_the_order_in_which_it_fell_due_and_the_rest_is_left()
    {
        var shelf = Shelf.Of(new Lent("a", Noon), new Lent("b", Noon.AddDays(-1)), new Lent("c", Noon.AddTicks(1)));
        Facts(shelf, Noon).ShouldBe([new AskedBack("b", Noon.AddDays(-1)), new AskedBack("a", Noon)]);
    }

    [Fact]
    public void Before_its_time_nothing_happens() => Facts(Shelf.Of(new Lent("a", Noon)), Noon.AddMilliseconds(-1)).ShouldBeEmpty();

    [Fact]
    public void What_changed_before_its_time_no_longer_happens()
    {
        Facts(Shelf.Of(new Lent("a", Noon), new Returned("a")), Noon).ShouldBeEmpty();
        Facts(Shelf.Of(new Lent("a", Noon), new Lent("a", Noon.AddDays(7))), Noon).ShouldBeEmpty();
        Facts(Shelf.Of(new Lent("a", Noon), new AskedBack("a", Noon)), Noon).ShouldBeEmpty();
    }

    [Fact]
    public void An_event_that_does_not_end_what_it_falls_due_for_is_a_bug_and_not_recorded_for_ever() =>
        Should.Throw<InvalidOperationException>(() => Facts(Shelf.Of(new Lent(Shelf.Glued, Noon)), Noon));

    [Fact]
    public void More_than_fits_into_one_act_is_left_for_the_next()
    {
        var shelf = Shelf.Of(Enumerable.Range(0, 250).Select(n => new Lent($"{n}", Noon)));
        Facts(shelf, Noon).Count.ShouldBe(TimedStream<Shelf>.MaxAtOnce);
    }

    [Fact]
    public void A_moment_within_a_millisecond_is_looked_at_when_the_ledgers_clock_has_reached_it() =>
        Shelf.Timed.NextOf(Shelf.Of(new Lent("a", Noon.AddTicks(1)))).ShouldBe(Noon.AddMilliseconds(1));

    private static IReadOnlyList<object> Facts(Shelf shelf, DateTimeOffset now) =>
        Shelf.Timed.Decide(shelf, 0, now) is Decision.Record record ? [.. record.Events.Select(e => e.Facts)] : [];
}
