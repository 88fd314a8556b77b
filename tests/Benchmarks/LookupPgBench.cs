using System.Globalization;
using System.Text.RegularExpressions;
using ConsentLedger.Support;

namespace ConsentLedger.Benchmarks;

/// <summary><c>pgbench -S</c> as it comes: one row of a million by its key, prepared, in a database of its own.</summary>
internal sealed partial class LookupPgBench : IAsyncDisposable
{
    private readonly PostgresDatabase _database;

    private LookupPgBench(PostgresDatabase database) => _database = database;

    public static async Task<LookupPgBench> CreateAsync(CancellationToken ct)
    {
        var pgbench = new LookupPgBench(await PostgresDatabase.CreateAsync("bench"));
        await PgBench.RunAsync(pgbench._database, ["-i", "-q", "-s", "10"], ct);
        return pgbench;
    }

    public async Task<double> LookupsPerSecondAsync(int clients, int seconds, CancellationToken ct) =>
        double.Parse(Tps().Match(await PgBench.RunAsync(_database, ["-S", "-n", "-M", "prepared", "-j", "2", "-c", $"{clients}", "-T", $"{seconds}"], ct)).Groups[1].Value, CultureInfo.InvariantCulture);

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [GeneratedRegex(@"tps = ([0-9.]+)")]
    private static partial Regex Tps();
}
