using System.Diagnostics.Metrics;
using System.Net;
using ConsentLedger.Contracts;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Holds;
using ConsentLedger.EventStore;
using ConsentLedger.Support;
using Microsoft.Extensions.Hosting;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>Requests on their way: processors that are dead, flaky or contradict themselves, replicas that die, holds that come in between.</summary>
public sealed class RunningTests : IAsyncLifetime
{
    private readonly MovedClock _clock = new();
    private readonly List<Replica> _replicas = [];
    private LittleProcessors _processors = null!;
    private PostgresDatabase _database = null!;

    public async Task InitializeAsync()
    {
        _processors = new LittleProcessors();
        _database = await PostgresDatabase.CreateAsync("running");
    }

    public async Task DisposeAsync()
    {
        foreach (var replica in _replicas) await replica.DisposeAsync();
        await _processors.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task A_processor_that_is_down_for_a_week_does_not_stop_the_others_and_is_told_when_it_is_back()
    {
        var down = true;
        _processors.Answers("dead", _ => down ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.OK);
        var here = await StartAsync();
        await here.RegisterAsync(Replica.Tenant, LittleProcessors.Of("crm"), LittleProcessors.Of("dead"));
        var person = Replica.NewPerson();
        var request = await here.ReceiveAsync(person);
        await here.ReplyOfOursAsync(person, request);
        await here.UntilAsync(person, request, r => r.Tasks["crm"].Outcome == TaskOutcome.Erased && r.Tasks["dead"].Failure is not null);

        for (var day = 0; day < 7; day++)
        {
            var before = (await here.StateAsync(person)).All[0].Tasks["dead"].Attempts;
            _clock.Pass(TimeSpan.FromDays(1.3));
            await here.WakeAsync();
            await here.UntilAsync(person, request, r => r.Tasks["dead"] is { Stage: TaskStage.Waiting, Failure: "status-503" } task && task.Attempts > before);
        }

        down = false;
        _clock.Pass(TimeSpan.FromDays(1.3));
        await here.WakeAsync();
        var ended = await here.UntilAsync(person, request, r => !r.IsOpen);
        ended.Outcome.ShouldBe(RequestOutcome.Fully);
        ended.Tasks["crm"].Attempts.ShouldBe(1);
        _processors.CallsOf("crm", request).ShouldBe(1);
    }

    [Fact]
    public async Task Killed_between_a_call_and_its_record_the_same_call_is_made_again()
    {
        var (dying, person, request) = await CallAndHangAsync();
        _replicas.Remove(dying);
        await dying.DisposeAsync();

        var next = await StartAsync();
        var ended = await next.UntilAsync(person, request, r => r.Tasks["crm"].Outcome is not null);
        ended.Tasks["crm"].Attempts.ShouldBe(1, "the processor knows the attempt");
        _processors.CallsOf("crm", request).ShouldBe(2);
    }

    /// <summary>Who makes the calls looks what waits. What another one saw, before its turn was over, is no news.</summary>
    [Fact]
    public async Task Whose_turn_is_over_says_nothing_of_what_waits()
    {
        var here = await StartAsync();
        await here.ReceiveAsync(Replica.NewPerson());
        await Eventually.HoldsAsync(() =>
        {
            Measured().ShouldContain("consentledger.erasure.open_tasks");
            return Task.CompletedTask;
        });

        await here.Get<IEnumerable<IHostedService>>().OfType<CallProcessors>().Single().StopAsync(CancellationToken.None);
        Measured().ShouldBeEmpty();

        IReadOnlyCollection<string> Measured()
        {
            var seen = new HashSet<string>();
            using var listener = new MeterListener
            {
                InstrumentPublished = (instrument, own) =>
                {
                    if (instrument.Meter.Name == ErasureMetrics.Name && instrument.Meter.Scope == here.Get<IMeterFactory>()) own.EnableMeasurementEvents(instrument);
                },
            };
            listener.SetMeasurementEventCallback<long>((instrument, _, _, _) => seen.Add(instrument.Name));
            listener.SetMeasurementEventCallback<double>((instrument, _, _, _) => seen.Add(instrument.Name));
            listener.Start();
            listener.RecordObservableInstruments();
            return seen;
        }
    }

    [Fact]
    public async Task Of_many_replicas_one_makes_a_call_and_one_fires_a_timer()
    {
        _processors.Answers("flaky", before => before == 0 ? HttpStatusCode.BadGateway : HttpStatusCode.OK);
        var here = await StartAsync();
        await here.RegisterAsync(Replica.Tenant, LittleProcessors.Of("crm"), LittleProcessors.Of("flaky"));
        var (other, third) = (await StartAsync(), await StartAsync());
        var persons = Enumerable.Range(0, 30).Select(_ => Replica.NewPerson()).ToList();
        var requests = await Task.WhenAll(persons.Select((p, n) => (n % 3 == 0 ? here : n % 3 == 1 ? other : third).ReceiveAsync(p)));
        await Task.WhenAll(persons.Select((p, n) => here.UntilAsync(p, requests[n], r => r.Tasks["crm"].Outcome is not null && r.Tasks["flaky"].Failure is not null)));

        _clock.Pass(TimeSpan.FromMinutes(2));
        await other.WakeAsync();
        await Task.WhenAll(persons.Select((p, n) => here.UntilAsync(p, requests[n], r => r.Tasks["flaky"] is { Outcome: TaskOutcome.Erased, Attempts: 2 })));
        foreach (var request in requests) (_processors.CallsOf("crm", request), _processors.CallsOf("flaky", request)).ShouldBe((1, 2));
    }

    [Fact]
    public async Task Asked_for_many_times_at_once_it_is_one_request()
    {
        var (here, other) = (await StartAsync(), await StartAsync());
        var person = Replica.NewPerson();
        var requests = await Task.WhenAll(Enumerable.Range(0, 40).Select(n => (n % 2 == 0 ? here : other).ReceiveAsync(person)));
        requests.Distinct().ShouldHaveSingleItem();
        (await here.FactsAsync(person)).OfType<ErasureRequested>().Count().ShouldBe(1);
    }

    [Fact]
    public async Task A_hold_that_races_requests_lets_nothing_be_dispatched_behind_it_and_everything_after_it()
    {
        var (here, other) = (await StartAsync(), await StartAsync());
        await here.RegisterAsync(Replica.Tenant, LittleProcessors.Of("crm"));
        var persons = Enumerable.Range(0, 25).Select(_ => Replica.NewPerson()).ToList();
        await Task.WhenAll(persons.SelectMany(p => new[] { (Task)here.ReceiveAsync(p), PlaceAsync(other, p) }));

        foreach (var person in persons)
        {
            var facts = await here.FactsAsync(person);
            var held = facts.ToList().FindIndex(f => f is HoldPlaced);
            facts.Skip(held).OfType<ErasureTaskDispatched>().ShouldBeEmpty();
            if (facts.Take(held).OfType<ErasureTaskDispatched>().Any()) continue;
            (await here.StateAsync(person)).All[0].State.ShouldBe(RequestState.Held);
            _processors.Calls.Keys.ShouldNotContain(c => c.Request == (facts.OfType<ErasureRequested>().Single().Request).ToString());
        }

        await Task.WhenAll(persons.Select(p => LiftAsync(other, p)));
        foreach (var person in persons)
        {
            var request = (await here.StateAsync(person)).All[0].Id;
            await here.ReplyOfOursAsync(person, request);
            await here.UntilAsync(person, request, r => r.Outcome == RequestOutcome.Fully);
            _processors.CallsOf("crm", request).ShouldBe(1);
        }
    }

    [Fact]
    public async Task A_call_that_is_owed_when_a_hold_comes_is_made_when_it_is_lifted()
    {
        var here = await StartAsync();
        await here.RegisterAsync(Replica.Tenant, LittleProcessors.Of("crm"));
        _processors.Answers("crm", before => before == 0 ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.OK);
        var person = Replica.NewPerson();
        var request = await here.ReceiveAsync(person);
        await here.UntilAsync(person, request, r => r.Tasks["crm"].Failure is not null);
        await PlaceAsync(here, person);
        _clock.Pass(TimeSpan.FromDays(2));
        await here.WakeAsync();
        (await here.StateAsync(person)).All[0].Tasks["crm"].Attempts.ShouldBe(1);
        await LiftAsync(here, person);
        await here.UntilAsync(person, request, r => r.Tasks["crm"] is { Outcome: TaskOutcome.Erased, Attempts: 2 });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_hold_that_comes_while_a_call_is_out_names_who_has_it_keeps_the_answer_and_lets_nobody_call_again(bool reached)
    {
        var (out_, answer) = (new TaskCompletionSource(), new TaskCompletionSource<TaskReply>());
        var calls = 0;
        var here = await StartAsync(async (call, ct) =>
        {
            if (Interlocked.Increment(ref calls) > 1) return await _processors.SendAsync(call, ct);
            out_.SetResult();
            return await answer.Task.WaitAsync(ct);
        });
        await here.RegisterAsync(Replica.Tenant, LittleProcessors.Of("crm"));
        var person = Replica.NewPerson();
        var request = await here.ReceiveAsync(person);
        await here.ReplyOfOursAsync(person, request);
        await out_.Task;
        await PlaceAsync(here, person);
        (await here.FactsAsync(person)).OfType<ErasureHeld>().Single().Told.ShouldBe(["crm"]);

        answer.SetResult(reached ? new TaskReply.Done(TaskOutcome.PartlyErased, "legal-claims") : new TaskReply.Unreachable("no-answer", RetryAfter: null));
        var held = await here.UntilAsync(person, request, r => !r.IsOpen || r.Tasks["crm"].Failure is not null);
        (held.Tasks["crm"].Outcome, held.Outcome).ShouldBe(reached ? (TaskOutcome.PartlyErased, RequestOutcome.Partially) : ((TaskOutcome?)null, (RequestOutcome?)null));
        _clock.Pass(TimeSpan.FromDays(2));
        await here.WakeAsync();
        calls.ShouldBe(1);

        await LiftAsync(here, person);
        if (!reached) await here.UntilAsync(person, request, r => r.Outcome == RequestOutcome.Fully);
        (await here.FactsAsync(person)).OfType<ErasureTaskDispatched>().Count(d => d.System == "crm").ShouldBe(reached ? 1 : 2);
    }

    [Fact]
    public async Task A_call_that_was_out_when_its_caller_was_killed_is_not_made_again_while_a_hold_is_in_force()
    {
        var (dying, person, request) = await CallAndHangAsync();
        await PlaceAsync(dying, person);
        _replicas.Remove(dying);
        await dying.DisposeAsync();

        var next = await StartAsync();
        _clock.Pass(TimeSpan.FromDays(2));

        // What another person is owed is done: this one's would have been before it.
        var other = Replica.NewPerson();
        await next.UntilAsync(other, await next.ReceiveAsync(other), r => r.Tasks["crm"].Outcome is not null);
        _processors.CallsOf("crm", request).ShouldBe(1);
        await LiftAsync(next, person);
        var ended = await next.UntilAsync(person, request, r => r.Tasks["crm"].Outcome is not null);
        (ended.Tasks["crm"].Attempts, _processors.CallsOf("crm", request)).ShouldBe((1, 2), "the processor knows the attempt");
    }

    [Fact]
    public async Task Consents_are_withdrawn_while_a_hold_keeps_the_data()
    {
        var here = await StartAsync();
        var person = Replica.NewPerson();
        await PlaceAsync(here, person);
        var request = await here.ReceiveAsync(person, People.Asking with { WithdrawAll = true });
        var called = await here.UntilAsync(person, request, r => r.Tasks.TryGetValue(OwnSystems.Withdrawals, out var task) && task.Failure is not null);
        (called.State, called.Tasks[OwnSystems.Withdrawals].Failure).ShouldBe((RequestState.Held, "no-client"), "there is nobody to call in this test, and it was tried");
    }

    [Fact]
    public async Task A_hold_on_one_id_reaches_the_others_of_the_person_and_lets_go_of_who_is_another_person()
    {
        var here = await StartAsync();
        var (one, other) = (Replica.NewPerson(), Replica.NewPerson());
        await PlaceAsync(here, one);
        await SayAsync(here, SubjectMergedV1.Type, one, other, 4);
        await SayAsync(here, SubjectMergedV1.Type, other, one, 2);
        await SayAsync(here, SubjectMergedV1.Type, other, one, 2);
        (await here.StateAsync(other)).Holds.ShouldHaveSingleItem();
        var request = await here.ReceiveAsync(other);
        (await here.StateAsync(other)).All[0].State.ShouldBe(RequestState.Held);

        await SayAsync(here, SubjectUnmergedV1.Type, other, one, 3);
        await SayAsync(here, SubjectUnmergedV1.Type, one, other, 5);
        (await here.StateAsync(one)).Holds.ShouldHaveSingleItem();
        (await here.StateAsync(other)).All[0].State.ShouldBe(RequestState.Running);
        (await here.FactsAsync(other)).OfType<HoldLifted>().Single().Cause.ShouldBe(HoldEnd.Parted);
        request.ShouldBe((await here.StateAsync(other)).All[0].Id);
    }

    [Fact]
    public async Task Who_contradicts_themselves_is_kept_on_record_and_changes_nothing()
    {
        var here = await StartAsync();
        await here.RegisterAsync(Replica.Tenant, LittleProcessors.Of("liar"));
        var person = Replica.NewPerson();
        var request = await here.ReceiveAsync(person);
        await here.UntilAsync(person, request, r => r.Tasks["liar"].Outcome == TaskOutcome.Erased);
        foreach (var reply in (TaskReply[])[new TaskReply.Refused("we-never-did"), new TaskReply.Accepted("again", null), new TaskReply.Done(TaskOutcome.Erased, null), new TaskReply.Refused("we-never-did")])
            await here.ReplyAsync(person, request, "liar", reply);
        await here.ReplyOfOursAsync(person, request);
        var ended = await here.UntilAsync(person, request, r => !r.IsOpen);
        (ended.Tasks["liar"].Outcome, ended.Outcome).ShouldBe((TaskOutcome.Erased, RequestOutcome.Fully));
        ended.Tasks["liar"].Contradictions.ShouldHaveSingleItem().Reason.ShouldBe("we-never-did");
    }

    private static async Task PlaceAsync(Replica replica, StreamKey person)
    {
        var (hold, placed) = (person.Id.Value, new PlaceHold(HoldAuthority.CourtOrder, "T-1"));
        (await replica.Aliases.ExecuteAsync([person], new Digest(People.NewId()), default, all => PlaceHold.Decide(placed, hold, person, all), CancellationToken.None)).ShouldBeOfType<Outcome.Recorded>();
    }

    private static async Task LiftAsync(Replica replica, StreamKey person) =>
        (await replica.Aliases.ExecuteAsync([person], new Digest(People.NewId()), default, all => LiftHold.Decide(person.Id.Value, all), CancellationToken.None)).ShouldBeOfType<Outcome.Recorded>();

    private static Task SayAsync(Replica replica, string type, StreamKey subject, StreamKey other, long version) => new FollowAliases(replica.Aliases, TimeProvider.System).ConsumeAsync(
        new CloudEvent
        {
            Id = People.NewId().ToString(),
            Source = "https://consentledger/consent",
            Type = type,
            Time = TimeProvider.System.GetUtcNow(),
            Subject = subject.Id.ToString(),
            Tenant = subject.Tenant.ToString(),
            StreamVersion = version,
            Data = CloudEvent.DataFrom(new SubjectMergedV1(other.Id.Value, TimeProvider.System.GetUtcNow(), "agent", "desk")),
        },
        CancellationToken.None);

    /// <summary>A replica that has made a call, and will not hear the answer.</summary>
    private async Task<(Replica Dying, StreamKey Person, Guid Request)> CallAndHangAsync()
    {
        var made = new TaskCompletionSource();
        var dying = await StartAsync(async (call, ct) =>
        {
            await _processors.SendAsync(call, ct);
            made.TrySetResult();
            await Task.Delay(Timeout.Infinite, ct);
            throw new InvalidOperationException("It is dead.");
        });
        await dying.RegisterAsync(Replica.Tenant, LittleProcessors.Of("crm"));
        var person = Replica.NewPerson();
        var request = await dying.ReceiveAsync(person);
        await made.Task;
        return (dying, person, request);
    }

    private async Task<Replica> StartAsync(CallProcessor? call = null)
    {
        var replica = await Replica.StartAsync(_database, _clock, call ?? _processors.SendAsync);
        _replicas.Add(replica);
        return replica;
    }
}
