using System.Globalization;
using System.Net;
using System.Text.Json;
using ConsentLedger.Contracts;
using ConsentLedger.MarketingPreference.Tests.Addresses;
using EmailSystem;
using RabbitMQ.Client;
using Xunit.Abstractions;
using static ConsentLedger.MarketingPreference.Tests.RunningService;

namespace ConsentLedger.MarketingPreference.Tests;

/// <summary>Starting from a snapshot and going on from a position, with the very code that is published as an example. SEED repeats a run.</summary>
[Collection(nameof(RunningService))]
public sealed class SnapshotTests(RunningService service, ITestOutputHelper output) : IDisposable
{
    private static readonly string[] Topics = ["module-booking", "module-crm", "surveys-and-contests"];

    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(5));
    private readonly PreferenceService _emailSystem = service.AsEmailSystem();

    private CancellationToken Ct => _patience.Token;

    public void Dispose()
    {
        _emailSystem.Dispose();
        _patience.Dispose();
    }

    [Fact]
    public async Task A_snapshot_in_the_middle_of_traffic_is_what_the_changes_up_to_its_position_come_to()
    {
        var chance = Seeded();
        var traffic = TrafficAsync(chance.Next(), acts: 240);
        var snapshots = new List<Wishes>();
        while (!traffic.IsCompleted || snapshots.Count < 2) snapshots.Add(await StartAsync());
        await traffic;

        output.WriteLine($"{snapshots.Count} snapshots");
        var folded = new Wishes();
        foreach (var snapshot in snapshots)
        {
            await FoldAsync(folded, snapshot.Position);
            snapshot.Told().ShouldBe(folded.Told(), $"at {snapshot.Position}");
        }

        snapshots[^1].Told().ShouldNotBeEmpty();
    }

    [Fact]
    public async Task Whoever_loses_messages_and_starts_again_in_the_middle_of_traffic_ends_with_what_the_service_knows()
    {
        var chance = Seeded();
        await using var channel = await service.OpenChannelAsync();
        var queue = (await channel.QueueDeclareAsync()).QueueName;
        foreach (var types in (string[])["marketing.#", "subject.#"]) await channel.QueueBindAsync(queue, Exchanges.MarketingEvents, types);
        var wishes = await StartAsync();
        var (lost, gaps, restarts, heard) = (0, 0, 0, 0);

        // Heard to the end each time: traffic that went on until something was heard would outrun who restarts in it, and each restart would leave all that waits behind.
        do
        {
            var traffic = TrafficAsync(chance.Next(), acts: 300);
            while (await NextAsync(traffic) is { } e)
            {
                switch (chance.Next(100))
                {
                    case < 25:
                        lost++;
                        continue;
                    case var restart when restart < 28 || restarts == 0:
                        restarts++;
                        wishes = await StartAsync();
                        continue;
                }

                if (wishes.Lacks(e))
                {
                    gaps++;
                    await _emailSystem.CatchUpAsync(wishes, _ => { }, Ct);
                }

                if (wishes.Apply(e)) heard++;
            }
        }
        while (lost == 0 || gaps == 0 || heard == 0);

        output.WriteLine($"{lost} lost, {gaps} gaps seen, {restarts} restarts, {heard} heard");

        // What nothing follows, nothing gives away: whoever has heard nothing for a while asks. What was sent last the service may still be taking in.
        Wishes known;
        do
        {
            await _emailSystem.CatchUpAsync(wishes, _ => { }, Ct);
            known = await StartAsync();
        }
        while (wishes.Position < known.Position);
        wishes.Position.ShouldBe(known.Position);
        wishes.Told().ShouldBe(known.Told());

        async Task<JsonElement?> NextAsync(Task traffic)
        {
            while (true)
            {
                var ended = traffic.IsCompleted;
                if (await channel.BasicGetAsync(queue, autoAck: true, Ct) is { } message)
                {
                    var e = JsonDocument.Parse(message.Body.ToArray()).RootElement;
                    if (e.GetProperty("tenant").GetString() == Packs.Tenant) return e;
                }
                else if (ended)
                {
                    await traffic;
                    return null;
                }
            }
        }
    }

    [Fact]
    public async Task First_line_last_line_and_header_name_one_position_and_everybody_is_there_but_the_erased()
    {
        var (left, erased) = (NewSubject(), NewSubject());
        foreach (var subject in (string[])[left, erased]) (await service.ChooseAsync(subject, "module-crm", false)).EnsureSuccessStatusCode();
        await EraseAsync(erased);
        await EventuallyAsync("they are erased", async () => (await service.OverheardAsync(erased)).Any(e => e.Type == SubjectErasedV1.Type));

        var (stopped, released) = (AddressCalls.NewTag(), AddressCalls.NewTag());
        foreach (var tag in (string[])[stopped, released]) (await service.SuppressAsync(tag)).EnsureSuccessStatusCode();
        (await service.ReleaseAsync(released)).EnsureSuccessStatusCode();

        using var answer = await SnapshotAsync();
        var lines = Lines(await answer.Content.ReadAsStringAsync(Ct));
        var position = long.Parse(answer.Headers.GetValues("Ledger-Position").Single(), CultureInfo.InvariantCulture);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/x-ndjson");
        (lines[0].GetProperty("position").GetInt64(), lines[^1].GetProperty("position").GetInt64()).ShouldBe((position, position));
        var people = lines.Where(l => l.TryGetProperty("subject", out _)).ToDictionary(l => l.GetProperty("subject").GetString()!);
        lines[^1].GetProperty("subjects").GetInt64().ShouldBe(people.Count);
        people.ShouldNotContainKey(erased);
        var lane = people[left].GetProperty("preferences").EnumerateArray().ShouldHaveSingleItem();
        (lane.GetProperty("topic").GetString(), lane.GetProperty("state").GetString(), lane.GetProperty("cause").GetString()).ShouldBe(("module-crm", "unsubscribed", "preference"));

        var addresses = lines.Where(l => l.TryGetProperty("addressTag", out _)).ToDictionary(l => l.GetProperty("addressTag").GetString()!);
        lines[^1].GetProperty("suppressions").GetInt64().ShouldBe(addresses.Count);
        addresses.ShouldNotContainKey(released);
        (addresses[stopped].GetProperty("state").GetString(), addresses[stopped].GetProperty("cause").GetString()).ShouldBe(("suppressed", "asked"));

        var table = (await (await SnapshotAsync("text/csv")).Content.ReadAsStringAsync(Ct)).Split("\r\n");
        table[0].ShouldBe("subject,version,addressTag,topic,channel,state,cause,everything,actor,method,occurredAt,position");
        table.ShouldContain(row => row.StartsWith($",,{stopped},,,suppressed,asked,false,,,2026-03-01T12:00:00.0000000+00:00,", StringComparison.Ordinal));
        table.ShouldContain(row => row.StartsWith($"{left},1,,module-crm,email,unsubscribed,preference,,subject,web-form,", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Changes_are_the_messages_of_the_bus_in_pages_without_a_gap()
    {
        var subject = NewSubject();
        var before = (await StartAsync()).Position;
        for (var i = 0; i < 5; i++) (await service.ChooseAsync(subject, "module-crm", i % 2 == 0)).EnsureSuccessStatusCode();
        await EventuallyAsync("the bus has them", async () => (await service.OverheardAsync(subject)).Count == 5);
        var paged = new List<JsonElement>();
        while (await PageAsync(paged.Count == 0 ? before : before + paged.Count, limit: 2) is { Count: > 0 } page) paged.AddRange(page);

        paged.Select(e => e.GetProperty("position").GetInt64()).ShouldBe(Enumerable.Range(1, paged.Count).Select(i => before + i));
        var ours = paged.Where(e => e.TryGetProperty("subject", out var s) && s.GetString() == subject).ToList();
        ours.Select(e => (e.GetProperty("id").GetString(), e.GetProperty("type").GetString(), e.GetProperty("data").GetRawText()))
            .ShouldBe((await service.OverheardAsync(subject)).Select(e => ((string?)e.Id, (string?)e.Type, System.Text.Encoding.UTF8.GetString(e.Data.Span))));
        ours.Select(e => e.GetProperty("type").GetString()).ShouldBe(
            [MarketingSubscribedV1.Type, MarketingUnsubscribedV1.Type, MarketingResubscribedV1.Type, MarketingUnsubscribedV1.Type, MarketingResubscribedV1.Type]);
    }

    [Fact]
    public async Task Whoever_waits_for_a_change_is_answered_when_there_is_one()
    {
        var position = (await StartAsync()).Position;
        var waiting = service.SendAsync(HttpMethod.Get, $"/v1/preferences/changes?after={position}&wait=30", role: "email");
        var subject = NewSubject();
        (await service.ChooseAsync(subject, "module-crm", false)).EnsureSuccessStatusCode();
        using var answer = await waiting;
        (await answer.Content.ReadAsStringAsync(Ct)).ShouldContain(subject);
    }

    [Theory]
    [InlineData("after=-2", HttpStatusCode.BadRequest, "request_invalid")]
    [InlineData("after=0&limit=0", HttpStatusCode.BadRequest, "request_invalid")]
    [InlineData("after=0&limit=1001", HttpStatusCode.BadRequest, "request_invalid")]
    [InlineData("after=0&wait=31", HttpStatusCode.BadRequest, "request_invalid")]
    [InlineData("limit=5", HttpStatusCode.BadRequest, "request_invalid")]
    [InlineData("after=999999999", HttpStatusCode.NotFound, "position_unknown")]
    public async Task A_position_that_cannot_be_gone_on_from_is_refused(string query, HttpStatusCode status, string code) =>
        (await CodeAsync(await service.SendAsync(HttpMethod.Get, $"/v1/preferences/changes?{query}", role: "email"), status)).ShouldBe(code);

    [Fact]
    public async Task Another_controller_s_people_are_in_neither()
    {
        (await service.ChooseAsync(NewSubject(), "module-crm", false)).EnsureSuccessStatusCode();
        var snapshot = await service.SendAsync(HttpMethod.Get, "/v1/preferences/snapshot", role: "email", tenant: "elsewhere");
        Lines(await snapshot.Content.ReadAsStringAsync(Ct)).Select(l => l.GetProperty("position").GetInt64()).ShouldBe([-1, -1]);
        (await (await service.SendAsync(HttpMethod.Get, "/v1/preferences/changes?after=-1", role: "email", tenant: "elsewhere")).Content.ReadAsStringAsync(Ct)).ShouldBeEmpty();
        (await service.SendAsync(HttpMethod.Get, "/v1/preferences/snapshot", role: "backend")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    private Random Seeded()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("SEED"), CultureInfo.InvariantCulture, out var given) ? given : Environment.TickCount & int.MaxValue;
        output.WriteLine($"SEED={seed}");
        return new Random(seed);
    }

    private async Task<Wishes> StartAsync()
    {
        var wishes = new Wishes();
        await _emailSystem.StartAsync(wishes, Ct);
        return wishes;
    }

    /// <summary>All further changes up to this position.</summary>
    private async Task FoldAsync(Wishes wishes, long position)
    {
        while (wishes.Position < position)
            foreach (var e in await PageAsync(wishes.Position, (int)Math.Min(1_000, position - wishes.Position))) wishes.Apply(e);
    }

    private async Task<IReadOnlyList<JsonElement>> PageAsync(long after, int limit)
    {
        using var answer = await service.SendAsync(HttpMethod.Get, $"/v1/preferences/changes?after={after}&limit={limit}", role: "email");
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        return Lines(await answer.Content.ReadAsStringAsync(Ct));
    }

    private Task<HttpResponseMessage> SnapshotAsync(string form = "application/x-ndjson") => service.SendAsync(HttpMethod.Get, "/v1/preferences/snapshot", role: "email", headers: ("Accept", form));

    private static List<JsonElement> Lines(string body) => [.. body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];

    /// <summary>People who change their minds, are looked at, consent elsewhere, and are erased.</summary>
    private Task TrafficAsync(int seed, int acts)
    {
        var people = Enumerable.Range(0, 12).Select(_ => NewSubject()).ToList();
        var tags = Enumerable.Range(0, 4).Select(_ => AddressCalls.NewTag()).ToList();
        return Task.WhenAll(Enumerable.Range(0, 4).Select(async writer =>
        {
            var chance = new Random(seed + writer);
            for (var i = 0; i < acts / 4; i++)
            {
                var who = chance.Next(people.Count);
                var person = people[who];
                switch (chance.Next(20))
                {
                    case 0:
                        // Whoever comes back is somebody else.
                        people[who] = NewSubject();
                        await EraseAsync(person);
                        break;
                    case < 3:
                        await service.PreferencesAsync(person);
                        break;
                    case < 5:
                        await service.ConsentSaysAsync(NewSubject(), 1, ConsentGrantedV1.Type, new ConsentGrantedV1("newsletter", "controller", "1", "consent", People.Noon, "subject", "web-form", true, "email"));
                        break;
                    case < 7:
                        (await service.SuppressAsync(tags[chance.Next(tags.Count)])).Dispose();
                        break;
                    case < 8:
                        (await service.ReleaseAsync(tags[chance.Next(tags.Count)])).Dispose();
                        break;
                    default:
                        (await service.ChooseAsync(person, Topics[chance.Next(Topics.Length)], chance.Next(2) == 0)).Dispose();
                        break;
                }
            }
        }));
    }

    private Task EraseAsync(string subject) => service.SendAsync(Exchanges.ErasureEvents, new CloudEvent
    {
        Id = People.NewId().ToString(),
        Source = "https://consentledger/erasure-orchestrator",
        Type = ErasureTaskDispatchedV1.Type,
        Subject = subject,
        Tenant = Packs.Tenant,
        StreamVersion = 2,
        Data = CloudEvent.DataFrom(new ErasureTaskDispatchedV1(People.NewId(), "marketing-preference")),
    });
}
