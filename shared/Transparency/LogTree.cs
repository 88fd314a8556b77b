using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Ledger;
using Npgsql;
using NpgsqlTypes;

namespace ConsentLedger.Transparency;

/// <summary>
/// Proofs from a tenant's stored tree: the lowest tiles are the leaf hashes of its entries, the others lie in <c>ledger_tiles</c>. Reads only the tiles that
/// the answer needs, all in one round trip. Believes what is stored; whoever gets a proof checks it against a root.
/// </summary>
/// <remarks>Any size up to the tenant's head will do: what is committed never changes. <see cref="InvalidDataException"/> says that the store lacks a part of the tree.</remarks>
public sealed class LogTree(NpgsqlDataSource ledger)
{
    private static readonly ReadOnlyMemory<byte> Blank = new byte[TileId.FullWidth * Hash.Length];

    /// <param name="index">The entry's position.</param>
    /// <param name="size">Of the tree, in leaves.</param>
    public async Task<Hash[]> ProveInclusionAsync(TenantId tenant, long index, long size, CancellationToken ct) => (await ProveInclusionAsync(tenant, [index], size, ct))[0];

    /// <summary>A proof for each of many entries, in their order. Costs little more than the first, however they lie.</summary>
    public async Task<IReadOnlyList<Hash[]>> ProveInclusionAsync(TenantId tenant, IReadOnlyCollection<long> indexes, long size, CancellationToken ct)
    {
        IReadOnlyList<Hash[]> Prove(TileNodes nodes) => [.. indexes.Select(index => InclusionProof.Prove(index, size, nodes.Read))];
        return await InTilesAsync(tenant, size, Prove, ct);
    }

    /// <param name="oldSize">At least 1.</param>
    public Task<Hash[]> ProveConsistencyAsync(TenantId tenant, long oldSize, long newSize, CancellationToken ct) =>
        InTilesAsync(tenant, newSize, nodes => ConsistencyProof.Prove(oldSize, newSize, nodes.Read), ct);

    /// <summary>The root of the first <paramref name="size"/> leaves, from the tiles at the tree's right edge.</summary>
    public Task<Hash> ReadRootAsync(TenantId tenant, long size, CancellationToken ct) => InTilesAsync(tenant, size, nodes => nodes.Root(), ct);

    /// <summary>The frontier of the first <paramref name="size"/> leaves, from the same tiles.</summary>
    public Task<Frontier> ReadFrontierAsync(TenantId tenant, long size, CancellationToken ct) => InTilesAsync(tenant, size, nodes => Frontier.Read(size, nodes.Read), ct);

    /// <summary>The tile's hashes, exactly as many as it is wide; null where the store has fewer.</summary>
    public async Task<ReadOnlyMemory<byte>?> FindTileAsync(TenantId tenant, TileId tile, CancellationToken ct)
    {
        var bytes = (await ReadTilesAsync(tenant, [tile], ct))[tile];

        // Spelt out: a bare null would become an empty tile.
        return bytes.Length < tile.Width * Hash.Length ? (ReadOnlyMemory<byte>?)null : bytes[..(tile.Width * Hash.Length)];
    }

    /// <summary>Computes twice: once on blank tiles, to learn which ones it takes, since that depends on sizes only; then on what they hold.</summary>
    private async Task<T> InTilesAsync<T>(TenantId tenant, long size, Func<TileNodes, T> compute, CancellationToken ct)
    {
        var wanted = new HashSet<TileId>();
        compute(new TileNodes(size, tile =>
        {
            wanted.Add(tile);
            return Blank;
        }));
        var tiles = await ReadTilesAsync(tenant, wanted, ct);
        return compute(new TileNodes(size, tile => tiles[tile]));
    }

    // Each tile by itself, in the order of its index: joined, the planner may come to read the whole log for one of them.
    private Task<Dictionary<TileId, ReadOnlyMemory<byte>>> ReadTilesAsync(TenantId tenant, IReadOnlyCollection<TileId> tiles, CancellationToken ct) => Outages.Typed(async () =>
    {
        var lowest = tiles.Where(t => t.Level == 0).ToDictionary(t => t.Index, t => new TileBytes(t));
        var higher = tiles.Where(t => t.Level > 0).ToDictionary(t => (t.Level, t.Index), t => new TileBytes(t));
        await using var sql = ledger.CreateBatch();
        sql.BatchCommands.Add(new("""
            select e.position, e.entry from unnest($2, $3) as wanted (first, beyond), lateral
            (select position, entry from ledger_entries where tenant_id = $1 and position >= wanted.first and position < wanted.beyond order by position) as e
            order by e.position
            """)
        {
            Parameters =
            {
                new() { Value = tenant.ToString() },
                Longs(lowest.Keys.Select(index => index * TileId.FullWidth)), Longs(lowest.Values.Select(t => (t.Tile.Index * TileId.FullWidth) + t.Tile.Width)),
            },
        });
        sql.BatchCommands.Add(new("""
            select t.level, t.tile, t.start, t.hashes from unnest($2, $3) as wanted (level, tile), lateral
            (select level, tile, start, hashes from ledger_tiles where tenant_id = $1 and level = wanted.level and tile = wanted.tile order by start) as t
            order by t.level, t.tile, t.start
            """)
        {
            Parameters = { new() { Value = tenant.ToString() }, Longs(higher.Keys.Select(t => (long)t.Level)), Longs(higher.Keys.Select(t => t.Index)) },
        });

        await using var reader = await sql.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            var (index, offset) = Math.DivRem(reader.GetInt64(0), TileId.FullWidth);
            lowest[index].Add((int)offset, TreeHash.Leaf(reader.GetFieldValue<byte[]>(1)).Bytes);
        }

        await reader.NextResultAsync(ct);
        while (await reader.ReadAsync(ct)) higher[(reader.GetInt16(0), reader.GetInt64(1))].Add(reader.GetInt16(2), reader.GetFieldValue<byte[]>(3));
        return lowest.Values.Concat(higher.Values).ToDictionary(t => t.Tile, t => t.Bytes);
    });

    private static NpgsqlParameter Longs(IEnumerable<long> values) => new NpgsqlParameter<long[]> { TypedValue = [.. values], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint };

    /// <summary>A tile as it is put together from its rows. What comes after a gap is not part of it, and it stays too short.</summary>
    private sealed class TileBytes(TileId tile)
    {
        private readonly byte[] _bytes = new byte[TileId.FullWidth * Hash.Length];
        private int _length;

        public TileId Tile => tile;

        public ReadOnlyMemory<byte> Bytes => _bytes.AsMemory(0, _length);

        /// <param name="offset">In hashes.</param>
        public void Add(int offset, ReadOnlySpan<byte> hashes)
        {
            if (offset * Hash.Length != _length || hashes.Length % Hash.Length != 0 || _length + hashes.Length > _bytes.Length) return;
            hashes.CopyTo(_bytes.AsSpan(_length));
            _length += hashes.Length;
        }
    }
}
