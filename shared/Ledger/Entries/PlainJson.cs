namespace ConsentLedger.Ledger;

/// <summary>
/// Sees at a glance what already is canonical, which is nearly all that a writer with sorted members writes. Knows printable ASCII and integers of up to 15 digits;
/// of anything else it says no, and <see cref="CanonicalJson"/> takes the long way.
/// </summary>
internal static class PlainJson
{
    private const int MaxDigits = 15;

    public static bool IsCanonical(ReadOnlySpan<byte> json)
    {
        var at = 0;
        return IsValue(json, ref at, CanonicalJson.MaxDepth) && at == json.Length;
    }

    private static bool IsValue(ReadOnlySpan<byte> json, ref int at, int depth)
    {
        if (at >= json.Length || depth == 0) return false;
        return json[at] switch
        {
            (byte)'"' => IsText(json, ref at, out _),
            (byte)'{' => IsObject(json, ref at, depth),
            (byte)'[' => IsArray(json, ref at, depth),
            (byte)'t' => IsWord(json, ref at, "true"u8),
            (byte)'f' => IsWord(json, ref at, "false"u8),
            (byte)'n' => IsWord(json, ref at, "null"u8),
            _ => IsInteger(json, ref at),
        };
    }

    private static bool IsObject(ReadOnlySpan<byte> json, ref int at, int depth)
    {
        at++;
        if (Takes(json, ref at, (byte)'}')) return true;
        var first = true;
        ReadOnlySpan<byte> last = default;
        do
        {
            // In ASCII, the order of bytes is that of UTF-16 units.
            if (!IsText(json, ref at, out var name) || (!first && last.SequenceCompareTo(name) >= 0)) return false;
            if (!Takes(json, ref at, (byte)':') || !IsValue(json, ref at, depth - 1)) return false;
            first = false;
            last = name;
        }
        while (Takes(json, ref at, (byte)','));
        return Takes(json, ref at, (byte)'}');
    }

    private static bool IsArray(ReadOnlySpan<byte> json, ref int at, int depth)
    {
        at++;
        if (Takes(json, ref at, (byte)']')) return true;
        do
        {
            if (!IsValue(json, ref at, depth - 1)) return false;
        }
        while (Takes(json, ref at, (byte)','));
        return Takes(json, ref at, (byte)']');
    }

    private static bool IsText(ReadOnlySpan<byte> json, scoped ref int at, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (!Takes(json, ref at, (byte)'"')) return false;
        var length = json[at..].IndexOf((byte)'"');
        if (length < 0) return false;
        text = json.Slice(at, length);
        at += length + 1;
        return !text.Contains((byte)'\\') && !text.ContainsAnyExceptInRange((byte)' ', (byte)'~');
    }

    private static bool IsInteger(ReadOnlySpan<byte> json, ref int at)
    {
        var negative = Takes(json, ref at, (byte)'-');
        var digits = json[at..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        if (digits < 0) digits = json.Length - at;
        if (digits is 0 or > MaxDigits || (json[at] == '0' && (digits > 1 || negative))) return false;
        at += digits;
        return at == json.Length || json[at] is (byte)',' or (byte)'}' or (byte)']';
    }

    private static bool IsWord(ReadOnlySpan<byte> json, ref int at, ReadOnlySpan<byte> word)
    {
        if (!json[at..].StartsWith(word)) return false;
        at += word.Length;
        return true;
    }

    private static bool Takes(ReadOnlySpan<byte> json, ref int at, byte expected)
    {
        if (at >= json.Length || json[at] != expected) return false;
        at++;
        return true;
    }
}
