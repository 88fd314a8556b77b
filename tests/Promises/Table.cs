using System.Text;
using ConsentLedger.Support;

namespace ConsentLedger.Promises;

/// <summary>The table of promises, as results tell it: whole in docs/promises.md, in short in the README.</summary>
public static class Table
{
    private const string Begin = "<!-- promises: written by deploy/local/promises -->\n";
    private const string End = "<!-- /promises -->";

    public static string Document => File.ReadAllText(DocumentPath);

    public static string Readme => File.ReadAllText(ReadmePath);

    private static string DocumentPath => Path.Combine(Servers.Checkout, "docs", "promises.md");

    private static string ReadmePath => Path.Combine(Servers.Checkout, "README.md");

    public static void Write(IReadOnlyList<Result> results)
    {
        File.WriteAllText(DocumentPath, DocumentOf(results));
        File.WriteAllText(ReadmePath, ReadmeOf(results));
    }

    public static string DocumentOf(IReadOnlyList<Result> results)
    {
        var text = new StringBuilder("""
            # What was promised, and what is kept

            Each row is a promise from the privacy policies of the five controllers whose packs lie in [deploy/policies](../deploy/policies). Each mark is the outcome of the acceptance
            tests of that row and controller in [tests/Promises](../tests/Promises), which run against the three services over HTTP and RabbitMQ: `✓` kept, `◐` kept in part,
            `–` not yet, `✗` broken. `deploy/local/promises` runs them and writes this file.


            """);
        text.Append($"| | promise | {string.Join(" | ", Row.Everybody)} |\n|---|---|{string.Concat(Row.Everybody.Select(_ => ":-:|"))}\n");
        foreach (var row in Row.All)
            text.Append($"| {row.Id} | {row.Words} | {string.Join(" | ", Row.Everybody.Select(controller => row.Controllers.Contains(controller) ? Mark(results, row.Id, controller) : ""))} |\n");

        var missing = results.Where(r => r.Verdict != Verdict.Kept).GroupBy(r => (r.Row, Why: r.Missing ?? "a test fails")).OrderBy(g => g.Key.Row, StringComparer.Ordinal).ThenBy(g => g.Key.Why, StringComparer.Ordinal).ToList();
        if (missing.Count == 0) return text.ToString();
        text.Append("\n## What is missing\n\n");
        foreach (var group in missing) text.Append($"- {group.Key.Row}, {string.Join(", ", InOrder(group.Select(r => r.Controller)))}: {group.Key.Why}\n");
        return text.ToString();
    }

    public static string ReadmeOf(IReadOnlyList<Result> results)
    {
        var readme = Readme;
        var from = readme.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        var to = readme.IndexOf(End, StringComparison.Ordinal);
        if (from < Begin.Length || to < from) throw new InvalidOperationException("README.md has no place for the promises.");

        var text = new StringBuilder("| controller | kept | in part | not yet |\n|---|---|---|---|\n");
        foreach (var controller in Row.Everybody)
            text.Append($"| {controller} | {Rows(controller, "✓")} | {Rows(controller, "◐")} | {Rows(controller, "–", "✗")} |\n");
        return $"{readme[..from]}{text}{readme[to..]}";

        string Rows(string controller, params string[] marks) =>
            string.Join(" ", Row.All.Where(r => r.Controllers.Contains(controller) && marks.Contains(Mark(results, r.Id, controller))).Select(r => r.Id));
    }

    private static string Mark(IReadOnlyList<Result> results, string row, string controller)
    {
        var verdicts = results.Where(r => r.Row == row && r.Controller == controller).Select(r => r.Verdict).ToHashSet();
        if (verdicts.Contains(Verdict.Broken)) return "✗";
        return verdicts.Contains(Verdict.Kept) ? verdicts.Contains(Verdict.NotYet) ? "◐" : "✓" : "–";
    }

    private static IEnumerable<string> InOrder(IEnumerable<string> controllers) => Row.Everybody.Intersect(controllers);
}
