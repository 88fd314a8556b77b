using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace ConsentLedger.MarketingPreference.Preferences;

/// <summary>A word that may stand in the facts and in a link: at most 64 of letters, digits and <c>. _ -</c>. An address does not fit in.</summary>
[JsonConverter(typeof(JsonText))]
public sealed partial record Word
{
    public const int MaxLength = 64;

    private Word(string value) => Value = value;

    public string Value { get; }

    [return: NotNullIfNotNull(nameof(word))]
    public static implicit operator string?(Word? word) => word?.Value;

    public static Word? TryParse(string text) => Form().IsMatch(text) ? new Word(text) : null;

    public override string ToString() => Value;

    [GeneratedRegex(@"^[A-Za-z0-9._-]{1,64}\z")]
    private static partial Regex Form();

    private sealed class JsonText : JsonConverter<Word>
    {
        public override Word Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && TryParse(reader.GetString()!) is { } word ? word : throw new JsonException();

        public override void Write(Utf8JsonWriter writer, Word value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
    }
}
