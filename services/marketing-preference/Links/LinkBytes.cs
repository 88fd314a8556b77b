using System.Buffers.Binary;
using System.Text;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Links;

/// <summary>How links write what they stand for: each text behind a byte with its length, a subject as 16 bytes, an end as a u32 of seconds, a number as 8 bytes, all big-endian.</summary>
internal static class LinkBytes
{
    public static byte[] Of(string? text) => [checked((byte)(text?.Length ?? 0)), .. Encoding.ASCII.GetBytes(text ?? "")];

    public static byte[] Of(SubjectId subject) => subject.Value.ToByteArray(bigEndian: true);

    public static byte[] Of(DateTimeOffset end)
    {
        var bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)end.ToUnixTimeSeconds());
        return bytes;
    }

    public static byte[] Of(long number)
    {
        var bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, number);
        return bytes;
    }

    // Only bytes under a good signature are read.
    public static string TakeText(ref ReadOnlySpan<byte> bytes) => Encoding.ASCII.GetString(Take(ref bytes, Take(ref bytes, 1)[0]));

    public static byte TakeByte(ref ReadOnlySpan<byte> bytes) => Take(ref bytes, 1)[0];

    public static SubjectId TakeSubject(ref ReadOnlySpan<byte> bytes) =>
        SubjectId.TryParse($"{new Guid(Take(ref bytes, 16), bigEndian: true):D}", out var subject) ? subject : throw new FormatException("A signed link names no subject.");

    public static DateTimeOffset TakeEnd(ref ReadOnlySpan<byte> bytes) => DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadUInt32BigEndian(Take(ref bytes, sizeof(uint))));

    public static long TakeLong(ref ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadInt64BigEndian(Take(ref bytes, sizeof(long)));

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> bytes, int length)
    {
        var taken = bytes[..length];
        bytes = bytes[length..];
        return taken;
    }
}
