using System.Buffers;
using System.Buffers.Text;

namespace ConsentLedger.Ledger;

/// <summary>
/// Base64 as RFC 4648 section 4 has it, and only one text for the same bytes: no white space, and nothing in the bits that padding leaves over.
/// The framework's decoder takes both, so a signed text could be changed and still be accepted.
/// </summary>
internal static class StrictBase64
{
    public static bool TryDecode(ReadOnlySpan<byte> base64, Span<byte> bytes, out int written)
    {
        written = 0;
        if (base64.Length % 4 != 0 || Base64.GetMaxDecodedFromUtf8Length(base64.Length) > bytes.Length + 2) return false;
        if (base64.IndexOfAny(" \t\r\n"u8) >= 0) return false;
        if (Base64.DecodeFromUtf8(base64, bytes, out _, out written) != OperationStatus.Done) return false;
        return IsOnlyForm(base64, bytes[..written]);
    }

    public static byte[]? Decode(ReadOnlySpan<byte> base64)
    {
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(base64.Length)];
        return TryDecode(base64, bytes, out var written) ? bytes[..written] : null;
    }

    // Only the last four characters can hold bits that decode to nothing.
    private static bool IsOnlyForm(ReadOnlySpan<byte> base64, ReadOnlySpan<byte> bytes)
    {
        if (base64.IsEmpty) return true;
        Span<byte> tail = stackalloc byte[4];
        var group = bytes[((bytes.Length - 1) / 3 * 3)..];
        Base64.EncodeToUtf8(group, tail, out _, out _);
        return base64[^4..].SequenceEqual(tail);
    }
}
