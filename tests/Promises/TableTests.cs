namespace ConsentLedger.Promises;

/// <summary>The documents tell of the tests there are, and there is one for each promise of each controller.</summary>
public sealed class TableTests
{
    [Fact]
    public void Every_promise_of_every_controller_has_a_test_and_no_test_has_none() =>
        Results.Expected.Select(r => $"{r.Row} {r.Controller}").Distinct().Order(StringComparer.Ordinal)
            .ShouldBe(Row.All.SelectMany(r => r.Controllers.Select(c => $"{r.Id} {c}")).Order(StringComparer.Ordinal));

    [Fact]
    public void The_table_of_promises_is_that_of_the_tests() => Table.Document.ShouldBe(Table.DocumentOf(Results.Expected), "Run deploy/local/promises.");

    [Fact]
    public void The_README_has_the_same_promises() => (Table.Readme == Table.ReadmeOf(Results.Expected)).ShouldBeTrue("Run deploy/local/promises.");
}
