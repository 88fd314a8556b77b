using ConsentLedger.Auditor.Telling;
using ConsentLedger.Auditor.Tests.Logs;
using ConsentLedger.Auditor.Verifying;
using ConsentLedger.Ledger;
using static ConsentLedger.Auditor.Tests.Logs.MadeUpLog;

namespace ConsentLedger.Auditor.Tests.Verifying;

/// <summary>What the entries of streams may say, whoever signed them.</summary>
public sealed class StreamTests
{
    [Fact]
    public Task Nothing_sealed_follows_the_fence() =>
        Finds(new MadeUpLog().Add(One, key: Key, isSealed: true).Add(One, EntryType.ErasureRequested).Add(One, key: Key, isSealed: true).Add(One, EntryType.KeyDestroyed, Key), "entry_after_fence", 2);

    [Fact]
    public Task No_new_key_follows_the_fence() =>
        Finds(new MadeUpLog().Add(One).Add(One, EntryType.ErasureRequested).Add(One, EntryType.KeyCreated, Key).Add(One, EntryType.KeyDestroyed, Key), "entry_after_fence", 2);

    [Fact]
    public Task What_is_under_no_key_may_follow() =>
        Holds(new MadeUpLog().Add(One, key: Key, isSealed: true).Add(One, EntryType.ErasureRequested).Add(One).Add(One, EntryType.KeyDestroyed, Key).Add(One).Add(One, EntryType.KeyDestroyed, Key).Add(One, EntryType.ContentsPurged));

    [Fact]
    public Task The_key_of_an_erased_stream_serves_no_other() =>
        Finds(new MadeUpLog().Add(One, key: Key, isSealed: true).Add(One, EntryType.ErasureRequested).Add(One, EntryType.KeyDestroyed, Key).Add(Other, key: Key, isSealed: true), "key_of_two_streams", 3);

    [Fact]
    public Task A_stream_has_one_key() => Finds(new MadeUpLog().Add(One, key: Key, isSealed: true).Add(One, key: OtherKey, isSealed: true), "stream_of_two_keys", 1);

    [Fact]
    public Task What_is_destroyed_is_the_streams_key() =>
        Finds(new MadeUpLog().Add(One, key: Key, isSealed: true).Add(One, EntryType.ErasureRequested).Add(One, EntryType.KeyDestroyed), "erasure_other_key", 2);

    [Fact]
    public Task A_key_is_destroyed_behind_a_fence() => Finds(new MadeUpLog().Add(One, key: Key, isSealed: true).Add(One, EntryType.KeyDestroyed, Key), "erasure_unfenced", 1);

    [Fact]
    public Task An_erasure_ends_in_time() => Finds(new MadeUpLog().Add(One, EntryType.ErasureRequested).After(days: 31).Add(One, EntryType.KeyDestroyed), "erasure_late", 1);

    [Fact]
    public async Task How_long_it_may_take_is_for_the_auditor_to_say()
    {
        var log = new MadeUpLog().Add(One, EntryType.ErasureRequested).After(days: 31).Add(One, EntryType.KeyDestroyed).Signed;
        (await log.FindAsync(Checking.Usual with { ErasureDays = 40 })).ShouldBeEmpty();
    }

    [Fact]
    public Task An_erasure_does_end() => Finds(new MadeUpLog().Add(One, EntryType.ErasureRequested).After(days: 31).Add(Other), "erasure_overdue", 0);

    [Fact]
    public Task An_erasure_under_way_is_no_fault() => Holds(new MadeUpLog().Add(One, EntryType.ErasureRequested).After(days: 29).Add(Other));

    [Fact]
    public Task A_purge_that_is_recorded_may_leave_facts_out() => Holds(new MadeUpLog().Add(One, purged: true).Add(One, purged: true).Add(One, EntryType.ContentsPurged));

    [Fact]
    public Task A_purge_reaches_back_and_not_on() => Finds(new MadeUpLog().Add(One).Add(One, EntryType.ContentsPurged).Add(One, purged: true), "facts_purged_unrecorded", 2);

