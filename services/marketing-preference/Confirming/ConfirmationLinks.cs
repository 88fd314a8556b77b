using ConsentLedger.MarketingPreference.Links;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Confirming;

/// <summary>What a link in a confirmation mail stands for: the second step of one double opt-in, and no more.</summary>
/// <param name="FirstStep">Where the first step lies in the consent service's log. Who asked again may have given another address since, and whoever reads the mail to the old one is not asked.</param>
public sealed record ConfirmationLink(TenantId Tenant, SubjectId Subject, string Purpose, string? Channel, string? Recipient, string? Lang, DateTimeOffset ExpiresAt, long FirstStep)
{
    public StreamKey Stream => new(Tenant, Subject.Stream);

    internal byte[] ToBytes() =>
    [
        .. LinkBytes.Of(Tenant.ToString()), .. LinkBytes.Of(Subject), .. LinkBytes.Of(Purpose), .. LinkBytes.Of(Channel), .. LinkBytes.Of(Recipient), .. LinkBytes.Of(Lang), .. LinkBytes.Of(ExpiresAt),
        .. LinkBytes.Of(FirstStep),
    ];

    internal static ConfirmationLink FromBytes(ReadOnlySpan<byte> bytes) => new(
        TenantId.Parse(LinkBytes.TakeText(ref bytes)), LinkBytes.TakeSubject(ref bytes), LinkBytes.TakeText(ref bytes), OrNull(LinkBytes.TakeText(ref bytes)),
        OrNull(LinkBytes.TakeText(ref bytes)), OrNull(LinkBytes.TakeText(ref bytes)), LinkBytes.TakeEnd(ref bytes), bytes.IsEmpty ? Unknown : LinkBytes.TakeLong(ref bytes));

    /// <summary>Of links from before this was in them: they confirm nothing, and another is soon asked for.</summary>
    private const long Unknown = -1;

    private static string? OrNull(string text) => text.Length > 0 ? text : null;
}

/// <summary>Signs such links. One that is over is found as well: its page says so, and what to do.</summary>
public sealed class ConfirmationLinks
{
    private readonly Uri _publicUrl;

    /// <inheritdoc cref="Unsubscribing.UnsubscribeLinks(ReadOnlySpan{byte}, Uri)"/>
    public ConfirmationLinks(ReadOnlySpan<byte> secret, Uri publicUrl) => (Signer, _publicUrl) = (new LinkSigner(secret, "confirmation-links"), new Uri($"{publicUrl.AbsoluteUri.TrimEnd('/')}/c/"));

    internal LinkSigner Signer { get; }

    public Uri AddressOf(ConfirmationLink link) => new(_publicUrl, TokenOf(link));

    public string TokenOf(ConfirmationLink link) => Signer.TokenOf(link.ToBytes());

    /// <summary>The link behind a token, over or not; null for one that is forged or damaged.</summary>
    public ConfirmationLink? Find(string token) => Signer.Find(token) is { } bytes ? ConfirmationLink.FromBytes(bytes) : null;

    internal string PathOf(string token) => $"{_publicUrl.AbsolutePath}{token}";
}
