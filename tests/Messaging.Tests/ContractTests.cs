using System.Reflection;
using System.Text.Json;
using ConsentLedger.Contracts;
using ConsentLedger.Support;

namespace ConsentLedger.Messaging.Tests;

/// <summary>What outsiders read about the messages is what the messages are.</summary>
public sealed class ContractTests
{
    public static IEnumerable<object[]> Messages =>
        from type in typeof(CloudEvent).Assembly.GetExportedTypes()
        let name = type.GetField("Type", BindingFlags.Public | BindingFlags.Static)
        where name is { IsLiteral: true }
        select new[] { name.GetRawConstantValue()!, type };

    [Theory]
    [MemberData(nameof(Messages))]
    public void Every_message_has_a_schema_of_the_same_fields(string name, Type type)
    {
        using var file = typeof(CloudEvent).Assembly.GetManifestResourceStream($"ConsentLedger.Contracts.schemas.{name}.schema.json").ShouldNotBeNull();
        using var schema = JsonDocument.Parse(file);
        var fields = type.GetConstructors().Single(c => c.GetParameters().All(p => p.ParameterType != type)).GetParameters();

        schema.RootElement.GetProperty("properties").EnumerateObject().Select(p => p.Name)
            .ShouldBe(fields.Select(f => JsonNamingPolicy.CamelCase.ConvertName(f.Name!)), ignoreOrder: true);
        schema.RootElement.GetProperty("required").EnumerateArray().Select(p => p.GetString())
            .ShouldBe(fields.Where(f => !f.IsOptional).Select(f => JsonNamingPolicy.CamelCase.ConvertName(f.Name!)), ignoreOrder: true);
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void Every_message_is_in_the_description_of_the_bus(string name, Type type)
    {
        var lines = File.ReadAllLines(Path.Combine(Servers.Checkout, "shared", "Contracts", "asyncapi.yaml"));

        lines.ShouldContain($"    {name}:", type.Name);
        lines.ShouldContain($"      {name}:", type.Name);
        lines.ShouldContain($"                $ref: schemas/{name}.schema.json", type.Name);
    }
}
