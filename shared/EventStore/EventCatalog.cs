using System.Collections.Frozen;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ConsentLedger.Ledger;

namespace ConsentLedger.EventStore;

/// <summary>
/// The stored names of a service's events. Names are explicit and versioned (<c>consent.granted.v1</c>), so that a renamed class
/// never orphans a stream; unknown names fail loudly instead of being skipped.
/// </summary>
public sealed class EventCatalog
{
    /// <summary>
    /// How facts are written: camelCase, enums by name, absent values left out; members in order and nothing escaped without need, which nearly always is the canonical form
    /// that the ledger commits to.
    /// </summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { SortMembers } },
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    private readonly FrozenDictionary<string, Type> _types;
    private readonly FrozenDictionary<Type, string> _names;

    public EventCatalog(params IEnumerable<(string Name, Type Type)> events)
    {
        var all = events.ToArray();
        _types = all.ToFrozenDictionary(e => e.Name, e => e.Type);
        _names = all.ToFrozenDictionary(e => e.Type, e => e.Name);
    }

    public IReadOnlyDictionary<string, Type> Events => _types;

    /// <summary>Those that the ledger knows as more than an event: a fence, a key's end.</summary>
    public IReadOnlyDictionary<Type, EntryType> Entries { get; init; } = FrozenDictionary<Type, EntryType>.Empty;

    public EntryType EntryOf(object facts) => Entries.GetValueOrDefault(facts.GetType(), EntryType.Event);

    public string NameOf(object facts) =>
        _names.TryGetValue(facts.GetType(), out var name) ? name : throw new InvalidOperationException($"{facts.GetType().Name} has no stored name in the catalog.");

    public object Decode(StoredEvent e) =>
        _types.TryGetValue(e.Type, out var type)
            ? JsonSerializer.Deserialize(e.Data.Span, type, Json) ?? throw new InvalidDataException($"{e.Type} at position {e.Place.Position} has no facts.")
            : throw new InvalidDataException($"The catalog does not know {e.Type}, stored at position {e.Place.Position}.");

    private static void SortMembers(JsonTypeInfo type)
    {
        if (type.Kind != JsonTypeInfoKind.Object) return;
        var order = 0;
        foreach (var member in type.Properties.OrderBy(p => p.Name, StringComparer.Ordinal)) member.Order = order++;
    }

    internal static byte[] Encode(object facts) => JsonSerializer.SerializeToUtf8Bytes(facts, facts.GetType(), Json);
}
