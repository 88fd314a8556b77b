using ConsentLedger.Contracts;
using ConsentLedger.Support;
using Microsoft.Extensions.DependencyInjection;
using RabbitMQ.Client;
using static ConsentLedger.Messaging.Tests.Messages;

namespace ConsentLedger.Messaging.Tests;

public sealed class CommandTests : IAsyncLifetime
{
    private const string Queue = "consent.commands";
    private const string Key = $"{Tenant}.{GrantConsentV1.Type}";

    private Broker _broker = null!;
    private IChannel _channel = null!;

    public async Task InitializeAsync()
    {
        _broker = await Broker.CreateAsync("commands");
        _channel = await _broker.OpenChannelAsync();
    }

    public async Task DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _broker.DisposeAsync();
    }

    [Fact]
    public async Task Subjects_pass_each_other_and_each_keeps_its_order()
    {
        var (atOnce, most) = (0, 0);
        var handler = new Handler(async (message, ct) =>
        {
            most = Math.Max(most, Interlocked.Increment(ref atOnce));
            if (message.StreamVersion % 7 == 0) await Task.Delay(3, ct);
            else await Task.Yield();
            Interlocked.Decrement(ref atOnce);
        });
        await using var service = await StartAsync(handler);
        var subjects = Enumerable.Range(0, 50).Select(_ => NewId().ToString()).ToList();

        for (var version = 1; version <= 100; version++)
            await Task.WhenAll(subjects.Select(s => _channel.SendAsync(Queue, Key, Grant(s, version).ToJson()).AsTask()));

        await Eventually(() => handler.Handled.Count.ShouldBe(5000));
        foreach (var subject in handler.Handled.GroupBy(m => m.Subject))
            subject.Select(m => m.StreamVersion).ShouldBe(Enumerable.Range(1, 100).Select(v => (long?)v));
        most.ShouldBeGreaterThan(10);
    }

    [Fact]
    public async Task Who_sent_what_cannot_be_read_is_told()
    {
        var handler = new Handler((_, _) => throw new ParkException("nothing_fits", "Nothing fits."));
        await using var service = await StartAsync(handler);

        await _channel.SendAsync(Queue, Key, "hello"u8.ToArray());
        await _channel.SendAsync(Queue, Key, Json(new { specversion = "1.0", id = "7", source = "/shop", type = 1 }));
        await _channel.SendAsync(Queue, Key, (Grant("s", 1) with { Id = "8", Tenant = "quintus" }).ToJson());
        await _channel.SendAsync(Queue, Key, (Grant("s", 1) with { Id = "9" }).ToJson());

        await Eventually(() => handler.Refused.Count.ShouldBe(4));
        var refused = handler.Refused.ToDictionary(r => r.Code);
        refused["not_json"].ShouldBe(new ParkedCommand("not_json", refused["not_json"].Reason, null, null, Tenant));
        refused["attribute_invalid"].ShouldBe(new ParkedCommand("attribute_invalid", "type is not a text of 1 to 200 characters.", "7", "/shop", Tenant));
        refused["routing_key_mismatch"].Id.ShouldBe("8");
        refused["nothing_fits"].Id.ShouldBe("9");
        (await _channel.TakeAsync($"{Queue}.parked", 4)).Count.ShouldBe(4);
    }

    [Fact]
    public async Task A_command_waits_for_nobody_elses_and_one_without_a_subject_for_nobody()
    {
        var goOn = new TaskCompletionSource();
        var handler = new Handler((message, ct) => message.Subject == "slow" ? goOn.Task.WaitAsync(ct) : Task.CompletedTask);
        await using var service = await StartAsync(handler);
        await _channel.SendAsync(Queue, Key, Grant("slow", 1).ToJson());
        await _channel.SendAsync(Queue, Key, (Grant("s", 1) with { Subject = null }).ToJson());
        await _channel.SendAsync(Queue, $"quintus.{GrantConsentV1.Type}", (Grant("slow", 2) with { Id = "foreign" }).ToJson());

        await Eventually(() => handler.Handled.ShouldHaveSingleItem().Subject.ShouldBeNull());
        await Eventually(() => handler.Refused.ShouldHaveSingleItem().Id.ShouldBe("foreign"));
        goOn.SetResult();
        await Eventually(() => handler.Handled.Count.ShouldBe(2));
    }

    [Fact]
    public async Task A_replayed_command_still_counts_as_its_tenants()
    {
        var repaired = false;
        var handler = new Handler((_, _) => repaired ? Task.CompletedTask : throw new ParkException("not_yet", "Not yet."));
        await using var service = await StartAsync(handler);
        await _channel.SendAsync(Queue, Key, Grant("s", 1).ToJson());
        await Eventually(() => handler.Refused.ShouldHaveSingleItem());

        repaired = true;
        await service.Services.GetRequiredService<ParkedMessages>().ReplayAsync(Queue, CancellationToken.None);

        await Eventually(() => handler.Handled.ShouldHaveSingleItem());
        handler.Refused.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Answers_go_to_the_source_of_the_command_and_to_nobody_else()
    {
        await using var service = await Service.StartAsync(_broker, _ => { });
        var replies = service.Services.GetRequiredService<ReplyPublisher>();
        var reply = Event(CommandRecordedV1.Type, new CommandRecordedV1("1", "/shop", "recorded", 3, 1));
        await replies.PublishAsync(reply, "/nobody-listens", CancellationToken.None);
        await _channel.ListenAsync("shop", Exchanges.ConsentReplies, "/shop", ExchangeType.Direct);

        await Task.WhenAll(Enumerable.Range(0, 200).Select(n => replies.PublishAsync(reply with { Id = $"{n}" }, n % 2 == 0 ? "/shop" : "/other", CancellationToken.None)));

        var answers = await _channel.TakeAsync("shop", 100);
        answers.Count.ShouldBe(100);
        answers.Select(a => int.Parse(a.Read().Id, null) % 2).ShouldAllBe(n => n == 0);
        answers[0].Read().DataAs<CommandRecordedV1>().Position.ShouldBe(3);
    }

    private static CloudEvent Grant(string subject, long version) =>
        Event(GrantConsentV1.Type, new GrantConsentV1("newsletter", TimeProvider.System.GetUtcNow(), "subject", "web-form"), subject, version);

    private async Task<Service> StartAsync(Handler handler) =>
        await (await Service.StartAsync(_broker, bus => bus.ConsumesCommands<Handler>(Queue), services => services.AddSingleton(handler))).ReadyAsync();
}
