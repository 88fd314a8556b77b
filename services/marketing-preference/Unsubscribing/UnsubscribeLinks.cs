using ConsentLedger.MarketingPreference.Links;

namespace ConsentLedger.MarketingPreference.Unsubscribing;

/// <summary>
/// Links that end one topic over one channel. Each holds no address. What a mail client does with one is leave, and nothing else; whoever opens it in a browser finds the way on to all choices, for as
/// long as it lasts (docs/adr/0025).
/// </summary>
public sealed class UnsubscribeLinks
{
    /// <summary>Longer than a mail is likely to lie around unread. A way out that lapses early would be none.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(2 * 365);

    private readonly Uri _publicUrl;

    /// <param name="secret">32 bytes that only this service has.</param>
    /// <param name="publicUrl">Where people reach this service, over HTTPS, without which there is no one-click (RFC 8058, section 3.1); on this machine it may be without, to try things out.</param>
    public UnsubscribeLinks(ReadOnlySpan<byte> secret, Uri publicUrl)
    {
        if (publicUrl.Scheme != Uri.UriSchemeHttps && !publicUrl.IsLoopback) throw new InvalidOperationException("Links__PublicUrl has to begin with https://: without it no mail client offers one-click.");
        (Signer, _publicUrl) = (new LinkSigner(secret, "links"), new Uri($"{publicUrl.AbsoluteUri.TrimEnd('/')}/u/"));
    }

    internal LinkSigner Signer { get; }

    /// <summary>The value of <c>List-Unsubscribe</c> (RFC 2369). A token has nothing in it that a URI would have to escape.</summary>
    public string HeaderOf(UnsubscribeLink link) => $"<{_publicUrl.AbsoluteUri}{TokenOf(link)}>";

    public string TokenOf(UnsubscribeLink link) => Signer.TokenOf(link.ToBytes());

    /// <summary>The link behind a token, or null for one that is forged, damaged or over.</summary>
    public UnsubscribeLink? Find(string token, DateTimeOffset now) =>
        Signer.Find(token) is { } bytes && UnsubscribeLink.FromBytes(bytes) is var link && now < link.ExpiresAt ? link : null;

    /// <summary>Where a page of this link sends the browser, as a path.</summary>
    internal string PathOf(string token, string part = "") => $"{_publicUrl.AbsolutePath}{token}{part}";
}
