using System.Text.Json;
using ConsentLedger.Contracts;
using ConsentLedger.ErasureOrchestrator.Erasures;
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
        [new ErasureCompleted(Request), $$"""{"request":"{{Request}}"}"""],
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
}
