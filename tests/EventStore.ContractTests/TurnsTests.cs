namespace ConsentLedger.EventStore.ContractTests;

/// <summary>What a tenant's loop does while the store lets it wait.</summary>
public sealed class TurnsTests : IDisposable
{
    private static readonly StreamKey Stream = new(TenantId.Parse("quintus"), new StreamId(Guid.Parse("018f0000-0000-7000-8000-000000000001")));

    private readonly MemoryEngine _memory = new();
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(30));

    private CancellationToken Ct => _patience.Token;

    public void Dispose()
    {
        _memory.Dispose();
        _patience.Dispose();
    }

    [Fact]
    public async Task What_is_decided_before_a_batch_has_its_turn_is_in_it()
    {
        var store = new GivesTurns(_memory);
        await using var loop = new DeciderLoop(store, Notebook.Catalog, TimeProvider.System);
        var first = loop.ExecuteAsync(Notebook.Note(Stream, "0"), Ct);
        await store.Asked.WaitAsync(Ct);

        var decided = new CountdownEvent(9);
        var more = Enumerable.Range(1, 9).Select(i => loop.ExecuteAsync(Telling(Notebook.Note(Stream, $"{i}"), decided), Ct)).ToList();
        await Task.Run(() => decided.Wait(Ct), Ct);
        store.GiveTurn();

        (await Task.WhenAll([first, .. more])).Cast<Outcome.Recorded>().Select(o => o.Version).ShouldBe(Enumerable.Range(1, 10).Select(v => (long)v));
        store.Sizes.ShouldBe([10]);
    }

    [Fact]
    public async Task Who_waits_for_what_is_being_read_hears_that_the_ledger_shuts_down()
    {
        var store = new NeverLoads(_memory);
        var loop = new DeciderLoop(store, Notebook.Catalog, TimeProvider.System);
        var waiting = loop.ExecuteAsync(Notebook.Note(Stream, "0"), Ct);
        await store.Asked.WaitAsync(Ct);

        await loop.DisposeAsync();

        await Should.ThrowAsync<StoreUnavailableException>(waiting);
    }

    [Fact]
    public async Task A_stream_that_cannot_be_read_fails_its_own_command_and_no_other_of_the_batch()
    {
        var ofTheNextRelease = new StreamKey(Stream.Tenant, new StreamId(Guid.Parse("018f0000-0000-7000-8000-000000000002")));
        await using (var newer = new DeciderLoop(_memory, new EventCatalog(("notebook.noted.v2", typeof(Noted))), TimeProvider.System))
            await newer.ExecuteAsync(Notebook.Note(ofTheNextRelease, "unknown here"), Ct);
        var store = new GivesTurns(_memory);
        await using var loop = new DeciderLoop(store, Notebook.Catalog, TimeProvider.System);
        var first = loop.ExecuteAsync(Notebook.Note(Stream, "0"), Ct);
        await store.Asked.WaitAsync(Ct);

        var decided = new CountdownEvent(9);
        var before = Enumerable.Range(1, 9).Select(i => loop.ExecuteAsync(Telling(Notebook.Note(Stream, $"{i}"), decided), Ct)).ToList();
        await Task.Run(() => decided.Wait(Ct), Ct);
        var unreadable = loop.ExecuteAsync(Notebook.Note(ofTheNextRelease, "more"), Ct);
        var after = Enumerable.Range(10, 10).Select(i => loop.ExecuteAsync(Notebook.Note(Stream, $"{i}"), Ct)).ToList();
        store.GiveTurn();

        await Should.ThrowAsync<InvalidDataException>(unreadable);
        (await Task.WhenAll([first, .. before, .. after])).ShouldAllBe(o => o is Outcome.Recorded);
    }

    [Fact]
    public async Task A_repeat_that_comes_while_its_first_is_written_hears_what_becomes_of_it()
    {
        var store = new ClosesAndWaits(_memory);
        await using var loop = new DeciderLoop(store, Notebook.Catalog, TimeProvider.System);
        var command = Notebook.Note(Stream, "once", expectedVersion: 0);
        var first = loop.ExecuteAsync(command, Ct);
        await store.Closed.WaitAsync(Ct);

        var decided = new CountdownEvent(1);
        var repeat = loop.ExecuteAsync(command, Ct);
        var behind = loop.ExecuteAsync(Telling(Notebook.Note(Stream, "another"), decided), Ct);
        await Task.Run(() => decided.Wait(Ct), Ct);
        repeat.IsCompleted.ShouldBeFalse("it is not on disk yet");
        store.Write();

        (await repeat).ShouldBe(await first);
        (await behind).ShouldBeOfType<Outcome.Recorded>();
    }

    [Fact]
    public async Task A_repeat_is_answered_when_what_it_repeats_is_as_durable_as_a_commit()
    {
        var command = Notebook.Note(Stream, "once", expectedVersion: 0);
        await using var elsewhere = new DeciderLoop(_memory, Notebook.Catalog, TimeProvider.System);
        var first = await elsewhere.ExecuteAsync(command, Ct);
        var store = new CountsEnds(_memory);
        await using var loop = new DeciderLoop(store, Notebook.Catalog, TimeProvider.System);

        (await loop.ExecuteAsync(command, Ct)).ShouldBe(first);

        store.Ends.ShouldBe(1);
    }

    private static Command Telling(Command command, CountdownEvent decided) => command with
    {
        Decide = context =>
        {
            if (!decided.IsSet) decided.Signal();
            return command.Decide(context);
        },
    };

    private sealed class GivesTurns(IEventEngine engine) : PassesOn(engine)
    {
        private readonly TaskCompletionSource _asked = new(), _turn = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Asked => _asked.Task;

        public List<int> Sizes { get; } = [];

        public void GiveTurn() => _turn.SetResult();

        public override async Task AppendAsync(TenantId tenant, Func<Batch?> close, CancellationToken ct)
        {
            _asked.TrySetResult();
            await _turn.Task.WaitAsync(ct);
            await base.AppendAsync(
                tenant,
                () =>
                {
                    var batch = close();
                    Sizes.Add(batch?.Events.Count ?? 0);
                    return batch;
                },
                ct);
        }
    }

    private sealed class ClosesAndWaits(IEventEngine engine) : PassesOn(engine)
    {
        private readonly TaskCompletionSource _closed = new(), _write = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Closed => _closed.Task;

        public void Write() => _write.SetResult();

        public override async Task AppendAsync(TenantId tenant, Func<Batch?> close, CancellationToken ct)
        {
            var batch = close();
            _closed.TrySetResult();
            await _write.Task.WaitAsync(ct);
            await base.AppendAsync(tenant, () => batch, ct);
        }
    }

    private sealed class CountsEnds(IEventEngine engine) : PassesOn(engine)
    {
        public int Ends { get; private set; }

        public override async Task<IEventTransaction> BeginAsync(TenantId tenant, IReadOnlyCollection<Digest> commands, IReadOnlyCollection<StreamId> streams, CancellationToken ct) =>
            new Transaction(this, await base.BeginAsync(tenant, commands, streams, ct));

        private sealed class Transaction(CountsEnds owner, IEventTransaction inner) : IEventTransaction
        {
            public Snapshot Snapshot => inner.Snapshot;

            public Task CommitAsync(Batch batch, CancellationToken ct) => inner.CommitAsync(batch, ct);

            public Task EndAsync(CancellationToken ct)
            {
                owner.Ends++;
                return inner.EndAsync(ct);
            }

            public ValueTask DisposeAsync() => inner.DisposeAsync();
        }
    }

    private sealed class NeverLoads(IEventEngine engine) : PassesOn(engine)
    {
        private readonly TaskCompletionSource _asked = new();

        public Task Asked => _asked.Task;

        public override async Task<Snapshot> LoadAsync(TenantId tenant, IReadOnlyCollection<Digest> commands, IReadOnlyCollection<StreamId> streams, CancellationToken ct)
        {
            _asked.TrySetResult();
            await Task.Delay(Timeout.Infinite, ct);
            return await base.LoadAsync(tenant, commands, streams, ct);
        }
    }
}
