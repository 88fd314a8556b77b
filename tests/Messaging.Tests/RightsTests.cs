using ConsentLedger.Contracts;
using ConsentLedger.Support;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace ConsentLedger.Messaging.Tests;

/// <summary>What deploy/rabbitmq/definitions lets outsiders do.</summary>
public sealed class RightsTests
{
    [Theory]
    [InlineData(Exchanges.ConsentCommands)]
    [InlineData(Exchanges.ConsentReplies)]
    [InlineData(Exchanges.ErasureCommands)]
    [InlineData(Exchanges.ErasureReplies)]
    [InlineData(Exchanges.ConsentEvents)]
    [InlineData(Exchanges.MarketingEvents)]
    [InlineData(Exchanges.ErasureEvents)]
    public async Task An_outsider_finds_an_exchange_of_the_product_and_cannot_delete_it(string exchange)
    {
        await using var broker = await Broker.CreateAsync("rights");
        await broker.AddUsersAsync("outside");
        await using var connection = await new ConnectionFactory { Uri = broker.UriOf("outside") }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        await channel.ExchangeDeclarePassiveAsync(exchange);

        var refusal = await Should.ThrowAsync<OperationInterruptedException>(() => channel.ExchangeDeleteAsync(exchange));

        ((int)refusal.ShutdownReason!.ReplyCode).ShouldBe(Constants.AccessRefused);
    }
}
