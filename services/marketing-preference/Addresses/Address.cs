using System.Collections.Immutable;

namespace ConsentLedger.MarketingPreference.Addresses;

/// <summary>How an address stands, from the harmless to the worst. docs/send-decisions.md says what each lets through; the numbers are kept in a table.</summary>
public enum AddressStanding
{
    Deliverable = 0,

    /// <summary>Deliverable since somebody said so.</summary>
    Released = 1,

    SoftBounced = 2,
    Complained = 3,
    Suppressed = 4,
    HardBounced = 5,

    /// <summary>Suppressed for everything.</summary>
    Barred = 6,
}

/// <summary>One address, which is known by its tag. What happened to it holds for everybody who has it.</summary>
/// <param name="Links">What stands for each who can be reached there now.</param>
/// <param name="SoftBounces">How many in a row.</param>
/// <param name="PausedUntil">So many came back that nobody is to try until then.</param>
public sealed record Address(
    AddressTag? Tag, ImmutableSortedSet<Guid> Links, int SoftBounces, DateTimeOffset? PausedUntil, EventPlace? SoftBounced, EventPlace? HardBounced, EventPlace? Complained,
    EventPlace? Suppressed, SuppressionCause? Cause, bool SuppressesEverything, EventPlace? Released)
{
    /// <summary>So many soft bounces in a row pause an address: a full mailbox is seldom emptied by the next mail.</summary>
    public const int SoftBouncesBeforePause = 5;

    public static readonly TimeSpan Pause = TimeSpan.FromDays(14);

    public static readonly Address Unknown = new(null, [], 0, null, null, null, null, null, null, false, null);

    public static readonly StreamType<Address> Stream = new(Unknown, (address, e, place) => address.Evolve(e, place));

    /// <summary>Somebody who had it was erased and had left something, and others had it then. Nothing follows while one of them has it: what they get is theirs to say.</summary>
    public bool NoStays { get; private init; }

    /// <summary>Nobody has it once this one goes, and a no of somebody who was erased is due.</summary>
    public bool StopsWithout(Guid link) => Suppressed is null && NoStays && Links is [var last] && last == link;

    /// <summary>A version 8 UUID, which no subject can have, of nothing but chance.</summary>
    public static StreamId NewId()
    {
        Span<byte> random = stackalloc byte[16];
        System.Security.Cryptography.RandomNumberGenerator.Fill(random);
        random[6] = (byte)((random[6] & 0x0f) | 0x80);
        random[8] = (byte)((random[8] & 0x3f) | 0x80);
        return new StreamId(new Guid(random, bigEndian: true));
    }

    /// <summary>The worst that holds.</summary>
    public (AddressStanding Standing, EventPlace? Place) Standing => this switch
    {
        { Suppressed: { } place, SuppressesEverything: true } => (AddressStanding.Barred, place),
        { HardBounced: { } place } => (AddressStanding.HardBounced, place),
        { Suppressed: { } place } => (AddressStanding.Suppressed, place),
        { Complained: { } place } => (AddressStanding.Complained, place),
        { SoftBounced: { } place } => (AddressStanding.SoftBounced, place),
        { Released: { } place } => (AddressStanding.Released, place),
        _ => (AddressStanding.Deliverable, null),
    };

    private Address Evolve(object e, EventPlace place) => e switch
    {
        AddressLinked linked => this with { Tag = linked.Tag, Links = Links.Add(linked.Link) },
        AddressUnlinked unlinked => this with { Links = Links.Remove(unlinked.Link), NoStays = NoStays || unlinked.NoStays },
        AddressBounced { Kind: BounceKind.Hard } bounced => this with { Tag = bounced.Tag, HardBounced = place, SoftBounces = 0, SoftBounced = null, PausedUntil = null },
        AddressBounced bounced => this with
        {
            Tag = bounced.Tag,
            SoftBounces = SoftBounces + 1,
            SoftBounced = place,
            PausedUntil = SoftBounces + 1 >= SoftBouncesBeforePause ? place.RecordedAt + Pause : null,
        },
        AddressDelivered => this with { SoftBounces = 0, SoftBounced = null, PausedUntil = null },
        AddressComplained complained => this with { Tag = complained.Tag, Complained = place },
        AddressSuppressed suppressed => this with { Tag = suppressed.Tag, Suppressed = place, Cause = suppressed.Cause, SuppressesEverything = SuppressesEverything || suppressed.Everything },
        AddressReleased => Unknown with { Tag = Tag, Links = Links, Released = place },
        _ => this,
    };
}
