using ConsentLedger.EventStore;
using Npgsql;

namespace ConsentLedger.Timers.Tests;

/// <summary>What keeping timers costs an append: nothing where nothing of them changed.</summary>
public sealed class TimerTableTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly StreamKey Reader = new(Library.Town, default);

    [Fact]
    public void A_stream_that_has_nothing_due_and_had_nothing_due_is_not_written() => Statements(Shelf.Of(), Shelf.Of(new Returned("a"))).ShouldBeEmpty();

    [Fact]
    public void Neither_is_one_whose_next_moment_is_the_same_as_before() =>
        Statements(Shelf.Of(new Lent("a", Noon)), Shelf.Of(new Lent("a", Noon), new Lent("b", Noon.AddDays(1)))).ShouldBeEmpty();

    [Fact]
    public void Nor_one_of_a_kind_to_which_time_does_nothing()
    {
        var sql = new NpgsqlBatch();
        new TimerTable().Project(BatchOf(Shelf.Of(), Shelf.Of(new Lent("a", Noon))), sql);
        sql.BatchCommands.Count.ShouldBe(0);
    }

    [Fact]
    public void A_moment_that_is_set_moved_or_ended_is_one_statement_a_batch()
    {
        Statements(Shelf.Of(), Shelf.Of(new Lent("a", Noon))).ShouldHaveSingleItem().ShouldStartWith("insert");
        Statements(Shelf.Of(new Lent("a", Noon)), Shelf.Of(new Lent("a", Noon.AddDays(1)))).ShouldHaveSingleItem().ShouldStartWith("insert");
        Statements(Shelf.Of(new Lent("a", Noon)), Shelf.Of()).ShouldHaveSingleItem().ShouldStartWith("delete");
    }

    private static IReadOnlyList<string> Statements(Shelf before, Shelf after)
    {
        var sql = new NpgsqlBatch();
        new TimerTable(Shelf.Timed).Project(BatchOf(before, after), sql);
        return [.. sql.BatchCommands.Cast<NpgsqlBatchCommand>().Select(c => c.CommandText)];
    }

    private static Batch BatchOf(Shelf before, Shelf after) =>
        new(Library.Town, default, default, null!, [], [new StreamChange(Reader, Shelf.Stream, 1, 2, before, after)], []);
}
