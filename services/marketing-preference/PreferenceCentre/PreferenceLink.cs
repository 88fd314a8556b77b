using ConsentLedger.MarketingPreference.Links;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.PreferenceCentre;

/// <summary>What a link to the preference centre stands for: one person, how far it goes, and until when.</summary>
/// <param name="Lang">BCP 47, where whoever asked for the link knows what the person reads.</param>
public sealed record PreferenceLink(TenantId Tenant, SubjectId Subject, LinkScope Scope, string? Lang, DateTimeOffset ExpiresAt)
{
    public StreamKey Stream => new(Tenant, Subject.Stream);

    internal byte[] ToBytes() => [.. LinkBytes.Of(Tenant.ToString()), .. LinkBytes.Of(Subject), (byte)Scope, .. LinkBytes.Of(Lang), .. LinkBytes.Of(ExpiresAt)];

    internal static PreferenceLink FromBytes(ReadOnlySpan<byte> bytes) => new(
        TenantId.Parse(LinkBytes.TakeText(ref bytes)), LinkBytes.TakeSubject(ref bytes), (LinkScope)LinkBytes.TakeByte(ref bytes),
        LinkBytes.TakeText(ref bytes) is { Length: > 0 } lang ? lang : null, LinkBytes.TakeEnd(ref bytes));
}

/// <summary>How far a link goes. A mail is passed on more easily than a session.</summary>
public enum LinkScope : byte
{
    /// <summary>From a mail: see and change one's choices.</summary>
    Page = 1,

    /// <summary>For someone who has just signed in: also take a copy of the data, and ask for erasure.</summary>
    Session = 2,
}
