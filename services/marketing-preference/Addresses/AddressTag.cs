using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Addresses;

/// <summary>
/// What stands for an address here: HMAC-SHA256 over <c>kind|normalised address</c> under a key that the email system holds for its tenant, as 64 lower-case
/// hexadecimal digits. Nobody here has the key, and nobody here ever sees the address.
/// </summary>
[JsonConverter(typeof(JsonText))]
public readonly record struct AddressTag
{
    public const int Length = 64;

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    private readonly string? _value;

    private AddressTag(string value) => _value = value;

    public static Problem Invalid { get; } = new(
        StatusCodes.Status400BadRequest, "address_tag_invalid", "An address tag is 64 lower-case hexadecimal digits: the HMAC-SHA256 of an address, never the address.");

    public override string ToString() => _value ?? "";

    /// <summary>The 32 bytes that the digits spell.</summary>
    public byte[] ToBytes() => Convert.FromHexString(ToString());

    /// <summary>Of what <see cref="ToBytes"/> gave.</summary>
    public static AddressTag Of(ReadOnlySpan<byte> bytes) => TryParse(Convert.ToHexStringLower(bytes), out var tag) ? tag : throw new FormatException("A tag has 32 bytes.");

    public static bool TryParse([NotNullWhen(true)] string? text, out AddressTag tag)
    {
        tag = default;
        if (text is not { Length: Length } || text.AsSpan().ContainsAnyExcept(Digits)) return false;
        tag = new AddressTag(text);
        return true;
    }

    /// <summary>From the route value of the parameter's name.</summary>
    public static ValueTask<AddressTag> BindAsync(HttpContext context, ParameterInfo parameter) =>
        TryParse(context.Request.RouteValues[parameter.Name!] as string, out var tag) ? ValueTask.FromResult(tag) : throw new RequestRefusedException(Invalid);

    private sealed class JsonText : JsonConverter<AddressTag>
    {
        public override AddressTag Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && TryParse(reader.GetString(), out var tag) ? tag : throw new JsonException();

        public override void Write(Utf8JsonWriter writer, AddressTag value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }
}
