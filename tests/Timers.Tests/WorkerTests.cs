using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Timers.Tests;

/// <summary>The worker as a service hosts it: asleep until something is due, by the system's clock and by one that is moved.</summary>
public sealed class WorkerTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _file = Path.GetTempFileName();

    public WorkerTests() => Move("P0D");

    [Fact]
    public async Task Asleep_for_a_later_timer_it_wakes_for_an_earlier_one_that_another_process_sets()
    {
        await using var library = await Library.OpenAsync(TimeProvider.System);
        var reader = library.NewReader();
        await library.First.LendAsync(reader, "a", TimeProvider.System.GetUtcNow().AddDays(30));
        await library.First.StartAsync();
        var other = await library.ReplicaAsync();
        foreach (var book in (string[])["b", "c"])
        {
            await other.LendAsync(reader, book, TimeProvider.System.GetUtcNow().AddMilliseconds(500));
            await UntilAsync(async () => (await library.AskedBackAsync(reader)).OfType<AskedBack>().Any(a => a.Book == book));
        }

        (await library.AskedBackAsync(reader)).Count.ShouldBe(2);
    }

    [Fact]
    public async Task It_notices_that_the_clock_was_moved()
    {
        using var clock = new OffsetClock(_file);
        await using var library = await Library.OpenAsync(clock);
        var reader = library.NewReader();
        for (var month = 1; month <= 6; month++) await library.First.LendAsync(reader, $"{month}", clock.GetUtcNow().AddDays(30 * month));
        await library.First.StartAsync();
        for (var month = 1; month <= 6; month++)
        {
            // Back in between: nothing comes back that has happened.
            Move($"-P{month}D");
            Move($"P{(30 * month) + 1}D");
            await UntilAsync(async () => (await library.AskedBackAsync(reader)).Count == month);
        }
    }

    [Fact]
    public async Task When_the_one_that_does_the_work_is_gone_another_takes_over()
    {
        using var clock = new OffsetClock(_file);
        await using var library = await Library.OpenAsync(clock);
        await library.First.StartAsync();
        var other = await library.ReplicaAsync();
        await other.StartAsync();
        var reader = library.NewReader();
        await other.LendAsync(reader, "a", clock.GetUtcNow().AddDays(1));
        await library.First.StopAsync();
        Move("P2D");
        await UntilAsync(async () => (await library.AskedBackAsync(reader)).Count == 1);
        other.Timers.FailingFor.ShouldBeNull();
    }

    public void Dispose() => File.Delete(_file);

    private void Move(string offset) => File.WriteAllText(_file, offset);

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!await holds()) await Task.Delay(20, patience.Token);
    }
}
