using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace ConsentLedger.Consent.Consents;

/// <summary>
/// A word that goes into the facts in clear: a letter, and at most 199 more of letters, digits and <c>: / . _ -</c>. There is no room in it for an
/// e-mail address or a sentence, so that nothing personal slips in where it could never be erased.
/// </summary>
[JsonConverter(typeof(Converter))]
public sealed partial record Token
{
    private Token(string value) => Value = value;

    public string Value { get; }

    [return: System.Diagnostics.CodeAnalysis.NotNullIfNotNull(nameof(token))]
    public static implicit operator string?(Token? token) => token?.Value;

    public static Token Parse(string text) => TryParse(text) ?? throw new FormatException("Not a token.");

    public static Token? TryParse(string text) => Form().IsMatch(text) ? new Token(text) : null;

    public override string ToString() => Value;

    [GeneratedRegex(@"^[A-Za-z][A-Za-z0-9:/._-]{0,199}\z")]
    private static partial Regex Form();

    private sealed class Converter : JsonConverter<Token>
    {
        public override Token Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && TryParse(reader.GetString()!) is { } token ? token : throw new JsonException();

        public override void Write(Utf8JsonWriter writer, Token value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
    }
}
