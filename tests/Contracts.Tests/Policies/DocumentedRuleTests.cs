using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Contracts.Tests.Policies;

/// <summary>What a controller's lawyer reads is what is done.</summary>
public sealed class DocumentedRuleTests
{
    [Fact]
    public void Every_rule_is_in_the_table_with_the_law_behind_it()
    {
        var rows = File.ReadAllLines(Path.Combine(Packs.Root(), "docs", "policies.md")).Where(line => line.StartsWith("| `", StringComparison.Ordinal)).ToArray();

        Enum.GetValues<MaterialRule>().ShouldAllBe(rule => rows.Count(row => row.StartsWith($"| `{rule.Name()}` |", StringComparison.Ordinal) && row.EndsWith($"| {rule.Source()} |", StringComparison.Ordinal)) == 1);
    }

    [Fact]
    public void Every_member_of_a_pack_is_in_the_table()
    {
        var text = File.ReadAllText(Path.Combine(Packs.Root(), "docs", "policies.md"));

        foreach (var member in PolicyPack.Json.GetTypeInfo(typeof(PolicyPack)).Properties.Select(p => p.Name)) text.ShouldContain($"`{member}");
        foreach (var member in PolicyPack.Json.GetTypeInfo(typeof(Purpose)).Properties.Select(p => p.Name).Except(["id", "title", "description", "role", "instructedBy", "standsUnderRestriction"])) text.ShouldContain($"`{member}");
    }
}
