using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace ConsentLedger.Ledger;

/// <summary>
/// The one form of a JSON value (RFC 8785, JCS): no white space, members in the order of their names' UTF-16 units, numbers as ECMAScript prints them.
/// Refuses what has no such form (RFC 7493): a name twice, half a surrogate pair, a number beyond a double.
/// </summary>
public static class CanonicalJson
{
    /// <summary>How many objects and arrays may lie in one another.</summary>
    public const int MaxDepth = 64;

    private static readonly LedgerFault
        NotJson = new("json_malformed", $"Not JSON in UTF-8 of at most {MaxDepth} levels."),
        Duplicate = new("json_name_duplicate", "An object has a name twice."),
        HalfPair = new("json_text_invalid", "A text holds half a surrogate pair or is not UTF-8."),
        BadNumber = new("json_number_inexact", "A number is beyond what a double holds, or an integer that a double does not hold exactly.");

    private static readonly SearchValues<char> Escaped = SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(c => (char)c), '"', '\\']);

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = MaxDepth };

    /// <summary>Appends the canonical form to <paramref name="output"/>; after a fault, part of it may be there.</summary>
    public static bool TryWrite(ReadOnlyMemory<byte> json, IBufferWriter<byte> output, [NotNullWhen(false)] out LedgerFault? fault)
    {
        fault = null;
        if (PlainJson.IsCanonical(json.Span))
        {
            output.Write(json.Span);
            return true;
        }

        return TryRewrite(json, output, out fault);
    }

    /// <summary>Whether this is the canonical form of a value, byte for byte.</summary>
    public static bool IsCanonical(ReadOnlySpan<byte> json)
    {
        if (PlainJson.IsCanonical(json)) return true;
        var canonical = new ArrayBufferWriter<byte>(json.Length + 1);
        return TryRewrite(json.ToArray(), canonical, out _) && canonical.WrittenSpan.SequenceEqual(json);
    }

    internal static bool TryRewrite(ReadOnlyMemory<byte> json, IBufferWriter<byte> output, [NotNullWhen(false)] out LedgerFault? fault)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            fault = Write(document.RootElement, output);
        }
        catch (JsonException)
        {
            fault = NotJson;
        }
        catch (InvalidOperationException)
        {
            // What the framework says to a text that has no UTF-16 form, as late as when it is read.
            fault = HalfPair;
        }

        return fault is null;
    }

    private static LedgerFault? Write(JsonElement value, IBufferWriter<byte> output)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                return WriteObject(value, output);
            case JsonValueKind.Array:
                return WriteArray(value, output);
            case JsonValueKind.String:
                WriteText(value.GetString()!, output);
                return null;
            case JsonValueKind.Number:
                return WriteNumber(value, output);
            default:
                output.Write(value.ValueKind switch { JsonValueKind.True => "true"u8, JsonValueKind.False => "false"u8, _ => "null"u8 });
                return null;
        }
    }

    private static LedgerFault? WriteObject(JsonElement value, IBufferWriter<byte> output)
    {
        var members = new (string Name, JsonElement Value)[value.GetPropertyCount()];
        var count = 0;
        foreach (var member in value.EnumerateObject()) members[count++] = (member.Name, member.Value);
        Array.Sort(members, static (one, other) => string.CompareOrdinal(one.Name, other.Name));

        output.Write("{"u8);
        for (var i = 0; i < count; i++)
        {
            if (i > 0 && members[i].Name == members[i - 1].Name) return Duplicate;
            if (i > 0) output.Write(","u8);
            WriteText(members[i].Name, output);
            output.Write(":"u8);
            if (Write(members[i].Value, output) is { } fault) return fault;
        }

        output.Write("}"u8);
        return null;
    }

    private static LedgerFault? WriteArray(JsonElement value, IBufferWriter<byte> output)
    {
        output.Write("["u8);
        var first = true;
        foreach (var item in value.EnumerateArray())
        {
            if (!first) output.Write(","u8);
            first = false;
            if (Write(item, output) is { } fault) return fault;
        }

        output.Write("]"u8);
        return null;
    }

    /// <summary>RFC 8785, 3.2.2.2: escaped is what JSON demands and nothing else, in the shortest way.</summary>
    private static void WriteText(string text, IBufferWriter<byte> output)
    {
        output.Write("\""u8);
        var rest = text.AsSpan();
        while (rest.IndexOfAny(Escaped) is >= 0 and var at)
        {
            Encoding.UTF8.GetBytes(rest[..at], output);
            output.Write(rest[at] switch
            {
                '"' => "\\\""u8,
                '\\' => "\\\\"u8,
                '\b' => "\\b"u8,
                '\t' => "\\t"u8,
                '\n' => "\\n"u8,
                '\f' => "\\f"u8,
                '\r' => "\\r"u8,
                var control => Encoding.UTF8.GetBytes($"\\u{(int)control:x4}"),
            });
            rest = rest[(at + 1)..];
        }

        Encoding.UTF8.GetBytes(rest, output);
        output.Write("\""u8);
    }

    /// <summary>
    /// An integer written out beyond 2^53 has to be its own canonical form: otherwise two integers would have one, and a changed digit would go unseen.
    /// </summary>
    private static LedgerFault? WriteNumber(JsonElement value, IBufferWriter<byte> output)
    {
        var text = value.GetRawText();
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || !double.IsFinite(number)) return BadNumber;

        var canonical = EcmaScriptNumber.Format(number);
        if (!text.AsSpan().ContainsAny('.', 'e', 'E') && text != canonical && text != "-0") return BadNumber;
        Encoding.UTF8.GetBytes(canonical, output);
        return null;
    }
}
