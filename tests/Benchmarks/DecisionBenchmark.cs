using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Support;
using Npgsql;
using NpgsqlTypes;

namespace ConsentLedger.Benchmarks;

/// <summary>
/// Decisions of a running consent service, over HTTP with bearer tokens, about a million subjects. Single and strict from 32 callers, against <c>pgbench -S</c> with 32
/// clients; ten thousand at once, against one bare query for as many rows by key; everybody at once, against <c>copy</c> of the same rows. Contenders take turns; all share one machine.
/// </summary>
internal static class DecisionBenchmark
{
    private const string Tenant = "spectral-tms", Purpose = "partner-offers", Channel = "email", OtherChannel = "sms";

    private const int Rounds = 5, Callers = 32, AtOnce = 10_000, AskedOften = 50_000;

    /// <summary>BENCH_SUBJECTS: how many there are.</summary>
    private static readonly int Subjects = int.Parse(Environment.GetEnvironmentVariable("BENCH_SUBJECTS") ?? "1000000", CultureInfo.InvariantCulture);

    public static async Task RunAsync(CancellationToken ct)
    {
        var policy = await File.ReadAllTextAsync(Path.Combine(Servers.Checkout, "deploy", "policies", $"{Tenant}.json"), ct);
        var version = PolicyPack.Parse(Encoding.UTF8.GetBytes(policy)) is PolicyPackReading.Accepted { Pack: var pack } ? pack.Version : throw new InvalidDataException("The policy cannot be read.");
        await using var installation = await Installation.PrepareAsync();
        await using var ledger = NpgsqlLedger.DataSource(installation.ConnectionString("consent"));
        var began = Stopwatch.StartNew();
        await new Population(ledger, TenantId.Parse(Tenant), version, Purpose, Channel, OtherChannel).RecordAsync(Subjects, ct);
        await Console.Error.WriteLineAsync($"  {Subjects:N0} subjects recorded in {began.Elapsed.TotalSeconds:N0} s");
        await installation.Consent.StartAsync(ct);
        await PublishPolicyAsync(installation, version, policy, ct);
        await UntilTrueAsync(ledger, "select not exists (select 1 from ledger_head h left join ledger_checkpoints c using (tenant_id) where c.size is distinct from h.next_position)", ct);
        began.Restart();
        await UntilTrueAsync(ledger, "select not exists (select 1 from ledger_head h left join subject_facts_followed f using (tenant_id) where f.next_position is distinct from h.next_position)", ct);
        await Console.Error.WriteLineAsync($"  the audiences' table came {began.Elapsed.TotalSeconds:N0} s after the checkpoint");
        await using (var tidy = ledger.CreateCommand("vacuum analyze subject_facts")) await tidy.ExecuteNonQueryAsync(ct);

        await using var pgbench = await LookupPgBench.CreateAsync(ct);
        var contest = new Contest(ct);
        contest.Enter("pgbench -S", s => pgbench.LookupsPerSecondAsync(Callers, s, ct));
        contest.Enter("decide", s => DecideAsync(installation, "/v1/decisions", s, ct));
        contest.Enter("decide-bounded-staleness", s => DecideAsync(installation, "/v1/decisions?maxStalenessMs=100", s, ct));
        contest.Enter("any", s => LookUpManyAsync(ledger, Math.Min(Subjects, AskedOften), s, ct));
        contest.Enter("decide-batch", s => Task.Run(() => DecideMany(installation, Math.Min(Subjects, AskedOften), s, ct), ct));
        contest.Enter("decide-batch-unremembered", s => Task.Run(() => DecideMany(installation, Subjects, s, ct), ct));
        contest.Enter("copy", _ => CopyAsync(installation.ConnectionString("consent"), "text", ct));
        contest.Enter("copy-binary", _ => CopyAsync(installation.ConnectionString("consent"), "binary", ct));
        contest.Enter("audience", _ => ListAudienceAsync(installation, ct));

        await contest.RunAsync(Rounds, Stage.Seconds);

        contest.Print("decide", $"strict decisions/s over HTTP, {Callers} callers", "pgbench -S", $"pgbench -S, {Callers} clients");
        contest.Print("decide-bounded-staleness", $"decisions/s over HTTP, at most 100 ms stale, {Callers} callers", "pgbench -S", $"pgbench -S, {Callers} clients");
        contest.Print("decide-batch", $"strict decisions/s over HTTP, {AtOnce} a request, about {AskedOften} subjects in memory", "any", $"one bare = any($1) query for {AtOnce} rows, rows/s");
        contest.Print("decide-batch-unremembered", $"strict decisions/s over HTTP, {AtOnce} a request, about any of {Subjects} subjects", "any", $"one bare = any($1) query for {AtOnce} rows, rows/s");
        contest.Print("audience", $"subjects/s decided about and listed over HTTP, of {Subjects}", "copy", "psql copy (select ...) to stdout of the same rows");
        contest.Print("audience", $"subjects/s decided about and listed over HTTP, of {Subjects}", "copy-binary", "psql copy (select ...) to stdout (format binary) of the same rows");
    }

    private static async Task<double> ListAudienceAsync(Installation installation, CancellationToken ct)
    {
        var client = installation.Client(installation.Consent, Tenant, "email");
        var began = Stopwatch.StartNew();
        await using var lines = await client.GetStreamAsync(new Uri($"/v1/audiences?purpose={Purpose}&channel={Channel}", UriKind.Relative), ct);
        var buffer = new byte[64 * 1024];
        var listed = -1L;
        while (await lines.ReadAsync(buffer, ct) is > 0 and var length) listed += buffer.AsSpan(0, length).Count((byte)'\n');
        var allowed = Enumerable.Range(0, Subjects).LongCount(i => !Population.HasWithdrawn(i));
        return listed == allowed ? Subjects / began.Elapsed.TotalSeconds : throw new InvalidOperationException($"{listed} subjects were listed instead of {allowed}.");
    }

