using System.Net;
using System.Text;
using System.Text.Json;
using ConsentLedger.Support;

namespace ConsentLedger.Journeys;

/// <summary>The published e-mail systems, in Node.js and in C#, against running services: start, hear, miss, repair, ask.</summary>
public sealed class EmailSystemJourney(RunningProduct product) : IClassFixture<RunningProduct>, IDisposable
{
    private const string Tenant = "vms";
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(3));

    private Installation Here => product.Installation;

    private CancellationToken Ct => _patience.Token;

    public void Dispose() => _patience.Dispose();

    [Theory]
    [InlineData("node")]
    [InlineData("dotnet")]
    public async Task It_knows_what_was_said_before_it_came_hears_what_follows_and_repairs_what_it_missed(string language)
    {
        var backend = Here.Client(Here.Preference, Tenant, "backend");
        var (early, reader, leaver) = (Acts.NewSubject(), Acts.NewSubject(), Acts.NewSubject());
        await Acts.EventuallyAsync("the policy reached marketing-preference", () => ChooseAsync(backend, early, "module-crm", false), Ct);
        await Here.Client(Here.Consent, Tenant, "backend").PostOkAsync($"/v1/subjects/{reader}/grants", Acts.Grant("newsletter"), Ct);
        await Acts.EventuallyAsync("the consent opened the newsletter", async () => (await SnapshotAsync()).Contains($"\"{reader}\",\"version\":2", StringComparison.Ordinal), Ct);

        // It starts with the state of everybody.
        var queue = $"email-system.{Acts.NewSubject()}";
        await using var emailSystem = NodeClient.StartEmailSystem(language, Here, Tenant, queue);
        await Acts.EventuallyAsync("the e-mail system listens", () => Here.Broker.IsConsumedAsync(queue), Ct);
        var told = await ToldAsync(emailSystem);
        told.ShouldContain($"{early} module-crm email unsubscribed");
        told.ShouldContain($"{reader} newsletter email subscribed");

        // Before each mail it asks, and hears of the click on the link it was given.
        var decision = await emailSystem.AskAsync(new { subject = reader, topic = "newsletter", channel = "email", deliveryId = "mail-1" }, "allowed", Ct);
        decision.GetProperty("allowed").GetBoolean().ShouldBeTrue(decision.ToString());
        var link = new Uri(decision.GetProperty("listUnsubscribe").GetString()!.Trim('<', '>'));
        using (var mailClient = new HttpClient { BaseAddress = Here.Preference.Url })
        using (var click = new StringContent("List-Unsubscribe=One-Click", Encoding.ASCII, "application/x-www-form-urlencoded"))
            (await mailClient.PostAsync(new Uri(link.AbsolutePath, UriKind.Relative), click, Ct)).StatusCode.ShouldBe(HttpStatusCode.OK);
        var left = await HeardAsync(emailSystem, "marketing.unsubscribed.v1", reader);
        left[^1].GetProperty("data").GetProperty("deliveryId").GetString().ShouldBe("mail-1");
        (await emailSystem.AskAsync(new { subject = reader, topic = "newsletter", channel = "email" }, "allowed", Ct)).GetProperty("allowed").GetBoolean().ShouldBeFalse();

        // Messages get lost: while its queue is not bound, nothing reaches it. The next one that does gives it away.
        await using var channel = await Here.Broker.OpenChannelAsync();
        foreach (var types in (string[])["marketing.#", "subject.#"]) await channel.QueueUnbindAsync(queue, "marketing.events", types, cancellationToken: Ct);
        (await ChooseAsync(backend, leaver, "module-crm", true)).ShouldBeTrue();
        (await ChooseAsync(backend, leaver, "module-booking", false)).ShouldBeTrue();
        await PublishedAsync();
        foreach (var types in (string[])["marketing.#", "subject.#"]) await channel.QueueBindAsync(queue, "marketing.events", types, cancellationToken: Ct);
        (await ChooseAsync(backend, early, "module-crm", true)).ShouldBeTrue();
        var repaired = await HeardAsync(emailSystem, "marketing.resubscribed.v1", early);
        repaired.Where(e => SubjectOf(e) == leaver).Select(e => e.GetProperty("type").GetString()).ShouldBe(["marketing.subscribed.v1", "marketing.unsubscribed.v1"]);
        var positions = repaired.Select(e => e.GetProperty("position").GetInt64()).ToList();
        positions.ShouldBe(Enumerable.Range(0, positions.Count).Select(i => positions[0] + i));
        (await ToldAsync(emailSystem)).Where(line => !line.EndsWith(" suppressed", StringComparison.Ordinal)).ShouldBe(await KnownAsync());

        // A mail came back for good. Nobody else ever sees the address, and nothing goes there any more.
        var suppressed = (await emailSystem.AskAsync(new { suppress = $" {language}.{Acts.NewSubject()}@Example.org" }, "suppressed", Ct)).GetProperty("suppressed").GetString()!;
        var stopped = await emailSystem.AskAsync(new { subject = leaver, topic = "module-crm", channel = "email", address = suppressed }, "allowed", Ct);
        stopped.GetProperty("allowed").GetBoolean().ShouldBeFalse(stopped.ToString());
        await Acts.EventuallyAsync("the e-mail system has heard of it", async () => (await ToldAsync(emailSystem)).Contains($"{suppressed} suppressed"), Ct);
    }

    private async Task<bool> ChooseAsync(HttpClient backend, string subject, string topic, bool subscribed)
    {
        using var body = Acts.Body(new { subscribed, occurredAt = TimeProvider.System.GetUtcNow(), actor = "subject", method = "web-form" });
        using var answer = await backend.PutAsync(new Uri($"/v1/subjects/{subject}/preferences/{topic}/email", UriKind.Relative), body, Ct);
        return answer.StatusCode == HttpStatusCode.OK;
    }

    /// <summary>Everything recorded so far is on the bus: its relay has nothing left to do.</summary>
    private async Task PublishedAsync() => await Acts.EventuallyAsync("the relay is done", async () =>
    {
        await using var source = Npgsql.NpgsqlDataSource.Create(Here.ConnectionString("preference"));
        await using var left = source.CreateCommand($"select h.next_position - c.next_position from ledger_head h join subscription_checkpoints c on c.tenant_id = h.tenant_id and c.subscription = 'relay' where h.tenant_id = '{Tenant}'");
        return await left.ExecuteScalarAsync(Ct) is 0L;
    }, Ct);

    private async Task<IReadOnlyList<string>> ToldAsync(NodeClient emailSystem) =>
        [.. (await emailSystem.AskAsync(new { told = true }, "told", Ct)).GetProperty("told").EnumerateArray().Select(line => line.GetString()!)];

    private Task<string> SnapshotAsync() => Here.Client(Here.Preference, Tenant, "email").GetStringAsync(new Uri("/v1/preferences/snapshot", UriKind.Relative), Ct);

    private async Task<IEnumerable<string>> KnownAsync() =>
        from line in (await SnapshotAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries)
        let read = JsonDocument.Parse(line).RootElement
        where read.TryGetProperty("preferences", out _)
        from wish in read.GetProperty("preferences").EnumerateArray()
        let known = $"{SubjectOf(read)} {wish.GetProperty("topic").GetString()} {wish.GetProperty("channel").GetString()} {wish.GetProperty("state").GetString()}"
        orderby known
        select known;

    private async Task<IReadOnlyList<JsonElement>> HeardAsync(NodeClient emailSystem, string type, string subject) =>
        await emailSystem.ReadUntilAsync(e => e.TryGetProperty("type", out var t) && t.GetString() == type && SubjectOf(e) == subject, Ct);

    private static string? SubjectOf(JsonElement e) => e.TryGetProperty("subject", out var subject) ? subject.GetString() : null;
}
