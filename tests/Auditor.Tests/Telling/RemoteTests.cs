using System.Text;
using System.Text.Json;
using ConsentLedger.Auditor.Reading;
using ConsentLedger.Auditor.Tests.Logs;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Tests.Telling;

/// <summary>The verbs that ask a running service.</summary>
public sealed class RemoteTests : IAsyncLifetime
{
    private readonly Terminal _terminal = new() { Token = ServedLog.Token };
    private RealLog _real = null!;
    private ServedLog _service = null!;

    private string[] Common => [_service.Url, "--tenant", ServedLog.Tenant, "--key", _real.Log.Key.Verifier.ToString()];

    public async Task InitializeAsync()
    {
        _real = await RealLog.WriteAsync(people: 69);
        _service = await ServedLog.StartAsync(_real.Log);
    }

    public async Task DisposeAsync()
    {
        await _service.DisposeAsync();
        _terminal.Dispose();
    }

    [Fact]
    public async Task Exports_a_log_and_then_only_what_is_new()
    {
        var folder = _terminal.Path("export");
        _service.Log = _real.Log.First(260);

        // Two erasures are under way at that size.
        _terminal.Clock = new SetClock(DateTimeOffset.FromUnixTimeMilliseconds(RealLog.Decode(_real.Log.Entries[^1]).RecordedMs));
        _service.Failing = 2;
        (await _terminal.RunAsync(["export", .. Common, "--to", folder])).ShouldBe(0, _terminal.Output + _terminal.Error);
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Count().ShouldBe(_service.Log.ToFiles().Count);

        _service.Log = _real.Log;
        _service.Asked.Clear();
        (await _terminal.RunAsync(["export", .. Common, "--to", folder])).ShouldBe(0, _terminal.Output);
        _service.Asked.ShouldBe(["checkpoint", "tile/entries/001.p/24", "tile/0/001.p/24", "facts/001.p/24"], ignoreOrder: true);
        foreach (var (path, bytes) in _real.Log.ToFiles()) File.ReadAllBytes(Path.Combine(folder, path)).ShouldBe(bytes, path);
        (await _terminal.RunAsync("verify", folder, "--key", _real.Log.Key.Verifier.ToString())).ShouldBe(0, _terminal.Output);
    }

    [Fact]
    public async Task Keeps_the_checkpoint_it_had_when_the_log_no_longer_begins_with_it()
    {
        var folder = _terminal.Path("export");
        (await _terminal.RunAsync(["export", .. Common, "--to", folder])).ShouldBe(0);
        var kept = File.ReadAllBytes(Path.Combine(folder, "checkpoint"));
        _service.Log = _real.Log.First(100);
        (await _terminal.RunAsync(["export", .. Common, "--to", folder])).ShouldBe(1);
        _terminal.Output.ShouldContain("since_larger");
        File.ReadAllBytes(Path.Combine(folder, "checkpoint")).ShouldBe(kept);
        File.ReadAllBytes(Path.Combine(folder, "checkpoint.refused")).ShouldBe(_service.Log.Checkpoint.ToBytes());
    }

    [Fact]
    public async Task Takes_the_front_of_a_tile_that_has_grown_meanwhile()
    {
        _service.Instead["checkpoint"] = _real.Log.First(200).Checkpoint.ToBytes();
        (await _terminal.RunAsync(["export", .. Common, "--to", _terminal.Path("export")])).ShouldBe(0, _terminal.Output + _terminal.Error);
        File.Exists(Path.Combine(_terminal.Path("export"), "facts/000.p/200")).ShouldBeTrue();
    }

    [Fact]
    public async Task Recomputes_a_running_log()
    {
        (await _terminal.RunAsync(["fsck", .. Common])).ShouldBe(0, _terminal.Output + _terminal.Error);
        var tile = _real.Log.ToFiles()["tile/0/000"];
        _service.Instead["tile/0/000"] = [.. tile[..^1], (byte)(tile[^1] ^ 1)];
        var (code, answer) = await _terminal.AskAsync(["fsck", .. Common]);
        (code, answer.GetProperty("faults")[0].GetProperty("code").GetString(), answer.GetProperty("faults")[0].GetProperty("position").GetInt64()).ShouldBe((1, "leaf_mismatch", 255));
    }

