using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Policies;

namespace ConsentLedger.Consent.Decisions;

/// <summary>Everything that decisions about some subjects rest on, as of one moment of the tenant's log.</summary>
/// <param name="Position">Every event before it is in, and none from it on.</param>
/// <param name="Subjects">Those asked for, and those who are the same persons.</param>
public sealed record SubjectsAsOf(TenantId Tenant, long Position, PolicyBook Policies, IReadOnlyDictionary<StreamId, SubjectConsents> Subjects)
{
    public const string PositionHeader = "Ledger-Position";

    /// <summary>Tells the caller as of which event it was decided: what to ask for to hear nothing older.</summary>
    public void TellPosition(HttpResponse response)
    {
        if (Position > 0) response.Headers[PositionHeader] = $"{Position - 1}";
    }
}
