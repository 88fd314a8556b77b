using ConsentLedger.MarketingPreference.Links;

namespace ConsentLedger.MarketingPreference.PreferenceCentre;

/// <summary>Links to the preference centre. Each holds no address; its forms carry a proof that they are ours.</summary>
public sealed class PreferenceLinks
{
    private readonly Uri _publicUrl;

    /// <inheritdoc cref="Unsubscribing.UnsubscribeLinks(ReadOnlySpan{byte}, Uri)"/>
    public PreferenceLinks(ReadOnlySpan<byte> secret, Uri publicUrl) => (Signer, _publicUrl) = (new LinkSigner(secret, "preference-links"), new Uri($"{publicUrl.AbsoluteUri.TrimEnd('/')}/p/"));

    internal LinkSigner Signer { get; }

    /// <summary>The longest that a link may last.</summary>
    public static TimeSpan LongestOf(LinkScope scope) => scope == LinkScope.Session ? TimeSpan.FromHours(1) : TimeSpan.FromDays(90);

    public Uri AddressOf(PreferenceLink link) => new(_publicUrl, TokenOf(link));

    public string TokenOf(PreferenceLink link) => Signer.TokenOf(link.ToBytes());

    /// <summary>The link behind a token, or null for one that is forged, damaged or over.</summary>
    public PreferenceLink? Find(string token, DateTimeOffset now) => Signer.Find(token) is { } bytes && PreferenceLink.FromBytes(bytes) is var link && now < link.ExpiresAt ? link : null;

    /// <summary>Where a page of this link sends the browser, as a path.</summary>
    internal string PathOf(string token, string part = "") => $"{_publicUrl.AbsolutePath}{token}{part}";
}
