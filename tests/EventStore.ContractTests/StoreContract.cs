using System.Collections.Concurrent;
using ConsentLedger.Ledger;
using ConsentLedger.Support;

namespace ConsentLedger.EventStore.ContractTests;

/// <summary>What every engine must do. The first three are the races that published event stores lose.</summary>
public abstract class StoreContract : IAsyncLifetime
{
    protected static readonly TenantId Tenant = TenantId.Parse("quintus");

    private readonly List<IAsyncDisposable> _open = [];
    private int _streams;

    protected CancellationToken Ct { get; } = new CancellationTokenSource(TimeSpan.FromMinutes(2)).Token;

    public abstract Task InitializeAsync();

    /// <summary>Whatever a test did to the store, what is in it must be provable.</summary>
    public virtual async Task DisposeAsync()
    {
        (await OpenReplica().FindFaultAsync(Tenant, Ct)).ShouldBeNull();
        foreach (var open in Enumerable.Reverse(_open)) await open.DisposeAsync();
    }

    /// <summary>Another replica: an engine of its own over the same storage.</summary>
    protected abstract IEventEngine OpenReplica();

    [Fact]
    public async Task Of_two_appends_at_the_same_version_exactly_one_wins_and_nothing_vanishes()
    {
        var replicas = Loops(4);
        var stream = NewStream();
        for (var version = 0; version < 50; version++)
        {
            var outcomes = await Task.WhenAll(replicas.Select((r, i) =>
                r.ExecuteAsync(Notebook.Note(stream, $"{version} by {i}", expectedVersion: version), Ct)));
            outcomes.OfType<Outcome.Recorded>().Count().ShouldBe(1);
            outcomes.OfType<Outcome.Conflict>().Select(c => c.ActualVersion).ShouldAllBe(actual => actual == version + 1);
            outcomes.OfType<Outcome.Conflict>().Count().ShouldBe(3);
        }

        var events = await OpenReplica().ReadStreamsAsync([stream], Ct);
        events.Select(e => e.Place.Version).ShouldBe(Enumerable.Range(1, 50).Select(v => (long)v));
    }

    [Fact]
    public async Task A_reader_past_a_position_never_misses_an_earlier_one_that_commits_later()
    {
        const int Writers = 8, Each = 150;
        var reader = OpenReplica();
        var seen = new List<StoredEvent>();
        var writing = Task.WhenAll(Loops(4).SelectMany((replica, r) => Enumerable.Range(0, Writers / 4).Select(async w =>
        {
            for (var i = 0; i < Each; i++)
                (await replica.ExecuteAsync(Notebook.Note(NewStream(), $"{r}/{w}/{i}"), Ct)).ShouldBeOfType<Outcome.Recorded>();
        })));

        while (seen.Count < Writers * Each)
        {
            var more = await reader.ReadFromAsync(Tenant, seen.Count, 97, Ct);
            seen.AddRange(more);
            if (more.Count == 0) await reader.WaitForAppendAsync(TimeSpan.FromMilliseconds(50), Ct);
        }

        await writing;
        seen.Select(e => e.Place.Position).ShouldBe(Enumerable.Range(0, Writers * Each).Select(p => (long)p));
        seen.Select(e => e.Id).Distinct().Count().ShouldBe(Writers * Each);
        seen.Zip(seen.Skip(1)).ShouldAllBe(pair => pair.First.Place.RecordedAt <= pair.Second.Place.RecordedAt);
    }

    [Fact]
    public async Task A_command_without_an_id_is_decided_anew_each_time_and_may_come_again_and_again()
    {
        var replicas = Loops(2);
        await using var forgetful = new DeciderLoop(new LosesAnswers(OpenReplica()), Notebook.Catalog, TimeProvider.System);
        var stream = NewStream();
        (await replicas[0].ExecuteAsync(Notebook.Numbered(stream, 2), Ct)).ShouldBeOfType<Outcome.Refused>();
        (await replicas[0].ExecuteAsync(Notebook.Numbered(stream, 1), Ct)).ShouldBeOfType<Outcome.Recorded>();
        (await replicas[1].ExecuteAsync(Notebook.Numbered(stream, 1), Ct)).ShouldBeOfType<Outcome.Unchanged>();
        (await replicas[0].ExecuteAsync(Notebook.Numbered(stream, 2), Ct)).ShouldBeOfType<Outcome.Recorded>();

        for (var number = 3; number <= 10; number++)
            await Task.WhenAll(replicas.Append(forgetful).SelectMany(r => Enumerable.Repeat(r, 5)).Select(r => r.ExecuteAsync(Notebook.Numbered(stream, number), Ct)));
        (await OpenReplica().ReadStreamsAsync([stream], Ct)).Select(e => ((Noted)Notebook.Catalog.Decode(e)).Text).ShouldBe(Enumerable.Range(1, 10).Select(n => $"{n}"));
    }

