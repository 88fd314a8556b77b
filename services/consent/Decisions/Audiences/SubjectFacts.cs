using ConsentLedger.Consent.Consents;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Ledger;
using ConsentLedger.Resilience;
using Npgsql;
using NpgsqlTypes;

namespace ConsentLedger.Consent.Decisions.Audiences;

/// <summary>
/// One row a subject with all its facts, so that everybody can be decided about in one pass over a table. It follows the log behind the appends, which do not wait for it;
/// its own position says how far it has come, and whoever reads it adds what came after.
/// </summary>
public sealed class SubjectFacts(IEventEngine engine, EventCatalog catalog, NpgsqlDataSource ledger, TimeProvider clock)
{
    internal const string Name = "subject-facts";

    private const int EventsAtOnce = 500;

    // Whoever reads adds what came after, which is little.
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(100);

    private readonly CompactFacts _compact = new(catalog);

    /// <summary>Runs until cancelled, in one process at a time.</summary>
    public Task FollowAsync(CancellationToken ct) => new Subscription(engine, Name, clock, BetweenLooks).RunAsync(AddAsync, ct);

    /// <summary>How far the table has come it says itself, and not who brings a batch: what lies between, as when the tables were emptied meanwhile, is read from the log first.</summary>
    public async Task AddAsync(IReadOnlyList<StoredEvent> events, CancellationToken ct)
    {
        var (tenant, first) = (events[0].Stream.Tenant, events[0].Place.Position);
        while (await TryAddAsync(tenant, events, ct) is var next && next < first)
        {
            var missing = await engine.ReadFromAsync(tenant, next, (int)Math.Min(EventsAtOnce, first - next), ct);
            if (missing is not [var found, ..] || found.Place.Position != next) throw new InvalidOperationException($"The log has no event at position {next}, though one at {first}.");
            await TryAddAsync(tenant, missing, ct);
        }
    }

    /// <summary>Rows and position move in one transaction: a batch that comes again, after a crash or to another process, adds only what is new. One that would leave a gap adds nothing.</summary>
    /// <returns>How far the table has come.</returns>
    private Task<long> TryAddAsync(TenantId tenant, IReadOnlyList<StoredEvent> events, CancellationToken ct) => Outages.Typed(async () =>
    {
        await using var connection = await ledger.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var next = await LockAsync(connection, tenant, ct);
        if (events[0].Place.Position > next) return next;
        var rows = events.Where(e => e.Place.Position >= next && IsSubject(e.Stream)).GroupBy(e => e.Stream.Id).Select(Row.Of(catalog, _compact)).ToList();
        if (rows.Count > 0) await UpsertAsync(connection, tenant, rows, ct);
        await using var move = new NpgsqlCommand("update subject_facts_followed set next_position = greatest(next_position, $2) where tenant_id = $1", connection)
        {
            Parameters = { new() { Value = tenant.ToString() }, new() { Value = events[^1].Place.Position + 1 } },
        };
        await move.ExecuteNonQueryAsync(ct);
        await transaction.CommitAsync(ct);
        return Math.Max(next, events[^1].Place.Position + 1);
    });

