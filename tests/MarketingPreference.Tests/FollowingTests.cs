using ConsentLedger.Contracts;
using static ConsentLedger.MarketingPreference.Tests.RunningService;

namespace ConsentLedger.MarketingPreference.Tests;

/// <summary>However the bus brings what consent recorded, each subject's events are followed once, in the order of their versions.</summary>
[Collection(nameof(RunningService))]
public sealed class FollowingTests(RunningService service)
{
    private const string Queue = "marketing.from-consent";

    /// <summary>CONSENT_FOLLOW_SEED repeats an order that failed.</summary>
    [Fact]
    public async Task Versions_are_followed_once_and_in_order_in_whatever_order_and_however_often_they_are_heard()
    {
        var seed = Environment.GetEnvironmentVariable("CONSENT_FOLLOW_SEED") is { } given ? int.Parse(given, null) : (int)(TimeProvider.System.GetUtcNow().Ticks & 0xffffff);
        var chance = new Random(seed);
        var lives = Lives(60, _ => chance.Next(1, 7));
        var heard = lives.SelectMany(life => life.Events).ToList();
        heard.AddRange(chance.GetItems(heard.ToArray(), 100));
        chance.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(heard));

        var parked = await service.ParkedAsync(Queue);
        foreach (var message in heard) await service.SendAsync(Exchanges.ConsentEvents, message);

        await AllFollowedAsync(lives, $"seed {seed}");
        (await service.ParkedAsync(Queue)).ShouldBe(parked, $"seed {seed}");
    }

    [Fact]
    public async Task Killed_in_the_middle_it_goes_on_and_follows_everything_once()
    {
        var lives = Lives(400, _ => 6);
        var sending = SendAsync(lives);
        await EventuallyAsync("it is in the middle", async () => (await service.OverheardAsync(lives[0].Subject)).Count > 0);
        await service.RestartAsync();
        await sending;

        await AllFollowedAsync(lives, "after the kill");
    }

    [Fact]
    public async Task When_the_replica_that_follows_is_killed_the_other_goes_on()
    {
        await using var other = await service.StartReplicaAsync();
        var lives = Lives(400, _ => 6);
        var sending = SendAsync(lives);
        await EventuallyAsync("it is in the middle", async () => (await service.OverheardAsync(lives[0].Subject)).Count > 0);
        await service.KillAsync();
        try
        {
            await sending;
            await AllFollowedAsync(lives, "by the other");
        }
        finally
        {
            await service.RestartAsync();
        }
    }

    [Fact]
    public async Task A_policy_holds_for_all_that_follows_it_and_for_nothing_before()
    {
        var pack = Packs.NorthwindJson();
        pack["tenant"] = "newcomer";
        var policy = ConsentEvent(NewSubject(), 1, PolicyPublishedV1.Type, new PolicyPublishedV1("1", System.Text.Json.JsonSerializer.SerializeToElement(pack))) with { Subject = null };
        var (before, after) = (Lives(200, _ => 1), Lives(200, _ => 1));

        foreach (var message in before.SelectMany(l => l.Events).Append(policy).Concat(after.SelectMany(l => l.Events)))
            await service.SendAsync(Exchanges.ConsentEvents, message with { Tenant = "newcomer" });

        await EventuallyAsync("all are followed", async () => (await FollowedAsync(before.Concat(after))).All(f => f.Count > 0));
        foreach (var life in before) (await service.OverheardAsync(life.Subject)).ShouldNotContain(e => e.Type == MarketingSubscribedV1.Type);
        foreach (var life in after) (await service.OverheardAsync(life.Subject)).ShouldContain(e => e.Type == MarketingSubscribedV1.Type);
    }

    private async Task AllFollowedAsync(IReadOnlyList<Life> lives, string which)
    {
        await EventuallyAsync($"all are followed, {which}", async () => (await FollowedAsync(lives)).Zip(lives).All(f => f.First.Count >= f.Second.Events.Count));
        foreach (var (followed, life) in (await FollowedAsync(lives)).Zip(lives)) followed.ShouldBe(life.Events.Select(e => e.StreamVersion!.Value), $"{which}, {life.Subject}");
    }

    /// <summary>The versions of consent's streams in the order in which they were followed. What is published again is the same event.</summary>
    private async Task<IReadOnlyList<IReadOnlyList<long>>> FollowedAsync(IEnumerable<Life> lives)
    {
        var overheard = new List<IReadOnlyList<long>>();
        foreach (var life in lives)
        {
            var events = (await service.OverheardAsync(life.Subject)).DistinctBy(e => e.StreamVersion).OrderBy(e => e.StreamVersion);
            overheard.Add([.. events.Where(e => e.Type == MarketingConsentFollowedV1.Type).Select(e => e.DataAs<MarketingConsentFollowedV1>().ConsentVersion)]);
        }

        return overheard;
    }

    // Given and withdrawn in turn. The consent service remembers it all and can be asked.
    private List<Life> Lives(int count, Func<int, int> versions) =>
    [
        .. Enumerable.Range(0, count).Select(i =>
        {
            var subject = NewSubject();
            var said = Enumerable.Range(1, versions(i)).Select(version => version % 2 == 1 ? (ConsentGrantedV1.Type, (object)Grant()) : (ConsentWithdrawnV1.Type, Withdrawal())).ToList();
            service.Consent.Remember(subject, said);
            return new Life(subject, [.. said.Select((s, at) => ConsentEvent(subject, at + 1, s.Item1, s.Item2))]);
        }),
    ];

    /// <summary>Everybody's first version, then everybody's second: faster than it can be followed.</summary>
    private async Task SendAsync(IReadOnlyList<Life> lives)
    {
        for (var version = 0; version < lives[0].Events.Count; version++)
            await Task.WhenAll(lives.Select(life => service.SendAsync(Exchanges.ConsentEvents, life.Events[version])));
    }

    private static ConsentGrantedV1 Grant() => new("newsletter", "controller", "1", "consent", People.Noon, "subject", "web-form", InForce: true, Channel: "email");

    private static ConsentWithdrawnV1 Withdrawal() => new("newsletter", "controller", "1", People.Noon, "subject", "web-form", Channel: "email");

    private sealed record Life(string Subject, IReadOnlyList<CloudEvent> Events);
}
