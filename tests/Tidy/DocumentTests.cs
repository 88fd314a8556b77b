using System.Text.RegularExpressions;

namespace ConsentLedger.Tidy;

/// <summary>Whoever gets a "no" can look up what it means.</summary>
public sealed partial class DocumentTests
{
    /// <summary>What services refuse, and what the auditor finds.</summary>
    private static readonly SourceFile[] Tables = [.. new[] { "docs/refusals.md", "docs/faults.md", "docs/decisions.md", "docs/send-decisions.md" }.Select(path => Repository.Find(path) ?? throw new InvalidOperationException($"{path} is missing."))];

    // Words joined by underscores are codes and nothing else, except where they name what lies in a database, or what OpenDSR calls by such words, whose codes are in docs/opendsr.md.
    private static readonly ILookup<string, string> Given = Repository.Product
        .Where(f => !f.IsIn("shared/EventStore.Npgsql") && !f.IsIn("shared/Vault") && !f.IsIn("services/erasure-orchestrator/OpenDsr/Wire"))
        .SelectMany(f => Code().Matches(f.Text).Select(m => (Code: m.Groups["code"].Value, At: f.At(m.Index)))).ToLookup(c => c.Code, c => c.At);

    [Fact]
    public void Every_code_is_explained()
    {
        var explained = Tables.SelectMany(table => Row().Matches(table.Text)).Select(m => m.Groups[1].Value).ToHashSet();
        Given.Where(c => !explained.Contains(c.Key)).Select(c => $"{c.Key}, from {c.First()}").ShouldBeNone("Codes without a row in docs/refusals.md, docs/faults.md, docs/decisions.md or docs/send-decisions.md:");
    }

    [Fact]
    public void No_code_is_explained_that_nobody_gives() =>
        Tables.SelectMany(table => Row().Matches(table.Text).Where(m => !Given.Contains(m.Groups[1].Value)).Select(m => table.At(m.Index))).ShouldBeNone("Nothing answers with these codes:");

    [Fact]
    public void Every_scope_is_in_the_README_and_no_other()
    {
        var readme = Repository.Find("README.md").ShouldNotBeNull("README.md is missing.");
        var scopes = Repository.Find("shared/ServiceDefaults/Access/Scopes.cs")!;
        var asked = Scope().Matches(scopes.Text).ToDictionary(m => m.Groups[1].Value, m => scopes.At(m.Index));
        var rows = ScopeRow().Matches(readme.Text).SelectMany(row => ScopeInRow().Matches(row.Value).Select(m => (Scope: m.Groups[1].Value, At: readme.At(row.Index)))).ToList();
        asked.Where(s => rows.All(r => r.Scope != s.Key)).Select(s => s.Value).ShouldBeNone("Scopes without a row in README.md:");
        rows.Where(r => !asked.ContainsKey(r.Scope)).Select(r => $"{r.Scope}, {r.At}").ShouldBeNone("Scopes that nothing asks for:");
    }

    [GeneratedRegex("""
        "(?<code>[a-z]+(_[a-z]+)+)"|\b(No|Verdict|CloudEventFault)\((true, |false, )?"(?<code>[a-z]+)"
        """)]
    private static partial Regex Code();

    [GeneratedRegex(@"^\| `([a-z_]+)`", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("""const string \w+ = "([a-z]+:[a-z-]+)";""")]
    private static partial Regex Scope();

    // The first column, which may have several.
    [GeneratedRegex(@"^\| `[a-z]+:[a-z-]+`[^|]*\|", RegexOptions.Multiline)]
    private static partial Regex ScopeRow();

    [GeneratedRegex("`([a-z]+:[a-z-]+)`")]
    private static partial Regex ScopeInRow();
}
