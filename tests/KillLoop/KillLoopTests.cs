using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Ledger;
using ConsentLedger.Support;
using ConsentLedger.Transparency;
using ConsentLedger.Vault;
using Npgsql;
using Xunit.Abstractions;

namespace ConsentLedger.KillLoop;

/// <summary>
/// Writers that are killed again and again, at a moment that chance picks. <c>KILL_LOOP_ITERATIONS</c> says how often, otherwise as often as <see cref="ShortRun"/> allows;
/// <c>KILL_LOOP_SEED</c> repeats the moments of an earlier run.
/// </summary>
public sealed class KillLoopTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string Session = "striker";

    /// <summary>How many are started before they are needed: what an iteration costs is the start of a process.</summary>
    private const int Ahead = 2;

    private static readonly TimeSpan ShortRun = TimeSpan.FromSeconds(10);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("consentledger-kill-");
    private readonly int[] _recorded = new int[Plan.Writers];
    private readonly int[] _acknowledged = new int[Plan.Writers];
    private PostgresDatabase _ledger = null!;
    private PostgresDatabase _vault = null!;
    private NpgsqlDataSource _source = null!;
    private NpgsqlEngine _engine = null!;
    private Frontier _seen = Frontier.Empty;

    private string KekFile => Path.Combine(_folder.FullName, "kek");

    public async Task InitializeAsync()
    {
        (_ledger, _vault) = (await PostgresDatabase.CreateAsync("kill_ledger"), await PostgresDatabase.CreateAsync("kill_vault"));
        await File.WriteAllBytesAsync(KekFile, RandomNumberGenerator.GetBytes(32));
        File.SetUnixFileMode(KekFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _source = NpgsqlLedger.DataSource(_ledger.ConnectionString);
        _engine = new NpgsqlEngine(_source);
        await _engine.EnsureSchemaAsync(default);
        await using var vault = NpgsqlDataSource.Create(_vault.ConnectionString);
        using var kek = FileKek.Read(KekFile);
        using var keys = new SubjectKeys(vault, kek, TimeProvider.System);
        await keys.EnsureSchemaAsync(default);
    }

    public async Task DisposeAsync()
    {
        await _engine.DisposeAsync();
        await _source.DisposeAsync();
        await _ledger.DisposeAsync();
        await _vault.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task However_often_the_writer_is_killed_nothing_acknowledged_is_lost_nothing_is_there_twice_and_the_tree_only_grows()
    {
        var seed = Number("KILL_LOOP_SEED") ?? RandomNumberGenerator.GetInt32(int.MaxValue);
        var wanted = Number("KILL_LOOP_ITERATIONS");
        var chance = new Random(seed);
        var started = Stopwatch.GetTimestamp();
        var kills = 0;

        // The next ones get ready while this one works.
        var next = new Queue<Striker>(Enumerable.Range(0, Ahead).Select(_ => Start()));
        try
        {
            for (; wanted is { } enough ? kills < enough : kills < 3 || Stopwatch.GetElapsedTime(started) < ShortRun; kills++)
            {
                using var striker = next.Dequeue();
                next.Enqueue(Start());
                var (acknowledgements, moment) = (chance.Next(4 * Plan.Writers), TimeSpan.FromMilliseconds(chance.Next(6)));
                await CheckAsync(await striker.StrikeUntilKilledAsync(_acknowledged, acknowledgements, moment), $"KILL_LOOP_SEED={seed}, kill {kills + 1}");
            }

            foreach (var idle in next) idle.Dispose();

            // The server finishes what the dead had sent.
            while (await CountAsync("select count(*) from pg_stat_activity where datname = current_database() and application_name = $1", Session) > 0) await Task.Delay(20);
            (await _engine.FindFaultAsync(Plan.Tenant, default)).ShouldBeNull($"KILL_LOOP_SEED={seed}");
            (await CountAsync("select count(envelope) from ledger_entries where tenant_id = $1", Plan.Tenant.ToString())).ShouldBe((await _engine.ReadTreeAsync(Plan.Tenant, default)).Size, $"KILL_LOOP_SEED={seed}");
        }
        finally
        {
            foreach (var idle in next) idle.Dispose();
            var each = Stopwatch.GetElapsedTime(started) / Math.Max(1, kills);
            output.WriteLine($"KILL_LOOP_SEED={seed}: {kills} kills, {_acknowledged.Sum()} events acknowledged, {_seen.Size} recorded, {each.TotalMilliseconds:0} ms a kill.");
        }
    }

    private static int? Number(string name) => int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private Striker Start() => new($"{_ledger.ConnectionString};Maximum Pool Size=4;Application Name={Session}", _vault.ConnectionString + ";Maximum Pool Size=4", KekFile);

    private async Task<long> CountAsync(string sql, string parameter)
    {
        await using var command = _source.CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private async Task CheckAsync(IReadOnlyList<Acknowledged> acknowledged, string when)
    {
        // What a dead process had sent may still be committed while we look, so everything is of this one tree; the rest is seen after the next kill.
        var tree = await _engine.ReadTreeAsync(Plan.Tenant, default);
        var more = (int)(tree.Size - _seen.Size);
        var entries = await _engine.ReadEntriesAsync(Plan.Tenant, _seen.Size, more, default);
        var events = await _engine.ReadFromAsync(Plan.Tenant, _seen.Size, more, default);
        (entries.Count, events.Count).ShouldBe((more, more), when);

        // Each writer's events are its numbers, in order, none missing and none twice.
        foreach (var e in events)
        {
            var blow = JsonSerializer.Deserialize<Blow>(e.Data.Span, JsonSerializerOptions.Web)!;
            blow.Number.ShouldBe(_recorded[blow.Writer]++, when);
        }

        foreach (var writer in acknowledged.GroupBy(a => a.Writer))
        {
            writer.Select(a => a.Number).ShouldBe(Enumerable.Range(_acknowledged[writer.Key], writer.Count()), when);
            foreach (var a in writer) await ShouldStandWhereItWasSaidAsync(a, events, when);
            _acknowledged[writer.Key] += writer.Count();
        }

        // A writer waits for its answer before it goes on, so one event at most is there that nobody was told of.
        for (var writer = 0; writer < Plan.Writers; writer++) (_recorded[writer] - _acknowledged[writer]).ShouldBeInRange(0, 1, when);

        var grown = _seen.Append(entries.Select(e => TreeHash.Leaf(e.Bytes)).ToArray()).After;
        (tree.Size, tree.Root).ShouldBe((grown.Size, grown.Root), when);
        if (_seen.Size > 0)
        {
            // From the stored tiles, which is where outsiders get it from.
            var proof = await new LogTree(_source).ProveConsistencyAsync(Plan.Tenant, _seen.Size, tree.Size, default);
            ConsistencyProof.Verify(_seen.Size, _seen.Root, tree.Size, tree.Root, proof, out var fault).ShouldBeTrue($"{when}: {fault?.Reason}");
        }

        _seen = grown;
    }

    private async Task ShouldStandWhereItWasSaidAsync(Acknowledged a, IReadOnlyList<StoredEvent> events, string when)
    {
        // Recorded by the process before, which died before it could say so.
        var e = a.Position < _seen.Size ? (await _engine.ReadFromAsync(Plan.Tenant, a.Position, 1, default)).Single() : events[(int)(a.Position - _seen.Size)];
        JsonSerializer.Deserialize<Blow>(e.Data.Span, JsonSerializerOptions.Web).ShouldBe(new Blow(a.Writer, a.Number), when);
    }
}
