using System.Buffers.Binary;
using System.Text;
using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Unsubscribing;

/// <summary>What an unsubscribe link stands for: one person, one topic, one channel, and the delivery it was sent in where the email system named it.</summary>
public sealed record UnsubscribeLink(
    TenantId Tenant, SubjectId Subject, string Topic, string Channel, Word? DeliveryId, Word? RecipientRef, DateTimeOffset ExpiresAt, AddressTag? Address = null)
{
    public StreamKey Stream => new(Tenant, Subject.Stream);

    /// <summary>tenant | subject 16 | topic | channel | delivery | recipient | expiry u32 | tag of the address 32, where one was named; each text behind a byte with its length, all big-endian.</summary>
    internal byte[] ToBytes()
    {
        var expiry = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(expiry, (uint)ExpiresAt.ToUnixTimeSeconds());
        return
        [
            .. Text(Tenant.ToString()), .. Subject.Value.ToByteArray(bigEndian: true), .. Text(Topic), .. Text(Channel),
            .. Text(DeliveryId?.Value ?? ""), .. Text(RecipientRef?.Value ?? ""), .. expiry,
            .. Address?.ToBytes() ?? [],
        ];
    }

    /// <summary>Reads back what <see cref="ToBytes"/> made. Only bytes under a good signature come here.</summary>
    internal static UnsubscribeLink FromBytes(ReadOnlySpan<byte> bytes)
    {
        var tenant = TenantId.Parse(TakeText(ref bytes));
        var subject = new Guid(Take(ref bytes, 16), bigEndian: true);
        var (topic, channel) = (TakeText(ref bytes), TakeText(ref bytes));
        var (delivery, recipient) = (Word.TryParse(TakeText(ref bytes)), Word.TryParse(TakeText(ref bytes)));
        var expiry = DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadUInt32BigEndian(Take(ref bytes, sizeof(uint))));
        AddressTag? address = bytes.IsEmpty ? null : AddressTag.Of(bytes);
        return SubjectId.TryParse($"{subject:D}", out var id)
            ? new UnsubscribeLink(tenant, id, topic, channel, delivery, recipient, expiry, address)
            : throw new FormatException("A signed link names no subject.");
    }

    private static byte[] Text(string text) => [checked((byte)text.Length), .. Encoding.ASCII.GetBytes(text)];

    private static string TakeText(ref ReadOnlySpan<byte> bytes) => Encoding.ASCII.GetString(Take(ref bytes, Take(ref bytes, 1)[0]));

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> bytes, int length)
    {
        var taken = bytes[..length];
        bytes = bytes[length..];
        return taken;
    }
}
