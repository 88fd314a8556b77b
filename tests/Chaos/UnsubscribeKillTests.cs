using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using ConsentLedger.Support;

namespace ConsentLedger.Chaos;

/// <summary>
/// kill -9 between the one-click POST and its event: of the service, of the broker, of the database, under a stream of clicks. UNSUBSCRIBE_ROUNDS sets how often (default 1).
/// </summary>
[Collection(nameof(OwnServers))]
public sealed class UnsubscribeKillTests() : Killing(TimeSpan.FromMinutes(8 * Rounds))
{
    private const string Tenant = "vms";
    private const int Clickers = 8, People = 700;

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(80);

    /// <summary>Two that rest on no consent, and one that the consent service has to be told of before the answer.</summary>
    private static readonly string[] Topics = ["module-booking", "newsletter", "module-crm"];

    private static readonly int Rounds = int.Parse(Environment.GetEnvironmentVariable("UNSUBSCRIBE_ROUNDS") ?? "1", CultureInfo.InvariantCulture);

    protected override async Task StartAsync()
    {
        await Task.WhenAll(Here.Consent.StartAsync(Ct), Here.Preference.StartAsync(Ct));
        await RunningServices.PublishPolicyAsync(Here, Tenant, Ct);
    }

    [Fact]
    public Task Every_acknowledged_unsubscribe_reaches_the_e_mail_system_in_order_and_once_in_effect() => PatientlyAsync(KillAndListenAsync);

    private async Task KillAndListenAsync()
    {
        var listener = await Listener.DeclareAsync(Here.Broker, "marketing.events", ["marketing.#", "subject.#"], Ct);
        var links = await LinksAsync();
        using var stop = new CancellationTokenSource();
        var acknowledged = new ConcurrentDictionary<(string Subject, string Topic), bool>();
        using var mailClient = new HttpClient { BaseAddress = Here.Preference.Url };
        var clicking = Enumerable.Range(0, Clickers).Select(c => ClickUntilAsync(mailClient, [.. links.Where((_, i) => i % Clickers == c)], acknowledged, stop.Token)).ToArray();
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var (victim, kill) in ((string, Func<Task>)[])[
                ("preference", () => KillAndRestartAsync(Here.Preference)), ("rabbitmq", () => OwnServers.KillAndRestartAsync("rabbitmq")), ("preference again", () => KillAndRestartAsync(Here.Preference)),
                ("postgres", () => OwnServers.KillAndRestartAsync("postgres"))])
            {
                await MoreAsync(() => acknowledged.Count, 60, clicking);
                Stage = $"killing {victim}, with {acknowledged.Count} acknowledged";
                await kill();
            }
        }

        await MoreAsync(() => acknowledged.Count, 60, clicking);
        await stop.CancelAsync();
        await Task.WhenAll(clicking);

        Stage = $"listening for {acknowledged.Count} acknowledged";
        var (position, versions, effects) = (-1L, new Dictionary<string, long>(), new Dictionary<(string, string), int>());
        await foreach (var e in listener.HearAsync(Ct))
        {
            // A repeat is of what was heard; what is new follows the last without a gap, in the tenant and in the life of each person.
            if (Listener.PositionOf(e) <= position) continue;
            if (position >= 0) Listener.PositionOf(e).ShouldBe(position + 1);
            position = Listener.PositionOf(e);
            if (!e.TryGetProperty("subject", out var subject)) continue;
            e.GetProperty("streamversion").GetInt64().ShouldBe(versions.GetValueOrDefault(subject.GetString()!) + 1);
            versions[subject.GetString()!] = e.GetProperty("streamversion").GetInt64();
            if (e.GetProperty("type").GetString() != "marketing.unsubscribed.v1") continue;
            var lane = (subject.GetString()!, e.GetProperty("data").GetProperty("topic").GetString()!);
            effects[lane] = effects.GetValueOrDefault(lane) + 1;
            if (acknowledged.Keys.All(effects.ContainsKey)) break;
        }

        acknowledged.Keys.ShouldAllBe(lane => effects[lane] == 1);
        effects.Values.ShouldAllBe(times => times == 1);
    }

    /// <summary>As mail clients do: again until there is an answer.</summary>
    private async Task ClickUntilAsync(HttpClient mailClient, IReadOnlyList<(string Subject, string Topic, Uri Path)> links, ConcurrentDictionary<(string, string), bool> acknowledged, CancellationToken stop)
    {
        using var pace = new PeriodicTimer(Pace);
        foreach (var (subject, topic, path) in links)
        {
            if (stop.IsCancellationRequested) return;
            await pace.WaitForNextTickAsync(Ct);
            while (!acknowledged.ContainsKey((subject, topic)))
            {
                try
                {
                    using var click = new StringContent("List-Unsubscribe=One-Click", Encoding.ASCII, "application/x-www-form-urlencoded");
                    using var answer = await mailClient.PostAsync(path, click, Ct);
                    if (answer.StatusCode == HttpStatusCode.OK) acknowledged[(subject, topic)] = true;
                    else answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable, await answer.Content.ReadAsStringAsync(Ct));
                }
                catch (HttpRequestException)
                {
                    await Task.Delay(20, Ct);
                }
            }
        }
    }

    /// <summary>The links of each person's mails, several of them, so that there is an order to keep.</summary>
    private async Task<IReadOnlyList<(string Subject, string Topic, Uri Path)>> LinksAsync()
    {
        var people = Enumerable.Range(0, People * Rounds).Select(_ => Acts.NewSubject()).ToList();
        var consents = people.Select(subject => JsonSerializer.Serialize(new
        {
            subject,
            grant = new { purpose = "newsletter", channel = "email", occurredAt = Acts.Ago(60), actor = "subject", method = "web-form", source = "chaos" },
        }));
        using (var list = new StringContent(string.Join('\n', consents), System.Net.Http.Headers.MediaTypeHeaderValue.Parse("application/x-ndjson")))
        using (var answer = await Here.Client(Here.Consent, Tenant, "operator").PostAsync(new Uri("/v1/imports", UriKind.Relative), list, Ct))
            (await answer.Content.ReadAsStringAsync(Ct)).Split('\n').Count(line => line.Contains("\"recorded\"", StringComparison.Ordinal)).ShouldBe(people.Count);

        var sending = Here.Client(Here.Preference, Tenant, "email");
        await Acts.EventuallyAsync("the last consent opened the newsletter", async () =>
            (await sending.GetStringAsync(new Uri("/v1/preferences/snapshot", UriKind.Relative), Ct)).Split('\n').Count(line => line.Contains("\"newsletter\"", StringComparison.Ordinal)) == people.Count, Ct);
        var questions = people.SelectMany(subject => Topics.Select(topic => (Subject: subject, Topic: topic))).ToList();
        var links = new List<(string, string, Uri)>();
        foreach (var some in questions.Chunk(1_000))
        {
            using var body = Acts.Body(some.Select(q => new { subject = q.Subject, topic = q.Topic, channel = "email", headers = true }).ToArray());
            using var answer = await sending.PostAsync(new Uri("/v1/send-decisions", UriKind.Relative), body, Ct);
            var decisions = await answer.ReadAsync(HttpStatusCode.OK, Ct);
            links.AddRange(some.Zip(decisions.EnumerateArray(), (q, d) => (q.Subject, q.Topic, new Uri(new Uri(d.GetProperty("listUnsubscribe").GetString()!.Trim('<', '>')).AbsolutePath, UriKind.Relative))));
        }

        return links;
    }
}
