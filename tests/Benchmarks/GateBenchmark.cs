using System.Diagnostics;
using System.Globalization;
using System.Text;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Support;
using Npgsql;
using NpgsqlTypes;

namespace ConsentLedger.Benchmarks;

/// <summary>
/// A mailing to a million, in one streaming call through the gate and, behind it, the consent service; against one bare <c>= any($1)</c> query for the same recipients' rows: of their streams in
/// the gate's own database, and of the table that the consent service reads. Every fifth has left. Contenders take turns; all share one machine. And how much memory the mailing takes, against a tenth of it.
/// </summary>
internal static class GateBenchmark
{
    private const string Tenant = "vms", Topic = "newsletter", Channel = "email";

    private const int Rounds = 5;

    /// <summary>BENCH_SUBJECTS: how many there are.</summary>
    private static readonly int Subjects = int.Parse(Environment.GetEnvironmentVariable("BENCH_SUBJECTS") ?? "1000000", CultureInfo.InvariantCulture);

    private static readonly EventCatalog Catalog = new(
        ("marketing.consent-followed.v1", typeof(Followed)), ("marketing.subscribed.v1", typeof(Subscribed)), ("marketing.unsubscribed.v1", typeof(Unsubscribed)));

    public static async Task RunAsync(CancellationToken ct)
    {
        var policy = await File.ReadAllTextAsync(Path.Combine(Servers.Checkout, "deploy", "policies", $"{Tenant}.json"), ct);
        var version = PolicyPack.Parse(Encoding.UTF8.GetBytes(policy)) is PolicyPackReading.Accepted { Pack: var pack } ? pack.Version : throw new InvalidDataException("The policy cannot be read.");
        await using var installation = await Installation.PrepareAsync();
        await using var consents = NpgsqlLedger.DataSource(installation.ConnectionString("consent"));
        await using var preferences = NpgsqlLedger.DataSource(installation.ConnectionString("preference"));
        var began = Stopwatch.StartNew();
        await new Population(consents, TenantId.Parse(Tenant), version, Topic, Channel, "sms").RecordAsync(Subjects, ct);
        await Population.RecordAsync(preferences, TenantId.Parse(Tenant), Catalog, Subjects, ChoicesOf, ct);
        await Console.Error.WriteLineAsync($"  {Subjects:N0} recipients recorded in both services in {began.Elapsed.TotalSeconds:N0} s");
        await installation.Consent.StartAsync(ct);
        await installation.Preference.StartAsync(ct);
        await RunningServices.PublishPolicyAsync(installation, Tenant, ct);
        foreach (var ledger in (NpgsqlDataSource[])[consents, preferences])
            await UntilTrueAsync(ledger, "select not exists (select 1 from ledger_head h left join ledger_checkpoints c using (tenant_id) where c.size is distinct from h.next_position)", ct);
        await UntilTrueAsync(consents, "select not exists (select 1 from ledger_head h left join subject_facts_followed f using (tenant_id) where f.next_position is distinct from h.next_position)", ct);
        await UntilTrueAsync(preferences, "select exists (select 1 from mt_events where type = 'policy.followed.v1')", ct);
        foreach (var (ledger, table) in ((NpgsqlDataSource, string)[])[(consents, "subject_facts"), (preferences, "mt_streams"), (preferences, "mt_events")])
        {
            await using var tidy = ledger.CreateCommand($"vacuum analyze {table}");
            tidy.CommandTimeout = 0;
            await tidy.ExecuteNonQueryAsync(ct);
        }

        // Whoever has just been started knows nobody.
        began.Restart();
        var cold = await MailAsync(installation, headers: false, ct);
        await Console.Error.WriteLineAsync($"  the first mailing after a start: {cold:N0} lines/s");

        var contest = new Contest(ct);
        contest.Enter("any", _ => LookUpAsync(preferences, Texts, "select id, version, timestamp from mt_streams where tenant_id = $1 and id = any($2)", ct));
        contest.Enter("any-facts", _ => LookUpAsync(consents, Ids, "select stream_id, facts from subject_facts where tenant_id = $1 and stream_id = any($2)", ct));
        contest.Enter("gate", _ => MailAsync(installation, headers: false, ct));
        contest.Enter("gate-headers", _ => MailAsync(installation, headers: true, ct));
        await contest.RunAsync(Rounds, Stage.Seconds);

        const string Bare = "one bare = any($1) query for the same recipients' streams, rows/s", BareFacts = "one bare = any($1) query for the same recipients' facts, rows/s";
        foreach (var (name, unit) in ((string, string)[])[("gate", "lines/s in one streaming call"), ("gate-headers", "lines/s in one streaming call, each with its List-Unsubscribe headers")])
        {
            contest.Print(name, $"{unit}, {Subjects} recipients", "any", Bare);
            contest.Print(name, $"{unit}, {Subjects} recipients", "any-facts", BareFacts);
        }

        new Figure("gate-first", cold, $"lines/s in the first streaming call after a start, {Subjects} recipients", Bare, contest.MedianOf("any")).Print();
        foreach (var (name, service) in ((string, ServiceProcess)[])[("gate", installation.Preference), ("consent", installation.Consent)])
            await PrintMemoryAsync(service, $"memory-{name}", "in a streaming call for so many recipients", Subjects, lines => MailAsync(installation, headers: true, ct, lines));

        // Everybody in it has left already, or leaves.
        var imports = new ImportCaller(installation.Client(installation.Preference, Tenant, "operator"), Topic);
        await PrintMemoryAsync(installation.Preference, "memory-import", "while a list of so many lines is uploaded and run", Subjects / 20, lines => imports.RunAsync(lines, Recipient, ct));
    }

