using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using ConsentLedger.Contracts;
using ConsentLedger.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using static ConsentLedger.Messaging.Tests.Messages;

namespace ConsentLedger.Messaging.Tests;

public sealed class RelayTests : IAsyncLifetime
{
    private Broker _broker = null!;

    public async Task InitializeAsync() => _broker = await Broker.CreateAsync("relay");

    public async Task DisposeAsync() => await _broker.DisposeAsync();

    [Fact]
    public async Task Everything_committed_is_published_in_order()
    {
        await using var channel = await _broker.OpenChannelAsync();
        await channel.ListenAsync("all", Service.Exchange, "#");
        await using var service = await StartRelayAsync();

        await service.TakeNotesAsync(1, 700);

        var messages = await channel.TakeAsync("all", 700);
        messages.Select(m => m.Read().Position).ShouldBe(Enumerable.Range(0, 700).Select(n => (long?)n));
        var first = messages[0];
        first.RoutingKey.ShouldBe(Service.NoteType);
        first.BasicProperties.ContentType.ShouldBe("application/cloudevents+json");
        first.BasicProperties.Persistent.ShouldBeTrue();
        first.BasicProperties.MessageId.ShouldBe(first.Read().Id);
        first.Body.Span.Contains((byte)'\n').ShouldBeFalse();
    }

