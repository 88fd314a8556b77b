using System.Runtime.CompilerServices;
using ConsentLedger.Contracts;
using MassTransit;
using MassTransit.RabbitMqTransport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RabbitMQ.Client;

namespace ConsentLedger.Messaging.Receiving;

/// <summary>
/// With <see cref="Hearing"/> the only file that knows MassTransit. It keeps the connection, the channel, the prefetch and the orderly stop; what a body means, what is
/// retried and what is parked is said in <see cref="Reception"/>, because any language may have written the message.
/// </summary>
internal static class MassTransitReceiving
{
    // Several times what is handled at once: a subject or a tenant that has to wait must not keep the others from being seen.
    private const int Prefetch = Reception.AtOnce * 4;
    private static readonly TimeSpan FinishWithin = TimeSpan.FromSeconds(3);

    public static void AddReceiving(this IServiceCollection services, BrokerAddress address)
    {
        services.AddOptions<MassTransitHostOptions>().Configure(host =>
        {
            // A broker that is away must not keep the service from serving.
            host.WaitUntilStarted = false;
            host.ConsumerStopTimeout = FinishWithin;
            host.StopTimeout = FinishWithin * 3;
        });

        // Before MassTransit's own, so that it watches what that starts.
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<Hearing>(s, (Action<IBusRegistrationContext, IRabbitMqBusFactoryConfigurator>)Configure)).AddHostedService(s => s.GetRequiredService<Hearing>());
        services.AddSingleton<IsConsuming>(s => () => s.GetRequiredService<Hearing>().IsConsuming);
        services.AddMassTransit(bus =>
        {
            bus.DisableUsageTelemetry();
            bus.UsingRabbitMq(Configure);
        });

        void Configure(IBusRegistrationContext services, IRabbitMqBusFactoryConfigurator broker)
        {
            var factory = address.Factory();
            var connection = services.GetRequiredService<BrokerConnection>();
            var stopping = services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
            broker.Host(factory.HostName, (ushort)factory.Port, factory.VirtualHost, host =>
            {
                host.Username(factory.UserName);
                host.Password(factory.Password);
                host.Heartbeat(factory.RequestedHeartbeat);
                host.MaxMessageSize(BrokerAddress.MaxMessageBytes);
                host.ConnectionName(factory.ClientProvidedName);

                // Asked before each attempt to connect. Left to itself it waits up to half a minute between two, and for ever after a wrong password.
                host.OnRefreshConnectionFactory = _ => connection.WaitAsync(stopping);
                if (factory.Ssl.Enabled) host.UseSsl(tls => tls.ServerName = factory.Ssl.ServerName);
            });
            foreach (var reception in services.GetServices<Reception>())
                broker.ReceiveEndpoint(reception.Consumption.Queue, endpoint => ConfigureQueue(endpoint, reception));
        }
    }

    private static void ConfigureQueue(IRabbitMqReceiveEndpointConfigurator endpoint, Reception reception)
    {
        var consumption = reception.Consumption;
        endpoint.ConfigureConsumeTopology = false;
        endpoint.PublishFaults = false;
        endpoint.PrefetchCount = Prefetch;

        // All of them take their place at once. Were fewer let in, those could all be waiting for one that was not.
        endpoint.ConcurrentMessageLimit = Prefetch;

        // Left alone it would declare the queue in its own way. An exchange named after the queue it insists on, and commands have theirs already.
        endpoint.BindQueue = false;
        endpoint.ExchangeType = ExchangeType.Topic;
        endpoint.ConfigureChannel(channel => channel.UseFilter(new Declaring(consumption)));
        endpoint.ConfigureReceive(pipe => pipe.UseFilter(new Receiving(reception)));
    }

    /// <summary>Runs for every fresh channel, before MassTransit's own set-up.</summary>
    private sealed class Declaring(Consumption consumption) : IFilter<ChannelContext>
    {
        public async Task Send(ChannelContext context, IPipe<ChannelContext> next)
        {
            await Topology.DeclareAsync(context.ConnectionContext.Connection, context.Channel, consumption, context.CancellationToken);
            await next.Send(context);
        }

        public void Probe(ProbeContext context) => context.CreateFilterScope("declaring");
    }

    /// <summary>Ends the pipe: behind it MassTransit would read the body, and send what it cannot read to queues of its own.</summary>
    private sealed class Receiving(Reception reception) : IFilter<ReceiveContext>
    {
        private readonly ConditionalWeakTable<ChannelContext, Deliveries> _channels = [];

        public async Task Send(ReceiveContext context, IPipe<ReceiveContext> next)
        {
            var channel = context.GetPayload<ChannelContext>();
            var deliveries = _channels.GetValue(channel, static opened => new Deliveries(opened.Channel));
            try
            {
                // All of it in here: a delivery that never arrives would be waited for by every later one.
                var delivery = context.GetPayload<RabbitMqBasicConsumeContext>();
                var received = new ReceivedMessage(context.Body.GetBytes(), delivery.Exchange, delivery.RoutingKey ?? "", delivery.Properties);
                CloudEvent.TryRead(received.Body, out var message, out var fault);
                var entered = new TaskCompletionSource<Task>(TaskCreationOptions.RunContinuationsAsynchronously);
                var (tenant, subject) = reception.LaneOf(received, message, delivery.DeliveryTag);
                deliveries.Arrive(delivery.DeliveryTag, () => entered.SetResult(reception.Lanes.EnqueueAsync(
                    tenant, subject, () => deliveries.SettleAsync(() => reception.ReceiveAsync(received, message, fault, context.CancellationToken)))));
                await await entered.Task.WaitAsync(context.CancellationToken);
            }
            catch
            {
                deliveries.GiveUp();
                throw;
            }
        }

        public void Probe(ProbeContext context) => context.CreateFilterScope("receiving");
    }
}
