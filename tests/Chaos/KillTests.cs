using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Support;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace ConsentLedger.Chaos;

/// <summary>kill -9 of everything in turn, while backends keep publishing. CHAOS_ROUNDS sets how often (default 1).</summary>
[Collection(nameof(OwnServers))]
public sealed class KillTests : IAsyncLifetime
{
    private const string Tenant = "vms";
    private const int Writers = 12;

    // A pace, and not as fast as it goes: on a slow machine what has to be audited in the end must not grow with the time that restarts take.
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(40);

    private static readonly int Rounds = int.Parse(Environment.GetEnvironmentVariable("CHAOS_ROUNDS") ?? "1", CultureInfo.InvariantCulture);

    // Shorter than the runner's: who loses patience here says where, and shows what the services said.
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(4 * Rounds));
    private string _stage = "starting";
    private OwnServers _servers = null!;
    private Installation _here = null!;

    private CancellationToken Ct => _patience.Token;

    public async Task InitializeAsync()
    {
        try
        {
            await StartAsync();
        }
        catch
        {
            // The runner disposes of nothing that did not start whole.
            await DisposeAsync();
            throw;
        }
    }

    private async Task StartAsync()
    {
        _servers = await OwnServers.StartAsync();
        _here = await Installation.StartAsync(Ct);
        var pack = await File.ReadAllTextAsync(Path.Combine(Servers.Checkout, "deploy", "policies", $"{Tenant}.json"), Ct);
        using var content = new StringContent(pack, Encoding.UTF8, "application/json");
        var version = JsonDocument.Parse(pack).RootElement.GetProperty("version").GetString();
        using var answer = await _here.Client(_here.Consent, Tenant, "operator").PutAsync(new Uri($"/v1/policies/{version}", UriKind.Relative), content, Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync(Ct));
    }

    public async Task DisposeAsync()
    {
        if (_here is not null) await _here.DisposeAsync();
        if (_servers is not null) await _servers.DisposeAsync();
        _patience.Dispose();
    }

    [Fact]
    public async Task No_acknowledged_event_is_lost_none_is_repeated_and_every_one_is_published()
    {
        try
        {
            await KillAndAuditAsync();
        }
        catch (OperationCanceledException) when (_patience.IsCancellationRequested)
        {
            throw new TimeoutException($"Not done in time: {_stage}.\n{string.Join('\n', _here.Services.Select(s => $"{s.Name}: {s.Tail()}"))}");
        }
    }

    private async Task KillAndAuditAsync()
    {
        var replica = await _here.StartConsentReplicaAsync(Ct);
        await DeclareListenerAsync();
        using var stop = new CancellationTokenSource();
        var acknowledged = new ConcurrentDictionary<string, long>();
        var backends = new[] { _here.Client(_here.Consent, Tenant, "backend"), _here.Client(replica, Tenant, "backend") };
        var writing = Enumerable.Range(0, Writers).Select(w => WriteUntilAsync(backends, w, acknowledged, stop.Token)).ToArray();

        for (var round = 0; round < Rounds; round++)
        {
            foreach (var (victim, kill) in ((string, Func<Task>)[])[
                ("consent", () => KillAndRestartAsync(_here.Consent)),
                ("postgres", () => _servers.KillAndRestartAsync("postgres")),
                ("rabbitmq", () => _servers.KillAndRestartAsync("rabbitmq")),
                ("the other consent", () => KillAndRestartAsync(replica)),
                ("preference", () => KillAndRestartAsync(_here.Preference)),
                ("erasure", () => KillAndRestartAsync(_here.Erasure))])
            {
                await MoreAreAcknowledgedAsync(acknowledged, 100, writing);
                _stage = $"killing {victim}, with {acknowledged.Count} acknowledged";
                await kill();
                _stage = $"going on after {victim} came back, with {acknowledged.Count} acknowledged";
            }
        }

        await MoreAreAcknowledgedAsync(acknowledged, 100, writing);
        await stop.CancelAsync();
        await Task.WhenAll(writing);

        _stage = $"auditing {acknowledged.Count} acknowledged";

        // In the log: each acknowledged grant exactly once, where its answer said, and no gap anywhere.
        await using var source = NpgsqlLedger.DataSource(_here.ConnectionString("consent"));
        var log = new Dictionary<string, List<long>>();
        var positions = new List<long>();
        await using (var read = source.CreateCommand(
            $"select l.position, e.stream_id, e.type from ledger_entries l join mt_events e on e.tenant_id = l.tenant_id and e.stream_id = ledger_stream(l.entry) and e.version = ledger_version(l.entry) where l.tenant_id = '{Tenant}' order by l.position"))
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

        _stage = $"listening to {positions.Count} positions";

        // On the bus: every position at least once, and none before all that came earlier was there.
        var next = 0L;
        await foreach (var position in HeardAsync(positions.Count))
        {
            position.ShouldBeLessThanOrEqualTo(next);
            next = Math.Max(next, position + 1);
        }

        next.ShouldBe(positions.Count);
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

    private async Task MoreAreAcknowledgedAsync(ConcurrentDictionary<string, long> acknowledged, int more, Task[] writing)
    {
        for (var enough = acknowledged.Count + more; acknowledged.Count < enough; await Task.Delay(20, Ct))
        {
            // A writer that ends before it is told to has heard what it must not hear, or nothing at all.
            if (writing.FirstOrDefault(w => w.IsCompleted) is { } ended) await ended;
        }
    }

    private async Task KillAndRestartAsync(ServiceProcess service)
    {
        await service.KillAsync();
        await service.StartAsync(Ct);
    }

    private async Task DeclareListenerAsync()
    {
        await using var channel = await _here.Broker.OpenChannelAsync();
        await channel.QueueDeclareAsync("listener", durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" }, cancellationToken: Ct);

        // The events of the log, and not what is said about the log.
        foreach (var events in (string[])["consent.#", "policy.#", "subject.#"]) await channel.QueueBindAsync("listener", "consent.events", events, cancellationToken: Ct);
    }

    private async IAsyncEnumerable<long> HeardAsync(long all)
    {
        await using var channel = await _here.Broker.OpenChannelAsync();
        await channel.BasicQosAsync(0, 256, global: false, Ct);
        var deliveries = Channel.CreateUnbounded<(ulong Tag, long Position)>();
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += async (_, delivery) =>
            await deliveries.Writer.WriteAsync((delivery.DeliveryTag, JsonDocument.Parse(delivery.Body).RootElement.GetProperty("position").GetInt64()), Ct);
        await channel.BasicConsumeAsync("listener", autoAck: false, consumer, Ct);
        for (var highest = -1L; highest < all - 1;)
        {
            var (tag, position) = await deliveries.Reader.ReadAsync(Ct);
            await channel.BasicAckAsync(tag, multiple: false, Ct);

            // The first events were published before this queue was there.
            if (highest < 0 && position > 0) yield return 0;
            highest = Math.Max(highest, position);
            yield return position;
        }
    }
}
