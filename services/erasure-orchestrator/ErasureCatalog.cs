using ConsentLedger.ErasureOrchestrator.Erasures;

namespace ConsentLedger.ErasureOrchestrator;

/// <summary>The stored name of every event of this service.</summary>
public static class ErasureCatalog
{
    public static EventCatalog Events { get; } = new(
        ("erasure.requested.v1", typeof(ErasureRequested)),
        ("erasure.task-dispatched.v1", typeof(ErasureTaskDispatched)),
        ("erasure.task-completed.v1", typeof(ErasureTaskCompleted)),
        ("erasure.completed.v1", typeof(ErasureCompleted)));
}
