using System.Text.Json;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.EventStore;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>Persons with a history, made by way of the stored form.</summary>
internal static class People
{
    public static readonly Guid Request = new("0199aa00-0000-7000-8000-000000000001");
    public static readonly Guid OtherRequest = new("0199aa00-0000-7000-8000-000000000002");
    public static readonly DateTimeOffset Noon = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    private static readonly StreamKey Somebody = new(TenantId.Parse("quintus"), NewSubject().Stream);

    public static object[] Requested { get; } =
    [
        new ErasureRequested(Request, ErasureReason.ConsentWithdrawn, new DateOnly(2026, 2, 28)),
        new ErasureTaskDispatched(Request, "consent", 1),
        new ErasureTaskDispatched(Request, "marketing-preference", 1),
    ];

    /// <summary>The state after these facts, each recorded a minute after the one before.</summary>
    public static SubjectErasure Given(params IEnumerable<object> facts) => SubjectErasure.Stream.Replay(facts.Select(Stored), ErasureCatalog.Events);

    public static StoredEvent Stored(object facts, int index = 0) => new(
        Somebody, new EventPlace(index, index + 1, Noon.AddMinutes(index)), NewId(), ErasureCatalog.Events.NameOf(facts),
        JsonSerializer.SerializeToUtf8Bytes(facts, facts.GetType(), EventCatalog.Json), TraceParent: null);

    public static void ShouldRecord(this Decision decision, params object[] facts) =>
        decision.ShouldBeOfType<Decision.Record>().Events.Select(e => e.Facts).ShouldBe(facts);

    public static Guid NewId() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    public static SubjectId NewSubject() => SubjectId.TryParse(NewId().ToString(), out var subject) ? subject : throw new InvalidOperationException("A version 7 UUID is a subject.");
}
