using System.Text.Json;
using ConsentLedger.Contracts;
using ConsentLedger.Support;
using RabbitMQ.Client;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>A backend tells the running service over the bus that a service or a contract has ended.</summary>
public sealed class ErasureCommandTests(Orchestrator orchestrator) : IClassFixture<Orchestrator>
{
    private const string Tenant = "assutech", Shop = "https://shop.example/backend";

    [Fact]
    public async Task An_end_that_is_told_over_the_bus_is_recorded_once_and_each_telling_is_answered()
    {
        await using var channel = await orchestrator.Broker.OpenChannelAsync();
        await channel.ExchangeDeclareAsync(Exchanges.ErasureReplies, ExchangeType.Direct, durable: true);
        await channel.QueueDeclareAsync("shop", durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
        await channel.QueueBindAsync("shop", Exchanges.ErasureReplies, Shop);
        var subject = People.NewSubject().ToString();
        var pack = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(Servers.Checkout, "deploy", "policies", "assutech.json"))).RootElement;
        await SendAsync(Exchanges.ConsentEvents, PolicyPublishedV1.Type, Message(PolicyPublishedV1.Type, Tenant, new PolicyPublishedV1("1", pack)) with { StreamVersion = 1 });
        await Eventually.HoldsAsync(async () => (await orchestrator.QueryAsync("select count(*) from mt_events where type = 'policy.followed.v1' and @id <> gen_random_uuid()", Guid.Empty)).ShouldBe(1));

        var ended = Message(TerminateServiceV1.Type, subject, new TerminateServiceV1("contract-ended", TimeProvider.System.GetUtcNow().AddDays(-1)));
        var answers = new List<CommandRecordedV1>();
        for (var time = 0; time < 2; time++)
        {
            await SendAsync(Exchanges.ErasureCommands, $"{Tenant}.{ended.Type}", ended);
            answers.Add((await AnswerAsync()).DataAs<CommandRecordedV1>());
        }

        (answers[0].CommandId, answers[0].CommandSource, answers[0].Outcome).ShouldBe((ended.Id, Shop, "recorded"));
        answers[1].ShouldBe(answers[0]);

        (await orchestrator.QueryAsync("select count(*) from mt_events where type = 'retention.set.v1' and stream_id = @id::text", Guid.Parse(subject))).ShouldBe(1);

        foreach (var (message, code) in new[]
        {
            (Message(TerminateServiceV1.Type, subject, new TerminateServiceV1("the weekend", TimeProvider.System.GetUtcNow())), "body_invalid"),
            (Message(TerminateServiceV1.Type, "somebody", new TerminateServiceV1("contract-ended", TimeProvider.System.GetUtcNow())), "subject_id_invalid"),
            (Message(TerminateServiceV1.Type, subject, new TerminateServiceV1("contract-ended", TimeProvider.System.GetUtcNow().AddDays(1))), "occurred_in_future"),
            (Message(AskConsentV1.Type, subject, new TerminateServiceV1("contract-ended", TimeProvider.System.GetUtcNow())), "command_unknown"),
        })
        {
            await SendAsync(Exchanges.ErasureCommands, $"{Tenant}.{message.Type}", message);
            var refused = (await AnswerAsync()).DataAs<CommandRefusedV1>();
            (refused.CommandId, refused.Code).ShouldBe((message.Id, code));
        }

        async Task<CloudEvent> AnswerAsync()
        {
            CloudEvent? answer = null;
            await Eventually.HoldsAsync(async () =>
            {
                var got = (await channel.BasicGetAsync("shop", autoAck: true)).ShouldNotBeNull();
                CloudEvent.TryRead(got.Body.ToArray(), out answer, out _).ShouldBeTrue();
            });
            return answer!;
        }

        async Task SendAsync(string exchange, string routingKey, CloudEvent message) =>
            await channel.BasicPublishAsync(exchange, routingKey, mandatory: true, new BasicProperties { Persistent = true, ContentType = CloudEvent.MediaType }, message.ToJson());
    }

    private static CloudEvent Message<T>(string type, string subject, T data)
        where T : notnull => new()
        {
            Id = People.NewId().ToString(),
            Source = Shop,
            Type = type,
            Time = TimeProvider.System.GetUtcNow(),
            Subject = subject,
            Tenant = Tenant,
            Data = CloudEvent.DataFrom(data),
        };
}