    /// <summary>Of ten times as much, beside as much; with what the service remembers of everybody filled before both.</summary>
    private static async Task PrintMemoryAsync(ServiceProcess service, string name, string when, int many, Func<int, Task> act)
    {
        await act(many / 10);
        service.ForgetPeak();
        await act(many / 10);
        var few = service.PeakMemory;
        service.ForgetPeak();
        await act(many);
        new Figure(name, service.PeakMemory / 1e6, $"MB resident at most {when}: {many}", $"MB resident at most, of {many / 10}", few / 1e6).Print();
    }

    /// <summary>As the gate's own events say what <see cref="Population"/> does: opened with the consent, and closed with it.</summary>
    private static List<object> ChoicesOf(int i)
    {
        var at = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(i);
        var id = Population.Subject(i).Value;
        List<object> facts =
        [
            new Followed(id, 1, new Change(Topic, Channel, "controller", true)), new Subscribed(Topic, Channel, Topic, "consent", "consent-granted", "subject", "web-form", at, false),
        ];
        if (!Population.HasWithdrawn(i)) return facts;
        facts.Add(new Followed(id, 2, new Change(Topic, Channel, "controller", false)));
        facts.Add(new Unsubscribed(Topic, Channel, Topic, "consent", "consent-withdrawn", "subject", "account-page", at.AddDays(30), false));
        return facts;
    }

    /// <summary>Spread over all, as the recipients of a mailing are.</summary>
    private static StreamId Recipient(int i) => Population.Subject((int)((long)i * 7919 % Subjects));

    private static async Task<double> MailAsync(Installation installation, bool headers, CancellationToken ct, int? recipients = null)
    {
        var lines = recipients ?? Subjects;
        var caller = new MailingCaller(installation.Preference.Url, installation.Issuer.Token(Tenant, "email"), Topic, headers);
        var began = Stopwatch.GetTimestamp();
        var (heard, yes, _) = await caller.SendAsync(lines, Recipient, ct);
        var took = Stopwatch.GetElapsedTime(began);
        var allowed = Enumerable.Range(0, lines).Count(i => !Population.HasWithdrawn((int)((long)i * 7919 % Subjects)));
        return (heard, yes) == (lines, allowed) ? lines / took.TotalSeconds : throw new InvalidOperationException($"{heard} of {lines} lines were answered, {yes} with a yes where {allowed} should be.");
    }

    private static async Task<double> LookUpAsync(NpgsqlDataSource ledger, Func<NpgsqlParameter> recipients, string sql, CancellationToken ct)
    {
        await using var query = ledger.CreateCommand(sql);
        query.CommandTimeout = 0;
        query.Parameters.Add(new() { Value = Tenant });
        query.Parameters.Add(recipients());
        var (began, rows) = (Stopwatch.GetTimestamp(), 0);
        await using var reader = await query.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) rows++;
        return rows == Subjects ? rows / Stopwatch.GetElapsedTime(began).TotalSeconds : throw new InvalidOperationException($"{rows} rows of {Subjects} were found.");
    }

    private static NpgsqlParameter Texts() =>
        new NpgsqlParameter<string[]> { TypedValue = [.. Enumerable.Range(0, Subjects).Select(i => Recipient(i).ToString())], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar };

    private static NpgsqlParameter Ids() => new NpgsqlParameter<Guid[]> { TypedValue = [.. Enumerable.Range(0, Subjects).Select(i => Recipient(i).Value)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid };

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

    // The events as they are stored, which outlives how any version of the service spells them.
    private sealed record Followed(Guid Event, long Version, Change Change);

    private sealed record Change(string Purpose, string Channel, string Recipient, bool Given);

    private sealed record Subscribed(string Topic, string Channel, string Purpose, string Basis, string Cause, string Actor, string Method, DateTimeOffset OccurredAt, bool Again);

    private sealed record Unsubscribed(string Topic, string Channel, string Purpose, string Basis, string Cause, string Actor, string Method, DateTimeOffset OccurredAt, bool WithdrawsConsent);
}
