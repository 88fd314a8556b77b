using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using ConsentLedger.Support;
using Npgsql;

namespace ConsentLedger.Benchmarks;

/// <summary>PostgreSQL's own load generator, inserting our event row into a table with the same columns and indexes.</summary>
internal sealed partial class PgBench : IAsyncDisposable
{
    private readonly PostgresDatabase _database;
    private readonly string _script = Path.GetTempFileName();

    private PgBench(PostgresDatabase database) => _database = database;

    public static async Task<PgBench> CreateAsync(PostgresDatabase database, NpgsqlDataSource source, CancellationToken ct)
    {
        await using (var create = source.CreateCommand("""
            create table bench_events (like mt_events including all);
            create sequence bench_sequence;
            """))
        {
            await create.ExecuteNonQueryAsync(ct);
        }

        var pgbench = new PgBench(database);
        await File.WriteAllTextAsync(pgbench._script, """
            insert into bench_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, headers) values (nextval('bench_sequence'), gen_random_uuid(), gen_random_uuid()::text, 1, '{"purpose":"newsletter","channel":"email","recipient":"controller","policyVersion":"2018-04-24","occurredAt":"1970-01-01T00:00:01+00:00","actor":"subject","method":"web-form"}', 'consent.granted.v1', now(), 'quintus', '{"position":1}');
            """, ct);
        return pgbench;
    }

    public async Task<double> InsertsPerSecondAsync(int clients, int seconds, CancellationToken ct) =>
        double.Parse(Tps().Match(await RunAsync(["-c", $"{clients}", "-T", $"{seconds}"], ct)).Groups[1].Value, CultureInfo.InvariantCulture);

    /// <summary>In milliseconds, at a rate it is given.</summary>
    public async Task<double> P99Async(int clients, int seconds, double perSecond, CancellationToken ct)
    {
        var folder = Directory.CreateTempSubdirectory("pgbench");
        try
        {
            await RunAsync(["-c", $"{clients}", "-T", $"{seconds}", "-R", $"{perSecond:F0}", "-l", "--log-prefix", Path.Combine(folder.FullName, "log")], ct);

            // client, transaction, latency in µs from when it was due, and more.
            var latencies = folder.GetFiles().SelectMany(file => File.ReadLines(file.FullName)).Select(line => double.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture) / 1000).Order().ToList();
            return latencies[(int)(latencies.Count * 0.99)];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    public ValueTask DisposeAsync()
    {
        File.Delete(_script);
        return ValueTask.CompletedTask;
    }

    private Task<string> RunAsync(IEnumerable<string> options, CancellationToken ct) => RunAsync(_database, ["-n", "-M", "prepared", "-j", "2", .. options, "-f", _script], ct);

    /// <summary>What it prints, run against this database.</summary>
    internal static async Task<string> RunAsync(PostgresDatabase database, IEnumerable<string> options, CancellationToken ct)
    {
        var server = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        var start = new ProcessStartInfo(Find(), [.. options, "-h", server.Host!, "-p", $"{server.Port}", "-U", server.Username!, database.Name])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["PGPASSWORD"] = server.Password },
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(ct);
        var output = await process.StandardOutput.ReadToEndAsync(ct);
        await process.WaitForExitAsync(ct);
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"pgbench ended with {process.ExitCode}: {await errors}");
    }

    /// <summary>On the path, or where Debian keeps the newest server's programs.</summary>
    internal static string Find() =>
        Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").Select(d => Path.Combine(d, "bin", "pgbench")).Where(File.Exists).Order(StringComparer.Ordinal).LastOrDefault() ?? "pgbench"
            : "pgbench";

    [GeneratedRegex(@"tps = ([0-9.]+)")]
    private static partial Regex Tps();
}
