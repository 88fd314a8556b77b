using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Support;
using ConsentLedger.Vault;

namespace ConsentLedger.Benchmarks;

/// <summary>
/// What the erasure of a person costs by how long their history is, 10,000 sealed events against 10: the destruction of the key, after which nobody reads any of them,
/// and the purge of what it sealed, for which no answer waits. People of both kinds take turns, each erased once.
/// </summary>
internal static class ErasureBenchmark
{
    private const int People = 17, Few = 10, Many = 10_000, AtOnce = 500;

    private static readonly byte[] Evidence = Encoding.UTF8.GetBytes("""{"address":"maria@example.org","ip":"192.0.2.7"}""");

    private static readonly TenantId Tenant = TenantId.Parse("quintus");

    private static readonly StreamType<AppendBenchmark.Count> Stream = new(new AppendBenchmark.Count(0), (count, _, _) => new AppendBenchmark.Count(count.Events + 1));

    public static async Task RunAsync(CancellationToken ct)
    {
        await using var ledgerDatabase = await PostgresDatabase.CreateAsync("bench");
        await using var vaultDatabase = await PostgresDatabase.CreateAsync("bench_vault");
        await using var source = NpgsqlLedger.DataSource(ledgerDatabase.ConnectionString);
        await using var vault = NpgsqlLedger.DataSource(vaultDatabase.ConnectionString);
        await using var engine = new NpgsqlEngine(source);
        await engine.EnsureSchemaAsync(ct);
        await using var loop = new DeciderLoop(engine, AppendBenchmark.Catalog, TimeProvider.System);
        var kek = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(kek, RandomNumberGenerator.GetBytes(32), ct);
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(kek, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            using var keys = new SubjectKeys(vault, FileKek.Read(kek), TimeProvider.System);
            await keys.EnsureSchemaAsync(ct);

            var destroyed = new Dictionary<int, List<double>> { [Few] = [], [Many] = [] };
            var purged = new Dictionary<int, List<double>> { [Few] = [], [Many] = [] };
            for (var person = 0; person < People; person++)
            {
                var lives = ((int[])[Few, Many]).Select(events => (Events: events, Subject: new StreamKey(Tenant, new StreamId(new Guid(person, (short)events, 0x4000, 0x80, 0, 0, 0, 0, 0, 0, 3))))).ToArray();
                foreach (var (events, subject) in lives) await LiveAsync(loop, keys, subject, events, ct);

                // Whoever comes first comes after all that writing: that is now the one and now the other.
                if (person % 2 == 1) Array.Reverse(lives);
                foreach (var (events, subject) in lives)
                {
                    destroyed[events].Add(await MillisecondsAsync(() => keys.DestroyAsync(subject, ct)));
                    purged[events].Add(await MillisecondsAsync(() => engine.PurgeSealedAsync(subject, ct)));
                    if ((await engine.ReadSealedAsync(subject, ct)).Count > 0) throw new InvalidOperationException("Something sealed is left.");
                }
            }

            new Figure("erase-key", Figure.Median(destroyed[Many].Skip(1)), $"ms until nobody reads a person of {Many:N0} sealed events", $"ms, a person of {Few}", Figure.Median(destroyed[Few].Skip(1))).Print();
            new Figure("erase-purge", Figure.Median(purged[Many].Skip(1)), $"ms to purge {Many:N0} sealed parts, which no answer waits for", $"ms, {Few} of them", Figure.Median(purged[Few].Skip(1))).Print();
        }
        finally
        {
            File.Delete(kek);
        }
    }

    private static async Task LiveAsync(DeciderLoop loop, SubjectKeys keys, StreamKey subject, int events, CancellationToken ct)
    {
        using var key = await keys.GetOrCreateAsync(subject, ct);
        for (var done = 0; done < events; done += AtOnce)
        {
            var life = Enumerable.Range(done, Math.Min(AtOnce, events - done)).Select(i => new NewEvent(AppendBenchmark.Event(i), Evidence)).ToList();
            await loop.ExecuteAsync(new Command(subject, Stream, Digest.Of("live", $"{subject.Id}/{done}"), default, _ => new Decision.Record(life)) { Seal = key.Seal }, ct);
        }
    }

    private static async Task<double> MillisecondsAsync(Func<Task> once)
    {
        var clock = Stopwatch.StartNew();
        await once();
        return clock.Elapsed.TotalMilliseconds;
    }
}
