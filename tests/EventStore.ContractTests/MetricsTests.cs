using ConsentLedger.Support;

namespace ConsentLedger.EventStore.ContractTests;

/// <summary>What an operator hears of the ledger is what happened in it.</summary>
public sealed class MetricsTests : IAsyncLifetime
{
    private static readonly TenantId Tenant = TenantId.Parse("assutech");
    private static readonly CancellationToken Ct = CancellationToken.None;

    private readonly MemoryEngine _engine = new();
    private readonly Measurements _measured = new();
    private DeciderLoop _loop = null!;
    private int _streams;

    public Task InitializeAsync()
    {
        _loop = OpenLoop(_engine);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _loop.DisposeAsync();
        _engine.Dispose();
        _measured.Dispose();
    }

    [Fact]
    public async Task Commands_are_counted_by_how_they_ended_and_refusals_by_their_code()
    {
        var stream = NewStream();
        await _loop.ExecuteAsync(Notebook.Note(stream, "a"), Ct);
        await _loop.ExecuteAsync(Notebook.Note(stream, "b", expectedVersion: 7), Ct);
        await _loop.ExecuteAsync(Command(stream, "c", Decision.Unchanged), Ct);
        await _loop.ExecuteAsync(Command(stream, "d", Decision.No("full", "No room.")), Ct);
        await _loop.ExecuteAsync(Command(stream, "d", Decision.Unchanged) with { Body = Digest.Of("test", "another") }, Ct);

        _measured.Of("consentledger.ledger.commands").ShouldBe(["1 outcome=recorded", "1 outcome=conflict", "1 outcome=unchanged", "1 outcome=refused,code=full", "1 outcome=id-reused"]);
        _measured.Of("consentledger.ledger.events").ShouldBe(["1 type=notebook.noted.v1"]);
    }

    [Fact]
    public async Task Commits_are_timed_by_how_they_ended_and_say_how_many_shared_them()
    {
        await using var other = OpenLoop(_engine);
        await _loop.ExecuteAsync(Notebook.Note(NewStream(), "mine"), Ct);
        await other.ExecuteAsync(Notebook.Note(NewStream(), "theirs"), Ct);
        await _loop.ExecuteAsync(Notebook.Note(NewStream(), "mine again"), Ct);
        await _loop.ExecuteAsync(Notebook.Note(NewStream(), "again", id: "twice"), Ct);
        await _loop.ExecuteAsync(Notebook.Note(NewStream(), "again", id: "twice"), Ct);

        Outcomes().ShouldBe(["committed", "committed", "conflict,constraint=head", "committed", "committed", "conflict,constraint=one outcome a command"]);
        _measured.Of("consentledger.ledger.commit.size").ShouldBe(["1", "1", "1", "1"]);
    }

    [Fact]
    public async Task An_answer_that_was_lost_is_an_outage()
    {
        await using var unlucky = OpenLoop(new LosesAnswers(_engine));
        await unlucky.ExecuteAsync(Notebook.Note(NewStream(), "a"), Ct);
        Outcomes()[0].ShouldBe("unavailable");
        _measured.Of("consentledger.ledger.commands").ShouldBe(["1 outcome=recorded"]);
    }

    [Fact]
    public async Task A_subscription_lags_by_what_is_committed_and_not_handled()
    {
        var subscription = new Subscription(_engine, "test", TimeProvider.System);
        var waiting = new Subscription(_engine, "test", TimeProvider.System);
        (await subscription.ReadLagAsync(Ct)).ShouldBeNull();
        for (var i = 0; i < 3; i++) await _loop.ExecuteAsync(Notebook.Note(NewStream(), $"{i}"), Ct);

        var reached = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        using var stop = new CancellationTokenSource();
        var following = subscription.RunAsync(async (_, _) =>
        {
            reached.TrySetResult();
            await go.Task;
        }, stop.Token);
        await reached.Task;
        (await subscription.ReadLagAsync(Ct)).ShouldBe(3);
        (await waiting.ReadLagAsync(Ct)).ShouldBeNull();

        go.SetResult();
        while (await subscription.ReadLagAsync(Ct) != 0) await Task.Delay(5);
        await stop.CancelAsync();
        await Task.WhenAny(following);
        (await subscription.ReadLagAsync(Ct)).ShouldBeNull();
    }

    private List<string> Outcomes() => [.. _measured.Of("consentledger.ledger.commit.duration").Select(m => m.Split("outcome=")[1])];

    private DeciderLoop OpenLoop(IEventEngine engine) => new(engine, Notebook.Catalog, TimeProvider.System, _measured);

    private StreamKey NewStream() => new(Tenant, new StreamId(new Guid(++_streams, 0, 0x4000, 0x80, 0, 0, 0, 0, 0, 0, 1)));

    private static Command Command(StreamKey stream, string id, Decision decision) => new(stream, Notebook.Stream, Digest.Of("test", id), Digest.Of("test", id), _ => decision);
}
