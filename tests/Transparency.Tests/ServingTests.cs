using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using ConsentLedger.Ledger;
using ConsentLedger.Transparency.Signing;

namespace ConsentLedger.Transparency.Tests;

public sealed class ServingTests : IAsyncLifetime
{
    private const string Octets = "application/octet-stream";

    private static readonly CancellationToken Ct = CancellationToken.None;

    private SomeLedger _ledger = null!;
    private LogHost _host = null!;

    public async Task InitializeAsync()
    {
        _ledger = await SomeLedger.CreateAsync();
        _host = await LogHost.StartAsync(_ledger.ConnectionString);
    }

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        await _ledger.DisposeAsync();
    }

    [Fact]
    public async Task Before_the_first_checkpoint_nothing_is_served()
    {
        await _ledger.AppendAsync(3);

        (await _host.GetAsync("/log/quintus/checkpoint")).ShouldBeRefused(404, "checkpoint_missing");
        (await _host.GetAsync("/log/quintus/key")).ShouldBeRefused(404, "checkpoint_missing");
        (await _host.GetAsync("/log/quintus/tile/0/000.p/3")).ShouldBeRefused(404, "checkpoint_missing");
        (await _host.GetAsync("/log/quintus/tile/entries/000.p/3", "auditor")).ShouldBeRefused(404, "checkpoint_missing");
        (await _host.GetAsync("/log/quintus/facts/000.p/3", "auditor")).ShouldBeRefused(404, "checkpoint_missing");
        (await _host.GetAsync("/log/No-Tenant/checkpoint")).ShouldBeRefused(404, "not_found");
    }

    [Fact]
    public async Task A_stranger_checks_the_log_by_what_is_served()
    {
        await _ledger.AppendAsync(600);
        await SignAsync();

        var key = (await _host.GetAsync("/log/quintus/key")).ShouldBeOk("text/plain; charset=utf-8").Text;
        VerifierKey.TryParse(key.TrimEnd('\n'), out var verifier, out var fault).ShouldBeTrue(fault?.Reason);
        var note = (await _host.GetAsync("/log/quintus/checkpoint")).ShouldBeOk("text/plain; charset=utf-8");
        note.CacheControl.ShouldBe("no-cache");
        TrustPolicy.Of(verifier!).TryOpen(note.Bytes, out var checkpoint, out fault).ShouldBeTrue(fault?.Reason);
        checkpoint!.Head.Origin.ShouldBe("ledger.test/notes/quintus");

        var tiles = new Dictionary<TileId, ReadOnlyMemory<byte>>();
        foreach (var tile in TileId.OfTree(600))
        {
            var answer = (await _host.GetAsync($"/log/quintus/{tile}")).ShouldBeOk(Octets);
            answer.CacheControl.ShouldBe(tile.IsFull ? "public, max-age=31536000, immutable" : "public, max-age=300");
            answer.Bytes.Length.ShouldBe(tile.Width * 32);
            tiles.Add(tile, answer.Bytes);
        }

        new TileNodes(600, t => tiles[t]).Root().ShouldBe(checkpoint.Head.Root);
        tiles.Count.ShouldBe(4);
    }

    [Fact]
    public async Task Only_what_the_checkpoint_covers_is_served()
    {
        await _ledger.AppendAsync(260);
        await SignAsync();
        await _ledger.AppendAsync(300);

        (await _host.GetAsync("/log/quintus/tile/0/000")).ShouldBeOk(Octets);
        (await _host.GetAsync("/log/quintus/tile/0/001.p/4")).ShouldBeOk(Octets);
        (await _host.GetAsync("/log/quintus/tile/0/001.p/3")).ShouldBeOk(Octets).Bytes.Length.ShouldBe(96);
        (await _host.GetAsync("/log/quintus/tile/0/000.p/17")).ShouldBeOk(Octets).Bytes.Length.ShouldBe(17 * 32);
        (await _host.GetAsync("/log/quintus/tile/1/000.p/1")).ShouldBeOk(Octets);
        foreach (var outside in (string[])["0/001.p/5", "0/001", "0/002", "0/x001/000", "1/000.p/2", "1/000", "2/000", "2/000.p/1", "8/000", "8/000.p/1", "63/000.p/4", "0/x999/x999/x999/x999/x999/999"])
            (await _host.GetAsync($"/log/quintus/tile/{outside}")).ShouldBeRefused(404, "tile_outside_checkpoint");
        foreach (var outside in (string[])["001.p/5", "001", "002", "x999/x999/x999/x999/x999/999"])
        {
            (await _host.GetAsync($"/log/quintus/tile/entries/{outside}", "auditor")).ShouldBeRefused(404, "tile_outside_checkpoint");
            (await _host.GetAsync($"/log/quintus/facts/{outside}", "auditor")).ShouldBeRefused(404, "tile_outside_checkpoint");
        }
    }

    [Theory]
    [InlineData("0/0")]
    [InlineData("0/00")]
    [InlineData("0/0000")]
    [InlineData("0/x000/000")]
    [InlineData("0/001/000")]
    [InlineData("00/000")]
    [InlineData("-1/000")]
    [InlineData("64/000")]
    [InlineData("0/000.p/0")]
    [InlineData("0/000.p/04")]
    [InlineData("0/000.p/256")]
    [InlineData("0/000.p/257")]
    [InlineData("0/000.p")]
    [InlineData("0/000/")]
    [InlineData("0/000.p/3/")]
    [InlineData("0/+00")]
    [InlineData("x/000")]
    public async Task A_tile_has_one_path_and_no_other(string path)
    {
        await _ledger.AppendAsync(300);
        await SignAsync();

        (await _host.GetAsync($"/log/quintus/tile/{path}")).ShouldBeRefused(400, "tile_path_invalid");
    }

    [Fact]
    public async Task Entries_and_facts_are_for_the_auditors_of_the_tenant()
    {
        await _ledger.AppendAsync(3);
        await SignAsync();

        foreach (var path in (string[])["/log/quintus/tile/entries/000.p/3", "/log/quintus/facts/000.p/3"])
        {
            (await _host.GetAsync(path)).ShouldBeRefused(401, "token_missing");
            (await _host.GetAsync(path, "backend")).ShouldBeRefused(403, "scope_missing");
            (await _host.GetAsync(path, "auditor", "another")).ShouldBeRefused(403, "tenant_mismatch");
            (await _host.GetAsync(path, "auditor")).Status.ShouldBe(200);
        }
    }

    [Fact]
    public async Task A_bundle_holds_the_entries_whose_leaves_the_tile_has()
    {
        await _ledger.AppendAsync(300);
        await SignAsync();

        foreach (var (path, width) in new[] { ("000", 256), ("001.p/44", 44), ("001.p/7", 7), ("000.p/255", 255) })
        {
            var bundle = (await _host.GetAsync($"/log/quintus/tile/entries/{path}", "auditor")).ShouldBeOk(Octets);
            bundle.CacheControl.ShouldBe(width == 256 ? "max-age=31536000, private, immutable" : "max-age=300, private");
            var leaves = new Hash[width];
            EntryBundle.TryHashLeaves(bundle.Bytes, leaves, out var fault).ShouldBeTrue(fault?.Reason);
            (await _host.GetAsync($"/log/quintus/tile/0/{path}")).Bytes.AsSpan().SequenceEqual(Hash.AsBytes(leaves)).ShouldBeTrue(path);
        }
    }

    [Fact]
    public async Task The_facts_are_what_the_entries_commit_to()
    {
        await _ledger.AppendAsync(300);
        await SignAsync();
        var entries = await _ledger.Engine.ReadEntriesAsync(SomeLedger.Tenant, 256, 44, Ct);

        var answer = (await _host.GetAsync("/log/quintus/facts/001.p/44", "auditor")).ShouldBeOk("application/x-ndjson");

        answer.CacheControl.ShouldBe("no-store");
        var lines = LinesOf(answer);
        lines.Count.ShouldBe(44);
        var told = Encoding.UTF8.GetString(answer.Bytes).Split('\n');
        for (var i = 0; i < lines.Count; i++)
        {
            ((long?)lines[i]["position"]).ShouldBe(256 + i);
            Entry.TryDecode(entries[i].Bytes, out var entry, out _).ShouldBeTrue();
            var data = Encoding.UTF8.GetBytes(lines[i]["data"]!.ToJsonString());
            FactsCommitment.TryCommit(Convert.FromBase64String((string)lines[i]["salt"]!), (string)lines[i]["type"]!, data, out var facts, out _).ShouldBeTrue();
            facts.ShouldBe(entry.Facts);

            // Byte for byte, whatever the database makes of JSON.
            var canonical = new ArrayBufferWriter<byte>();
            CanonicalJson.TryWrite(data, canonical, out _).ShouldBeTrue();
            told[i].ShouldEndWith($",\"data\":{Encoding.UTF8.GetString(canonical.WrittenSpan)}}}");
        }
    }

    [Fact]
    public async Task What_was_purged_leaves_its_place()
    {
        await _ledger.AppendAsync(4);
        await SignAsync();
        await _ledger.SqlAsync("update ledger_entries set salt = null where position = 1");
        await _ledger.SqlAsync("delete from mt_events where (headers ->> 'position')::int = 2");

        var lines = LinesOf(await _host.GetAsync("/log/quintus/facts/000.p/4", "auditor"));

        lines.Select(l => (long)l["position"]!).ShouldBe([0, 1, 2, 3]);
        lines[1].ToJsonString().ShouldBe("""{"position":1,"purged":true}""");
        lines[2].ToJsonString().ShouldBe("""{"position":2,"purged":true}""");
        lines[3]["data"]!["text"].ShouldNotBeNull();
    }

    [Fact]
    public async Task What_anybody_may_read_is_hashes_and_signatures()
    {
        await _ledger.AppendAsync(20);
        await SignAsync();
        var stream = (await _ledger.Engine.ReadFromAsync(SomeLedger.Tenant, 0, 1, Ct))[0].Stream.Id.Value;

        foreach (var path in (string[])["checkpoint", "key", "tile/0/000.p/20"])
        {
            var bytes = (await _host.GetAsync($"/log/quintus/{path}")).Bytes;
            bytes.AsSpan().IndexOf(stream.ToByteArray(bigEndian: true)).ShouldBe(-1);
            Encoding.UTF8.GetString(bytes).ShouldNotContain("note ");
        }
    }

    [Fact]
    public async Task The_description_names_every_path_of_the_log_and_who_may_read_it()
    {
        var paths = JsonNode.Parse((await _host.GetAsync("/openapi/v1.json")).Bytes)!["paths"]!.AsObject();

        paths.Select(p => p.Key).Where(p => p.StartsWith("/log/", StringComparison.Ordinal)).ShouldBe(
            ["/log/{tenant}/checkpoint", "/log/{tenant}/key", "/log/{tenant}/tile/{level}/{tile}", "/log/{tenant}/tile/entries/{bundle}", "/log/{tenant}/facts/{bundle}"], ignoreOrder: true);
        paths["/log/{tenant}/checkpoint"]!["get"]!["security"].ShouldBeNull();
        paths["/log/{tenant}/facts/{bundle}"]!["get"]!["security"]!.ToJsonString().ShouldContain("ledger:audit");
        paths["/log/{tenant}/tile/{level}/{tile}"]!["get"]!["responses"]!["404"]!["description"]!.GetValue<string>().ShouldBe("`checkpoint_missing`, `tile_outside_checkpoint`");
    }

    private static List<JsonNode> LinesOf(Answer answer) => [.. answer.Text.TrimEnd('\n').Split('\n').Select(line => JsonNode.Parse(line)!)];

    private async Task SignAsync()
    {
        await using var lease = (await SignerLease.TryTakeAsync(_ledger.Source, Ct)).ShouldNotBeNull();
        (await _ledger.NewSigner().SignAsync(lease, Ct)).ShouldBeOfType<Signed.Current>();
    }
}
