using System.Text.Json;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace ConsentLedger.Story;

/// <summary>RabbitMQ as an outsider uses it: plain CloudEvents in structured JSON.</summary>
internal sealed class Broker(IConnection connection) : IAsyncDisposable
{
    public const string MediaType = "application/cloudevents+json";

    public static async Task<Broker> ConnectAsync(Uri address, CancellationToken ct)
    {
        var factory = new ConnectionFactory { Uri = address, ClientProvidedName = "story" };
        try
        {
            return new Broker(await factory.CreateConnectionAsync(ct));
        }
        catch (BrokerUnreachableException e)
        {
            throw new StoryBrokenException($"RabbitMQ does not answer at {address.Host}:{address.Port}. Does it run? deploy/local/run --status tells.", e);
        }
    }

    public Task<IChannel> OpenAsync(CancellationToken ct, bool confirms = false) => connection.CreateChannelAsync(new CreateChannelOptions(confirms, confirms), ct);

    public static JsonElement Read(ReadOnlyMemory<byte> body) => JsonSerializer.Deserialize<JsonElement>(body.Span);

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
