using ConsentLedger.Support;

namespace ConsentLedger.Chaos;

/// <summary>The product on servers of its own, all of which a test may kill and start again.</summary>
/// <param name="patience">Shorter than the runner's: who loses it here says where, and shows what the services said.</param>
public abstract class Killing(TimeSpan patience) : IAsyncLifetime
{
    private readonly CancellationTokenSource _patience = new(patience);

    protected OwnServers OwnServers { get; private set; } = null!;

    protected Installation Here { get; private set; } = null!;

    /// <summary>What the test is at.</summary>
    protected string Stage { get; set; } = "starting";

    protected virtual bool MovesTheClock => false;

    protected CancellationToken Ct => _patience.Token;

    public async Task InitializeAsync()
    {
        try
        {
            OwnServers = await OwnServers.StartAsync();
            Here = await Installation.PrepareAsync(MovesTheClock);
            await StartAsync();
        }
        catch
        {
            // The runner disposes of nothing that did not start whole.
            await DisposeAsync();
            throw;
        }
    }

    public virtual async Task DisposeAsync()
    {
        await LosePatienceAsync();
        try
        {
            // What it made on them goes with them. At the address of one that the test has killed there may be somebody else's by now.
            if (Here is not null) await Here.LeaveServersAsync();
        }
        finally
        {
            // They run on by themselves, and would for ever.
            if (OwnServers is not null) await OwnServers.DisposeAsync();
            _patience.Dispose();
        }
    }

    /// <summary>Starts the services that the test needs.</summary>
    protected abstract Task StartAsync();

    protected async Task PatientlyAsync(Func<Task> test)
    {
        try
        {
            await test();
        }
        catch (OperationCanceledException) when (_patience.IsCancellationRequested)
        {
            throw new TimeoutException($"Not done in time: {Stage}.\n{string.Join('\n', Here.Services.Select(s => $"{s.Name}: {s.Tail()}"))}");
        }
    }

    /// <summary>What the test has left at work comes to an end, and starts nothing again.</summary>
    protected Task LosePatienceAsync() => _patience.CancelAsync();

    protected async Task KillAndRestartAsync(ServiceProcess service)
    {
        await service.KillAsync();
        await service.StartAsync(Ct);
    }

    /// <summary>Waits until so many more have come to be.</summary>
    /// <param name="working">Whoever of them ends before being told to has heard what must not be heard.</param>
    protected async Task MoreAsync(Func<int> count, int more, IEnumerable<Task> working)
    {
        for (var enough = count() + more; count() < enough; await Task.Delay(20, Ct))
        {
            if (working.FirstOrDefault(w => w.IsCompleted) is { } ended) await ended;
        }
    }
}
