using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ConsentLedger.Contracts;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Support;
using Npgsql;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace ConsentLedger.Benchmarks;

/// <summary>
/// From the one-click POST to the e-mail system's consumer, at 200 a second: recorded, the consent behind it withdrawn in the other service, published, heard. Against one
/// bare insert with its commit and then one bare confirmed publish-and-consume, at the same rate, on the same servers. Both count from when a click was due.
/// </summary>
internal static class UnsubscribeBenchmark
{
    private const string Tenant = "vms", Topic = "newsletter", Bare = "bare";

    private const int Rounds = 5, PerSecond = 200;

    /// <summary>Until what a click calls is compiled as well as it will be: half a minute.</summary>
    private const int WarmUp = 30 * PerSecond;

    private static readonly int InRound = PerSecond * Stage.Seconds;

    public static async Task RunAsync(CancellationToken ct)
    {
        await using var installation = await Installation.PrepareAsync();
        await installation.Consent.StartAsync(ct);
        await installation.Preference.StartAsync(ct);
        await RunningServices.PublishPolicyAsync(installation, Tenant, ct);
        var links = await LinksAsync(installation, WarmUp + (Rounds * InRound), ct);
        await using var ledger = NpgsqlLedger.DataSource(installation.ConnectionString("preference"));
        await using (var create = ledger.CreateCommand($"create table {Bare} (id text primary key, body text not null)")) await create.ExecuteNonQueryAsync(ct);
        await using var listening = await installation.Broker.OpenChannelAsync();
        await using var publishing = await installation.Broker.OpenChannelAsync();
        var heard = new ConcurrentDictionary<string, TaskCompletionSource<long>>();
        await ListenAsync(listening, heard, ct);
        using var mailClient = new HttpClient { BaseAddress = installation.Preference.Url };

        await AtPaceAsync(links[..WarmUp], link => ClickAsync(mailClient, link, ct), heard, ct);
        await AtPaceAsync([.. Enumerable.Range(0, WarmUp / 10).Select(_ => NewLink())], link => CommitAndPublishAsync(ledger, publishing, link.Subject, ct), heard, ct);
        var (ours, bare) = (new List<(double P50, double P99)>(), new List<(double P50, double P99)>());
        for (var round = 0; round < Rounds; round++)
        {
            bare.Add(await AtPaceAsync([.. Enumerable.Range(0, InRound).Select(_ => NewLink())], link => CommitAndPublishAsync(ledger, publishing, link.Subject, ct), heard, ct));
            ours.Add(await AtPaceAsync(links.Slice(WarmUp + (round * InRound), InRound), link => ClickAsync(mailClient, link, ct), heard, ct));
            await Console.Error.WriteLineAsync($"  round {round + 1}: from the POST to the consumer p50 {ours[^1].P50:N2} p99 {ours[^1].P99:N2} ms, bare p50 {bare[^1].P50:N2} p99 {bare[^1].P99:N2} ms");
        }

        const string Baseline = "ms, one bare insert and commit, then one bare confirmed publish and consume, at the same rate";
        new Figure("unsubscribe-p50", Figure.Median(ours.Select(r => r.P50)), $"ms from the POST to the e-mail system's consumer, at {PerSecond}/s", Baseline, Figure.Median(bare.Select(r => r.P50))).Print();
        new Figure("unsubscribe-p99", Figure.Median(ours.Select(r => r.P99)), $"ms from the POST to the e-mail system's consumer, at {PerSecond}/s", Baseline, Figure.Median(bare.Select(r => r.P99))).Print();
    }

    /// <summary>People who agreed to the newsletter, and the link in the mail that each got.</summary>
    private static async Task<List<Link>> LinksAsync(Installation installation, int people, CancellationToken ct)
    {
        var subjects = Enumerable.Range(0, people).Select(_ => NewLink().Subject).ToList();
        var lines = subjects.Select(subject => JsonSerializer.Serialize(new
        {
            subject,
            grant = new { purpose = Topic, channel = "email", occurredAt = TimeProvider.System.GetUtcNow().AddMinutes(-1), actor = "subject", method = "web-form", source = "bench" },
        }));
        using (var list = new StringContent(string.Join('\n', lines), MediaTypeHeaderValue.Parse("application/x-ndjson")))
        using (var answer = await installation.Client(installation.Consent, Tenant, "operator").PostAsync(new Uri("/v1/imports", UriKind.Relative), list, ct))
        {
            var recorded = (await answer.Content.ReadAsStringAsync(ct)).Split('\n').Count(line => line.Contains("\"recorded\"", StringComparison.Ordinal));
            if (recorded != people) throw new InvalidOperationException($"{recorded} of {people} consents were recorded.");
        }

        await using var source = NpgsqlDataSource.Create(installation.ConnectionString("preference"));
        await using var opened = source.CreateCommand($"select count(*) from mt_events where type = '{MarketingSubscribedV1.Type}'");
        while (await opened.ExecuteScalarAsync(ct) is long some && some < people) await Task.Delay(50, ct);

        var sending = installation.Client(installation.Preference, Tenant, "email");
        var links = new List<Link>(people);
        foreach (var some in subjects.Chunk(1_000))
        {
            using var answer = await sending.PostAsJsonAsync("/v1/send-decisions", some.Select(subject => new { subject, topic = Topic, channel = "email" }), ct);
            var decisions = await answer.Content.ReadFromJsonAsync<JsonElement>(ct);
            links.AddRange(some.Zip(decisions.EnumerateArray(), (subject, d) => new Link(subject, new Uri(new Uri(d.GetProperty("listUnsubscribe").GetString()!.Trim('<', '>')).AbsolutePath, UriKind.Relative))));
        }

        return links;
    }

