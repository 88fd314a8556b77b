using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Ledger;
using Npgsql;

namespace ConsentLedger.Transparency.Tests;

public sealed class TreeTests : IAsyncLifetime
{
    private static readonly CancellationToken Ct = CancellationToken.None;

    private SomeLedger _ledger = null!;

    public async Task InitializeAsync() => _ledger = await SomeLedger.CreateAsync();

    public async Task DisposeAsync() => await _ledger.DisposeAsync();

    [Fact]
    public async Task Tiles_and_proofs_are_those_of_the_entries_at_every_turn_of_a_tile()
    {
        await _ledger.AppendAsync(600);
        var leaves = await LeavesAsync();
        foreach (var size in (long[])[1, 2, 3, 255, 256, 257, 511, 512, 513, 600])
        {
            var expected = Frontier.Empty.Append(leaves.AsMemory(0, (int)size)).After.Root;
            (await _ledger.Tree.ReadRootAsync(SomeLedger.Tenant, size, Ct)).ShouldBe(expected, $"{size}");
            (await _ledger.Tree.ReadFrontierAsync(SomeLedger.Tenant, size, Ct)).ToBytes().ShouldBe(Frontier.Empty.Append(leaves.AsMemory(0, (int)size)).After.ToBytes());

            var indexes = Enumerable.Range(0, (int)size).Select(i => (long)i).ToList();
            var proofs = await _ledger.Tree.ProveInclusionAsync(SomeLedger.Tenant, indexes, size, Ct);
            foreach (var index in indexes)
                InclusionProof.Verify(leaves[index], index, size, expected, proofs[(int)index], out var fault).ShouldBeTrue($"{index} in {size}: {fault?.Reason}");
            var one = await _ledger.Tree.ProveInclusionAsync(SomeLedger.Tenant, size - 1, size, Ct);
            one.ShouldBe(proofs[(int)size - 1]);

            for (var older = 1; older <= size; older += 37)
            {
                var proof = await _ledger.Tree.ProveConsistencyAsync(SomeLedger.Tenant, older, size, Ct);
                ConsistencyProof.Verify(older, Frontier.Empty.Append(leaves.AsMemory(0, older)).After.Root, size, expected, proof, out var fault).ShouldBeTrue($"{older} in {size}: {fault?.Reason}");
            }
        }
    }

    [Fact]
    public async Task A_log_of_three_levels_has_the_tiles_that_its_entries_make()
    {
        await _ledger.AppendAsync(66_000);
        var leaves = await LeavesAsync();
        var tree = await _ledger.Engine.ReadTreeAsync(SomeLedger.Tenant, Ct);
        foreach (var size in (long[])[65_535, 65_536, 65_537, 65_792, 66_000])
        {
            var expected = Frontier.Empty.Append(leaves.AsMemory(0, (int)size)).After;
            (await _ledger.Tree.ReadRootAsync(SomeLedger.Tenant, size, Ct)).ShouldBe(expected.Root, $"{size}");
            foreach (var index in (long[])[0, 255, 256, 65_279, size - 1])
            {
                var proof = await _ledger.Tree.ProveInclusionAsync(SomeLedger.Tenant, index, size, Ct);
                InclusionProof.Verify(leaves[index], index, size, expected.Root, proof, out var fault).ShouldBeTrue($"{index} in {size}: {fault?.Reason}");
            }
        }

        tree.Root.ShouldBe(Frontier.Empty.Append(leaves).After.Root);
        var parts = Frontier.Empty.Append(leaves).Tiles;
        foreach (var part in parts)
            (await _ledger.Tree.FindTileAsync(SomeLedger.Tenant, part.Tile, Ct)).ShouldNotBeNull().Span.SequenceEqual(part.Bytes).ShouldBeTrue($"{part.Tile}");
        parts.Select(p => p.Level).Max().ShouldBe(2);
        (await _ledger.Tree.FindTileAsync(SomeLedger.Tenant, new TileId(2, 0, 2), Ct)).ShouldBeNull();
        (await _ledger.Tree.FindTileAsync(SomeLedger.Tenant, new TileId(0, 257, 209), Ct)).ShouldBeNull();
    }

    [Fact]
    public async Task A_proof_reads_no_more_of_the_log_than_its_tiles()
    {
        await _ledger.AppendAsync(10_000);

        // One session, so that what it has read is counted by the time it is asked for.
        await using var source = NpgsqlLedger.DataSource(_ledger.ConnectionString + ";Maximum Pool Size=1");
        var tree = new LogTree(source);
        var before = await RowsReadAsync(source);
        await tree.ProveInclusionAsync(SomeLedger.Tenant, 1000, 10_000, Ct);
        var one = await RowsReadAsync(source) - before;
        await tree.ProveInclusionAsync(SomeLedger.Tenant, [.. Enumerable.Range(0, 50).Select(i => 1000L + (5 * i))], 10_000, Ct);
        var fifty = await RowsReadAsync(source) - before - one;

        one.ShouldBeInRange(1, 600);
        fifty.ShouldBeInRange(1, 900);
    }

    private static async Task<long> RowsReadAsync(NpgsqlDataSource source)
    {
        await using (var flush = source.CreateCommand("select pg_stat_force_next_flush()")) await flush.ExecuteNonQueryAsync(Ct);
        await using var rows = source.CreateCommand("select sum(coalesce(idx_tup_fetch, 0) + seq_tup_read)::bigint from pg_stat_user_tables where relname like 'ledger%'");
        return (long)(await rows.ExecuteScalarAsync(Ct))!;
    }

    [Fact]
    public async Task A_tenant_has_no_tile_of_another()
    {
        await _ledger.AppendAsync(300);
        (await _ledger.Tree.FindTileAsync(TenantId.Parse("another"), new TileId(0, 0), Ct)).ShouldBeNull();
        (await _ledger.Tree.FindTileAsync(TenantId.Parse("another"), new TileId(1, 0, 1), Ct)).ShouldBeNull();
    }

    private async Task<Hash[]> LeavesAsync() => [.. (await _ledger.Engine.ReadEntriesAsync(SomeLedger.Tenant, 0, int.MaxValue, Ct)).Select(e => TreeHash.Leaf(e.Bytes))];
}
