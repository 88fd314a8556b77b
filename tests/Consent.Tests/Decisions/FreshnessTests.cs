using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Merging;
using ConsentLedger.Consent.Decisions;
using ConsentLedger.EventStore;

namespace ConsentLedger.Consent.Tests.Decisions;

/// <summary>Who accepts an older answer spares the database a question, and hears nothing older than accepted.</summary>
public sealed class FreshnessTests : IAsyncLifetime
{
    private readonly CancellationTokenSource _timeout = new(TimeSpan.FromMinutes(2));
    private readonly SetClock _clock = new();
    private ConsentDatabases _databases = null!;
    private Replica _here = null!, _elsewhere = null!;
    private WatchedEngine _watched = null!;

    private CancellationToken Ct => _timeout.Token;

    public async Task InitializeAsync()
    {
        _databases = await ConsentDatabases.CreateAsync(Ct);
        _watched = new WatchedEngine(_databases.Engine());
        (_here, _elsewhere) = (new Replica(_watched, _clock), new Replica(_databases.Engine()));
        await _elsewhere.PublishAsync(Packs.Spectral, Ct);
    }

    public async Task DisposeAsync()
    {
        await _here.DisposeAsync();
        await _elsewhere.DisposeAsync();
        await _databases.DisposeAsync();
        _timeout.Dispose();
    }

    [Fact]
    public async Task Who_names_a_position_hears_at_least_that_and_nobody_is_asked_once_it_is_known()
    {
        var person = Replica.NewPerson();
        await _elsewhere.GrantAsync(person, Ct);
        (await _here.DecideAsync(person, Ct)).Allowed.ShouldBeTrue();

        var withdrawn = await _elsewhere.WithdrawAsync(person, Ct);
        (await AskedAsync(person, new Freshness(AtLeast: withdrawn - 1))).ShouldBe((true, 0));
        (await AskedAsync(person, new Freshness(AtLeast: withdrawn))).ShouldBe((false, 1));
        (await AskedAsync(person, new Freshness(AtLeast: withdrawn))).ShouldBe((false, 0));
    }

    [Fact]
    public async Task Who_bears_some_staleness_is_answered_from_memory_until_it_is_older()
    {
        var person = Replica.NewPerson();
        await _elsewhere.GrantAsync(person, Ct);
        var bearing = new Freshness(MaxStaleness: TimeSpan.FromMilliseconds(500));
        (await AskedAsync(person, bearing)).Allowed.ShouldBeTrue();
        await _elsewhere.WithdrawAsync(person, Ct);

        _clock.Advance(500);
        (await AskedAsync(person, bearing)).ShouldBe((true, 0));
        _clock.Advance(1);
        (await AskedAsync(person, bearing)).ShouldBe((false, 1));
    }

    [Fact]
    public async Task Age_counts_from_when_the_log_was_asked_and_not_from_its_answer()
    {
        var person = Replica.NewPerson();
        await _elsewhere.GrantAsync(person, Ct);
        await _here.DecideAsync(person, Ct);
        _watched.OnTheWayBack = () => { _clock.Advance(400); return Task.CompletedTask; };
        await _here.DecideAsync(person, Ct);
        (await AskedAsync(person, new Freshness(MaxStaleness: TimeSpan.FromMilliseconds(300)))).Queries.ShouldBe(1);
    }

    [Fact]
    public async Task Both_wishes_together_are_both_heeded()
    {
        var person = Replica.NewPerson();
        var granted = await _elsewhere.GrantAsync(person, Ct);
        await _here.DecideAsync(person, Ct);
        (await AskedAsync(person, new Freshness(granted, TimeSpan.FromHours(1)))).Queries.ShouldBe(0);
        (await AskedAsync(person, new Freshness(granted + 1, TimeSpan.FromHours(1)))).Queries.ShouldBe(1);
        _clock.Advance(2);
        (await AskedAsync(person, new Freshness(granted, TimeSpan.FromMilliseconds(1)))).Queries.ShouldBe(1);
    }

    [Fact]
    public async Task The_strict_ask_every_time()
    {
        var person = Replica.NewPerson();
        await _here.DecideAsync(person, Ct);
        (await AskedAsync(person, Freshness.Strict)).Queries.ShouldBe(1);
        (await AskedAsync(person, Freshness.Strict)).Queries.ShouldBe(1);
    }

    [Fact]
    public async Task An_answer_says_how_much_of_the_log_it_rests_on()
    {
        var person = Replica.NewPerson();
        var granted = await _elsewhere.GrantAsync(person, Ct);
        (await _here.Subjects.ReadAsync(Replica.Tenant, [person], Freshness.Strict, Ct)).Position.ShouldBe(granted + 1);
    }

    [Fact]
    public async Task A_round_that_memory_ran_out_in_keeps_nobody_waiting()
    {
        var person = Replica.NewPerson();
        await _elsewhere.GrantAsync(person, Ct);
        _watched.OnTheWayBack = () => throw new InsufficientMemoryException();
        await Should.ThrowAsync<InvalidOperationException>(_here.DecideAsync(person, Ct));
        _watched.OnTheWayBack = () => Task.CompletedTask;
        (await _here.DecideAsync(person, Ct)).Allowed.ShouldBeTrue();
    }

    [Fact]
    public async Task A_chain_of_merges_has_an_end()
    {
        var chain = Enumerable.Range(0, 40).Select(_ => Replica.NewPerson()).ToList();
        foreach (var (one, other) in chain.Zip(chain.Skip(1)))
        {
            await _elsewhere.RecordAsync(one, SubjectConsents.Stream, new SubjectMerged(other.Value, Acts.Day(1), Actor.Agent, Token.Parse("desk"), null), Ct);
            await _elsewhere.RecordAsync(other, SubjectConsents.Stream, new SubjectMerged(one.Value, Acts.Day(1), Actor.Agent, Token.Parse("desk"), null), Ct);
        }

        var read = await _here.Subjects.ReadAsync(Replica.Tenant, [chain[0]], Freshness.Strict, Ct);
        read.Subjects.Keys.ShouldBe(chain.Take(MergeSubjects.MaxOthers + 2), ignoreOrder: true);
    }

    private async Task<(bool Allowed, int Queries)> AskedAsync(StreamId person, Freshness freshness)
    {
        var before = _watched.Readings;
        var answer = await _here.DecideAsync(person, Ct, freshness);
        return (answer.Allowed, _watched.Readings - before);
    }

    private sealed class SetClock : TimeProvider
    {
        private long _ms = 1;

        public override long TimestampFrequency => 1000;

        public void Advance(long ms) => Interlocked.Add(ref _ms, ms);

        public override long GetTimestamp() => Interlocked.Read(ref _ms);
    }
}