    /// <summary>What PostgreSQL's own client takes to bring the same rows out, and throw them away.</summary>
    private static async Task<double> CopyAsync(string database, string format, CancellationToken ct)
    {
        var server = new NpgsqlConnectionStringBuilder(database);
        var start = new ProcessStartInfo(
            PgBench.Find().Replace("pgbench", "psql", StringComparison.Ordinal),
            ["-h", server.Host!, "-p", $"{server.Port}", "-U", server.Username!, "-d", server.Database!, "-o", "/dev/null", "-c", $"copy (select stream_id, facts from subject_facts where tenant_id = '{Tenant}') to stdout (format {format})"])
        {
            Environment = { ["PGPASSWORD"] = server.Password },
        };
        var began = Stopwatch.StartNew();
        using var psql = Process.Start(start)!;
        await psql.WaitForExitAsync(ct);
        return psql.ExitCode == 0 ? Subjects / began.Elapsed.TotalSeconds : throw new InvalidOperationException($"psql ended with {psql.ExitCode}.");
    }

    private static string Question(int subject) => $$"""{"subject":"{{Population.Subject(subject)}}","purpose":"{{Purpose}}","channel":"{{Channel}}"}""";

    private static async Task<double> DecideAsync(Installation installation, string path, int seconds, CancellationToken ct)
    {
        var token = installation.Issuer.Token(Tenant, "backend");
        var wrong = 0;
        using var callers = new Many<HttpCaller>();
        for (var i = 0; i < Callers; i++) callers.Add(new HttpCaller(installation.Consent.Url, path, token));

        // Asked beforehand, so that what is measured is deciding and not making questions.
        var questions = Enumerable.Range(0, 4096).Select(i => i * 7919 % Math.Min(Subjects, AskedOften)).Select(i => (Subject: i, Bytes: callers[0].Request(Question(i)))).ToArray();
        (int Subject, byte[] Bytes) Of(int caller, int i) => questions[((caller * 128) + i) % questions.Length];
        var rate = await new HttpCallers(callers, (caller, i) => Of(caller, i).Bytes, (caller, i, answer) =>
        {
            if (answer.IndexOf("\"allowed\":true"u8) >= 0 == Population.HasWithdrawn(Of(caller, i).Subject)) Interlocked.Increment(ref wrong);
        }).MeasureAsync(seconds, ct);
        return wrong == 0 ? rate : throw new InvalidOperationException($"{wrong} decisions were wrong.");
    }

    private static double DecideMany(Installation installation, int among, int seconds, CancellationToken ct)
    {
        using var caller = new HttpCaller(installation.Consent.Url, "/v1/decisions", installation.Issuer.Token(Tenant, "backend"));
        var requests = Enumerable.Range(0, Math.Max(1, Math.Min(among / AtOnce, 20))).Select(n => caller.Request($"[{string.Join(',', Some(n, among).Select(Question))}]")).ToArray();
        var clock = Stopwatch.StartNew();
        var answered = 0;
        for (; clock.Elapsed.TotalSeconds < seconds && !ct.IsCancellationRequested; answered++) caller.Call(requests[answered % requests.Length]);
        return answered * AtOnce / clock.Elapsed.TotalSeconds;
    }

    private static async Task<double> LookUpManyAsync(NpgsqlDataSource ledger, int among, int seconds, CancellationToken ct)
    {
        var some = Enumerable.Range(0, Math.Max(1, Math.Min(among / AtOnce, 20))).Select(n => Some(n, among).Select(i => Population.Subject(i).ToString()).ToArray()).ToArray();
        var rows = 0L;
        var turns = await PerSecond.MeasureAsync(1, seconds, async (_, i) =>
        {
            await using var query = ledger.CreateCommand("select id, version, timestamp from mt_streams where tenant_id = $1 and id = any($2)");
            query.Parameters.Add(new() { Value = Tenant });
            query.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = some[i % some.Length], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar });
            await using var reader = await query.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct)) rows++;
        }, ct);
        return turns * AtOnce;
    }

    /// <summary>Spread over all, as the recipients of a mailing are.</summary>
    private static IEnumerable<int> Some(int n, int among) => Enumerable.Range(0, AtOnce).Select(i => (int)(((long)i * 7919) + ((long)n * 104_729)) % among);

    private static async Task PublishPolicyAsync(Installation installation, string version, string policy, CancellationToken ct)
    {
        using var content = new StringContent(policy, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        using var answer = await installation.Client(installation.Consent, Tenant, "operator").PutAsync(new Uri($"/v1/policies/{version}", UriKind.Relative), content, ct);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>What follows the log reads it once, and is quiet afterwards.</summary>
    private static async Task UntilTrueAsync(NpgsqlDataSource ledger, string sql, CancellationToken ct)
    {
        while (true)
        {
            await using (var ask = ledger.CreateCommand(sql))
                if (await ask.ExecuteScalarAsync(ct) is true) return;
            await Task.Delay(200, ct);
        }
    }

    private sealed class Many<T> : List<T>, IDisposable
        where T : IDisposable
    {
        public void Dispose() => ForEach(one => one.Dispose());
    }
}
