using System.Collections.Concurrent;
using ConsentLedger.Contracts;
using ConsentLedger.Support;
using Microsoft.Extensions.DependencyInjection;
using RabbitMQ.Client;
using static ConsentLedger.Messaging.Tests.Messages;

namespace ConsentLedger.Messaging.Tests;

/// <summary>Which messages wait for each other, and which do not.</summary>
public sealed class LaneTests : IAsyncLifetime
{
    private const string Exchange = "consent.events";
    private const string Queue = "marketing.from-consent";
    private const string Type = ConsentGrantedV1.Type;
    private const int AtOnce = 128;

    private Broker _broker = null!;
    private IChannel _channel = null!;

    public async Task InitializeAsync()
    {
        _broker = await Broker.CreateAsync("lanes");
        _channel = await _broker.OpenChannelAsync();
    }

    public async Task DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _broker.DisposeAsync();
    }

    /// <summary>CONSENT_LANES_SEED repeats a history that failed.</summary>
    [Fact]
    public async Task Whatever_takes_however_long_subjects_keep_their_order_and_nothing_passes_what_concerns_the_whole_tenant()
    {
        var seed = Environment.GetEnvironmentVariable("CONSENT_LANES_SEED") is { } given ? int.Parse(given, null) : (int)(TimeProvider.System.GetUtcNow().Ticks & 0xffffff);
        var chance = new Random(seed);
        var sent = Enumerable.Range(0, 2000).Select(n => Note(n, $"tenant-{chance.Next(3)}", chance.Next(40) == 0 ? null : $"{chance.Next(25)}")).ToList();
        var took = sent.ToDictionary(m => m.Id, _ => chance.Next(4) == 0 ? chance.Next(8) : 0);
        var order = sent.Select((m, i) => (m.Id, i)).ToDictionary(m => m.Id, m => m.i);
        var watch = new Watch();
        var handler = new Handler(async (message, ct) =>
        {
            watch.Begin(message);
            if (took[message.Id] > 0) await Task.Delay(took[message.Id], ct);
            else await Task.Yield();
            watch.End(message);
        });
        await using var service = await StartAsync(handler);
        foreach (var message in sent) await _channel.SendAsync(Exchange, message);

        await Eventually(() => handler.Handled.Count.ShouldBe(sent.Count));
        foreach (var tenant in watch.Spans.GroupBy(s => s.Message.Tenant))
        {
            var spans = tenant.OrderBy(s => order[s.Message.Id]).ToList();
            foreach (var subject in spans.GroupBy(s => s.Message.Subject))
                subject.Zip(subject.Skip(1)).ShouldAllBe(pair => pair.First.Ended < pair.Second.Began, $"seed {seed}: {subject.Key} out of order");
            for (var i = 0; i < spans.Count; i++)
            {
                if (spans[i].Message.Subject is not null) continue;
                spans.Take(i).ShouldAllBe(s => s.Ended < spans[i].Began, $"seed {seed}: something of before was still being handled");
                spans.Skip(i + 1).ShouldAllBe(s => s.Began > spans[i].Ended, $"seed {seed}: something of after was handled already");
            }
        }

        watch.Most.ShouldBeGreaterThan(1, $"seed {seed}");
    }

    [Fact]
    public async Task A_tenant_that_waits_keeps_no_other_waiting()
    {
        var goOn = new TaskCompletionSource();
        var handler = new Handler((message, ct) => message.Tenant == "slow" ? goOn.Task.WaitAsync(ct) : Task.CompletedTask);
        await using var service = await StartAsync(handler);

        await _channel.SendAsync(Exchange, Note(1, "slow", subject: null));
        for (var n = 2; n < 300; n++) await _channel.SendAsync(Exchange, Note(n, "slow", $"{n}"));
        await _channel.SendAsync(Exchange, Note(300, "quick", subject: null));
        await _channel.SendAsync(Exchange, Note(301, "quick", "s"));

        await Eventually(() => handler.Handled.Select(m => m.StreamVersion).ShouldBe([300L, 301L]));
        goOn.SetResult();
        await Eventually(() => handler.Handled.Count.ShouldBe(301));
    }

    [Fact]
    public async Task What_cannot_be_read_waits_for_nobody()
    {
        var goOn = new TaskCompletionSource();
        var handler = new Handler((_, ct) => goOn.Task.WaitAsync(ct));
        await using var service = await StartAsync(handler);
        await _channel.SendAsync(Exchange, (Note(0, Tenant, "s") with { Tenant = null }));
        await _channel.SendAsync(Exchange, Type, "hello"u8.ToArray());

        await _channel.TakeAsync($"{Queue}.parked", 1);
        handler.Handled.ShouldBeEmpty();
        goOn.SetResult();
        await Eventually(() => handler.Handled.ShouldHaveSingleItem());
    }

    [Fact]
    public async Task Only_so_many_are_handled_at_once()
    {
        var goOn = new TaskCompletionSource();
        var watch = new Watch();
        var handler = new Handler(async (message, ct) =>
        {
            watch.Begin(message);
            await goOn.Task.WaitAsync(ct);
            watch.End(message);
        });
        await using var service = await StartAsync(handler);
        for (var n = 0; n < 400; n++) await _channel.SendAsync(Exchange, Note(n, Tenant, $"{n}"));

        // All of them have reached the service, and as many as may are being handled.
        await Eventually(async () => ((await _channel.MessageCountAsync(Queue)) == 0 && watch.Most >= AtOnce).ShouldBeTrue());
        goOn.SetResult();

        await Eventually(() => handler.Handled.Count.ShouldBe(400));
        watch.Most.ShouldBe(AtOnce);
    }

    [Fact]
    public async Task Who_waits_aside_takes_nobodys_place_and_keeps_its_own_subject_behind_it()
    {
        var goOn = new TaskCompletionSource();
        var watch = new Watch();
        var handler = new Handler(async (message, ct) =>
        {
            if (message.StreamVersion == 0) await Aside.WaitAsync(() => goOn.Task.WaitAsync(ct));
            watch.Begin(message);
            await Task.Delay(1, ct);
            watch.End(message);
        });
        await using var service = await StartAsync(handler);
        for (var n = 0; n < 2 * AtOnce; n++) await _channel.SendAsync(Exchange, Note(0, Tenant, $"aside {n}"));
        await _channel.SendAsync(Exchange, Note(1, Tenant, "aside 0"));
        await _channel.SendAsync(Exchange, Note(2, Tenant, "another"));

        await Eventually(() => handler.Handled.ShouldHaveSingleItem().StreamVersion.ShouldBe(2));
        goOn.SetResult();
        await Eventually(() => handler.Handled.Count.ShouldBe(2 * AtOnce + 2));
        handler.Handled.Where(m => m.Subject == "aside 0").Select(m => m.StreamVersion).ShouldBe([0L, 1L]);
        watch.Most.ShouldBeLessThanOrEqualTo(AtOnce);
    }

    [Fact]
    public async Task A_message_that_fails_again_and_again_is_parked_while_the_others_pass()
    {
        var othersDone = new TaskCompletionSource();
        var others = 0;
        var handler = new Handler(async (message, ct) =>
        {
            if (message.Subject == "poison" && message.StreamVersion == 0)
            {
                // It cannot fail for good before the others have passed it.
                await othersDone.Task.WaitAsync(ct);
                throw new InvalidOperationException();
            }

            if (message.Subject != "poison" && Interlocked.Increment(ref others) == 1000) othersDone.SetResult();
        });
        await using var service = await StartAsync(handler);

        await _channel.SendAsync(Exchange, Note(0, Tenant, "poison"));
        await _channel.SendAsync(Exchange, Note(1, Tenant, "poison"));
        for (var n = 0; n < 1000; n++) await _channel.SendAsync(Exchange, Note(n, Tenant, $"{n % 10}"));

        (await _channel.TakeAsync($"{Queue}.parked", 1))[0].Header("x-parked-code").ShouldBe("unhandled");
        await Eventually(() => handler.Handled.Count.ShouldBe(1001));
        handler.Handled[^1].Subject.ShouldBe("poison");
    }

    [Fact]
    public async Task Only_what_was_handled_is_acknowledged()
    {
        var goOn = new TaskCompletionSource();
        var handler = new Handler((message, ct) => message.Subject == "slow" ? goOn.Task.WaitAsync(ct) : Task.CompletedTask);
        var stuck = await StartAsync(handler);
        await _channel.SendAsync(Exchange, Note(0, Tenant, "slow"));
        for (var n = 1; n <= 100; n++) await _channel.SendAsync(Exchange, Note(n, Tenant, $"{n}"));
        await Eventually(() => handler.Handled.Count.ShouldBe(100));
        await stuck.DisposeAsync();

        var next = new Handler((_, _) => Task.CompletedTask);
        await using var service = await StartAsync(next);
        await Eventually(() => next.Handled.ShouldHaveSingleItem().Subject.ShouldBe("slow"));
    }

    [Fact]
    public async Task Of_two_replicas_one_handles_and_the_other_goes_on_where_it_stopped()
    {
        var sent = Enumerable.Range(0, 3000).Select(n => Note(n, Tenant, $"{n % 20}")).ToList();
        var by = new ConcurrentQueue<(string Replica, CloudEvent Message)>();
        Handler Replica(string name) => new(async (message, ct) =>
        {
            await Task.Delay(message.StreamVersion % 7 == 0 ? 3 : 1, ct);
            by.Enqueue((name, message));
        });
        var first = await StartAsync(Replica("first"));
        await using var second = await StartAsync(Replica("second"));
        foreach (var message in sent.Take(1500)) await _channel.SendAsync(Exchange, message);
        await Eventually(() => by.Count.ShouldBeGreaterThan(100));
        by.ShouldAllBe(h => h.Replica == "first");

        var sending = Task.Run(async () =>
        {
            foreach (var message in sent.Skip(1500)) await _channel.SendAsync(Exchange, message);
        });
        await first.DisposeAsync();
        await sending;

        await Eventually(() => by.Select(h => h.Message.Id).Distinct().Count().ShouldBe(sent.Count));
        by.ShouldContain(h => h.Replica == "second");
        foreach (var subject in by.DistinctBy(h => h.Message.Id).GroupBy(h => h.Message.Subject))
            subject.Select(h => h.Message.StreamVersion!.Value).ShouldBeInOrder();
    }

    private static CloudEvent Note(int number, string tenant, string? subject) => Event(Type, new { number }, version: number) with { Tenant = tenant, Subject = subject };

    private async Task<Service> StartAsync(Handler handler) =>
        await (await Service.StartAsync(_broker, bus => bus.Consumes<Handler>(Queue, from: Exchange, "#"), services => services.AddSingleton(handler))).ReadyAsync();

    /// <summary>When each message was being handled, by a clock that only counts.</summary>
    private sealed class Watch
    {
        private readonly ConcurrentDictionary<string, long> _began = [];
        private long _clock;
        private int _now;
        private int _most;

        public ConcurrentBag<(CloudEvent Message, long Began, long Ended)> Spans { get; } = [];

        public int Most => _most;

        public void Begin(CloudEvent message)
        {
            _began[message.Id] = Interlocked.Increment(ref _clock);
            var now = Interlocked.Increment(ref _now);
            for (var most = _most; now > most && Interlocked.CompareExchange(ref _most, now, most) != most;) most = _most;
        }

        public void End(CloudEvent message)
        {
            Interlocked.Decrement(ref _now);
            Spans.Add((message, _began[message.Id], Interlocked.Increment(ref _clock)));
        }
    }
}
