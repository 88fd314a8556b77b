using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Requesting;
using ConsentLedger.EventStore;
using static ConsentLedger.ErasureOrchestrator.Tests.People;

namespace ConsentLedger.ErasureOrchestrator.Tests;

public sealed class RequestErasureTests
{
    [Fact]
    public void A_first_request_tells_every_system_at_once() =>
        RequestErasure.Decide(new RequestErasure(NewSubject(), ErasureReason.ConsentWithdrawn), Request, Given(), Noon).ShouldRecord(Requested);

    [Fact]
    public void A_request_needs_no_reason() =>
        RequestErasure.Decide(new RequestErasure(NewSubject()), Request, Given(), Noon)
            .ShouldBeOfType<Decision.Record>().Events[0].Facts.ShouldBe(new ErasureRequested(Request, Reason: null, new DateOnly(2026, 2, 28)));

    [Fact]
    public void Asking_again_while_it_runs_starts_nothing() => DecideAgain(Requested).ShouldBe(Decision.Unchanged);

    [Fact]
    public void Asking_again_after_its_end_starts_nothing() =>
        DecideAgain([
            .. Requested,
            new ErasureTaskCompleted(Request, "consent", TaskOutcome.Erased),
            new ErasureTaskCompleted(Request, "marketing-preference", TaskOutcome.Erased),
            new ErasureCompleted(Request)]).ShouldBe(Decision.Unchanged);

    private static Decision DecideAgain(object[] history) => RequestErasure.Decide(new RequestErasure(NewSubject()), OtherRequest, Given(history), Noon);
}