    [Fact]
    public async Task Connections_cut_in_the_middle_lose_nothing()
    {
        await using var channel = await _broker.OpenChannelAsync();
        await channel.ListenAsync("all", Service.Exchange, "#");
        await using var service = await StartRelayAsync();
        await service.TakeNotesAsync(1, 100);
        await channel.TakeAsync("all", 100);

        using var stop = new CancellationTokenSource();
        var cuts = 0;
        var cutting = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested) cuts += await _broker.CutConnectionsAsync();
        });
        var number = 101;
        for (var started = Stopwatch.StartNew(); cuts < 2 && started.Elapsed < TimeSpan.FromSeconds(40); number += 20)
        {
            await service.TakeNotesAsync(number, 20);
            await Task.Delay(5);
        }

        await stop.CancelAsync();
        await cutting;
        await service.TakeNotesAsync(number++, 1);

        cuts.ShouldBeGreaterThanOrEqualTo(2);
        var last = number - 2;
        var seen = new List<long>();
        await Eventually(async () =>
        {
            while (await channel.BasicGetAsync("all", autoAck: true) is { } message) seen.Add(message.Read().Position!.Value);
            seen.ShouldContain(last);
        });
        seen.Distinct().ShouldBe(Enumerable.Range(100, last - 99).Select(n => (long)n), "what was never seen before comes in order, however often it has to be sent");
    }

    [Fact]
    public async Task Events_nobody_listens_for_do_not_hold_up_the_others()
    {
        using var measured = new Measurements();
        await using var service = await Service.StartAsync(
            _broker, bus => bus.Publishes(Service.Exchange, Service.Translate), services => services.AddSingleton<IMeterFactory>(measured));
        await service.TakeNotesAsync(1, 10);
        await Eventually(() => measured.Of("consentledger.messaging.unroutable").Count.ShouldBe(10));

        await using var channel = await _broker.OpenChannelAsync();
        await channel.ListenAsync("late", Service.Exchange, "#");
        await service.TakeNotesAsync(11, 1);

        (await channel.TakeAsync("late", 1))[0].Read().Position.ShouldBe(10);
    }

    [Fact]
    public async Task The_trace_of_the_request_goes_on_in_the_message()
    {
        await using var channel = await _broker.OpenChannelAsync();
        await channel.ListenAsync("all", Service.Exchange, "#");
        await using var service = await StartRelayAsync();
        var (traceId, spanId) = (ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom());
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == MessagingMetrics.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);

        await service.TakeNotesAsync(1, 1, $"00-{traceId}-{spanId}-01");

        var message = (await channel.TakeAsync("all", 1))[0];
        await Eventually(() => spans.ShouldContain(s => s.TraceId == traceId));
        var span = spans.First(s => s.TraceId == traceId);
        span.Kind.ShouldBe(ActivityKind.Producer);
        span.ParentSpanId.ShouldBe(spanId);
        message.Header("traceparent").ShouldBe(span.Id);
        message.Read().TraceParent.ShouldBe(span.Id);
    }

    [Fact]
    public async Task A_service_without_a_broker_starts_says_so_and_stops()
    {
        var nobody = new UriBuilder(_broker.Uri) { Port = 1 }.Uri;
        var service = await Service.StartAsync(
            nobody,
            bus => bus.Publishes(Service.Exchange, Service.Translate).Consumes<Handler>("consent.from-erasure", "erasure.events", "#"),
            services => services.AddSingleton(new Handler((_, _) => Task.CompletedTask)));
        await service.TakeNotesAsync(1, 1);

        (await service.HealthAsync()).ShouldBe(HealthStatus.Unhealthy);
        await service.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_broker_that_comes_up_later_or_goes_away_for_a_while_is_published_to_and_consumed_from()
    {
        await using var gate = new Gate(_broker.Uri.Host, _broker.Uri.Port);
        var handled = new Handler((_, _) => Task.CompletedTask);
        await using var service = await Service.StartAsync(
            new UriBuilder(_broker.Uri) { Host = "127.0.0.1", Port = gate.Port }.Uri,
            bus => bus.Publishes(Service.Exchange, Service.Translate).Consumes<Handler>("test.from-itself", Service.Exchange, "#"),
            services => services.AddSingleton(handled));
        using var events = new PollyEvents(service.Services.GetRequiredService<IMeterFactory>());
        await service.TakeNotesAsync(1, 5);
        await events.NextAsync("broker", "OnRetry");
        (await service.HealthAsync()).ShouldBe(HealthStatus.Unhealthy);

        await gate.OpenAsync();
        await service.ReadyAsync();
        await service.TakeNotesAsync(6, 5);
        await Eventually(() => handled.Handled.Select(Position).Distinct().Order().TakeLast(5).ShouldBe([5, 6, 7, 8, 9]));

        await gate.ShutAsync();
        var again = events.NextAsync("relay", "OnRetry");
        await service.TakeNotesAsync(11, 5);
        await again;
        (await service.HealthAsync()).ShouldBe(HealthStatus.Unhealthy);
        await gate.OpenAsync();
        await Eventually(() => handled.Handled.Select(Position).Distinct().Order().TakeLast(5).ShouldBe([10, 11, 12, 13, 14]));
    }

    private static long Position(CloudEvent message) => message.Position!.Value;

    /// <summary>What was never published is what an operator must hear of, also from a relay that never published anything.</summary>
    [Fact]
    public async Task A_relay_that_never_reached_the_broker_lags_by_everything()
    {
        using var measured = new Measurements();
        var nobody = new UriBuilder(_broker.Uri) { Port = 1 }.Uri;
        await using var service = await Service.StartAsync(
            nobody, bus => bus.Publishes(Service.Exchange, Service.Translate), services => services.AddSingleton<IMeterFactory>(measured));
        await service.TakeNotesAsync(1, 7);

        await Eventually(() => measured.Of("consentledger.messaging.relay_lag").ShouldContain("7"));
    }

    [Fact]
    public async Task An_event_that_cannot_be_translated_holds_up_what_follows_it_in_its_tenant_and_no_other()
    {
        using var measured = new Measurements();
        await using var channel = await _broker.OpenChannelAsync();
        await channel.ListenAsync("all", Service.Exchange, "#");
        var tenants = Enumerable.Range(0, 16).Select(n => $"tenant-{n:d2}").ToList();
        await using var service = await Service.StartAsync(
            _broker,
            bus => bus.Publishes(Service.Exchange, e => (e.Stream.Tenant.ToString(), e.Place.Position) == (tenants[7], 1) ? throw new InvalidDataException("of a later release") : Service.Translate(e)),
            services => services.AddSingleton<IMeterFactory>(measured));
        foreach (var tenant in tenants) await service.TakeNotesAsync(1, 3, tenant: tenant);
        await service.TakeNotesAsync(1, 1, tenant: "at-last");

        var messages = await channel.TakeAsync("all", (15 * 3) + 1 + 1);
        messages.Select(m => m.Read()).Select(m => $"{m.Tenant} {m.Position}").ShouldBe(
            [.. tenants.SelectMany(t => Enumerable.Range(0, t == tenants[7] ? 1 : 3), (t, n) => $"{t} {n}"), "at-last 0"], ignoreOrder: true);
        await Eventually(() => measured.Of("consentledger.messaging.relay_aside").ShouldContain("1"));
    }

    private async Task<Service> StartRelayAsync() =>
        await (await Service.StartAsync(_broker, bus => bus.Publishes(Service.Exchange, Service.Translate))).ReadyAsync();
}
