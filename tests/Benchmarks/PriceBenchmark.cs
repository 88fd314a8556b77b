using System.Security.Cryptography;
using System.Text;
using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Ledger;
using ConsentLedger.Vault;
using Npgsql;
using NpgsqlTypes;

namespace ConsentLedger.Benchmarks;

/// <summary>
/// What proofs and secrecy cost an append: 256 callers over five controllers, each event with its entry in the tree and evidence sealed under its person's key,
/// against the same batched appends that write neither; and both beside <c>pgbench</c>.
/// </summary>
internal static class PriceBenchmark
{
    private const int Rounds = 5;

    private static readonly byte[] Evidence = Encoding.UTF8.GetBytes("""{"address":"maria@example.org","ip":"192.0.2.7","userAgent":"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}""");

    public static async Task RunAsync(CancellationToken ct)
    {
        await using var stage = await Stage.SetAsync(ct);
        var (ours, pgbench) = (stage.Loop, stage.PgBench);
        await using var bare = await Stage.SetAsync(ct, source => new UnprovableEngine(source));

        var contest = new Contest(ct);
        contest.Enter("pgbench", s => pgbench.InsertsPerSecondAsync(32, s, ct));
        contest.Enter("append-provable-sealed", s => AppendBenchmark.AppendAsync(ours, five: true, s, ct, Evidence, SealAs(RandomNumberGenerator.GetBytes(32))));
        contest.Enter("append-provable", s => AppendBenchmark.AppendAsync(ours, five: true, s, ct));
        contest.Enter("append-neither", s => AppendBenchmark.AppendAsync(bare.Loop, five: true, s, ct));
        await contest.RunAsync(Rounds, Stage.Seconds);

        const string Unit = "events/s, 256 callers, five controllers, one event a command";
        contest.Print("append-provable-sealed", Unit, "append-neither", "the same batches without entries, tree and envelopes");
        contest.Print("append-provable", Unit, "append-neither", "the same batches without entries and tree");
        contest.Print("append-provable-sealed", Unit, "pgbench", "pgbench one-row INSERT + commit, 32 clients");
    }

    private static Seal SealAs(byte[] key)
    {
        var id = Guid.CreateVersion7(TimeProvider.System.GetUtcNow());
        return (stream, version, personal) =>
        {
            var part = Sealing.Seal(key, new SealedPlace(EntryType.Event, stream.Id, version, id), personal);
            return new Sealed(id, part.Envelope, Hash.Of(part.Commitment));
        };
    }

    /// <summary>Streams, heads and outcomes alone: an audit of it finds nothing to audit.</summary>
    private sealed class UnprovableEngine(NpgsqlDataSource source) : NpgsqlEngine(source)
    {
        protected override async Task WriteAsync(IReadOnlyList<Batch> batches, NpgsqlConnection connection, NpgsqlTransaction? transaction)
        {
            await using var sql = new NpgsqlBatch(connection, transaction);
            BatchSql.Advance(batches, sql);
            BatchSql.WriteStreams(batches, sql);
            WriteOutcomes([.. batches.SelectMany(b => b.Events.Zip(b.Outcomes))], sql);
            await sql.ExecuteNonQueryAsync(CancellationToken.None);
        }

        // Each command records one event here.
        private static void WriteOutcomes(IReadOnlyList<(AppendedEvent Event, (Digest Command, Remembered Outcome) Kept)> recorded, NpgsqlBatch sql) => sql.BatchCommands.Add(new(
            "insert into ledger_entries (tenant_id, position, entry, command_id, body, version, events) select t, p, '', c, b, v, 1 from unnest($1, $2, $3, $4, $5) as e (t, p, c, b, v)")
        {
            Parameters =
            {
                EventSql.Texts(recorded.Select(r => r.Event.Event.Stream.Tenant.ToString())),
                EventSql.Array(recorded.Select(r => r.Event.Event.Place.Position), NpgsqlDbType.Bigint),
                EventSql.Array(recorded.Select(r => r.Kept.Command.Value), NpgsqlDbType.Uuid),
                EventSql.Array(recorded.Select(r => r.Kept.Outcome.Body.Value), NpgsqlDbType.Uuid),
                EventSql.Array(recorded.Select(r => r.Event.Event.Place.Version), NpgsqlDbType.Bigint),
            },
        });
    }
}
