using System.Collections.Concurrent;
using System.Text;
using ConsentLedger.Contracts;
using ConsentLedger.Support;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>Consent and marketing-preference as the orchestrator sees them: one queue that hears everything it says, and answers by hand.</summary>
internal sealed class OtherSystems : IAsyncDisposable
{
    private readonly ConcurrentQueue<CloudEvent> _heard = [];
    private readonly SemaphoreSlim _turn = new(1);
    private readonly IChannel _hearing;
    private readonly IChannel _speaking;

    private OtherSystems(IChannel hearing, IChannel speaking) => (_hearing, _speaking) = (hearing, speaking);

    /// <summary>Called for each message, where a test wants answers to come by themselves.</summary>
    public Func<CloudEvent, Task> OnHearing { get; set; } = _ => Task.CompletedTask;

    public static async Task<OtherSystems> ListenAsync(Broker broker)
    {
        var others = new OtherSystems(await broker.OpenChannelAsync(), await broker.OpenChannelAsync());
        await others._hearing.ExchangeDeclareAsync(Exchanges.ErasureEvents, ExchangeType.Topic, durable: true);
        await others._hearing.QueueDeclareAsync("others", durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
        await others._hearing.QueueBindAsync("others", Exchanges.ErasureEvents, "#");
        var consumer = new AsyncEventingBasicConsumer(others._hearing);
        consumer.ReceivedAsync += async (sender, delivery) =>
        {
            CloudEvent.TryRead(delivery.Body.ToArray(), out var message, out _).ShouldBeTrue();
            delivery.RoutingKey.ShouldBe(message!.Type);
            others._heard.Enqueue(message);
            await others.OnHearing(message);
        };
        await others._hearing.BasicConsumeAsync("others", autoAck: true, consumer);
        return others;
    }

    /// <summary>What was said about a person so far, without repetitions, in the order of the stream.</summary>
    public IReadOnlyList<CloudEvent> HeardOf(string subject) => [.. _heard.Where(m => m.Subject == subject).DistinctBy(m => m.Id).OrderBy(m => m.StreamVersion)];

    public async Task<IReadOnlyList<CloudEvent>> HearAsync(string subject, int count)
    {
        await Eventually.HoldsAsync(() =>
        {
            HeardOf(subject).Count.ShouldBeGreaterThanOrEqualTo(count);
            return Task.CompletedTask;
        });
        return HeardOf(subject);
    }

    public static CloudEvent Erased(string system, string subject, Guid request, string tenant = "quintus", string? id = null) => new()
    {
        Id = id ?? People.NewId().ToString(),
        Source = $"https://consentledger/{system}",
        Type = SubjectErasedV1.Type,
        Time = TimeProvider.System.GetUtcNow(),
        Subject = subject,
        Tenant = tenant,
        Data = CloudEvent.DataFrom(new SubjectErasedV1(request)),
    };

    public Task AnswerAsync(string system, string subject, Guid request) => SendAsync(Erased(system, subject, request));

    /// <summary>That these two are one person, as both of their streams say it.</summary>
    public async Task MergeAsync(string one, string other, string tenant = "quintus")
    {
        foreach (var (subject, second) in ((string, string)[])[(one, other), (other, one)])
        {
            await SendAsync(new CloudEvent
            {
                Id = People.NewId().ToString(),
                Source = "https://consentledger/consent",
                Type = SubjectMergedV1.Type,
                Time = TimeProvider.System.GetUtcNow(),
                Subject = subject,
                Tenant = tenant,
                StreamVersion = 1,
                Data = CloudEvent.DataFrom(new SubjectMergedV1(Guid.Parse(second), TimeProvider.System.GetUtcNow(), "agent", "desk")),
            });
        }
    }

    public Task SendAsync(CloudEvent message) =>
        SendAsync(message.Source.EndsWith("/consent", StringComparison.Ordinal) ? Exchanges.ConsentEvents : Exchanges.MarketingEvents, message.ToJson(), message.Type);

    public async Task SendAsync(string exchange, byte[] body, string type = SubjectErasedV1.Type)
    {
        await _turn.WaitAsync();
        try
        {
            await _speaking.BasicPublishAsync(exchange, type, mandatory: true, new BasicProperties { Persistent = true, ContentType = CloudEvent.MediaType }, body);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>The code under which the next message is parked.</summary>
    public async Task<string> ParkedCodeAsync(string queue)
    {
        var code = "";
        await Eventually.HoldsAsync(async () =>
        {
            var message = (await _speaking.BasicGetAsync($"{queue}.parked", autoAck: true)).ShouldNotBeNull();
            code = Encoding.UTF8.GetString((byte[])message.BasicProperties.Headers!["x-parked-code"]!);
        });
        return code;
    }

    public async ValueTask DisposeAsync()
    {
        await _hearing.DisposeAsync();
        await _speaking.DisposeAsync();
        _turn.Dispose();
    }
}
