using System.Text.Json;
using System.Text.Json.Serialization;

namespace ConsentLedger.ServiceDefaults;

/// <summary>A body that is one object or an array of them, and is answered in kind.</summary>
[JsonConverter(typeof(OneOrManyJson))]
public sealed record OneOrMany<T>(IReadOnlyList<T> Items, bool AreMany)
{
    /// <summary>One answer for one question, an array for an array.</summary>
    public object? InKind<TAnswer>(IReadOnlyList<TAnswer> answers) => AreMany ? answers : answers.Single();
}

internal sealed class OneOrManyJson : JsonConverterFactory
{
    public override bool CanConvert(Type typeToConvert) => ElementOf(typeToConvert) is not null;

    public static Type? ElementOf(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(OneOrMany<>) ? type.GetGenericArguments()[0] : null;

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(typeof(Json<>).MakeGenericType(ElementOf(typeToConvert)!))!;

    private sealed class Json<T> : JsonConverter<OneOrMany<T>>
    {
        public override OneOrMany<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType != JsonTokenType.StartArray)
                return new OneOrMany<T>([Required(JsonSerializer.Deserialize<T>(ref reader, options))], AreMany: false);
            var items = JsonSerializer.Deserialize<List<T?>>(ref reader, options)!;
            return new OneOrMany<T>([.. items.Select(Required)], AreMany: true);
        }

        public override void Write(Utf8JsonWriter writer, OneOrMany<T> value, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, value.InKind(value.Items), options);

        private static T Required(T? item) => item ?? throw new JsonException();
    }
}