    [Fact]
    public async Task Says_what_a_token_is_for()
    {
        _terminal.Token = "";
        var (code, answer) = await _terminal.AskAsync(["fsck", .. Common]);
        (code, answer.GetProperty("error").GetProperty("code").GetString()).ShouldBe((2, "access_denied"));

        // The tree alone is for everybody.
        (await _terminal.RunAsync(["fsck", .. Common, "--entries", "none"])).ShouldBe(0, _terminal.Output + _terminal.Error);
    }

    [Fact]
    public async Task Keeps_a_checkpoint_and_holds_the_next_against_it()
    {
        var file = _terminal.Path("kept");
        _service.Log = _real.Log.First(3);
        (await _terminal.RunAsync(["checkpoint", .. Common, "--to", file])).ShouldBe(0);
        foreach (var size in (int[])[3, 77, 256, 257, 280])
        {
            _service.Log = _real.Log.First(size);
            (await _terminal.RunAsync(["checkpoint", .. Common, "--to", file])).ShouldBe(0, _terminal.Output);
            File.ReadAllBytes(file).ShouldBe(_service.Log.Checkpoint.ToBytes());
        }

        _service.Log = _real.Log with { Entries = [.. _real.Log.Entries.Skip(1), _real.Log.Entries[0], _real.Log.Entries[1]], Facts = null };
        var (code, answer) = await _terminal.AskAsync(["checkpoint", .. Common, "--to", file]);
        (code, answer.GetProperty("faults")[0].GetProperty("code").GetString()).ShouldBe((1, "since_mismatch"));
        File.ReadAllBytes(file).ShouldBe(_real.Log.Checkpoint.ToBytes());
        File.ReadAllBytes($"{file}.conflicting").ShouldBe(_service.Log.Checkpoint.ToBytes());
    }

    /// <summary>It may be the only one that shows what the log was: whatever happens meanwhile, there is the old one or the new one.</summary>
    [Fact]
    public async Task A_kept_checkpoint_is_replaced_as_a_whole()
    {
        var file = _terminal.Path("kept");
        _service.Log = _real.Log.First(77);
        (await _terminal.RunAsync(["checkpoint", .. Common, "--to", file])).ShouldBe(0);
        await using var kept = File.OpenRead(file);
        _service.Log = _real.Log;
        (await _terminal.RunAsync(["checkpoint", .. Common, "--to", file])).ShouldBe(0);

        using var old = new MemoryStream();
        await kept.CopyToAsync(old);
        old.ToArray().ShouldBe(_real.Log.First(77).Checkpoint.ToBytes());
        File.ReadAllBytes(file).ShouldBe(_real.Log.Checkpoint.ToBytes());
        Directory.EnumerateFiles(Path.GetDirectoryName(file)!).ShouldBe([file]);
    }

