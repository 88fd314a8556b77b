using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace ConsentLedger.Auditor.Telling;

/// <summary>What a verb found out.</summary>
/// <param name="Holds">False where something is wrong with the ledger.</param>
/// <param name="Lines">For people.</param>
/// <param name="Machine">For machines: an object, whose members stand beside <c>verb</c> and <c>holds</c>.</param>
internal sealed record Report(bool Holds, IReadOnlyList<string> Lines, object Machine)
{
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    public string ToText() => string.Concat(Lines.Select(line => $"{OneLine(line)}\n"));

    /// <summary>What others wrote may hold what a terminal obeys, or a line that looks like the verdict: each such character is shown as one that says so.</summary>
    public static string OneLine(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '\uFFFD' : c));

    public string ToJson(string verb)
    {
        var whole = new JsonObject { ["verb"] = verb, ["holds"] = Holds };
        foreach (var (name, value) in JsonSerializer.SerializeToNode(Machine, Options)!.AsObject()) whole[name] = value?.DeepClone();
        return $"{whole.ToJsonString(Options)}\n";
    }
}
