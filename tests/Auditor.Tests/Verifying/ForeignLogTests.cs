using System.Text;
using ConsentLedger.Auditor.Tests.Logs;
using ConsentLedger.Auditor.Verifying;

namespace ConsentLedger.Auditor.Tests.Verifying;

/// <summary>Any log of C2SP tlog-tiles can be checked as a tree, whatever its entries are.</summary>
public sealed class ForeignLogTests
{
    private static readonly Checking Any = Checking.Usual with { Entries = EntryReading.Any }, None = Checking.Usual with { Entries = EntryReading.None };

    private readonly SignedLog _log = new(SignedLog.NewKey("sum.example.com"), [.. Enumerable.Range(0, 70_000).Select(i => Encoding.UTF8.GetBytes($"module {i} {new string('x', i % 50)}"))], null);

    [Fact]
    public async Task Its_tree_holds()
    {
        var files = _log.ToFiles();
        files.Keys.ShouldContain("tile/2/000.p/1");
        (await files.FindAsync(_log.Policy, Any, _log.First(65_537).Checkpoint)).ShouldBeEmpty();
        (await files.Where(f => !f.Key.StartsWith("tile/entries", StringComparison.Ordinal)).ToDictionary().FindAsync(_log.Policy, None, _log.First(4095).Checkpoint)).ShouldBeEmpty();
    }

    [Fact]
    public async Task And_does_not_where_an_entry_is_another()
    {
        var faults = await _log.ToFiles().With("tile/entries/200", bytes => { bytes[100] ^= 1; return bytes; }).FindAsync(_log.Policy, Any);
        faults.Select(f => f.Code).ShouldBe(["leaf_mismatch", "tile_mismatch", "tile_mismatch", "root_mismatch"], ignoreOrder: true);
    }

    [Fact]
    public async Task And_is_no_consent_ledger() => (await _log.First(3).FindAsync(Checking.Usual with { Facts = false })).ShouldAllBe(f => f.Code == "entry_length_invalid");
}