    [Fact]
    public async Task An_export_removes_what_one_left_unfinished_and_nothing_of_others()
    {
        var folder = _terminal.Path("export");
        string[] ours = ["checkpoint.part", "checkpoint.refused.part", "tile/0/000.part", "tile/entries/001.p/24.part", "facts/000.part"], others = ["film.part", "notes/essay.part", "tile/mine.part"];
        foreach (var path in (string[])[.. ours, .. others])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, path))!);
            File.WriteAllText(Path.Combine(folder, path), "some");
        }

        (await _terminal.RunAsync(["export", .. Common, "--to", folder])).ShouldBe(0, _terminal.Output + _terminal.Error);
        Directory.EnumerateFiles(folder, "*.part", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder, file)).ShouldBe(others, ignoreOrder: true);
    }

    [Fact]
    public async Task Makes_receipts_from_what_is_public()
    {
        var receipt = _terminal.Path("receipt");
        foreach (var position in (int[])[0, 255, 256, 279])
        {
            (await _terminal.RunAsync(["proof", .. Common, "--position", $"{position}", "--to", receipt])).ShouldBe(0, _terminal.Output + _terminal.Error);
            (await _terminal.RunAsync("verify", receipt, "--key", _real.Log.Key.Verifier.ToString())).ShouldBe(0, _terminal.Output);
        }

        _terminal.Token = "";
        File.WriteAllBytes(_terminal.Path("entry"), _real.Log.Entries[7]);
        (await _terminal.RunAsync(["proof", .. Common, "--position", "7", "--entry", _terminal.Path("entry")])).ShouldBe(0);
        LogProof.TryParse(Encoding.UTF8.GetBytes(_terminal.Output), out var proof, out _).ShouldBeTrue();
        (proof!.Index, proof.Extra.Length).ShouldBe((7, Entry.MinLength));
        (await _terminal.RunAsync(["proof", .. Common, "--position", "8", "--entry", _terminal.Path("entry")])).ShouldBe(1);
        (await _terminal.RunAsync(["proof", .. Common, "--position", "8"])).ShouldBe(2);
        (await _terminal.RunAsync(["proof", .. Common, "--position", "280"])).ShouldBe(2);
    }

    [Fact]
    public async Task Exports_a_subject()
    {
        var person = _real.People.Keys.First();
        _service.Instead[$"/v1/subjects/{person:D}/export"] = JsonSerializer.SerializeToUtf8Bytes(_real.BundleOf(person));
        (await _terminal.RunAsync(["export", .. Common, "--subject", $"{person:D}", "--to", _terminal.Path("subject.json")])).ShouldBe(0, _terminal.Output + _terminal.Error);
        (await _terminal.RunAsync("verify", _terminal.Path("subject.json"), "--key", _real.Log.Key.Verifier.ToString())).ShouldBe(0);
        (await _terminal.RunAsync(["export", .. Common, "--subject", $"{Guid.Empty:D}", "--to", _terminal.Path("nobody.json")])).ShouldBe(2);
    }

    [Fact]
    public async Task A_bundle_is_of_a_log_that_begins_with_the_older_checkpoint()
    {
        var person = _real.People.Keys.First();
        _service.Instead[$"/v1/subjects/{person:D}/export"] = JsonSerializer.SerializeToUtf8Bytes(_real.BundleOf(person));
        string[] export = ["export", .. Common, "--subject", $"{person:D}", "--to", _terminal.Path("subject.json"), "--since", _terminal.Path("older")];
        File.WriteAllBytes(_terminal.Path("older"), _real.Log.First(77).Checkpoint.ToBytes());
        (await _terminal.RunAsync(export)).ShouldBe(0, _terminal.Output + _terminal.Error);

        File.WriteAllBytes(_terminal.Path("older"), (_real.Log with { Entries = [.. _real.Log.Entries.Skip(1).Take(77)] }).Checkpoint.ToBytes());
        var (code, answer) = await _terminal.AskAsync(export);
        (code, answer.GetProperty("faults")[0].GetProperty("code").GetString()).ShouldBe((1, "since_mismatch"));

        // That somebody's history was read is recorded, so nobody reads it for a question that cannot be answered.
        File.Delete(_terminal.Path("older"));
        _service.Asked.Clear();
        (await _terminal.RunAsync(export)).ShouldBe(2);
        _service.Asked.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_bundle_is_of_the_subject_asked_for()
    {
        var (asked, other) = (_real.People.Keys.First(), _real.People.Keys.Last());
        _service.Instead[$"/v1/subjects/{asked:D}/export"] = JsonSerializer.SerializeToUtf8Bytes(_real.BundleOf(other));
        var (code, answer) = await _terminal.AskAsync(["export", .. Common, "--subject", $"{asked:D}", "--to", _terminal.Path("subject.json")]);
        (code, answer.GetProperty("faults")[0].GetProperty("code").GetString()).ShouldBe((1, "subject_bundle_other"));
    }

    /// <summary>Whom one believes may have several logs.</summary>
    [Fact]
    public async Task The_log_is_that_of_the_tenant_asked_for()
    {
        var other = _real with { Log = _real.Log with { Key = SignedLog.NewKey("ledger.example.org/consent/sextus") } };
        var bundle = other.BundleOf(other.People.Keys.First());
        bundle["origin"] = other.Log.Key.Verifier.Name;
        _service.Log = other.Log;
        _service.Instead[$"/v1/subjects/{other.People.Keys.First():D}/export"] = JsonSerializer.SerializeToUtf8Bytes(bundle);
        string[] common = [.. Common, "--key", other.Log.Key.Verifier.ToString()], to = ["--to", _terminal.Path("to")];
        foreach (var question in (string[][])[["fsck"], ["export", .. to], ["export", "--subject", $"{other.People.Keys.First():D}", .. to], ["proof", "--position", "7"], ["checkpoint", .. to]])
        {
            var (code, answer) = await _terminal.AskAsync([.. question, .. common]);
            code.ShouldBe(1, string.Join(' ', question));
            answer.GetProperty("faults").EnumerateArray().ShouldHaveSingleItem().GetProperty("code").GetString().ShouldBe("origin_other");
        }

        (await _terminal.RunAsync(["fsck", .. common, "--origin", other.Log.Key.Verifier.Name])).ShouldBe(0, _terminal.Output + _terminal.Error);
    }

    [Fact]
    public async Task Asks_again_where_nobody_answered_in_time()
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(1) };
        var files = new HttpFiles(client, new Uri($"{_service.Url}/log/{ServedLog.Tenant}/"), null, ServedLog.Tenant, TimeProvider.System);
        _service.Hanging = 1;
        using var bytes = await files.ReadAsync(LogFiles.Checkpoint, default);
        bytes!.Span.ToArray().ShouldBe(_service.Log.Checkpoint.ToBytes());
    }

    [Fact]
    public async Task Asks_no_more_once_nobody_wants_to_know()
    {
        using var client = new HttpClient();
        using var leaving = new CancellationTokenSource();
        var files = new HttpFiles(client, new Uri($"{_service.Url}/log/{ServedLog.Tenant}/"), null, ServedLog.Tenant, TimeProvider.System);
        _service.Hanging = 1;
        var asking = files.ReadAsync(LogFiles.Checkpoint, leaving.Token).AsTask();
        await leaving.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(asking);
        _service.Asked.Count.ShouldBeLessThan(2);
    }

    /// <summary>Nothing is recorded any more, and the erasure that was asked for last never ends.</summary>
    [Theory]
    [InlineData(29, 0)]
    [InlineData(31, 1)]
    public async Task A_log_that_is_quiet_does_not_stop_the_clock(int days, int expected)
    {
        var log = new MadeUpLog().Add(MadeUpLog.One, EntryType.ErasureRequested).Signed;
        var bundle = new RealLog(log, new Dictionary<Guid, Person>(), new Dictionary<long, byte[]>()).BundleOf(MadeUpLog.One);
        _service.Log = log;
        _service.Instead[$"/v1/subjects/{MadeUpLog.One:D}/export"] = JsonSerializer.SerializeToUtf8Bytes(bundle);
        _terminal.Clock = new SetClock(DateTimeOffset.FromUnixTimeMilliseconds(RealLog.Decode(log.Entries[0]).RecordedMs).AddDays(days));
        string[] common = [_service.Url, "--tenant", ServedLog.Tenant, "--key", log.Key.Verifier.ToString()];
        foreach (var question in (string[][])[["fsck"], ["export", "--to", _terminal.Path("export")], ["export", "--subject", $"{MadeUpLog.One:D}", "--to", _terminal.Path("subject.json")]])
        {
            var (code, answer) = await _terminal.AskAsync([.. question, .. common]);
            code.ShouldBe(expected, string.Join(' ', question));
            answer.GetProperty("faults").EnumerateArray().Select(f => f.GetProperty("code").GetString()).ShouldBe(Enumerable.Repeat("erasure_overdue", expected));
        }

        // What lies in files says the same whenever it is read.
        (await _terminal.RunAsync("verify", log.WriteTo(_terminal.Path("kept")), "--key", log.Key.Verifier.ToString())).ShouldBe(0, _terminal.Output);
    }

    [Fact]
    public async Task Nobody_answers()
    {
        var address = _service.Url;
        await _service.DisposeAsync();
        (await _terminal.RunAsync("fsck", address, "--tenant", ServedLog.Tenant, "--key", _real.Log.Key.Verifier.ToString())).ShouldBe(2);
        (await _terminal.RunAsync("fsck", "ftp://example.org", "--key", _real.Log.Key.Verifier.ToString())).ShouldBe(2);
    }
}

/// <summary>Somebody set it, and for them it stands.</summary>
internal sealed class SetClock(DateTimeOffset now) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => now;
}
