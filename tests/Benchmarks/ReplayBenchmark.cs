using System.Net.Http.Headers;
using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Support;
using Npgsql;

namespace ConsentLedger.Benchmarks;

/// <summary>
/// One caller replays subjects of 1,000 events from a running consent service over HTTP, against reading the same rows with bare Npgsql. Five rounds, taking turns.
/// A state is folded and read as of a moment; a history is told event by event, and its reading recorded durably first.
/// </summary>
internal static class ReplayBenchmark
{
    private const int Rounds = 5, Subjects = 20, Events = 1000;

    private const string Unit = "replays/s of 1,000 events, one caller", Baseline = "the same rows read with bare Npgsql";

    private static readonly TenantId Tenant = TenantId.Parse("quintus");

    private static readonly StreamType<AppendBenchmark.Count> Stream = new(new AppendBenchmark.Count(0), (count, _, _) => new AppendBenchmark.Count(count.Events + 1));

    private static readonly EventCatalog Catalog = new(("consent.granted.v1", typeof(Granted)), ("consent.withdrawn.v1", typeof(Withdrawn)));

    public static async Task RunAsync(CancellationToken ct)
    {
        var seconds = Stage.Seconds;
        await using var installation = await Installation.StartAsync(ct, consentAlone: true);
        await using var source = NpgsqlLedger.DataSource(installation.ConnectionString("consent"));
        await AppendAsync(source, ct);

        var auditor = installation.Client(installation.Consent, Tenant.ToString(), "auditor");
        auditor.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/x-ndjson"));
        var contest = new Contest(ct);
        contest.Enter("bare", s => PerSecond.MeasureAsync(1, s, (_, i) => ReadBareAsync(source, SubjectOf(i), ct), ct));
        contest.Enter("replay-state", s => PerSecond.MeasureAsync(1, s, (_, i) => GetAsync(auditor, $"/v1/subjects/{SubjectOf(i)}/consents?asOf=2026-01-01T00:00:00Z", ct), ct));
        contest.Enter("replay-history", s => PerSecond.MeasureAsync(1, s, (_, i) => GetAsync(auditor, $"/v1/subjects/{SubjectOf(i)}/history", ct), ct));
        await contest.RunAsync(Rounds, seconds);
        contest.Print("replay-state", Unit, "bare", Baseline);
        contest.Print("replay-history", $"{Unit}, each reading recorded", "bare", Baseline);
    }

    private static StreamId SubjectOf(int i) => new(new Guid(i % Subjects, 0, 0x4000, 0x80, 0, 0, 0, 0, 0, 0, 2));

    private static async Task AppendAsync(NpgsqlDataSource source, CancellationToken ct)
    {
        await using var engine = new NpgsqlEngine(source);
        await using var loop = new DeciderLoop(engine, Catalog, TimeProvider.System);
        var life = Enumerable.Range(0, Events).Select(EventOf).ToList();
        for (var i = 0; i < Subjects; i++)
            await loop.ExecuteAsync(new Command(new StreamKey(Tenant, SubjectOf(i)), Stream, Digest.Of("replay", $"{i}"), default, _ => Decision.Of(life)), ct);
    }

    // Two purposes on two channels, given and withdrawn in turns.
    private static object EventOf(int i)
    {
        var (purpose, channel, at) = (i / 2 % 2 == 0 ? "newsletter" : "product-news", i / 4 % 2 == 0 ? "email" : "sms", DateTimeOffset.UnixEpoch.AddDays(i));
        return i % 2 == 0
            ? new Granted(purpose, channel, "controller", "2018-04-24", at, "subject", "web-form", true)
            : new Withdrawn(purpose, channel, "controller", "2018-04-24", at, "subject", "web-form");
    }

    private static async Task ReadBareAsync(NpgsqlDataSource source, StreamId subject, CancellationToken ct)
    {
        await using var select = source.CreateCommand("select version, id, type, data, timestamp, headers from mt_events where tenant_id = $1 and stream_id = $2 order by version");
        select.Parameters.Add(new() { Value = Tenant.ToString() });
        select.Parameters.Add(new() { Value = subject.ToString() });
        await using var reader = await select.ExecuteReaderAsync(ct);
        var rows = 0;
        for (; await reader.ReadAsync(ct); rows++)
            _ = (reader.GetInt64(0), reader.GetGuid(1), reader.GetString(2), reader.GetFieldValue<byte[]>(3), reader.GetFieldValue<DateTimeOffset>(4), reader.GetString(5));
        if (rows < Events) throw new InvalidOperationException($"The subject has {rows} events.");
    }

    private static async Task GetAsync(HttpClient client, string path, CancellationToken ct)
    {
        using var answer = await client.GetAsync(new Uri(path, UriKind.Relative), ct);
        answer.EnsureSuccessStatusCode();
        await answer.Content.ReadAsByteArrayAsync(ct);
    }

    internal sealed record Granted(string Purpose, string Channel, string Recipient, string PolicyVersion, DateTimeOffset OccurredAt, string Actor, string Method, bool InForce);

    internal sealed record Withdrawn(string Purpose, string Channel, string Recipient, string PolicyVersion, DateTimeOffset OccurredAt, string Actor, string Method);
}
