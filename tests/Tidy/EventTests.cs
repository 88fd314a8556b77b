using System.Text.RegularExpressions;

namespace ConsentLedger.Tidy;

/// <summary>No stored event is forgotten: a state folds it, and the publisher says what becomes of it.</summary>
public sealed partial class EventTests
{
    /// <summary>Recorded because they happened, though no later decision depends on them.</summary>
    private static readonly string[] ChangeNothing = ["HistoryRead", "PreferencesRead"];

    public static IEnumerable<object[]> Services => Repository.CSharp.Where(f => f.IsIn("services") && f.Is("Catalog.cs")).Select(f => new[] { f.Path });

    [Fact]
    public void Every_service_has_a_catalog() => Services.Count().ShouldBe(Repository.Services.Count);

    [Theory]
    [MemberData(nameof(Services))]
    public void Every_stored_event_is_folded(string catalog) =>
        Forgotten(catalog, file => Evolve().IsMatch(file.Text)).Where(e => !ChangeNothing.Any(n => e.EndsWith($" {n}", StringComparison.Ordinal)))
            .ShouldBeNone("No Evolve of the service names these events:");

    [Theory]
    [MemberData(nameof(Services))]
    public void Every_stored_event_is_published_or_kept_back_on_purpose(string catalog) =>
        Forgotten(catalog, file => file.Is("Publisher.cs")).ShouldBeNone("The publisher does not name these events:");

    [Fact]
    public void Every_stored_name_is_versioned_and_lower_case() =>
        Services.Select(s => Repository.Find((string)s[0])!).SelectMany(f => Entry().Matches(f.Text).Where(m => !StoredName().IsMatch(m.Groups[1].Value)).Select(m => f.At(m.Index)))
            .ShouldBeNone("A stored name is words, dots and a version, such as consent.granted.v1:");

    private static IEnumerable<string> Forgotten(string catalog, Func<SourceFile, bool> where)
    {
        var file = Repository.Find(catalog)!;
        var entries = Entry().Matches(file.Text);
        entries.Count.ShouldBeGreaterThan(0, catalog);
        var texts = Repository.CSharp.Where(f => f.IsIn(file.Folder) && where(f)).Select(f => f.Text).ToList();
        return entries.Where(e => !texts.Any(t => Regex.IsMatch(t, $@"\b{e.Groups[2].Value}\b"))).Select(e => $"{file.At(e.Index).Split(": ")[0]}: {e.Groups[2].Value}");
    }

    [GeneratedRegex("""\("([^"]+)",\s*typeof\((\w+)\)\)""")]
    private static partial Regex Entry();

    [GeneratedRegex(@"\bEvolve\(object ")]
    private static partial Regex Evolve();

    [GeneratedRegex(@"^[a-z]+(\.[a-z]+(-[a-z]+)*)+\.v\d+\z")]
    private static partial Regex StoredName();
}
