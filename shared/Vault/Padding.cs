namespace ConsentLedger.Vault;

/// <summary>
/// Hides how long a text is, within steps of 128 bytes: one 0x80, then zeros (ISO/IEC 7816-4). Chosen over a length prefix because it has no
/// field that could lie: each text has exactly one padded form, and the ledger commits to that form.
/// </summary>
internal static class Padding
{
    public const int Step = 128;
    private const byte End = 0x80;

    public static int PaddedLength(int length) => checked((length / Step + 1) * Step);

    public static byte[] Pad(ReadOnlySpan<byte> text)
    {
        var padded = new byte[PaddedLength(text.Length)];
        text.CopyTo(padded);
        padded[text.Length] = End;
        return padded;
    }

    /// <summary>The text's length, or -1 where this is not the padded form of any text.</summary>
    public static int TextLength(ReadOnlySpan<byte> padded)
    {
        var end = padded.LastIndexOfAnyExcept((byte)0);
        return end >= 0 && padded[end] == End && padded.Length == PaddedLength(end) ? end : -1;
    }
}
