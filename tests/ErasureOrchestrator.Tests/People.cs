using System.Text.Json;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Requesting;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.EventStore;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>Persons with a history, made by way of the stored form.</summary>
internal static class People
{
    public static readonly Guid Request = new("0199aa00-0000-7000-8000-000000000001");
    public static readonly Guid OtherRequest = new("0199aa00-0000-7000-8000-000000000002");
    public static readonly Guid Hold = new("0199aa00-0000-7000-8000-00000000000a");
    public static readonly DateTimeOffset Noon = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);
    public static readonly Patience TenMinutes = new(TimeSpan.FromMinutes(10));

    private static readonly StreamKey Somebody = new(TenantId.Parse("quintus"), NewSubject().Stream);

    /// <summary>An erasure of a tenant whose register is empty, as it is received at noon.</summary>
    public static object[] Requested { get; } =
    [
        new ErasureRequested(Request, ErasureReason.ConsentWithdrawn, new DateOnly(2026, 2, 28), LapsesAt: new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero), ReceivedOn: new DateOnly(2026, 1, 31)),
        new ErasurePlanned(Request, [new PlannedStep("consent", ProcessorKind.Service), new PlannedStep("marketing-preference", ProcessorKind.Service)], [], PolicyVersion: null),
        new ErasureTaskDispatched(Request, "consent", 1, WaitSeconds: 600),
        new ErasureTaskDispatched(Request, "marketing-preference", 1, WaitSeconds: 600),
    ];

    /// <summary>As the release before this one recorded it.</summary>
    public static object[] RequestedBefore { get; } =
    [
        new ErasureRequested(Request, ErasureReason.ConsentWithdrawn, new DateOnly(2026, 2, 28)),
        new ErasureTaskDispatched(Request, "consent", 1),
        new ErasureTaskDispatched(Request, "marketing-preference", 1),
    ];

    public static ReceiveRequest Asking => new(NewSubject(), ErasureReason.ConsentWithdrawn);

    public static TenantRegister Registered(params IEnumerable<object> facts) => TenantRegister.Stream.Replay(facts.Select(Stored), ErasureCatalog.Events);

    /// <summary>The state after these facts, each recorded a minute after the one before.</summary>
    public static SubjectRequests Given(params IEnumerable<object> facts) => SubjectRequests.Stream.Replay(facts.Select(Stored), ErasureCatalog.Events);

    /// <summary>A decision and what follows from it in the same commit.</summary>
    public static Decision Whole(this Decision decision, SubjectRequests state, TenantRegister? register = null, DateTimeOffset? now = null) =>
        decision.Advancing([new Person(Stream: null, state, Version: 0)], register ?? TenantRegister.Empty, TenMinutes, now ?? Noon);

    public static StoredEvent Stored(object facts, int index = 0) => new(
        Somebody, new EventPlace(index, index + 1, Noon.AddMinutes(index)), NewId(), ErasureCatalog.Events.NameOf(facts),
        JsonSerializer.SerializeToUtf8Bytes(facts, facts.GetType(), EventCatalog.Json), TraceParent: null);

    /// <summary>Compared as they are stored: lists in records are not equal by what is in them.</summary>
    public static void ShouldRecord(this Decision decision, params object[] facts) =>
        decision.ShouldBeOfType<Decision.Record>().Events.Select(e => Written(e.Facts)).ShouldBe(facts.Select(Written));

    public static IReadOnlyList<object> Facts(this Decision decision) => [.. decision.ShouldBeOfType<Decision.Record>().Events.Select(e => e.Facts)];

    public static string CodeOf(Decision decision) => decision.ShouldBeOfType<Decision.Refuse>().Refusal.Code;

    public static Guid NewId() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    public static SubjectId NewSubject() => SubjectId.TryParse(NewId().ToString(), out var subject) ? subject : throw new InvalidOperationException("A version 7 UUID is a subject.");

    private static string Written(object facts) => $"{facts.GetType().Name} {JsonSerializer.Serialize(facts, facts.GetType(), EventCatalog.Json)}";
}