    [Fact]
    public Task A_purge_does_not_hide_what_it_says_itself() => Finds(new MadeUpLog().Add(One, purged: true).Add(One, EntryType.ContentsPurged, purged: true), "facts_purged_unrecorded", 1);

    [Fact]
    public Task A_purge_is_of_one_stream() => Finds(new MadeUpLog().Add(One, purged: true).Add(Other, EntryType.ContentsPurged), "facts_purged_unrecorded", 0);

    [Fact]
    public Task A_stream_begins_at_its_first_version() => Finds(new MadeUpLog().Add(One, change: e => e with { Version = 2, Previous = e.Facts }), "stream_gap", 0);

    [Fact]
    public Task Time_never_goes_back() => Finds(new MadeUpLog().Add(One).Add(Other).After(days: -1).Add(One).After(days: 2).Add(One), "time_backwards", 2);

    /// <summary>Where not all streams fit, the log is read again for the rest, and nothing is found twice or not at all.</summary>
    [Fact]
    public async Task The_same_is_found_in_any_memory()
    {
        var log = new MadeUpLog();
        var streams = Enumerable.Range(100, 5000).Select(i => new Guid(i, 0, 0, new byte[8])).ToList();
        foreach (var stream in streams) log.Add(stream);
        foreach (var stream in streams.Take(20)) log.Add(stream, change: e => e with { Version = 9 });
        var signed = log.Signed;
        var policy = signed.Policy;
        var files = signed.ToFiles();
        policy.TryOpen(files["checkpoint"], out var head, out _).ShouldBeTrue();

        var roomy = await new LogVerifier(new FilesInMemory(files), Checking.Usual).RunAsync(head!, [], new Progress<Progressed>(), default);
        var tight = await new LogVerifier(new FilesInMemory(files), Checking.Usual with { Memory = 700_000 }).RunAsync(head!, [], new Progress<Progressed>(), default);

        (roomy.Passes, roomy.Streams.Streams).ShouldBe((1, 5000));
        tight.Passes.ShouldBeGreaterThan(1);
        tight.Streams.ShouldBe(roomy.Streams);
        roomy.Findings.Faults.Select(f => (f.Code, f.Position)).ShouldBe(Enumerable.Range(5000, 20).Select(p => ("stream_gap", (long?)p)), ignoreOrder: true);
        tight.Findings.Faults.Select(f => f.Position).ShouldBe(roomy.Findings.Faults.Select(f => f.Position), ignoreOrder: true);
    }

    /// <summary>Whoever is audited sees that a file is asked for again.</summary>
    [Theory]
    [InlineData("tile/entries/", null)]
    [InlineData("tile/entries/", 0.0)]
    [InlineData("tile/entries/", 0.5)]
    [InlineData("facts/", null)]
    [InlineData("facts/", 0.0)]
    [InlineData("facts/", 0.5)]
    public async Task What_is_shown_once_has_to_be_shown_again(string under, double? share)
    {
        var log = new MadeUpLog();
        for (var i = 0; i < 5000; i++) log.Add(new Guid(100 + i, 0, 0, new byte[8]), purged: true);
        for (var i = 0; i < 5000; i++) log.Add(new Guid(100 + i, 0, 0, new byte[8]), EntryType.ContentsPurged);
        var signed = log.Signed;
        var files = signed.ToFiles();
        signed.Policy.TryOpen(files["checkpoint"], out var head, out _).ShouldBeTrue();
        var shown = new FilesShownOnce(files, under, bytes => share is { } front ? bytes[..(int)(bytes.Length * front)] : null);

        var verifying = new LogVerifier(shown, Checking.Usual with { Memory = 700_000 }).RunAsync(head!, [], new Progress<Progressed>(), default);

        (await Should.ThrowAsync<UnansweredException>(verifying)).Code.ShouldBe("files_changed");
    }

    private static async Task Finds(MadeUpLog log, string code, long position)
    {
        var fault = (await log.Signed.FindAsync()).ShouldHaveSingleItem();
        (fault.Code, fault.Position).ShouldBe((code, position));
    }

    private static async Task Holds(MadeUpLog log) => (await log.Signed.FindAsync()).ShouldBeEmpty();
}
