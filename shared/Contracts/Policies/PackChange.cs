using System.Runtime.InteropServices;
using System.Text.Json;

namespace ConsentLedger.Contracts.Policies;

/// <summary>One difference between two versions of a policy.</summary>
/// <param name="Place">Where, by names instead of places in a list: <c>purposes/newsletter/recipients/partners</c>.</param>
/// <param name="Path">A JSON Pointer into the newer pack; for what was removed, to where it is missing now.</param>
public sealed record PackChange(string Place, string Path, ChangeKind Kind, JsonElement? Was, JsonElement? Is);

public enum ChangeKind
{
    Added,
    Removed,
    Changed,
}

/// <summary>
/// Compares two packs member by member as JSON, so that what the format gains is compared too. Lists are sets of things with names: their order says nothing.
/// </summary>
internal static class PackChanges
{
    /// <summary>A version says nothing about itself; what it declares about its changes is no change.</summary>
    private static readonly string[] Apart = ["version", "changes/material"];

    /// <summary>What names a thing in a list, by the first of these that it has.</summary>
    private static readonly string[][] Names = [["id", "locale"], ["id"], ["jurisdiction"], ["provider"], ["basis"], ["ground", "purpose"], ["channel"]];

    public static IEnumerable<PackChange> Between(PolicyPack older, PolicyPack newer) =>
        Compare(older.ToJson(), newer.ToJson(), "", "").Where(c => !Apart.Contains(c.Place) && !Apart.Any(a => c.Place.StartsWith($"{a}/", StringComparison.Ordinal)));

    private static IEnumerable<PackChange> Compare(JsonElement was, JsonElement now, string place, string path) => (was.ValueKind, now.ValueKind) switch
    {
        // Most of a pack, and of a book of packs that follow each other.
        _ when JsonMarshal.GetRawUtf8Value(was).SequenceEqual(JsonMarshal.GetRawUtf8Value(now)) => [],
        (JsonValueKind.Object, JsonValueKind.Object) => Members(
            was.EnumerateObject().ToDictionary(m => m.Name, m => m.Value), now.EnumerateObject().ToDictionary(m => m.Name, m => (m.Value, JsonLines.Child(path, m.Name))), place, path),
        (JsonValueKind.Array, JsonValueKind.Array) => Members(
            Named(was).DistinctBy(n => n.Name).ToDictionary(n => n.Name, n => n.Item), Named(now).DistinctBy(n => n.Name).ToDictionary(n => n.Name, n => (n.Item, $"{path}/{n.Index}")), place, path),
        _ => JsonElement.DeepEquals(was, now) ? [] : [new(place, path, ChangeKind.Changed, was, now)],
    };

    private static IEnumerable<PackChange> Members(IReadOnlyDictionary<string, JsonElement> was, Dictionary<string, (JsonElement Value, string Path)> now, string place, string path)
    {
        foreach (var (name, (value, at)) in now)
        {
            var here = place.Length == 0 ? name : $"{place}/{name}";
            if (!was.TryGetValue(name, out var before)) yield return new(here, at, ChangeKind.Added, null, value);
            else foreach (var change in Compare(before, value, here, at)) yield return change;
        }

        foreach (var (name, value) in was.Where(m => !now.ContainsKey(m.Key)))
            yield return new(place.Length == 0 ? name : $"{place}/{name}", path, ChangeKind.Removed, value, null);
    }

    private static IEnumerable<(string Name, JsonElement Item, int Index)> Named(JsonElement list) => list.EnumerateArray().Select((item, i) => (NameOf(item), item, i));

    private static string NameOf(JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object) return item.ToString();
        var names = Names.FirstOrDefault(n => n.All(member => item.TryGetProperty(member, out _)));
        return names is null ? item.GetRawText() : string.Join(':', names.Select(member => item.GetProperty(member).ToString()));
    }
}
