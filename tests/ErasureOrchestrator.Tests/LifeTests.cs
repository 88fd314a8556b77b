using System.Globalization;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Extending;
using ConsentLedger.ErasureOrchestrator.Erasures.Instructing;
using ConsentLedger.ErasureOrchestrator.Erasures.Requesting;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Erasures.Withdrawing;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.EventStore;
using static ConsentLedger.ErasureOrchestrator.Tests.People;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>Random lives of a person's requests: whatever happens, in whatever order, what must always hold does.</summary>
public sealed class LifeTests
{
    private const int Lives = 300, Steps = 80;

    private static readonly string[] Systems = ["consent", "marketing-preference", "crm", "archive", "nobody"];

    [Fact]
    public void Whatever_happens_in_whatever_order_every_request_ends_right()
    {
        var first = int.TryParse(Environment.GetEnvironmentVariable("LIFE_SEED"), CultureInfo.InvariantCulture, out var given) ? given : 1;
        for (var seed = first; seed < first + Lives; seed++)
        {
            try
            {
                new Life(seed).Run();
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"LIFE_SEED={seed} shows it again: {e.Message}", e);
            }
        }
    }

    private sealed class Life(int seed)
    {
        private readonly Random _chance = new(seed);
        private readonly TenantRegister _register = Registered(
            new ProcessorConfigured(new Processor("crm", "CRM", ProcessorKind.Webhook, new Uri("https://crm.example"), Assignee: null, [])),
            new ProcessorConfigured(new Processor("archive", "Archive", ProcessorKind.Manual, Endpoint: null, "archivist", [])),
            new RequestsConfigured(seed % 3 == 0 ? new RequestSettings(CoolingOffHours: 30) : seed % 3 == 1 ? new RequestSettings(Instructor: "acme") : new RequestSettings()));
        private SubjectRequests _state = SubjectRequests.None;
        private DateTimeOffset _now = Noon;
        private int _version;
        private int _ids;

        public void Run()
        {
            for (var step = 0; step < Steps; step++) Step();
            End();
        }

        private void Step()
        {
            switch (_chance.Next(12))
            {
                case 0 or 1:
                    Do(state => ReceiveRequest.Decide(Asking with { Type = _chance.Next(3) == 0 ? RequestType.Access : null, WithdrawAll = _chance.Next(3) == 0 }, NextId(), state, _register, _now));
                    break;
                case 2:
                    Do(_ => Decision.Of(new HoldPlaced(NextId(), HoldAuthority.CourtOrder, "T-1")));
                    break;
                case 3 when _state.Holds.Count > 0:
                    var hold = _state.Holds.Keys.ElementAt(_chance.Next(_state.Holds.Count));
                    Do(_ => Decision.Of(new HoldLifted(hold, HoldEnd.Lifted)));
                    break;
                case 4 when Any() is { } request:
                    Do(_ => new WithdrawRequest().Decide(request, _register, _now));
                    break;
                case 5 when Any() is { } request:
                    Do(_ => new ExtendRequest(ExtensionReason.Complexity, _now, "email").Decide(request, _register, _now));
                    break;
                case 6 when Any() is { } request && _chance.Next(4) == 0:
                    Do(_ => new RefuseRequest(RefusalReason.Excessive).Decide(request, _register, _now));
                    break;
                case 7 when Any() is { } request:
                    Do(_ => new InstructRequest(_chance.Next(5) == 0 ? Instruction.Decline : Instruction.Proceed).Decide(request, _register, _now));
                    break;
                case 8 or 9 when Any() is { } request:
                    var system = Systems[_chance.Next(Systems.Length)];
                    Do(state => RecordReply.Decide(request.Id, system, Reply(), attempt: null, state, _now));
                    break;
                default:
                    _now += TimeSpan.FromMinutes(_chance.Next(1, 60 * 72));
                    Fire();
                    break;
            }
        }

        /// <summary>Nothing stands in the way any more, and everybody answers.</summary>
        private void End()
        {
            foreach (var hold in _state.Holds.Keys.ToList()) Do(_ => Decision.Of(new HoldLifted(hold, HoldEnd.Lifted)));
            foreach (var request in _state.All.Where(r => r.IsOpen).ToList()) Do(_ => new InstructRequest(Instruction.Proceed).Decide(request, _register, _now));
            _now += TimeSpan.FromDays(3);
            Fire();
            for (var round = 0; round < 3; round++)
            {
                foreach (var request in _state.All.Where(r => r.IsOpen).ToList())
                    foreach (var system in request.Tasks.Keys) Do(state => RecordReply.Decide(request.Id, system, new TaskReply.Done(request.Type == RequestType.Access ? TaskOutcome.Provided : TaskOutcome.Erased, Reason: null), attempt: null, state, _now));
            }

            _state.All.ShouldAllBe(r => !r.IsOpen, "every request comes to its end");
            _state.All.Where(r => r.CompletedAt is not null).ShouldAllBe(r => r.Outcome != null);
            ByTime.DueIn(_state).ShouldBeEmpty();
        }

        private void Fire()
        {
            for (var time = 0; ByTime.DueIn(_state).Any(d => d.At <= _now); time++)
            {
                time.ShouldBeLessThan(50, "what is due ends");
                Do(state => ByTime.Requests(TenMinutes).Decide(state, _version, _now));
            }
        }

        private void Do(Func<SubjectRequests, Decision> decide)
        {
            if (decide(_state).Advancing([new Person(Stream: null, _state, _version)], _register, TenMinutes, _now) is not Decision.Record record) return;
            foreach (var facts in record.Events.Select(e => e.Facts))
            {
                if (facts is ErasureTaskDispatched { Type: null } told && told.System != OwnSystems.Withdrawals) _state.Holds.ShouldBeEmpty("nothing is dispatched under a hold");
                var before = _state;
                var stored = Stored(facts, _version++);
                _state = SubjectRequests.Stream.After(_state, ErasureCatalog.Events.Decode(stored), stored.Place with { RecordedAt = _now });
                Stands(before);
            }

            Holds();
        }

        /// <summary>What was said once stands.</summary>
        private void Stands(SubjectRequests before)
        {
            foreach (var old in before.All)
            {
                var now = _state.Find(old.Id)!;
                if (!old.IsOpen) (now.EndedAt, now.Outcome).ShouldBe((old.EndedAt, old.Outcome));
                foreach (var (system, task) in old.Tasks.Where(t => !t.Value.IsOpen)) (now.Tasks[system].Outcome, now.Tasks[system].Reason).ShouldBe((task.Outcome, task.Reason));
            }
        }

        private void Holds()
        {
            foreach (var request in _state.All)
            {
                if (request.CompletedAt is not null && request.RefusedFor is null) request.Tasks.Values.ShouldAllBe(t => !t.IsOpen, "done means all of it");
                if (request.IsOpen && request.HasBegun) request.Tasks.Values.ShouldContain(t => t.IsOpen, "open means something is");
                if (request.IsOpen && !request.HasBegun) request.WaitsFor.ShouldNotBeNull("nothing stands without a reason");
                if (request is { IsOpen: true, Type: RequestType.Erasure }) (request.HeldSince is not null).ShouldBe(_state.Holds.Count > 0);
            }

            _state.All.Where(r => r.IsOpen).GroupBy(r => r.Type).ShouldAllBe(g => g.Count() == 1);
        }

        private TaskReply Reply() => _chance.Next(6) switch
        {
            5 => new TaskReply.Done(TaskOutcome.Provided, Reason: null),
            0 => new TaskReply.Refused("no"),
            1 => new TaskReply.Accepted("ref", _now.AddDays(2)),
            2 => new TaskReply.Unreachable("timeout", RetryAfter: null),
            3 => new TaskReply.Done(TaskOutcome.Kept, "legal-obligation"),
            _ => new TaskReply.Done(TaskOutcome.Erased, Reason: null),
        };

        private PersonRequest? Any() => _state.All.Count == 0 ? null : _state.All[_chance.Next(_state.All.Count)];

        private Guid NextId() => new(++_ids, 0, 0x7000, [0x80, 0, 0, 0, 0, 0, 0, 1]);
    }
}