    [Fact]
    public async Task A_retry_after_an_unknown_outcome_writes_once()
    {
        // The commit goes through, and then its answer is lost.
        await using var loop = new DeciderLoop(new LosesAnswers(OpenReplica()), Notebook.Catalog, TimeProvider.System);
        var stream = NewStream();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => loop.ExecuteAsync(Notebook.Note(stream, $"{i}"), Ct)));

        outcomes.ShouldAllBe(o => o is Outcome.Recorded);
        outcomes.Cast<Outcome.Recorded>().Select(o => o.Version).Order().ShouldBe(Enumerable.Range(1, 40).Select(v => (long)v));
        (await OpenReplica().ReadStreamsAsync([stream], Ct)).Count.ShouldBe(40);
    }

    [Fact]
    public async Task The_same_command_again_hears_the_first_outcome_from_every_replica()
    {
        var replicas = Loops(3);
        var stream = NewStream();
        var first = await replicas[0].ExecuteAsync(Notebook.Note(stream, "once", "id-1"), Ct);
        await replicas[1].ExecuteAsync(Notebook.Note(stream, "between", "id-2"), Ct);

        foreach (var replica in replicas) (await replica.ExecuteAsync(Notebook.Note(stream, "once", "id-1"), Ct)).ShouldBe(first);
        var together = await Task.WhenAll(Enumerable.Range(0, 30).Select(i => replicas[i % 3].ExecuteAsync(Notebook.Note(stream, "thrice", "id-3"), Ct)));
        together.Distinct().Count().ShouldBe(1);
        (await OpenReplica().ReadStreamsAsync([stream], Ct)).Count.ShouldBe(3);
    }

    [Fact]
    public async Task A_refusal_and_a_nothing_are_remembered_too()
    {
        var (one, other) = (Loops(1)[0], Loops(1)[0]);
        var stream = NewStream();
        var refused = Notebook.Note(stream, "no", "refused") with { Decide = _ => Decision.No("not_today", "Not today.") };
        var nothing = Notebook.Note(stream, "nil", "nothing") with { Decide = _ => Decision.Unchanged };

        (await one.ExecuteAsync(refused, Ct)).ShouldBe(new Outcome.Refused(new Refusal("not_today", "Not today.")));
        (await one.ExecuteAsync(nothing, Ct)).ShouldBe(new Outcome.Unchanged(0));
        (await other.ExecuteAsync(Notebook.Note(stream, "no", "refused"), Ct)).ShouldBe(new Outcome.Refused(new Refusal("not_today", "Not today.")));
        (await other.ExecuteAsync(Notebook.Note(stream, "nil", "nothing"), Ct)).ShouldBe(new Outcome.Unchanged(0));
        (await OpenReplica().ReadStreamsAsync([stream], Ct)).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_was_recorded_stands_though_it_would_be_refused_now()
    {
        var (one, other) = (Loops(1)[0], Loops(1)[0]);
        var stream = NewStream();
        var first = await one.ExecuteAsync(Notebook.Note(stream, "yes", "id"), Ct);

        var refusing = Notebook.Note(stream, "yes", "id") with { Decide = _ => Decision.No("not_today", "Not today.") };
        (await other.ExecuteAsync(refusing, Ct)).ShouldBe(first);
        (await one.ExecuteAsync(refusing with { Decide = _ => Decision.Unchanged }, Ct)).ShouldBe(first);
    }

    [Fact]
    public async Task The_same_command_id_with_another_body_is_refused()
    {
        var loop = Loops(1)[0];
        var stream = NewStream();
        await loop.ExecuteAsync(Notebook.Note(stream, "one", "id"), Ct);
        (await loop.ExecuteAsync(Notebook.Note(stream, "another", "id"), Ct)).ShouldBeOfType<Outcome.IdReused>();
        (await OpenReplica().ReadStreamsAsync([stream], Ct)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task One_commands_bug_does_not_fail_its_neighbours()
    {
        var loop = Loops(1)[0];
        var work = Enumerable.Range(0, 60).Select(i => loop.ExecuteAsync(
            i % 3 == 0
                ? Notebook.Note(NewStream(), $"bug {i}") with { Decide = _ => throw new InvalidDataException("a bug") }
                : Notebook.Note(NewStream(), $"fine {i}"), Ct)).ToList();

        for (var i = 0; i < work.Count; i++)
        {
            if (i % 3 == 0) await Should.ThrowAsync<InvalidDataException>(work[i]);
            else (await work[i]).ShouldBeOfType<Outcome.Recorded>();
        }
    }

    [Fact]
    public async Task Every_replica_decides_on_what_the_others_recorded()
    {
        var replicas = Loops(4);
        var stream = NewStream();
        Command AtMostTen(int i) => Notebook.Note(stream, $"{i}") with
        {
            Decide = context => context.State<Notebook>().Count < 10 ? Decision.Of(new Noted($"{i}")) : Decision.No("full", "The notebook is full."),
        };

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 80).Select(i => replicas[i % 4].ExecuteAsync(AtMostTen(i), Ct)));
        outcomes.OfType<Outcome.Recorded>().Count().ShouldBe(10);
        outcomes.OfType<Outcome.Refused>().Count().ShouldBe(70);
    }

    [Fact]
    public async Task Nothing_to_do_is_never_answered_on_what_another_replica_has_overtaken()
    {
        var (one, other) = (Loops(1)[0], Loops(1)[0]);
        var stream = NewStream();
        for (var version = 1; version <= 10; version++)
        {
            await one.ExecuteAsync(Notebook.Note(stream, $"{version}"), Ct);
            var look = Notebook.Note(stream, $"look {version}") with { Decide = _ => Decision.Unchanged };
            (await other.ExecuteAsync(look, Ct)).ShouldBe(new Outcome.Unchanged(version));
        }
    }

    [Fact]
    public async Task A_decision_reads_other_streams_as_of_the_same_moment()
    {
        var (writer, reader) = (Loops(1)[0], Loops(1)[0]);
        var (rules, stream) = (NewStream(), NewStream());
        for (var i = 1; i <= 20; i++)
        {
            await writer.ExecuteAsync(Notebook.Note(rules, $"rule {i}"), Ct);
            var outcome = await reader.ExecuteAsync(
                Notebook.Note(stream, $"follows {i}") with
                {
                    Reads = [(rules, Notebook.Stream)],
                    Decide = context => Decision.Of(new Noted(context.State<Notebook>(rules).Last)),
                }, Ct);
            outcome.ShouldBeOfType<Outcome.Recorded>();
        }

        Notebook.Stream.Replay(await OpenReplica().ReadStreamsAsync([stream], Ct), Notebook.Catalog).ShouldBe(new Notebook(20, "rule 20"));
    }

    [Fact]
    public async Task Tenants_count_their_own_positions_and_never_meet()
    {
        var loop = Loops(1)[0];
        var other = TenantId.Parse("vms");
        var shared = NewStream();
        await loop.ExecuteAsync(Notebook.Note(shared, "ours"), Ct);
        await loop.ExecuteAsync(Notebook.Note(shared with { Tenant = other }, "theirs"), Ct);

        var replica = OpenReplica();
        (await replica.ReadFromAsync(Tenant, 0, 10, Ct)).Select(e => e.Place.Position).ShouldBe([0L]);
        (await replica.ReadFromAsync(other, 0, 10, Ct)).Select(e => e.Place.Position).ShouldBe([0L]);
        (await replica.ReadStreamsAsync([shared], Ct)).Count.ShouldBe(1);
        (await replica.ReadHeadsAsync(Ct)).ShouldBe(new Dictionary<TenantId, long> { [Tenant] = 1, [other] = 1 }, ignoreOrder: true);
    }

    [Fact]
    public async Task What_was_recorded_is_read_back_whole()
    {
        var loop = Loops(1)[0];
        var stream = NewStream();
        var text = "Zürich — 同意 🙂 \"quoted\" \\ \n line";
        const string Trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        await loop.ExecuteAsync(Notebook.Note(stream, text) with { TraceParent = Trace }, Ct);

        var stored = (await OpenReplica().ReadStreamsAsync([stream], Ct)).ShouldHaveSingleItem();
        stored.Stream.ShouldBe(stream);
        stored.Type.ShouldBe("notebook.noted.v1");
        stored.TraceParent.ShouldBe(Trace);
        stored.Place.RecordedAt.Ticks.ShouldBe(stored.Place.RecordedAt.Ticks / TimeSpan.TicksPerMillisecond * TimeSpan.TicksPerMillisecond);
        Notebook.Catalog.Decode(stored).ShouldBe(new Noted(text));
        (await OpenReplica().ReadFromAsync(Tenant, 0, 10, Ct)).ShouldHaveSingleItem().Id.ShouldBe(stored.Id);
    }

    [Fact]
    public async Task Sealed_parts_lie_apart_and_are_purged_alone()
    {
        var loop = Loops(1)[0];
        var stream = NewStream();
        await loop.ExecuteAsync(Notebook.Note(stream, "clear"), Ct);
        await loop.ExecuteAsync(Notebook.Note(stream, "sealed", personal: [7, 7]), Ct);

        var replica = OpenReplica();
        (await replica.ReadSealedAsync(stream, Ct)).ShouldHaveSingleItem().Value.ShouldBe([2, 7, 7]);
        await replica.PurgeSealedAsync(stream, Ct);
        await replica.PurgeSealedAsync(stream, Ct);
        (await replica.ReadSealedAsync(stream, Ct)).ShouldBeEmpty();
        (await replica.ReadStreamsAsync([stream], Ct)).Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_stream_is_read_with_its_proofs_a_page_at_a_time()
    {
        var loop = Loops(1)[0];
        var (stream, other) = (NewStream(), NewStream());
        for (var version = 1; version <= 5; version++)
        {
            await loop.ExecuteAsync(Notebook.Note(other, "between"), Ct);
            await loop.ExecuteAsync(Notebook.Note(stream, $"{version}", personal: version == 3 ? [7, 7] : null), Ct);
        }

        var replica = OpenReplica();
        var events = (await replica.ReadProvableAsync(stream, 0, 2, Ct)).Concat(await replica.ReadProvableAsync(stream, 2, 100, Ct)).ToList();
        events.Select(e => e.Event.Place.Version).ShouldBe([1L, 2L, 3L, 4L, 5L]);
        foreach (var (e, entry, envelope) in events)
        {
            Entry.TryDecode(entry.Bytes, out var decoded, out _).ShouldBeTrue();
            (decoded.Stream, decoded.Version).ShouldBe((stream.Id.Value, e.Place.Version));
            TreeHash.Leaf(entry.Bytes).ShouldBe(e.Leaf);
            FactsCommitment.TryCommit(entry.Salt!, e.Type, e.Data, out var facts, out _).ShouldBeTrue();
            facts.ShouldBe(decoded.Facts);
            envelope.ShouldBe(e.Place.Version == 3 ? [3, 7, 7] : null);
        }

        await replica.PurgeSealedAsync(stream, Ct);
        (await replica.ReadProvableAsync(stream, 2, 1, Ct)).ShouldHaveSingleItem().Envelope.ShouldBeNull();
        (await replica.ReadProvableAsync(stream with { Tenant = TenantId.Parse("vms") }, 0, 100, Ct)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_subscription_hears_everything_in_order_across_restarts_and_one_process_at_a_time()
    {
        var loop = Loops(1)[0];
        var heard = new ConcurrentQueue<long>();
        var all = new TaskCompletionSource();
        var calls = 0;
        const int Total = 300;

        async Task FollowAsync(IEventEngine engine, CancellationToken ct)
        {
            var subscription = new Subscription(engine, "test", TimeProvider.System);
            while (!ct.IsCancellationRequested)
            {
                try
                {
                    await subscription.RunAsync((events, _) =>
                    {
                        if (Interlocked.Increment(ref calls) % 3 == 0) throw new InvalidDataException("the handler fails once in a while");
                        foreach (var e in events) heard.Enqueue(e.Place.Position);
                        if (events[^1].Place.Position == Total - 1) all.TrySetResult();
                        return Task.CompletedTask;
                    }, ct);
                }
                catch (Exception e) when (e is InvalidDataException or OperationCanceledException)
                {
                    // Whoever hosts a subscription starts it again.
                }
            }
        }

        using var stop = new CancellationTokenSource();
        var followers = Enumerable.Range(0, 3).Select(_ => FollowAsync(OpenReplica(), stop.Token)).ToList();
        for (var i = 0; i < Total; i++) await loop.ExecuteAsync(Notebook.Note(NewStream(), $"{i}"), Ct);
        await all.Task.WaitAsync(Ct);
        await stop.CancelAsync();
        await Task.WhenAll(followers);

        // At least once: repeats come as a step back to the last checkpoint, and never is one skipped.
        var next = 0L;
        foreach (var position in heard)
        {
            position.ShouldBeLessThanOrEqualTo(next);
            next = Math.Max(next, position + 1);
        }

        next.ShouldBe(Total);
    }

    [Fact]
    public async Task Who_follows_hears_of_this_process_at_once_of_others_when_they_tell_and_reads_what_is_on_disk()
    {
        const int Each = 150;
        var engines = new[] { OpenReplica(), OpenReplica() };
        var loops = engines.Select(engine => Track(new DeciderLoop(engine, Notebook.Catalog, TimeProvider.System))).ToList();
        await engines[0].FollowHeadsAsync(Ct);
        var own = (Outcome.Recorded)await loops[0].ExecuteAsync(Notebook.Note(NewStream(), "own"), Ct);
        (await engines[0].FollowHeadsAsync(Ct))[Tenant].ShouldBe(own.Position + 1);

        var writing = Task.WhenAll(loops.Select(async (loop, l) =>
        {
            for (var i = 0; i < Each; i++) await loop.ExecuteAsync(Notebook.Note(NewStream(), $"{l}/{i}", personal: i % 3 == 0 ? [1] : null), Ct);
        }));
        var heard = new List<StoredEvent>();
        while (heard.Count < 1 + (2 * Each))
        {
            var appended = engines[0].WaitForAppendAsync(TimeSpan.FromSeconds(1), Ct);
            if ((await engines[0].FollowHeadsAsync(Ct))[Tenant] > heard.Count) heard.AddRange(await engines[0].FollowFromAsync(Tenant, heard.Count, 97, Ct));
            else await appended;
        }

        await writing;
        var log = await OpenReplica().ReadFromAsync(Tenant, 0, 1000, Ct);
        heard.Select(WithFacts).ShouldBe(log.Select(WithFacts));

        static (StoredEvent, object) WithFacts(StoredEvent e) => (e with { Data = default }, Notebook.Catalog.Decode(e));
    }

    [Fact]
    public async Task A_tenant_that_begins_under_lock_begins_with_an_empty_tree()
    {
        await using var transaction = await OpenReplica().BeginAsync(Tenant, [], [], Ct);
        (transaction.Snapshot.Head.NextPosition, transaction.Snapshot.Tree.Size).ShouldBe((0, 0));
    }

    [Fact]
    public async Task The_schema_can_be_ensured_by_many_at_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => OpenReplica().EnsureSchemaAsync(Ct)));
    }

    protected StreamKey NewStream() => new(Tenant, new StreamId(new Guid(Interlocked.Increment(ref _streams), 0, 0x4000, 0x80, 0, 0, 0, 0, 0, 0, 1)));

    protected List<DeciderLoop> Loops(int replicas)
    {
        var loops = Enumerable.Range(0, replicas).Select(_ => new DeciderLoop(OpenReplica(), Notebook.Catalog, TimeProvider.System)).ToList();
        _open.AddRange(loops);
        return loops;
    }

    protected T Track<T>(T disposable) where T : IAsyncDisposable
    {
        _open.Add(disposable);
        return disposable;
    }
}
