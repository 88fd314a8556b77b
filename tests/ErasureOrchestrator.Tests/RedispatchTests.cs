using System.Globalization;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Completing;
using ConsentLedger.ErasureOrchestrator.Erasures.Dispatching;
using ConsentLedger.ErasureOrchestrator.Erasures.Requesting;
using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using static ConsentLedger.ErasureOrchestrator.Tests.People;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>What happens when a system stays silent: the decision by itself, and the look-out on a real database with a clock that is moved by hand.</summary>
public sealed class RedispatchTests : IAsyncLifetime
{
    private static readonly TenantId Tenant = TenantId.Parse("assutech");

    private readonly MovedClock _clock = new();
    private readonly Measurements _measured = new();
    private ErasureMetrics _metrics = null!;
    private PostgresDatabase _database = null!;
    private NpgsqlDataSource _tables = null!;
    private NpgsqlEngine _engine = null!;
    private DeciderLoop _ledger = null!;

    public async Task InitializeAsync()
    {
        _metrics = new ErasureMetrics(_measured);
        _database = await PostgresDatabase.CreateAsync("redispatch");
        _tables = NpgsqlLedger.DataSource(_database.ConnectionString);
        _engine = new NpgsqlEngine(NpgsqlLedger.DataSource(_database.ConnectionString), new ErasureTables());
        _ledger = new DeciderLoop(_engine, ErasureCatalog.Events, _clock);
        await _engine.EnsureSchemaAsync(CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await _ledger.DisposeAsync();
        await _engine.DisposeAsync();
        await _tables.DisposeAsync();
        await _database.DisposeAsync();
        _measured.Dispose();
    }

    [Fact]
    public void A_silent_system_is_told_again_under_the_next_number() =>
        RedispatchTask.Decide(Request, "consent", attempt: 1, Given(Requested)).ShouldRecord(new ErasureTaskDispatched(Request, "consent", 2));

    [Fact]
    public void A_system_that_answered_meanwhile_is_left_alone() =>
        RedispatchTask.Decide(Request, "consent", attempt: 1, Given([.. Requested, new ErasureTaskCompleted(Request, "consent", TaskOutcome.Erased)])).ShouldBe(Decision.Unchanged);

    [Fact]
    public void What_another_replica_already_dispatched_is_not_dispatched_twice() =>
        RedispatchTask.Decide(Request, "consent", attempt: 1, Given([.. Requested, new ErasureTaskDispatched(Request, "consent", 2)])).ShouldBe(Decision.Unchanged);

    [Fact]
    public async Task Silence_counts_from_the_last_time_and_is_borne_twice_as_long_each_time()
    {
        var subject = await RequestAsync();
        await AnswerAsync(subject, "consent");

        (await AttemptsAfterAsync(subject, minutes: 9.9)).ShouldBe(1);
        (await AttemptsAfterAsync(subject, minutes: 0.2)).ShouldBe(2);
        (await AttemptsAfterAsync(subject, minutes: 19.8)).ShouldBe(2);
        (await AttemptsAfterAsync(subject, minutes: 0.3)).ShouldBe(3);
        (await StateAsync(subject)).Tasks["consent"].Attempts.ShouldBe(1);

        await AnswerAsync(subject, "marketing-preference");
        (await AttemptsAfterAsync(subject, minutes: 60 * 24 * 7)).ShouldBe(3);
    }

    [Fact]
    public async Task A_system_that_is_dead_for_long_is_still_told_once_a_day()
    {
        var subject = await RequestAsync();
        for (var day = 1; day <= 20; day++) await AttemptsAfterAsync(subject, minutes: 60 * 24);
        (await StateAsync(subject)).Tasks["consent"].Attempts.ShouldBe(21);
    }

    [Fact]
    public async Task Many_replicas_that_look_at_once_tell_a_system_once()
    {
        var subject = await RequestAsync();
        _clock.Pass(TimeSpan.FromMinutes(11));
        await using var otherLedger = new DeciderLoop(_engine, ErasureCatalog.Events, _clock);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(n => LookOut(n % 2 == 0 ? _ledger : otherLedger).LookAsync(CancellationToken.None)));
        (await StateAsync(subject)).Tasks["consent"].Attempts.ShouldBe(2);
        (await new StateReader(_engine, ErasureCatalog.Events).ReadEventsAsync(subject, CancellationToken.None)).Count.ShouldBe(5);
    }

