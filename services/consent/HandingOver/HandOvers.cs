using ConsentLedger.Consent.Consents;

namespace ConsentLedger.Consent.HandingOver;

/// <summary>Everything of this tenant, its people's keys included, was made ready for whoever takes it over.</summary>
/// <param name="Successor">A word for them.</param>
/// <param name="Key">SHA-256 of the successor's public key (SPKI in DER), as <c>sha256:</c> and lower-case hex: nobody without the key that belongs to it opens what was handed over.</param>
public sealed record TenantHandedOver(Token Successor, string Key);

/// <summary>How often a tenant was handed over, and to whom last. Decides nothing: a buyer may fall through, and its successor take over in its place.</summary>
public sealed record HandOvers(long Count, TenantHandedOver? Last)
{
    public static readonly StreamType<HandOvers> Stream = new(new HandOvers(0, null), (state, e, _) => state.Evolve(e));

    /// <summary>One stream a tenant, under a version 8 UUID, which no subject can have.</summary>
    public static StreamKey Of(TenantId tenant) => new(tenant, new StreamId(new Guid("68616e64-6f76-8000-8000-000000000001")));

    internal HandOvers Evolve(object e) => e is TenantHandedOver handedOver ? new HandOvers(Count + 1, handedOver) : this;
}
