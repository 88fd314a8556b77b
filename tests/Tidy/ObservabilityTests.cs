using System.Text.RegularExpressions;

namespace ConsentLedger.Tidy;

/// <summary>What is alarmed on and drawn exists in the code, and each alarm says what to do. A renamed metric would otherwise be an alarm that never rings.</summary>
public sealed partial class ObservabilityTests
{
    private const string Folder = "deploy/observability";
    private const string Runbook = "docs/operations.md";

    private static readonly SourceFile Alerts = Repository.Find($"{Folder}/alerts.yml")!;

    // Each instrument of ours, and the names it has in Prometheus.
    private static readonly IReadOnlyDictionary<string, string[]> Instruments = Repository.Product.SelectMany(f => Instrument().Matches(f.Text))
        .ToDictionary(m => m.Groups["name"].Value, m => Names(m.Groups["kind"].Value, m.Groups["name"].Value, m.Groups["unit"].Value).ToArray());

    [Fact]
    public void Every_metric_that_is_watched_is_measured()
    {
        var known = Instruments.Values.SelectMany(names => names).ToHashSet();
        Instruments.Count.ShouldBeGreaterThan(10);
        Repository.Files.Where(f => f.IsIn(Folder)).SelectMany(f => Watched().Matches(f.Text).Where(m => !known.Contains(m.Value)).Select(m => f.At(m.Index)))
            .ShouldBeNone("No instrument of the code has this name in Prometheus:");
    }

    [Fact]
    public void Every_metric_is_explained_and_no_other()
    {
        var rows = Row().Matches(Repository.Find(Runbook)!.Text).Select(m => m.Groups[1].Value).ToList();
        Instruments.Keys.Except(rows).ShouldBeNone($"Metrics without a row in {Runbook}:");
        rows.Except(Instruments.Keys).ShouldBeNone($"Metrics only {Runbook} knows:");
    }

    [Fact]
    public void Every_alert_says_where_to_read_on_and_that_is_written()
    {
        var headings = Heading().Matches(Repository.Find(Runbook)!.Text).Select(m => m.Groups[1].Value).ToHashSet();
        var alerts = Alert().Matches(Alerts.Text).Select(m => (Name: m.Groups[1].Value, Runbook: m.Groups[2].Value)).ToList();
        alerts.Count.ShouldBe(Alerts.Text.Split("- alert:").Length - 1);
        alerts.Where(a => !headings.Any(h => a.Runbook == $"{Runbook}#{h.ToLowerInvariant()}")).Select(a => a.Name).ShouldBeNone($"Alerts whose runbook is not in {Runbook}:");
        headings.Except(alerts.Select(a => a.Name)).Where(h => !alerts.Any(a => a.Runbook.EndsWith($"#{h.ToLowerInvariant()}", StringComparison.Ordinal)))
            .ShouldBeNone("Runbooks of no alert:");
    }

    [Fact]
    public void Every_alert_is_tested()
    {
        var tests = Repository.Find($"{Folder}/alerts.test.yml")!.Text;
        Alert().Matches(Alerts.Text).Select(m => m.Groups[1].Value).Where(name => !Regex.IsMatch(tests, $@"alertname(: |="")({name})\b")).ShouldBeNone("alerts.test.yml expects none of:");
    }

    // As the collector's exporter makes them: dots become underscores, units are spelt out, counters end in total.
    private static IEnumerable<string> Names(string kind, string name, string unit)
    {
        var stem = name.Replace('.', '_') + (unit == "s" ? "_seconds" : "");
        return kind switch
        {
            "Counter" => [$"{stem}_total"],
            "Histogram" => [$"{stem}_bucket", $"{stem}_sum", $"{stem}_count"],
            _ => [stem],
        };
    }

    [GeneratedRegex("""\bCreate(?:Observable)?(?<kind>Counter|Gauge|Histogram)(?:<\w+>)?\(\s*"(?<name>consentledger\.[^"]+)",(?:[^;]*?,)??\s*"(?<unit>s|\{\w+\})",""")]
    private static partial Regex Instrument();

    [GeneratedRegex(@"\bconsentledger_(?!problem\b)[a-z_]+")]
    private static partial Regex Watched();

    [GeneratedRegex(@"^\| `(consentledger\.[a-z_.]+)`", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"^### (\w+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"- alert: (\w+)\n(?:(?!- alert:).*\n)*?\s+runbook: (\S+)")]
    private static partial Regex Alert();
}
