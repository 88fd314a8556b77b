using System.Text;
using ConsentLedger.Contracts;
using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Ledger;
using ConsentLedger.Messaging;
using ConsentLedger.Support;
using ConsentLedger.Transparency.Signing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using RabbitMQ.Client;

namespace ConsentLedger.Transparency.Tests;

public sealed class AnnouncingTests : IAsyncLifetime
{
    private const string Queue = "followers";

    private static readonly CancellationToken Ct = CancellationToken.None;

    private readonly string _keyFile = Path.GetTempFileName();
    private SomeLedger _ledger = null!;
    private Broker _broker = null!;

    public async Task InitializeAsync()
    {
        _ledger = await SomeLedger.CreateAsync();
        _broker = await Broker.CreateAsync("log");
        await File.WriteAllBytesAsync(_keyFile, Replica.Seed);
    }

    public async Task DisposeAsync()
    {
        await _broker.DisposeAsync();
        await _ledger.DisposeAsync();
        File.Delete(_keyFile);
    }

    [Fact]
    public async Task The_bus_is_told_of_the_newest_checkpoint_with_the_note_to_keep()
    {
        await using var channel = await FollowAsync();
        using var host = await StartAsync();
        await _ledger.AppendAsync(5);

        var message = await TakeAsync(channel, until: 5);

        message.Source.ShouldBe("https://ledger.test/notes");
        message.Subject.ShouldBe("ledger.test/notes/quintus");
        message.Tenant.ShouldBe("quintus");
        message.Position.ShouldBeNull();
        var told = message.DataAs<CheckpointSignedV1>();
        TrustPolicy.Of(Replica.Key).TryOpen(Encoding.UTF8.GetBytes(told.Note), out var checkpoint, out var fault).ShouldBeTrue(fault?.Reason);
        (told.Origin, told.Size, told.Root).ShouldBe((checkpoint!.Head.Origin, checkpoint.Head.Size, checkpoint.Head.Root.ToBase64()));
        await host.StopAsync(Ct);
    }

    [Fact]
    public async Task What_was_stored_while_nobody_could_tell_is_told_later_and_only_the_newest_of_it()
    {
        await using (var lease = (await SignerLease.TryTakeAsync(_ledger.Source, Ct)).ShouldNotBeNull())
        {
            var signer = _ledger.NewSigner();
            for (var i = 0; i < 3; i++)
            {
                await _ledger.AppendAsync(10);
                await signer.SignAsync(lease, Ct);
            }
        }

        await using var channel = await FollowAsync();
        using var host = await StartAsync();

        (await TakeAsync(channel, until: 30)).DataAs<CheckpointSignedV1>().Size.ShouldBe(30);
        while ((await _ledger.Checkpoints.ReadUnannouncedAsync(Ct)).Count > 0) await Task.Delay(20, Ct);
        await host.StopAsync(Ct);
        (await channel.MessageCountAsync(Queue, Ct)).ShouldBe(0u);

        // A crash between the broker's word and ours tells it again, as the same message.
        await _ledger.SqlAsync("update ledger_checkpoints set announced = 0");
        using var again = await StartAsync();
        (await TakeAsync(channel, until: 30)).DataAs<CheckpointSignedV1>().Size.ShouldBe(30);
        await again.StopAsync(Ct);
    }

    private async Task<IHost> StartAsync()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection([new("Broker:Uri", $"{_broker.Uri}"), new("Ledger:Origin", Replica.Origin), new("Ledger:SigningKeyFile", _keyFile)]);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(_ => NpgsqlLedger.DataSource(_ledger.ConnectionString));
        builder.Services.AddSingleton<IEventEngine>(s => new NpgsqlEngine(s.GetRequiredService<NpgsqlDataSource>()));
        builder.Services.AddLog(builder.Configuration);
        builder.Services.AddMessaging(builder.Configuration, bus => bus.Publishes(Exchanges.ConsentEvents, _ => null));
        var host = builder.Build();
        await host.StartAsync(Ct);
        return host;
    }

    private async Task<IChannel> FollowAsync()
    {
        var channel = await _broker.OpenChannelAsync();
        await channel.ExchangeDeclareAsync(Exchanges.ConsentEvents, ExchangeType.Topic, durable: true, cancellationToken: Ct);
        await channel.QueueDeclareAsync(Queue, durable: true, exclusive: false, autoDelete: false, cancellationToken: Ct);
        await channel.QueueBindAsync(Queue, Exchanges.ConsentEvents, CheckpointSignedV1.Type, cancellationToken: Ct);
        return channel;
    }

    /// <summary>The first message of a checkpoint of at least this size.</summary>
    private static async Task<CloudEvent> TakeAsync(IChannel channel, long until)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            if (await channel.BasicGetAsync(Queue, autoAck: true, patience.Token) is { } got)
            {
                CloudEvent.TryRead(got.Body.ToArray(), out var message, out var fault).ShouldBeTrue(fault?.Reason);
                if (message!.DataAs<CheckpointSignedV1>().Size >= until) return message;
            }
            else
            {
                await Task.Delay(25, patience.Token);
            }
        }
    }
}
