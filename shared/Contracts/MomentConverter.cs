using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ConsentLedger.Contracts;

/// <summary>RFC 3339 with an offset, to any fraction of a second. A time without an offset would mean another moment on every machine.</summary>
public sealed class MomentConverter : JsonConverter<DateTimeOffset>
{
    private const int ShortestLength = 20;

    // "2026-01-02T03:04:05Z": the letter and the offset are what the framework does not insist on; a tenth of a microsecond is all that it keeps.
    public static bool TryParse(string text, out DateTimeOffset moment)
    {
        moment = default;
        if (text.Length < ShortestLength || text[10] != 'T' || !(text[^1] == 'Z' || text[^6] is '+' or '-')) return false;
        var fraction = text.Length > ShortestLength && text[19] == '.' ? text.AsSpan(20).IndexOfAnyExceptInRange('0', '9') : 0;
        if (fraction > 7) text = text.Remove(27, fraction - 7);
        return DateTimeOffset.TryParseExact(
            text, ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"], CultureInfo.InvariantCulture, DateTimeStyles.None, out moment);
    }

    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && TryParse(reader.GetString()!, out var moment) ? moment : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => writer.WriteStringValue(value);
}
