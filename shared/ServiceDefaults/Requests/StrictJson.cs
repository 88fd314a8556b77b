using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;
using ConsentLedger.Contracts;

namespace ConsentLedger.ServiceDefaults;

/// <summary>JSON as the services take and give it: camelCase in the right case, kebab-case enums, nothing unknown, nothing twice, no moment without its offset, nothing lax.</summary>
public static class StrictJson
{
    public const int MaxDepth = 32;

    public static JsonSerializerOptions Options { get; } = Configured();

    /// <summary>Reads one value, or says what is wrong with it without repeating any of it.</summary>
    public static bool TryRead<T>(ReadOnlyMemory<byte> utf8, [NotNullWhen(true)] out T? value, [NotNullWhen(false)] out Problem? problem)
    {
        value = default;
        problem = null;
        try
        {
            if (!Utf8.IsValid(utf8.Span)) problem = KnownProblems.BodyNotJson;
            else if (!SoundText.In(utf8.Span)) problem = KnownProblems.BodyInvalid;
            else if ((value = JsonSerializer.Deserialize<T>(utf8.Span, Options)) is null) problem = KnownProblems.BodyInvalid;
        }
        catch (JsonException e)
        {
            problem = BodyFault.Find(utf8, Options.GetTypeInfo(typeof(T)), e.Path);
        }

        return problem is null;
    }

    internal static void Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        options.PropertyNameCaseInsensitive = false;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.AllowDuplicateProperties = false;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.RespectNullableAnnotations = true;
        options.RespectRequiredConstructorParameters = true;
        options.MaxDepth = MaxDepth;
        options.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;

        // Answers are JSON and never part of a page, so < and + are written as they are.
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        options.Converters.Add(new KebabCaseEnums());
        options.Converters.Add(new MomentConverter());
    }

    private static JsonSerializerOptions Configured()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Strict);
        Configure(options);
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
