using System.Collections.Concurrent;
using System.Text.Json;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace ConsentLedger.Story;

/// <summary>The email system: follows <c>marketing.events</c> through a queue of its own, and stops sending to whoever unsubscribed.</summary>
internal sealed class EmailSystem : IAsyncDisposable
{
    private readonly IChannel _channel;
    private readonly string _queue;
    private readonly TimeProvider _clock;
    private readonly IReadOnlyDictionary<string, Person> _people;
    private readonly ConcurrentDictionary<string, long> _versions = new();
    private readonly ConcurrentDictionary<(Person Person, string Topic), IReadOnlyList<Unsubscribed>> _unsubscribed = new();
    private string? _disorder;

    private EmailSystem(IChannel channel, string queue, IEnumerable<Person> people, TimeProvider clock) =>
        (_channel, _queue, _people, _clock) = (channel, queue, people.ToDictionary(person => person.Id), clock);

    public static async Task<EmailSystem> StartAsync(Broker broker, IEnumerable<Person> people, string run, TimeProvider clock, CancellationToken ct)
    {
        var channel = await broker.OpenAsync(ct);
        var email = new EmailSystem(channel, $"email-system.story.{run}", people, clock);

        // A real one keeps its queue for good. This one's owner leaves, and if it is killed, the broker clears up after it.
        var arguments = new Dictionary<string, object?>
        {
            ["x-queue-type"] = "quorum",
            ["x-single-active-consumer"] = true,
            ["x-expires"] = (int)TimeSpan.FromMinutes(30).TotalMilliseconds,
        };
        await channel.QueueDeclareAsync(email._queue, durable: true, exclusive: false, autoDelete: false, arguments, cancellationToken: ct);
        await channel.QueueBindAsync(email._queue, "marketing.events", "#", cancellationToken: ct);
        await channel.BasicQosAsync(0, 100, global: false, ct);

        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += async (_, delivery) =>
        {
            email.Hear(Broker.Read(delivery.Body));
            await channel.BasicAckAsync(delivery.DeliveryTag, multiple: false);
        };
        await channel.BasicConsumeAsync(email._queue, autoAck: false, consumer, ct);
        return email;
    }

    /// <summary>What was heard of one person leaving one topic by mail, in order.</summary>
    public IReadOnlyList<Unsubscribed> HeardOf(Person person) => _unsubscribed.GetValueOrDefault((person, person.Mailing.Topic), []);

    /// <summary>In order per person, without a gap, from the first on.</summary>
    public void ExpectOrder() => Expect.That(_disorder is null, _disorder ?? "");

    public async ValueTask DisposeAsync()
    {
        if (_channel.IsOpen) await _channel.QueueDeleteAsync(_queue, ifUnused: false, ifEmpty: false);
        await _channel.DisposeAsync();
    }

    private void Hear(JsonElement message)
    {
        if (!message.TryGetProperty("subject", out var about) || about.GetString() is not { } subject || !_people.TryGetValue(subject, out var person)) return;
        var version = message.GetProperty("streamversion").GetInt64();
        var last = _versions.GetValueOrDefault(subject);

        // Every event comes at least once.
        if (version <= last) return;
        if (version != last + 1) _disorder ??= $"The email system of {person.Controller.Tenant} heard version {version} of a subject after version {last}.";
        _versions[subject] = version;
        if (message.GetProperty("type").GetString() != "marketing.unsubscribed.v1") return;

        var unsubscribed = message.GetProperty("data").Deserialize<Unsubscribed>(ServiceClient.Json)! with { HeardAt = _clock.GetTimestamp() };
        if (unsubscribed.Channel == "email") _unsubscribed.AddOrUpdate((person, unsubscribed.Topic), [unsubscribed], (_, before) => [.. before, unsubscribed]);
    }
}

internal sealed record Unsubscribed(string Topic, string Channel, string Cause, bool WithdrawsConsent, string? DeliveryId, string? RecipientRef)
{
    public long HeardAt { get; init; }
}
