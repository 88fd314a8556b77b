using System.Text;
using ConsentLedger.Auditor.Tests.Logs;
using ConsentLedger.Auditor.Verifying;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Tests.Verifying;

/// <summary>Whoever runs the log changes it, in files or with the key in hand, and an auditor says what and where.</summary>
public sealed class TamperTests : IAsyncLifetime
{
    private const string Entries = "tile/entries/000", Facts = "facts/000", LastEntries = "tile/entries/001.p/24";

    private SignedLog _log = null!;
    private RealLog _real = null!;

    public async Task InitializeAsync()
    {
        _real = await RealLog.WriteAsync(people: 69);
        _log = _real.Log;
        _log.Entries.Count.ShouldBe(280);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task An_honest_log_holds() => (await _log.FindAsync(null, _log.First(100).Checkpoint, _log.First(256).Checkpoint, _log.First(0).Checkpoint, _log.Checkpoint)).ShouldBeEmpty();

    [Fact]
    public async Task Two_rows_swapped()
    {
        var faults = await Bundle(rows => (rows[3], rows[7]) = (rows[7], rows[3]));
        Has(faults, "leaf_mismatch", "tile/0/000", 3);
        Has(faults, "facts_mismatch", Facts, 7);
    }

    [Fact]
    public async Task A_row_dropped()
    {
        var faults = await Bundle(rows => rows[5], remove: 5);
        Has(faults, "bundle_count_wrong", Entries, 255);
        Has(faults, "leaf_mismatch", "tile/0/000", 5);
    }

    [Fact]
    public async Task A_row_twice()
    {
        var faults = await Bundle(rows => rows[9] = rows[8]);
        Has(faults, "leaf_mismatch", "tile/0/000", 9);
        Has(faults, "stream_version_repeated", "", 9);
    }

    [Fact]
    public async Task A_file_cut_short()
    {
        var faults = await _log.ToFiles().With(LastEntries, bytes => bytes[..^1]).FindAsync(_log.Policy);
        Has(faults, "bundle_malformed", LastEntries, 279);
    }

    [Fact]
    public async Task A_file_gone()
    {
        var files = _log.ToFiles();
        files.Remove("tile/1/000.p/1");
        files.Remove(Facts);
        var faults = await files.FindAsync(_log.Policy);
        Has(faults, "file_missing", "tile/1/000.p/1", null);
        Has(faults, "file_missing", Facts, 0);
    }

    [Fact]
    public async Task A_row_appended()
    {
        var files = _log.ToFiles().With(LastEntries, bytes => [.. bytes, .. bytes[..185]]);
        Has(await files.FindAsync(_log.Policy), "bundle_count_wrong", LastEntries, 280);
    }

    [Fact]
    public async Task A_file_that_nothing_vouches_for()
    {
        var files = _log.ToFiles();
        files.Add("tile/entries/002", [1]);
        files.Add("tile/entries/001.p/23", [1]);
        files.Add("notes.txt", [1]);
        var faults = await files.FindAsync(_log.Policy);
        faults.Select(f => (f.Code, f.File)).ShouldBe([("file_unexpected", "tile/entries/002"), ("file_unexpected", "tile/entries/001.p/23"), ("file_unexpected", "notes.txt")], ignoreOrder: true);
    }

    [Fact]
    public async Task Facts_swapped() => (await Lines(lines => (lines[1], lines[2]) = (lines[2], lines[1]))).Select(f => (f.Code, f.Position)).ShouldBe([("facts_position_wrong", 1), ("facts_position_wrong", 2)]);

    [Fact]
    public async Task A_yes_told_as_a_no()
    {
        var fault = Sole(await Lines(lines => lines[4] = lines[4].Replace("consent.granted.v1", "consent.withdrawn.v1", StringComparison.Ordinal)), "facts_mismatch", 4);
        var entry = RealLog.Decode(_log.Entries[4]);
        (fault.File, fault.Stream, fault.Version).ShouldBe((Facts, entry.Stream, entry.Version));
        fault.ToString().ShouldBe($"facts_mismatch facts/000 position 4 stream {entry.Stream:D} version 1: {fault.Reason}");
    }

    [Fact]
    public async Task Facts_reformatted() => Sole(await Lines(lines => lines[4] = lines[4].Replace("\"data\":{", "\"data\":{ ", StringComparison.Ordinal)), "facts_not_canonical", 4);

    [Fact]
    public async Task Facts_left_out()
    {
        Has(await Lines(lines => lines.RemoveAt(lines.Count - 1)), "facts_count_wrong", Facts, 255);

        // To say that they were purged takes an entry that says so.
        Sole(await Lines(lines => lines[4] = "{\"position\":4,\"purged\":true}"), "facts_purged_unrecorded", 4);
    }

    [Fact]
    public async Task An_entry_of_another_type_with_everything_signed_anew()
    {
        var changed = Signed(entries => entries[4] = (RealLog.Decode(entries[4]) with { Type = EntryType.Configuration }).Encode());
        var follower = NextOf(4);
        Sole(await changed.FindAsync(), "stream_link_broken", follower);
    }

    [Fact]
    public async Task A_row_dropped_and_everything_signed_anew()
    {
        // From the middle of a stream.
        var changed = Signed(entries => entries.RemoveAt(NextOf(4)), facts: false);
        Has(await changed.FindAsync(Checking.Usual with { Facts = false }), "stream_gap", "", NextOf(NextOf(4)) - 1);
    }

    [Fact]
    public async Task A_row_twice_with_everything_signed_anew()
    {
        var changed = Signed(entries => entries.Insert(5, entries[4]), facts: false);
        Has(await changed.FindAsync(Checking.Usual with { Facts = false }), "stream_version_repeated", "", 5);
    }

    [Fact]
    public async Task Rows_swapped_and_everything_signed_anew()
    {
        var changed = Signed(entries => (entries[3], entries[7]) = (entries[7], entries[3]), facts: false);
        Has(await changed.FindAsync(Checking.Usual with { Facts = false }), "time_backwards", "", 4);
    }

    [Fact]
    public async Task The_last_rows_dropped_and_everything_signed_anew_is_seen_by_whoever_kept_a_checkpoint()
    {
        var changed = _log.First(270);
        (await changed.FindAsync()).ShouldBeEmpty();
        Has(await changed.FindAsync(null, _log.Checkpoint), "since_larger", "", null);
    }

    [Fact]
    public async Task A_fork_shown_to_two_auditors_is_seen_by_whoever_kept_a_checkpoint()
    {
        // The last entry of a stream can be replaced without a trace in the log itself.
        var last = _log.Entries.Count - 1;
        var fork = Signed(entries => entries[last] = (RealLog.Decode(entries[last]) with { RecordedMs = RealLog.Decode(entries[last]).RecordedMs + 1 }).Encode());
        (await fork.FindAsync()).ShouldBeEmpty();
        Sole(await fork.FindAsync(null, _log.First(100).Checkpoint, _log.Checkpoint), "since_mismatch", null);
    }

    [Fact]
    public async Task Signed_with_another_key()
    {
        using var stranger = SignedLog.NewKey();
        var signed = _log with { Key = stranger };
        (await signed.ToFiles().FindAsync(_log.Policy)).Single().Code.ShouldBe("note_unsigned");
        var renamed = _log with { Key = SignedLog.NewKey("ledger.example.org/consent/other") };
        (await renamed.ToFiles().FindAsync(_log.Policy)).Single().Code.ShouldBe("checkpoint_origin_unknown");
    }

    [Fact]
    public async Task A_checkpoint_of_another_tree()
    {
        var faults = await _log.ToFiles().With("checkpoint", _ => (_log with { Entries = [.. _log.Entries.Reverse()] }).Checkpoint.ToBytes()).FindAsync(_log.Policy);
        Sole(faults, "root_mismatch", null);
    }

    [Fact]
    public async Task A_hash_of_a_tile_above()
    {
        var fault = Sole(await _log.ToFiles().With("tile/1/000.p/1", bytes => [.. bytes[1..], bytes[0]]).FindAsync(_log.Policy), "tile_mismatch", 0);
        fault.Reason.ShouldContain("entries 0 to 255");
    }

    private async Task<IReadOnlyList<Fault>> Bundle(Action<List<byte[]>> change) => await Bundle(rows =>
    {
        change(rows);
        return [];
    }, remove: -1);

    private async Task<IReadOnlyList<Fault>> Bundle(Func<List<byte[]>, byte[]> change, int remove)
    {
        var rows = _log.Entries.Take(256).ToList();
        change(rows);
        if (remove >= 0) rows.RemoveAt(remove);
        return await _log.ToFiles().With(Entries, _ => [.. rows.SelectMany(row => (byte[])[(byte)(row.Length >> 8), (byte)row.Length, .. row])]).FindAsync(_log.Policy);
    }

    private async Task<IReadOnlyList<Fault>> Lines(Action<List<string>> change)
    {
        var lines = _log.Facts!.Take(256).ToList();
        change(lines);
        return await _log.ToFiles().With(Facts, _ => Encoding.UTF8.GetBytes(string.Concat(lines.Select(l => $"{l}\n")))).FindAsync(_log.Policy);
    }

    private SignedLog Signed(Action<List<byte[]>> change, bool facts = true)
    {
        var entries = _log.Entries.ToList();
        change(entries);
        return _log with { Entries = entries, Facts = facts ? _log.Facts : null };
    }

    private int NextOf(int position)
    {
        var stream = RealLog.Decode(_log.Entries[position]).Stream;
        return Enumerable.Range(position + 1, _log.Entries.Count - position - 1).First(p => RealLog.Decode(_log.Entries[p]).Stream == stream);
    }

    private static Fault Sole(IReadOnlyList<Fault> faults, string code, long? position)
    {
        // What the root says too, it says of the whole.
        var fault = faults.Where(f => f.Code != "root_mismatch" || code == "root_mismatch").ShouldHaveSingleItem();
        (fault.Code, fault.Position).ShouldBe((code, position));
        return fault;
    }

    private static void Has(IReadOnlyList<Fault> faults, string code, string file, long? position) =>
        faults.Select(f => (f.Code, f.File ?? "", f.Position)).ShouldContain((code, file, position));
}
