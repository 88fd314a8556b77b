using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Support;

namespace ConsentLedger.Chaos;

/// <summary>kill -9 of everything in turn, while backends keep publishing. CHAOS_ROUNDS sets how often (default 1).</summary>
[Collection(nameof(OwnServers))]
public sealed class KillTests() : Killing(TimeSpan.FromMinutes(4 * Rounds))
{
    private const string Tenant = "vms";
    private const int Writers = 12;

    // A pace, and not as fast as it goes: on a slow machine what has to be audited in the end must not grow with the time that restarts take.
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(40);

    private static readonly int Rounds = int.Parse(Environment.GetEnvironmentVariable("CHAOS_ROUNDS") ?? "1", CultureInfo.InvariantCulture);

    protected override async Task StartAsync()
    {
        await Task.WhenAll(Here.Services.Select(s => s.StartAsync(Ct)));
        await RunningServices.PublishPolicyAsync(Here, Tenant, Ct);
    }

    [Fact]
    public Task No_acknowledged_event_is_lost_none_is_repeated_and_every_one_is_published() => PatientlyAsync(KillAndAuditAsync);

    private async Task KillAndAuditAsync()
    {
        var replica = await Here.StartConsentReplicaAsync(Ct);
        var listener = await Listener.DeclareAsync(Here.Broker, "consent.events", ["consent.#", "policy.#", "subject.#"], Ct);
        using var stop = new CancellationTokenSource();
        var acknowledged = new ConcurrentDictionary<string, long>();
        var backends = new[] { Here.Client(Here.Consent, Tenant, "backend"), Here.Client(replica, Tenant, "backend") };
        var writing = Enumerable.Range(0, Writers).Select(w => WriteUntilAsync(backends, w, acknowledged, stop.Token)).ToArray();

        for (var round = 0; round < Rounds; round++)
        {
            foreach (var (victim, kill) in ((string, Func<Task>)[])[
                ("consent", () => KillAndRestartAsync(Here.Consent)),
                ("postgres", () => OwnServers.KillAndRestartAsync("postgres")),
                ("rabbitmq", () => OwnServers.KillAndRestartAsync("rabbitmq")),
                ("the other consent", () => KillAndRestartAsync(replica)),
                ("preference", () => KillAndRestartAsync(Here.Preference)),
                ("erasure", () => KillAndRestartAsync(Here.Erasure))])
            {
                await MoreAsync(() => acknowledged.Count, 100, writing);
                Stage = $"killing {victim}, with {acknowledged.Count} acknowledged";
                await kill();
                Stage = $"going on after {victim} came back, with {acknowledged.Count} acknowledged";
            }
        }

        await MoreAsync(() => acknowledged.Count, 100, writing);
        await stop.CancelAsync();
        await Task.WhenAll(writing);

        Stage = $"auditing {acknowledged.Count} acknowledged";

        // In the log: each acknowledged grant exactly once, where its answer said, and no gap anywhere.
        await using var source = NpgsqlLedger.DataSource(Here.ConnectionString("consent"));
        var log = new Dictionary<string, List<long>>();
        var positions = new List<long>();
        await using (var read = source.CreateCommand($"""
            select l.position, e.stream_id, e.type from ledger_entries l

            -- By its key, one after another: of tables that just grew the planner believes what was true of empty ones.
            cross join lateral (select * from mt_events where tenant_id = l.tenant_id and stream_id = ledger_stream(l.entry) and version = ledger_version(l.entry) offset 0) e
            where l.tenant_id = '{Tenant}' order by l.position
            """))
        await using (var reader = await read.ExecuteReaderAsync(Ct))
        {
            while (await reader.ReadAsync(Ct))
            {
                positions.Add(reader.GetInt64(0));
                if (reader.GetString(2) != "consent.granted.v1") continue;
                if (!log.TryGetValue(reader.GetString(1), out var of)) log[reader.GetString(1)] = of = [];
                of.Add(reader.GetInt64(0));
            }
        }

        positions.ShouldBe(Enumerable.Range(0, positions.Count).Select(p => (long)p));
        foreach (var (subject, position) in acknowledged) log[subject].ShouldBe([position]);
        log.Values.ShouldAllBe(of => of.Count == 1);

        // In the tree: all of it, and nothing that was not acknowledged or asked for.
        await using var ledger = new NpgsqlEngine(source);
        (await ledger.FindFaultAsync(TenantId.Parse(Tenant), Ct)).ShouldBeNull();

        Stage = $"listening to {positions.Count} positions";

        // On the bus: every position at least once, and none before all that came earlier was there. The policy may have been published before this queue was there.
        var next = -1L;
        await foreach (var e in listener.HearAsync(Ct))
        {
            if (next < 0) next = Math.Min(Listener.PositionOf(e), 1);
            Listener.PositionOf(e).ShouldBeLessThanOrEqualTo(next);
            next = Math.Max(next, Listener.PositionOf(e) + 1);
            if (next == positions.Count) break;
        }
    }

    private async Task WriteUntilAsync(HttpClient[] backends, int writer, ConcurrentDictionary<string, long> acknowledged, CancellationToken stop)
    {
        using var pace = new PeriodicTimer(Pace);
        for (var i = 0; !stop.IsCancellationRequested && await pace.WaitForNextTickAsync(Ct); i++)
        {
            var subject = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString();
            var body = JsonSerializer.Serialize(new { purpose = "newsletter", channel = "email", occurredAt = TimeProvider.System.GetUtcNow(), actor = "subject", method = "web-form" });
            for (var attempt = 0; !acknowledged.ContainsKey(subject); attempt++)
            {
                try
                {
                    // The same key to whichever replica answers: they remember together.
                    using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/subjects/{subject}/grants") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
                    request.Headers.Add("Idempotency-Key", $"{writer}/{i}");
                    using var answer = await backends[(i + attempt) % 2].SendAsync(request, Ct);
                    if (answer.StatusCode == HttpStatusCode.OK)
                        acknowledged[subject] = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct)).RootElement.GetProperty("position").GetInt64();
                    else
                        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable, await answer.Content.ReadAsStringAsync(Ct));
                }
                catch (HttpRequestException)
                {
                    await Task.Delay(20, Ct);
                }
            }
        }
    }
}
