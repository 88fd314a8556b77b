using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace ConsentLedger.Timers;

/// <summary>
/// Goes once through the streams that were there before time did anything to them, or did something else: nothing was written then that says when to look at
/// them. Whoever is killed goes on where the last page ended, and what is due fires meanwhile.
/// </summary>
internal sealed partial class ApplyNewRules(TimerTable table, NpgsqlDataSource ledger, StateReader reader, TimerMetrics metrics, ILogger<ApplyNewRules> log)
{
    private const int Page = 500;

    public async Task RunAsync(CancellationToken ct)
    {
        foreach (var kind in table.Kinds) await ApplyAsync(kind, ct);
    }

    private async Task ApplyAsync(TimedStream kind, CancellationToken ct)
    {
        var (after, done) = await BeginAsync(kind, ct);
        if (done) return;
        var (streams, set) = (0L, 0L);
        while (await ReadPageAsync(after, ct) is { Count: > 0 } page)
        {
            var found = await ReadAsync(kind, [.. page.Where(s => s.Stream is not null).Select(s => s.Stream!.Value)], ct);
            var versions = page.Where(s => s.Stream is not null).ToDictionary(s => s.Stream!.Value, s => s.Version);
            after = (page[^1].TenantId, page[^1].Id);
            await WriteAsync(kind, [.. found.Select(f => (f.Stream, f.Next, versions[f.Stream]))], after, done: false, ct);
            (streams, set) = (streams + page.Count, set + found.Count);
        }

        await WriteAsync(kind, [], after, done: true, ct);
        if (streams > 0) Applied(kind.Type.Name, kind.Rule, streams, set);
    }

    private async Task<IReadOnlyList<(StreamKey Stream, DateTimeOffset Next)>> ReadAsync(TimedStream kind, IReadOnlyCollection<StreamKey> streams, CancellationToken ct)
    {
        try
        {
            return await kind.ReadAsync(streams, reader, ct);
        }
        catch (Exception e) when (streams.Count > 1 && e is not (StoreUnavailableException or OperationCanceledException))
        {
            // One of them cannot be read; it must not take the others with it.
            var found = new List<(StreamKey, DateTimeOffset)>();
            foreach (var stream in streams) found.AddRange(await ReadAsync(kind, [stream], ct));
            return found;
        }
        catch (Exception e) when (e is not (StoreUnavailableException or OperationCanceledException))
        {
            metrics.Failed(kind.Type.Name);
            Unreadable(kind.Type.Name, e.GetType().Name);
            return [];
        }
    }

    /// <summary>Where to go on. An older release that runs beside a newer one leaves it its rule.</summary>
    private Task<((string Tenant, string Id) After, bool Done)> BeginAsync(TimedStream kind, CancellationToken ct) => Outages.Typed(async () =>
    {
        await using var command = ledger.CreateCommand("""
            insert into timer_rules as r (kind, rule, tenant_id, stream_id, done) values ($1, $2, '', '', false)
            on conflict (kind) do update set
                rule = greatest(r.rule, excluded.rule),
                tenant_id = case when r.rule < excluded.rule then '' else r.tenant_id end,
                stream_id = case when r.rule < excluded.rule then '' else r.stream_id end,
                done = r.done and r.rule >= excluded.rule
            returning tenant_id, stream_id, done or rule > $2
            """);
        command.Parameters.Add(new() { Value = kind.Type.Name });
        command.Parameters.Add(new() { Value = kind.Rule });
        await using var row = await command.ExecuteReaderAsync(ct);
        await row.ReadAsync(ct);
        return ((row.GetString(0), row.GetString(1)), row.GetBoolean(2));
    });

    /// <summary>Of every kind: what another kind's events leave has nothing due. A stream that somebody else put there is passed over.</summary>
    private Task<IReadOnlyList<(string TenantId, string Id, StreamKey? Stream, long Version)>> ReadPageAsync((string Tenant, string Id) after, CancellationToken ct) =>
        Outages.Typed<IReadOnlyList<(string, string, StreamKey?, long)>>(async () =>
        {
            await using var command = ledger.CreateCommand($"select tenant_id, id, version from mt_streams where (tenant_id, id) > ($1, $2) order by tenant_id, id limit {Page}");
            command.Parameters.Add(new() { Value = after.Tenant });
            command.Parameters.Add(new() { Value = after.Id });
            var page = new List<(string, string, StreamKey?, long)>();
            await using var row = await command.ExecuteReaderAsync(ct);
            while (await row.ReadAsync(ct))
            {
                var (tenant, id) = (row.GetString(0), row.GetString(1));
                StreamKey? stream = TenantId.TryParse(tenant, out var ours) && Guid.TryParseExact(id, "D", out var guid) ? new StreamKey(ours, new StreamId(guid)) : null;
                page.Add((tenant, id, stream, row.IsDBNull(2) ? 0 : row.GetInt64(2)));
            }

            return page;
        });

    /// <summary>A row that a later version of its stream has written stays; one that is too early is mended when it is looked at.</summary>
    private Task WriteAsync(TimedStream kind, IReadOnlyList<(StreamKey Stream, DateTimeOffset Next, long Version)> found, (string Tenant, string Id) after, bool done, CancellationToken ct) =>
        Outages.Typed(async () =>
        {
            await using var batch = ledger.CreateBatch();
            batch.BatchCommands.Add(new("""
                insert into stream_timers as t (tenant_id, stream_id, kind, due_at, look_at, version) select w, s, $1, d, d, v from unnest($2, $3, $4, $5) as f (w, s, d, v)
                on conflict (tenant_id, stream_id) do update set kind = excluded.kind, due_at = excluded.due_at, look_at = excluded.look_at, version = excluded.version
                where t.version <= excluded.version and t.due_at <> excluded.due_at
                """)
            {
                Parameters =
                {
                    new() { Value = kind.Type.Name },
                    Array(found.Select(f => f.Stream.Tenant.ToString()), NpgsqlDbType.Text),
                    Array(found.Select(f => f.Stream.Id.Value), NpgsqlDbType.Uuid),
                    Array(found.Select(f => f.Next), NpgsqlDbType.TimestampTz),
                    Array(found.Select(f => f.Version), NpgsqlDbType.Bigint),
                },
            });
            batch.BatchCommands.Add(new("update timer_rules set tenant_id = $2, stream_id = $3, done = $4 where kind = $1 and rule = $5")
            {
                Parameters = { new() { Value = kind.Type.Name }, new() { Value = after.Tenant }, new() { Value = after.Id }, new() { Value = done }, new() { Value = kind.Rule } },
            });
            await batch.ExecuteNonQueryAsync(ct);
        });

    private static NpgsqlParameter<T[]> Array<T>(IEnumerable<T> values, NpgsqlDbType type) => new() { TypedValue = [.. values], NpgsqlDbType = NpgsqlDbType.Array | type };

    [LoggerMessage(Level = LogLevel.Information, Message = "Rule {Rule} of what time does to streams of kind {Kind} was applied to {Streams} streams; {Set} have something due.")]
    private partial void Applied(string kind, int rule, long streams, long set);

    [LoggerMessage(Level = LogLevel.Error, Message = "A stream could not be read to find what is due in it as one of kind {Kind} ({Error}).")]
    private partial void Unreadable(string kind, string error);
}
