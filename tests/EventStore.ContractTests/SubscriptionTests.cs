using System.Threading.Channels;

namespace ConsentLedger.EventStore.ContractTests;

/// <summary>How far a subscription may run ahead of what is done, and what a run leaves to the next.</summary>
public sealed class SubscriptionTests : IAsyncLifetime
{
    private static readonly StreamKey Stream = new(TenantId.Parse("assutech"), new StreamId(new Guid(1, 0, 0x4000, 0x80, 0, 0, 0, 0, 0, 0, 1)));

    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(1));
    private readonly MemoryEngine _engine = new();
    private readonly Channel<(long First, TaskCompletionSource Done)> _begun = Channel.CreateUnbounded<(long, TaskCompletionSource)>();
    private CancellationTokenSource _stop = new();
    private DeciderLoop _loop = null!;
    private int _notes;

    private CancellationToken Ct => _patience.Token;

    public Task InitializeAsync()
    {
        _loop = new DeciderLoop(_engine, Notebook.Catalog, TimeProvider.System);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _loop.DisposeAsync();
        _engine.Dispose();
        _stop.Dispose();
        _patience.Dispose();
    }

    [Fact]
    public async Task The_next_batch_is_begun_while_one_is_ending_and_no_further_one()
    {
        var following = Follow();
        var first = await NoteAsync();
        var second = await NoteAsync();
        await _loop.ExecuteAsync(Notebook.Note(Stream, "third"), Ct);
        await AnotherHearsAsync(3);
        _begun.Reader.TryPeek(out _).ShouldBeFalse();

        second.Done.SetResult();
        first.Done.SetResult();
        (await _begun.Reader.ReadAsync(Ct)).First.ShouldBe(2);
        await StopAsync(following);
    }

    [Fact]
    public async Task What_follows_a_failure_is_begun_again_even_if_it_was_done()
    {
        var following = Follow();
        (await NoteAsync()).Done.SetResult();
        var fails = await NoteAsync();
        (await NoteAsync()).Done.SetResult();
        fails.Done.SetException(new InvalidDataException("lost"));
        await Should.ThrowAsync<InvalidDataException>(() => following);

        following = Follow();
        (await _begun.Reader.ReadAsync(Ct)).First.ShouldBe(1);
        await StopAsync(following);
    }

    [Fact]
    public async Task What_was_begun_when_the_next_cannot_be_is_let_end_and_not_begun_again()
    {
        var failing = new TaskCompletionSource();
        var following = Follow(new Subscription(_engine, "test", TimeProvider.System), failsAt: 1, failing);
        var first = await NoteAsync();
        await _loop.ExecuteAsync(Notebook.Note(Stream, "cannot begin"), Ct);
        await failing.Task.WaitAsync(Ct);
        for (var turn = 0; turn < 100; turn++) await Task.Yield();
        first.Done.TrySetResult().ShouldBeTrue();
        await Should.ThrowAsync<InvalidDataException>(() => following.WaitAsync(Ct));

        following = Follow();
        (await _begun.Reader.ReadAsync(Ct)).First.ShouldBe(1);
        await StopAsync(following);
    }

    [Fact]
    public async Task A_failure_ends_the_run_though_nothing_more_is_appended()
    {
        var following = Follow(new StandingClock());
        (await NoteAsync()).Done.SetException(new InvalidDataException("lost"));
        await Should.ThrowAsync<InvalidDataException>(() => following.WaitAsync(Ct));
    }

    [Fact]
    public async Task What_was_done_when_a_run_ends_is_not_done_again()
    {
        var subscription = new Subscription(_engine, "test", new StandingClock());
        var following = Follow(subscription);
        for (var n = 0; n < 3; n++) (await NoteAsync()).Done.SetResult();
        while (await subscription.ReadLagAsync(Ct) != 0) await Task.Yield();
        await StopAsync(following);

        following = Follow();
        (await NoteAsync()).First.ShouldBe(3);
        await StopAsync(following);
    }

    [Fact]
    public async Task Work_that_nobody_waits_for_rests_and_then_takes_all_that_came()
    {
        var clock = new StandingClock();
        var following = Follow(clock, TimeSpan.FromMinutes(1));
        (await NoteAsync()).Done.SetResult();
        for (var n = 1; n <= 3; n++) await _loop.ExecuteAsync(Notebook.Note(Stream, $"{n}"), Ct);
        await AnotherHearsAsync(4);
        _begun.Reader.TryPeek(out _).ShouldBeFalse();

        await clock.PassAsync(TimeSpan.FromMinutes(1), Ct);
        (await _begun.Reader.ReadAsync(Ct)).First.ShouldBe(1);
        _begun.Reader.TryPeek(out _).ShouldBeFalse();
        await StopAsync(following);
    }

    private Task Follow(TimeProvider? clock = null, TimeSpan rest = default) => Follow(new Subscription(_engine, "test", clock ?? TimeProvider.System, rest));

    private Task Follow(Subscription subscription, long? failsAt = null, TaskCompletionSource? failing = null) => subscription.RunAheadAsync(
        async (events, running) =>
        {
            if (events[0].Place.Position == failsAt)
            {
                failing?.SetResult();
                throw new InvalidDataException("cannot begin");
            }

            // What follows from its end has followed when the test goes on.
            var done = new TaskCompletionSource();
            running.Register(() => done.TrySetCanceled(running));
            await _begun.Writer.WriteAsync((events[0].Place.Position, done), Ct);
            return new Begun(events.Count, done.Task);
        },
        _stop.Token);

    /// <summary>Appends one event and waits until it is begun.</summary>
    private async Task<(long First, TaskCompletionSource Done)> NoteAsync()
    {
        await _loop.ExecuteAsync(Notebook.Note(Stream, $"note {_notes++}"), Ct);
        return await _begun.Reader.ReadAsync(Ct);
    }

    /// <summary>Whoever could hear of these events by now has.</summary>
    private async Task AnotherHearsAsync(long next)
    {
        using var stop = new CancellationTokenSource();
        var following = new Subscription(_engine, "another", TimeProvider.System).RunAsync(
            async (events, _) =>
            {
                if (events[^1].Place.Position + 1 == next) await stop.CancelAsync();
            },
            stop.Token);
        await Task.WhenAny(following.WaitAsync(Ct));
        for (var turn = 0; turn < 100; turn++) await Task.Yield();
    }

    private async Task StopAsync(Task following)
    {
        await _stop.CancelAsync();
        await Task.WhenAny(following.WaitAsync(Ct));
        _stop.Dispose();
        _stop = new();
    }

    /// <summary>Its time does not pass but when told.</summary>
    private sealed class StandingClock : TimeProvider
    {
        private readonly Channel<(TimeSpan For, Action Ring)> _timers = Channel.CreateUnbounded<(TimeSpan, Action)>();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _timers.Writer.TryWrite((dueTime, () => callback(state)));
            return System.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        /// <summary>Rings the next timer that is for this long, as soon as there is one.</summary>
        public async Task PassAsync(TimeSpan time, CancellationToken ct)
        {
            await foreach (var (span, ring) in _timers.Reader.ReadAllAsync(ct))
            {
                if (span != time) continue;
                ring();
                return;
            }
        }
    }
}
