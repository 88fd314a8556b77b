using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using ConsentLedger.Support;
using Npgsql;

namespace ConsentLedger.Benchmarks;

/// <summary><c>pgbench -S</c> as it comes: one row of a million by its key, prepared, in a database of its own.</summary>
internal sealed partial class LookupPgBench : IAsyncDisposable
{
    private readonly PostgresDatabase _database;

    private LookupPgBench(PostgresDatabase database) => _database = database;

    public static async Task<LookupPgBench> CreateAsync(CancellationToken ct)
    {
        var pgbench = new LookupPgBench(await PostgresDatabase.CreateAsync("bench"));
        await pgbench.RunAsync(["-i", "-q", "-s", "10"], ct);
        return pgbench;
    }

    public async Task<double> LookupsPerSecondAsync(int clients, int seconds, CancellationToken ct) =>
        double.Parse(Tps().Match(await RunAsync(["-S", "-n", "-M", "prepared", "-j", "2", "-c", $"{clients}", "-T", $"{seconds}"], ct)).Groups[1].Value, CultureInfo.InvariantCulture);

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    private async Task<string> RunAsync(IEnumerable<string> options, CancellationToken ct)
    {
        var server = new NpgsqlConnectionStringBuilder(_database.ConnectionString);
        var start = new ProcessStartInfo(PgBench.Find(), [.. options, "-h", server.Host!, "-p", $"{server.Port}", "-U", server.Username!, _database.Name])
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

    [GeneratedRegex(@"tps = ([0-9.]+)")]
    private static partial Regex Tps();
}
