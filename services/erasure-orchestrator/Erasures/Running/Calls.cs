using ConsentLedger.ErasureOrchestrator.Register;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Running;

/// <summary>Which tasks are carried out by a call from here.</summary>
public static class Calls
{
    /// <summary>Our own systems hear of erasures over the bus, and people see a list.</summary>
    public static bool Makes(ProcessorKind kind, string system, RequestType type) => kind switch
    {
        ProcessorKind.OpenDsr or ProcessorKind.Webhook => true,
        ProcessorKind.Service => type != RequestType.Erasure || system is OwnSystems.Withdrawals or OwnSystems.Addresses,
        _ => false,
    };
}
