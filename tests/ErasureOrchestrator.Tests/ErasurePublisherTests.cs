using System.Text.Json;
using ConsentLedger.Contracts;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.OpenDsr;
using ConsentLedger.ErasureOrchestrator.Publishing;
using static ConsentLedger.ErasureOrchestrator.Tests.People;

namespace ConsentLedger.ErasureOrchestrator.Tests;

public sealed class ErasurePublisherTests
{
    public static IEnumerable<object[]> Facts =>
    [
        [new ErasureRequested(Request, ErasureReason.CollectedFromChild, new DateOnly(2026, 2, 28)), $$"""{"request":"{{Request}}","reason":"collected-from-child"}"""],
        [new ErasureRequested(Request, null, new DateOnly(2026, 2, 28)), $$"""{"request":"{{Request}}"}"""],
        [new ErasureTaskDispatched(Request, "consent", 2), $$"""{"request":"{{Request}}","system":"consent"}"""],
        [new ErasureTaskCompleted(Request, "consent", TaskOutcome.Erased), $$"""{"request":"{{Request}}","system":"consent","outcome":"erased"}"""],
        [new ErasureTaskCompleted(Request, "crm", TaskOutcome.Kept, "legal-claims"), $$"""{"request":"{{Request}}","system":"crm","outcome":"kept","reason":"legal-claims"}"""],
        [new ErasureTaskContradicted(Request, "crm", TaskOutcome.Erased), $$"""{"request":"{{Request}}","system":"crm","outcome":"erased"}"""],
        [new ErasureForwarded(Request, "user-content"), $$"""{"request":"{{Request}}","instructor":"user-content"}"""],
        [new ErasureHeld(Request, [Hold]), $$"""{"request":"{{Request}}","holds":["{{Hold}}"]}"""],
        [new ErasureHeld(Request, [Hold], ["crm"]), $$"""{"request":"{{Request}}","holds":["{{Hold}}"],"told":["crm"]}"""],
        [new ErasureResumed(Request), $$"""{"request":"{{Request}}"}"""],
        [new ErasureWithdrawn(Request), $$"""{"request":"{{Request}}"}"""],
        [new ErasureEscalated(Request, 7, new DateOnly(2026, 2, 28)), $$"""{"request":"{{Request}}","daysLeft":7,"dueOn":"2026-02-28"}"""],
        [new ErasureOverdue(Request, new DateOnly(2026, 2, 28), WaitsFor.LegalHold), $$"""{"request":"{{Request}}","dueOn":"2026-02-28","waitsFor":"legal-hold"}"""],
        [new DsrEscalated(Request, 7, new DateOnly(2026, 2, 28)), $$"""{"case":"{{Request}}","daysLeft":7,"dueOn":"2026-02-28"}"""],
        [new DsrOverdue(Request, new DateOnly(2026, 2, 28)), $$"""{"case":"{{Request}}","dueOn":"2026-02-28"}"""],
        [new ErasureCompleted(Request), $$"""{"request":"{{Request}}"}"""],
        [new ErasureCompleted(Request, RequestOutcome.Partially, Systems: [new SystemOutcome("consent", TaskOutcome.Erased), new SystemOutcome("crm", TaskOutcome.PartlyErased, "legal-claims")]),
            $$"""{"request":"{{Request}}","outcome":"partially","systems":[{"system":"consent","outcome":"erased"},{"system":"crm","outcome":"partly-erased","reason":"legal-claims"}]}"""],
        [new ErasureCompleted(Request, RequestOutcome.Refused, "excessive"), $$"""{"request":"{{Request}}","outcome":"refused","reason":"excessive"}"""],
    ];

    [Theory]
    [MemberData(nameof(Facts))]
    public void Every_event_goes_out_under_its_own_name_about_the_person(object facts, string data)
    {
        var stored = Stored(facts, index: 4);
        var message = ErasurePublisher.Translate(stored).ShouldNotBeNull();
        message.Type.ShouldBe(stored.Type);
        message.Id.ShouldBe(stored.Id.ToString());
        message.Subject.ShouldBe(stored.Stream.Id.ToString());
        (message.Tenant, message.Position, message.StreamVersion).ShouldBe(("quintus", 4, 5));
        JsonSerializer.Serialize(JsonSerializer.Deserialize<JsonElement>(message.Data.Span)).ShouldBe(data);
        CloudEvent.TryRead(message.ToJson(), out _, out _).ShouldBeTrue();
    }

    [Fact]
    public void Another_right_never_looks_like_an_erasure_to_those_that_erase()
    {
        var day = new DateOnly(2026, 2, 28);
        ErasurePublisher.Translate(Stored(new ErasureRequested(Request, null, day, RequestType.Access)))!.Type.ShouldBe("right.requested.v1");
        ErasurePublisher.Translate(Stored(new ErasureTaskDispatched(Request, "consent", 1, RequestType.Access))).ShouldBeNull();
        ErasurePublisher.Translate(Stored(new ErasureTaskCompleted(Request, "consent", TaskOutcome.Provided, Type: RequestType.Access))).ShouldBeNull();
        ErasurePublisher.Translate(Stored(new ErasureCompleted(Request, RequestOutcome.Fully, Type: RequestType.Access)))!.Type.ShouldBe("right.completed.v1");
    }
}
