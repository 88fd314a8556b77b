using ConsentLedger.Contracts;
using ConsentLedger.EventStore;

namespace ConsentLedger.Messaging;

/// <summary>Whom a message is about. One that does not say so properly is parked: no consumer acts on a guess.</summary>
public static class SubjectEnvelope
{
    /// <exception cref="ParkException"/>
    public static TenantId TenantOf(this CloudEvent message) =>
        TenantId.TryParse(message.Tenant, out var tenant) ? tenant : throw new ParkException("tenant_invalid", "The tenant attribute is missing or is not a tenant.");

    /// <exception cref="ParkException"/>
    public static StreamKey SubjectStream(this CloudEvent message)
    {
        var tenant = message.TenantOf();
        return StreamId.TryParse(message.Subject, out var subject)
            ? new StreamKey(tenant, subject)
            : throw new ParkException("subject_id_invalid", "The subject is not a UUID of version 4 or 7 in lower case.");
    }
}