    private static async Task ListenAsync(IChannel channel, ConcurrentDictionary<string, TaskCompletionSource<long>> heard, CancellationToken ct)
    {
        await channel.ExchangeDeclareAsync(Bare, ExchangeType.Topic, durable: true, cancellationToken: ct);
        foreach (var (exchange, binding) in ((string, string)[])[(Bare, "#"), (Exchanges.MarketingEvents, MarketingUnsubscribedV1.Type)])
        {
            var queue = $"email-system.{exchange}";
            await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" }, cancellationToken: ct);
            await channel.QueueBindAsync(queue, exchange, binding, cancellationToken: ct);
            var consumer = new AsyncEventingBasicConsumer(channel);
            consumer.ReceivedAsync += async (_, delivery) =>
            {
                var at = Stopwatch.GetTimestamp();
                if (!CloudEvent.TryRead(delivery.Body.ToArray(), out var message, out var fault)) throw new InvalidDataException(fault.Reason);
                if (heard.TryGetValue(message.Subject!, out var waiting)) waiting.TrySetResult(at);
                await channel.BasicAckAsync(delivery.DeliveryTag, multiple: false);
            };
            await channel.BasicConsumeAsync(queue, autoAck: false, consumer, ct);
        }
    }

    /// <returns>Milliseconds from when each was due until it was heard.</returns>
    private static async Task<(double P50, double P99)> AtPaceAsync(
        IReadOnlyList<Link> links, Func<Link, Task> act, ConcurrentDictionary<string, TaskCompletionSource<long>> heard, CancellationToken ct)
    {
        var began = Stopwatch.GetTimestamp();
        var latencies = new List<Task<double>>(links.Count);
        for (var i = 0; i < links.Count; i++)
        {
            var due = TimeSpan.FromSeconds((double)i / PerSecond);
            if (due - Stopwatch.GetElapsedTime(began) is { TotalMilliseconds: >= 1 } early) await Task.Delay(early, ct);
            latencies.Add(OneAsync(links[i], due));
        }

        var sorted = (await Task.WhenAll(latencies)).Order().ToArray();
        return (sorted[sorted.Length / 2], sorted[(int)(sorted.Length * 0.99)]);

        async Task<double> OneAsync(Link link, TimeSpan due)
        {
            var waiting = heard[link.Subject] = new(TaskCreationOptions.RunContinuationsAsynchronously);
            await act(link);
            return (Stopwatch.GetElapsedTime(began, await waiting.Task.WaitAsync(TimeSpan.FromSeconds(30), ct)) - due).TotalMilliseconds;
        }
    }

    private static async Task ClickAsync(HttpClient mailClient, Link link, CancellationToken ct)
    {
        using var click = new StringContent("List-Unsubscribe=One-Click", Encoding.ASCII, "application/x-www-form-urlencoded");
        using var answer = await mailClient.PostAsync(link.Path, click, ct);
        answer.EnsureSuccessStatusCode();
    }

    private static async Task CommitAndPublishAsync(NpgsqlDataSource database, IChannel channel, string subject, CancellationToken ct)
    {
        var body = new CloudEvent
        {
            Id = subject,
            Source = "https://bench",
            Type = "bare",
            Subject = subject,
            Tenant = Tenant,
            Time = TimeProvider.System.GetUtcNow(),
            Position = 1,
            StreamVersion = 1,
            Data = CloudEvent.DataFrom(new MarketingUnsubscribedV1(Topic, "email", Topic, "consent", "one-click", "subject", "unsubscribe-link", TimeProvider.System.GetUtcNow(), true)),
        }.ToJson();
        await using (var insert = database.CreateCommand($"insert into {Bare} values ($1, $2)"))
        {
            insert.Parameters.Add(new() { Value = subject });
            insert.Parameters.Add(new() { Value = Encoding.UTF8.GetString(body) });
            await insert.ExecuteNonQueryAsync(ct);
        }

        await channel.BasicPublishAsync(Bare, "bare", mandatory: true, new BasicProperties { Persistent = true }, body, ct);
    }

    private static Link NewLink() => new(Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString(), new Uri("/", UriKind.Relative));

    private sealed record Link(string Subject, Uri Path);
}