    /// <summary>These subjects as far as the table has come, and how far that is, as of one moment. Who is not in the answer has no row.</summary>
    public Task<(long Followed, Dictionary<StreamId, SubjectConsents> Subjects)> ReadAsync(TenantId tenant, IReadOnlyCollection<StreamId> subjects, CancellationToken ct) => Outages.Typed(async () =>
    {
        // Looked up one by one (`offset 0` keeps it so): an `= any` that is planned while the table is small reads all of a tenant for good.
        await using var select = ledger.CreateCommand("""
            select f.next_position, s.id, s.facts from (select coalesce((select next_position from subject_facts_followed where tenant_id = $1), 0) as next_position) as f
            left join (select w.id, r.facts from unnest($2) as w (id) cross join lateral (select facts from subject_facts where tenant_id = $1 and stream_id = w.id offset 0) as r) as s on true
            """);
        select.Parameters.Add(new() { Value = tenant.ToString() });
        select.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. subjects.Select(s => s.Value)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid });
        var (followed, states) = (0L, new Dictionary<StreamId, SubjectConsents>(subjects.Count));
        await using var reader = await select.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            followed = reader.GetInt64(0);
            if (!reader.IsDBNull(1)) states[new StreamId(reader.GetGuid(1))] = _compact.Replay(reader.GetFieldValue<byte[]>(2), SubjectConsents.Stream, SubjectConsents.Stream.Before, long.MaxValue);
        }

        return (followed, states);
    });

    /// <summary>A tenant's policies lie in the same log, under an id that no subject can have.</summary>
    internal static bool IsSubject(StreamKey stream) => stream.Id.Value.Version is 4 or 7;

    private static async Task<long> LockAsync(NpgsqlConnection connection, TenantId tenant, CancellationToken ct)
    {
        await using var sql = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new("insert into subject_facts_followed (tenant_id) values ($1) on conflict do nothing") { Parameters = { new() { Value = tenant.ToString() } } },
                new("select next_position from subject_facts_followed where tenant_id = $1 for update") { Parameters = { new() { Value = tenant.ToString() } } },

                // A server that crashes may forget the last rows, and with them how far they had come: they are added again.
                new("select set_config('synchronous_commit', 'off', true)"),
            },
        };
        return (long)(await sql.ExecuteScalarAsync(ct))!;
    }

    private static async Task UpsertAsync(NpgsqlConnection connection, TenantId tenant, List<Row> rows, CancellationToken ct)
    {
        await using var upsert = new NpgsqlCommand(
            """
            insert into subject_facts as s (tenant_id, stream_id, facts) select $1, i, f from unnest($2, $3) as r (i, f)
            on conflict (tenant_id, stream_id) do update set facts = s.facts || excluded.facts
            """, connection)
        {
            Parameters =
            {
                new() { Value = tenant.ToString() },
                new NpgsqlParameter<Guid[]> { TypedValue = [.. rows.Select(r => r.Subject)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid },
                new NpgsqlParameter<byte[][]> { TypedValue = [.. rows.Select(r => r.Facts)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea },
            },
        };
        await upsert.ExecuteNonQueryAsync(ct);
        if (rows.All(r => !r.BeginsAnew)) return;
        await using var forget = new NpgsqlCommand("update subject_facts s set facts = f from unnest($2, $3) as r (i, f) where tenant_id = $1 and stream_id = i", connection)
        {
            Parameters =
            {
                new() { Value = tenant.ToString() },
                new NpgsqlParameter<Guid[]> { TypedValue = [.. rows.Where(r => r.BeginsAnew).Select(r => r.Subject)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid },
                new NpgsqlParameter<byte[][]> { TypedValue = [.. rows.Where(r => r.BeginsAnew).Select(r => r.Facts)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea },
            },
        };
        await forget.ExecuteNonQueryAsync(ct);
    }

    /// <param name="BeginsAnew">The subject was erased: nothing from before is kept here.</param>
    private sealed record Row(Guid Subject, byte[] Facts, bool BeginsAnew)
    {
        public static Func<IGrouping<StreamId, StoredEvent>, Row> Of(EventCatalog catalog, CompactFacts compact) => events =>
        {
            var kept = events.ToList();
            var end = kept.FindLastIndex(e => catalog.Events.TryGetValue(e.Type, out var type) && catalog.Entries.GetValueOrDefault(type) == EntryType.KeyDestroyed);
            return new Row(events.Key.Value, [.. kept.Skip(Math.Max(0, end)).SelectMany(compact.Encode)], end >= 0);
        };
    }
}

/// <summary>Keeps the table following, whatever ends it.</summary>
internal sealed partial class FollowingFacts(SubjectFacts facts, Remotes remotes, ILogger<FollowingFacts> log) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        remotes.KeepGoingAsync(SubjectFacts.Name, "follow", facts.FollowAsync, retry => Stopped(log, retry.Exception?.GetType().Name ?? "", retry.Delay.TotalMilliseconds), stoppingToken);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The table of subjects' facts stopped following the log ({Reason}); it goes on in {DelayMs} ms. Audiences are exact meanwhile, and slower.")]
    private static partial void Stopped(ILogger logger, string reason, double delayMs);
}

/// <summary>The tables behind <see cref="SubjectFacts"/>. Nothing is written to them with an append.</summary>
public sealed class SubjectFactsTables : IInlineProjection
{
    public string Schema => """
        create table if not exists subject_facts (
            tenant_id text  not null,
            stream_id uuid  not null,
            facts     bytea not null,
            primary key (tenant_id, stream_id)
        ) with (fillfactor = 80);

        -- How far each tenant's rows have come: written with them.
        create table if not exists subject_facts_followed (
            tenant_id     text   not null primary key,
            next_position bigint not null default 0
        ) with (fillfactor = 10);
        """;

    public void Project(Batch batch, NpgsqlBatch sql) { }
}
