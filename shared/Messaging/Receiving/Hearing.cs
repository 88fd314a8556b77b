using MassTransit;
using MassTransit.RabbitMqTransport.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client.Exceptions;

namespace ConsentLedger.Messaging.Receiving;

/// <summary>
/// Puts another bus in the place of one that has gone deaf. Of a connection that is closed while many deliveries are under way MassTransit 8.4.0 sometimes never hears: it
/// keeps that connection, asks it for channels, fails, and asks it again, for good. What then is left is a bus that begins with a connection of its own.
/// </summary>
/// <param name="first">The one that MassTransit starts and stops with the service.</param>
/// <param name="configure">As the first was configured.</param>
internal sealed class Hearing(
    IBusControl first, IBusRegistrationContext context, Action<IBusRegistrationContext, IRabbitMqBusFactoryConfigurator> configure, ILogger<Hearing> log) : IHostedService
{
    private readonly Lock _gate = new();
    private IBusControl? _another;
    private bool _stopping;

    public bool IsConsuming => (Volatile.Read(ref _another) ?? first).CheckHealth().Status == BusHealthStatus.Healthy;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        Watch(first);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        lock (_gate) _stopping = true;
        if (_another is { } another) await another.StopAsync(cancellationToken);
    }

    private void Watch(IBusControl bus) => bus.ConnectReceiveEndpointObserver(new Faults(e =>
    {
        if (IsOfClosedConnection(e)) Replace(bus);
    }));

    private static bool IsOfClosedConnection(Exception? e) => e is AlreadyClosedException || (e is not null && IsOfClosedConnection(e.InnerException));

    private void Replace(IBusControl deaf)
    {
        IBusControl another;
        lock (_gate)
        {
            // Each of its queues tells of it, and some of them again while it stops.
            if (_stopping || deaf != (_another ?? first)) return;
            _another = another = new RabbitMqRegistrationBusFactory(configure).CreateBus(context, [], "").BusControl;
        }

        log.BeganAnew();
        Watch(another);

        // Neither is awaited: the one who tells us is among those that are stopped, and the other is there when the broker is.
        _ = another.StartAsync(CancellationToken.None);
        _ = deaf.StopAsync(CancellationToken.None);
    }

    private sealed class Faults(Action<Exception?> tell) : IReceiveEndpointObserver
    {
        public Task Faulted(ReceiveEndpointFaulted faulted)
        {
            tell(faulted.Exception);
            return Task.CompletedTask;
        }

        public Task Ready(ReceiveEndpointReady ready) => Task.CompletedTask;

        public Task Stopping(ReceiveEndpointStopping stopping) => Task.CompletedTask;

        public Task Completed(ReceiveEndpointCompleted completed) => Task.CompletedTask;
    }
}
