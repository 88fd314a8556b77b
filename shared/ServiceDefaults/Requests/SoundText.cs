using System.Text.Json;

namespace ConsentLedger.ServiceDefaults;

/// <summary>Escapes can spell what no text may hold: half a surrogate pair, and NUL, which PostgreSQL stores in no text.</summary>
internal static class SoundText
{
    public static bool In(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IndexOf("\\u"u8) < 0) return true;
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = StrictJson.MaxDepth });
        try
        {
            while (reader.Read())
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped && reader.GetString()!.Contains('\0'))
                    return false;
            return true;
        }
        catch (InvalidOperationException)
        {
            // Half a pair, as the reader reports it.
            return false;
        }
    }
}
