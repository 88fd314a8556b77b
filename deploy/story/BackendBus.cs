using System.Collections.Concurrent;
using System.Text.Json;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace ConsentLedger.Story;

/// <summary>A product backend's side of the bus: commands out, the answer to each back under the backend's own source.</summary>
internal sealed class BackendBus : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly IChannel _out;
    private readonly IChannel _in;
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<string, TaskCompletionSource<CommandReply>> _awaited = new();

    private BackendBus(IChannel @out, IChannel @in, TimeProvider clock) => (_out, _in, _clock) = (@out, @in, clock);

    public static async Task<BackendBus> OpenAsync(Broker broker, IEnumerable<Controller> controllers, TimeProvider clock, CancellationToken ct)
    {
        var bus = new BackendBus(await broker.OpenAsync(ct, confirms: true), await broker.OpenAsync(ct), clock);
        await bus._out.ExchangeDeclarePassiveAsync("consent.commands", ct);
        var queue = await bus._in.QueueDeclareAsync(cancellationToken: ct);
        foreach (var controller in controllers) await bus._in.QueueBindAsync(queue, "consent.replies", controller.BackendSource, cancellationToken: ct);

        var consumer = new AsyncEventingBasicConsumer(bus._in);
        consumer.ReceivedAsync += (_, delivery) => bus.HearAsync(delivery.Body);
        await bus._in.BasicConsumeAsync(queue, autoAck: true, consumer, ct);
        return bus;
    }

    /// <summary>Sends a command and awaits its answer. Sent again after that, it has to be answered in the same way.</summary>
    /// <param name="type">Left out to send what cannot be read.</param>
    public async Task<CommandReply> SendAsync(Controller controller, string id, string? type, string subject, object data, CancellationToken ct)
    {
        var reply = new TaskCompletionSource<CommandReply>(TaskCreationOptions.RunContinuationsAsynchronously);
        _awaited[KeyOf(controller.BackendSource, id)] = reply;
        var command = new
        {
            Specversion = "1.0",
            Id = id,
            Source = controller.BackendSource,
            Type = type,
            Time = _clock.GetUtcNow(),
            Subject = subject,
            controller.Tenant,
            Datacontenttype = "application/json",
            Data = data,
        };
        var properties = new BasicProperties { ContentType = Broker.MediaType, Persistent = true };
        await _out.BasicPublishAsync(
            "consent.commands", $"{controller.Tenant}.{type ?? "unknown"}", mandatory: true, properties, JsonSerializer.SerializeToUtf8Bytes(command, ServiceClient.Json), ct);
        try
        {
            return await reply.Task.WaitAsync(Patience, _clock, ct);
        }
        catch (TimeoutException e)
        {
            throw new StoryBrokenException($"consent did not answer a command of {controller.Tenant} over RabbitMQ within {Patience.TotalSeconds:0} s.", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _out.DisposeAsync();
        await _in.DisposeAsync();
    }

    private static string KeyOf(string source, string id) => $"{source} {id}";

    private Task HearAsync(ReadOnlyMemory<byte> body)
    {
        var reply = Broker.Read(body).GetProperty("data").Deserialize<CommandReply>(ServiceClient.Json)!;
        if (_awaited.TryRemove(KeyOf(reply.CommandSource, reply.CommandId ?? ""), out var waiting)) waiting.SetResult(reply);
        return Task.CompletedTask;
    }
}

internal sealed record CommandReply(string CommandSource, string? CommandId, string Outcome, string? Code, string? Reason, long? Position, long? Version);
