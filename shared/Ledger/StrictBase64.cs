using System.Buffers;
using System.Buffers.Text;

namespace ConsentLedger.Ledger;

/// <summary>
/// Base64 as RFC 4648 section 4 has it, and only one text for the same bytes. The framework's decoder passes over white space, so a signed text could be changed
/// and still be accepted.
/// </summary>
internal static class StrictBase64
{
    private static readonly SearchValues<byte> WhiteSpace = SearchValues.Create(" \t\r\n"u8);

    public static bool TryDecode(ReadOnlySpan<byte> base64, Span<byte> bytes, out int written)
    {
        written = 0;
        return !base64.ContainsAny(WhiteSpace) && Base64.DecodeFromUtf8(base64, bytes, out _, out written) == OperationStatus.Done;
    }

    public static byte[]? Decode(ReadOnlySpan<byte> base64)
    {
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(base64.Length)];
        return TryDecode(base64, bytes, out var written) ? bytes[..written] : null;
    }
}
