using System.Text.Json;
using ConsentLedger.Contracts;
using ConsentLedger.ErasureOrchestrator.Erasures;

namespace ConsentLedger.ErasureOrchestrator.Publishing;

/// <summary>From what this service records to what it tells the others. The only file that sees both.</summary>
public static class ErasurePublisher
{
    public static CloudEvent? Translate(StoredEvent e)
    {
        var (type, data) = ErasureCatalog.Events.Decode(e) switch
        {
            ErasureRequested r => (ErasureRequestedV1.Type, CloudEvent.DataFrom(new ErasureRequestedV1(r.Request, r.Reason is { } reason ? NameOf(reason) : null))),
            ErasureTaskDispatched d => (ErasureTaskDispatchedV1.Type, CloudEvent.DataFrom(new ErasureTaskDispatchedV1(d.Request, d.System))),
            ErasureTaskCompleted c => (ErasureTaskCompletedV1.Type, CloudEvent.DataFrom(new ErasureTaskCompletedV1(c.Request, c.System, NameOf(c.Outcome)))),
            ErasureCompleted c => (ErasureCompletedV1.Type, CloudEvent.DataFrom(new ErasureCompletedV1(c.Request))),
            var unknown => throw new InvalidOperationException($"{unknown.GetType().Name} has no contract."),
        };
        return new CloudEvent
        {
            Id = e.Id.ToString(),
            Source = "https://consentledger/erasure-orchestrator",
            Type = type,
            Time = e.Place.RecordedAt,
            Subject = e.Stream.Id.ToString(),
            Tenant = e.Stream.Tenant.ToString(),
            Position = e.Place.Position,
            StreamVersion = e.Place.Version,
            TraceParent = e.TraceParent,
            Data = data,
        };
    }

    private static string NameOf(Enum value) => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
}
