// An e-mail system: starts from a snapshot, hears what changes, repairs what it missed, and asks before each mail.
// One line of JSON for everything it hears. Each line on its standard input is a question for the gate, {"suppress":"<address>"} for an address that nothing
// goes to any more, or {"told":true} to see what it knows.

using System.Text.Json;
using EmailSystem;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

var tenant = Setting("TENANT");
var key = Convert.FromBase64String(Setting("ADDRESS_KEY"));
var queue = args is [var named] ? named : $"email-system.{tenant}";
using var stop = new CancellationTokenSource();
using var turn = new SemaphoreSlim(1);
using var service = new PreferenceService(new Uri(Setting("PREFERENCE_URL")), Setting("TOKEN"));
var wishes = new Wishes();

await using var connection = await new ConnectionFactory { Uri = new Uri(Setting("AMQP_URL")) }.CreateConnectionAsync(stop.Token);
await using var channel = await connection.CreateChannelAsync(cancellationToken: stop.Token);

// The queue first: what is published while the snapshot is read waits in it, and what is in both is passed over.
await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum", ["x-single-active-consumer"] = true });
foreach (var types in (string[])["marketing.#", "subject.#"]) await channel.QueueBindAsync(queue, "marketing.events", types);
await service.StartAsync(wishes, stop.Token);

var consumer = new AsyncEventingBasicConsumer(channel);
consumer.ReceivedAsync += async (_, message) =>
{
    var e = JsonDocument.Parse(message.Body.ToArray()).RootElement;
    if (e.GetProperty("tenant").GetString() == tenant)
    {
        await turn.WaitAsync(stop.Token);
        try
        {
            if (wishes.Lacks(e)) await service.CatchUpAsync(wishes, Say, stop.Token);
            if (wishes.Apply(e)) Say(e);
        }
        catch (Exception missed) when (missed is HttpRequestException or IOException or JsonException || (missed is OperationCanceledException && !stop.IsCancellationRequested))
        {
            // What was missed could not be had. The message comes again, and with it another try.
            await Console.Error.WriteLineAsync($"could not catch up: {missed.GetType().Name}");
            await Task.Delay(TimeSpan.FromSeconds(1), stop.Token);
            await channel.BasicNackAsync(message.DeliveryTag, multiple: false, requeue: true);
            return;
        }
        finally
        {
            turn.Release();
        }
    }

    await channel.BasicAckAsync(message.DeliveryTag, multiple: false);
};
await channel.BasicQosAsync(0, 100, global: false);
await channel.BasicConsumeAsync(queue, autoAck: false, consumer);
await Console.Error.WriteLineAsync($"listening on {queue} from position {wishes.Position}");

while (await Console.In.ReadLineAsync() is { } line)
{
    var question = JsonDocument.Parse(line).RootElement;
    if (question.TryGetProperty("told", out _))
    {
        await turn.WaitAsync();
        try
        {
            Say(JsonSerializer.SerializeToElement(new { position = wishes.Position, told = wishes.Told() }));
        }
        finally
        {
            turn.Release();
        }
    }
    else if (question.TryGetProperty("suppress", out var address))
    {
        var tag = AddressTag.Of(key, address.GetString()!);
        await service.SuppressAsync(tag, "hard-bounce", stop.Token);
        Say(JsonSerializer.SerializeToElement(new { suppressed = tag }));
    }
    else
    {
        Say(await service.AskAsync(question, stop.Token));
    }
}

await stop.CancelAsync();

static void Say(JsonElement line) => Console.WriteLine(line.GetRawText());

static string Setting(string name) => Environment.GetEnvironmentVariable(name) ?? throw new InvalidOperationException($"{name} is needed in the environment.");
