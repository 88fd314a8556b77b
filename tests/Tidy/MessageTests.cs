using System.Text.RegularExpressions;

namespace ConsentLedger.Tidy;

/// <summary>What the bus carries and what is written about it are the same, in both directions. That the fields agree too, Messaging.Tests holds.</summary>
public sealed partial class MessageTests
{
    private const string Contracts = "shared/Contracts";

    private static readonly IReadOnlyList<string> Types =
        [.. Repository.CSharp.Where(f => f.Folder == Contracts).SelectMany(f => TypeConstant().Matches(f.Text)).Select(m => m.Groups[1].Value)];

    private static readonly SourceFile BusDescription = Repository.Find($"{Contracts}/asyncapi.yaml")!;

    [Fact]
    public void Every_type_has_one_schema_and_every_schema_a_type()
    {
        Types.Count.ShouldBeGreaterThan(0);
        Types.GroupBy(t => t).Where(t => t.Count() > 1).Select(t => t.Key).ShouldBeNone("Two messages have the same type:");
        var schemas = Repository.Files.Where(f => f.IsIn($"{Contracts}/schemas")).Select(f => f.Name.Replace(".schema.json", "", StringComparison.Ordinal)).Where(name => name != "cloudevent").ToList();
        Types.Except(schemas).ShouldBeNone("Types without a schema:");
        schemas.Except(Types).ShouldBeNone("Schemas of no type:");
    }

    [Fact]
    public void The_description_of_the_bus_names_every_type_and_no_other()
    {
        var described = DescribedType().Matches(BusDescription.Text).Select(m => m.Groups[1].Value).ToHashSet();
        Types.Except(described).ShouldBeNone($"Types that {BusDescription.Path} does not name:");
        described.Except(Types).ShouldBeNone($"Types that only {BusDescription.Path} names:");
    }

    [Fact]
    public void The_description_of_the_bus_names_every_exchange_and_no_other()
    {
        var exchanges = ExchangeConstant().Matches(Repository.Find($"{Contracts}/Exchanges.cs")!.Text).Select(m => m.Groups[1].Value).ToList();
        var channels = Channel().Matches(BusDescription.Text).Select(m => m.Groups[1].Value).ToList();
        exchanges.Except(channels).ShouldBeNone($"Exchanges that {BusDescription.Path} does not name:");
        channels.Except(exchanges).ShouldBeNone($"Exchanges that only {BusDescription.Path} names:");
    }

    [GeneratedRegex("""const string Type = "([^"]+)";""")]
    private static partial Regex TypeConstant();

    [GeneratedRegex("""const string \w+ = "([^"]+)";""")]
    private static partial Regex ExchangeConstant();

    [GeneratedRegex(@"^\s+name: (\S+\.v\d+)$", RegexOptions.Multiline)]
    private static partial Regex DescribedType();

    [GeneratedRegex(@"^\s+address: (\S+)$", RegexOptions.Multiline)]
    private static partial Regex Channel();
}
