using ConsentLedger.Contracts;
using ConsentLedger.EventStore;
using ConsentLedger.Messaging.Publishing;
using ConsentLedger.Messaging.Receiving;
using ConsentLedger.Resilience;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace ConsentLedger.Messaging;

public static class MessagingRegistration
{
    // The remotes of docs/adr/0015. Handling is none, but what it waits for is.
    internal const string Broker = "broker";
    internal const string Relay = "relay";
    internal const string Handling = "handling";

    /// <summary>Connects a service to the broker at <c>Broker:Uri</c>. The relay reads the registered <see cref="IEventEngine"/>; consumers are singletons.</summary>
    public static IServiceCollection AddMessaging(this IServiceCollection services, IConfiguration configuration, Action<BusPlan> describe)
    {
        var plan = new BusPlan();
        describe(plan);
        var address = new BrokerAddress(new Uri(
            configuration["Broker:Uri"] ?? throw new InvalidOperationException("Broker__Uri is not set. It is amqp://user:password@host:port/vhost.")));

        services.AddRemote(Broker, remote => (remote.AttemptTimeoutMs, remote.BaseDelayMs, remote.MaxDelayMs) = (15_000, 500, 2000));
        services.AddRemote(Relay, remote => (remote.BaseDelayMs, remote.MaxDelayMs) = (1000, 5000));
        services.AddRemote(Handling, remote => (remote.Attempts, remote.BaseDelayMs, remote.MaxDelayMs) = (6, 50, 2000));
        services.AddSingleton<MessagingMetrics>();
        services.AddSingleton(address);
        services.AddSingleton<BrokerConnection>();
        var replies = Exchanges.RepliesTo(plan.Consumptions.Find(c => c.AreCommands)?.From ?? Exchanges.ConsentCommands);
        services.AddSingleton(s => new ReplyPublisher(replies, s.GetRequiredService<BrokerConnection>(), s.GetRequiredService<MessagingMetrics>(), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton(s => new ParkedMessages(s.GetRequiredService<BrokerConnection>(), s.GetRequiredService<TimeProvider>()));
        services.AddHealthChecks().AddCheck<BrokerHealthCheck>("broker");

        if (plan.Publication is { } publication)
        {
            services.AddSingleton(publication).AddHostedService<Relay>();
            services.AddSingleton(s => new Announcements(publication, s.GetRequiredService<BrokerConnection>(), s.GetRequiredService<MessagingMetrics>(), s.GetRequiredService<TimeProvider>()));
        }

        foreach (var consumption in plan.Consumptions) services.AddReception(consumption);
        if (plan.Consumptions.Count > 0) services.AddReceiving(address);
        return services;
    }

    private static void AddReception(this IServiceCollection services, Consumption consumption)
    {
        services.TryAddSingleton(consumption.Consumer);
        services.AddSingleton(s => new Reception(
            consumption,
            (ICloudEventConsumer)s.GetRequiredService(consumption.Consumer),
            new Parking(consumption, s.GetRequiredService<BrokerConnection>(), s.GetRequiredService<TimeProvider>()),
            s.GetRequiredService<MessagingMetrics>(),
            s.GetRequiredService<Remotes>(),
            s.GetRequiredService<ILogger<Reception>>()));
    }
}