    [Fact]
    public async Task What_is_answered_is_no_longer_waited_for_even_when_it_all_happens_in_one_commit()
    {
        var acts = new List<Task>();
        for (var person = 0; person < 50; person++)
        {
            var subject = new StreamKey(Tenant, NewSubject().Stream);
            acts.Add(RequestAsync(subject));
            acts.Add(AnswerAsync(subject, "consent"));
            if (person % 2 == 0) acts.Add(AnswerAsync(subject, "marketing-preference"));
        }

        await Task.WhenAll(acts);
        var waiting = await new ErasureLookup(_tables).ReadOverdueAsync(_clock.GetUtcNow().AddDays(1), TimeSpan.FromMinutes(10), CancellationToken.None);
        waiting.Count.ShouldBe(25);
        waiting.ShouldAllBe(task => task.System == "marketing-preference");
    }

    [Fact]
    public async Task What_waits_is_told_by_system_and_by_the_age_of_the_oldest()
    {
        _measured.Of("consentledger.erasure.open_tasks").ShouldBeEmpty();
        var first = await RequestAsync();
        for (var day = 1; day <= 3; day++) await AttemptsAfterAsync(first, minutes: 60 * 24);
        var second = await RequestAsync();
        await AnswerAsync(second, "consent");
        await LookOut(_ledger).LookAsync(CancellationToken.None);

        _measured.Of("consentledger.erasure.open_tasks").Order().ShouldBe(["1 system=consent", "2 system=marketing-preference"]);
        _measured.Of("consentledger.erasure.silent_tasks").Order().ShouldBe(["1 system=consent", "1 system=marketing-preference"]);
        double.Parse(_measured.Of("consentledger.erasure.oldest_open_age").Single(), CultureInfo.InvariantCulture).ShouldBeInRange(3 * 24 * 3600, 3 * 24 * 3600 + 600);
    }

    [Fact]
    public async Task When_everything_is_answered_the_numbers_go_back_to_zero()
    {
        var subject = await RequestAsync();
        await AnswerAsync(subject, "consent");
        await AnswerAsync(subject, "marketing-preference");
        await LookOut(_ledger).LookAsync(CancellationToken.None);

        _measured.Of("consentledger.erasure.open_tasks").Order().ShouldBe(["0 system=consent", "0 system=marketing-preference"]);
        _measured.Of("consentledger.erasure.oldest_open_age").ShouldBe(["0"]);
    }

    private async Task<StreamKey> RequestAsync()
    {
        var subject = new StreamKey(Tenant, NewSubject().Stream);
        await RequestAsync(subject);
        return subject;
    }

    private Task RequestAsync(StreamKey subject) => ExecuteAsync(
        subject, state => RequestErasure.Decide(new RequestErasure(NewSubject()), RequestOf(subject), state, _clock.GetUtcNow()));

    private Task AnswerAsync(StreamKey subject, string system) => ExecuteAsync(subject, state => CompleteTask.Decide(RequestOf(subject), system, state));

    private async Task ExecuteAsync(StreamKey subject, Func<SubjectErasure, Decision> decide) =>
        (await _ledger.ExecuteAsync(
            new Command(subject, SubjectErasure.Stream, new Digest(NewId()), default, context => decide(context.State<SubjectErasure>())), CancellationToken.None)).ShouldBeOfType<Outcome.Recorded>();

    private async Task<int> AttemptsAfterAsync(StreamKey subject, double minutes)
    {
        _clock.Pass(TimeSpan.FromMinutes(minutes));
        await LookOut(_ledger).LookAsync(CancellationToken.None);
        return (await StateAsync(subject)).Tasks["marketing-preference"].Attempts;
    }

    private async Task<ErasureRequest> StateAsync(StreamKey subject) =>
        (await new StateReader(_engine, ErasureCatalog.Events).ReadAsync(subject, SubjectErasure.Stream, CancellationToken.None)).State.Request.ShouldNotBeNull();

    private RedispatchOverdueTasks LookOut(DeciderLoop ledger) =>
        new(new ErasureLookup(_tables), ledger, new Patience(TimeSpan.FromMinutes(10)), _metrics, _clock, NullLogger<RedispatchOverdueTasks>.Instance);

    // Any id that is this person's alone.
    private static Guid RequestOf(StreamKey subject) => subject.Id.Value;

    private sealed class MovedClock : TimeProvider
    {
        private TimeSpan _ahead;

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + _ahead;

        public void Pass(TimeSpan time) => _ahead += time;
    }
}
