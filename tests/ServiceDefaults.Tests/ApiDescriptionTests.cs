using System.Text.Json.Nodes;

namespace ConsentLedger.ServiceDefaults.Tests;

public sealed class ApiDescriptionTests(EdgeHost host) : IClassFixture<EdgeHost>
{
    [Fact]
    public async Task The_document_says_who_may_call()
    {
        var document = await ReadAsync();
        var scheme = document["components"]!["securitySchemes"]!["bearer"]!;
        ((string?)scheme["scheme"]).ShouldBe("bearer");
        ((string?)scheme["description"]).ShouldNotBeNull().ShouldContain("consent:write");
        var security = document["paths"]!["/v1/subjects/{subject}/notes"]!["get"]!["security"]!.AsArray();
        security.Select(s => (string?)s!["bearer"]![0]).ShouldBe(["notes:read", "notes:audit"]);
        document["paths"]!["/u/{token}"]!["get"]!["security"].ShouldBeNull();
    }

    [Fact]
    public async Task The_document_says_what_a_command_takes()
    {
        var post = (await ReadAsync())["paths"]!["/v1/subjects/{subject}/notes"]!["post"]!;
        var parameters = post["parameters"]!.AsArray().ToDictionary(p => (string)p!["name"]!, p => (string?)p!["in"]);
        parameters.Where(p => p.Value == "path").Select(p => p.Key).ShouldBe(["subject"]);
        parameters.Where(p => p.Value == "header").Select(p => p.Key).ShouldBe(["Idempotency-Key", "If-Match", "X-Tenant"], ignoreOrder: true);
        post["requestBody"]!["content"]!["application/json"]!["schema"].ShouldNotBeNull();
    }

    [Fact]
    public async Task The_document_lists_every_code_of_every_problem()
    {
        var responses = (await ReadAsync())["paths"]!["/v1/subjects/{subject}/notes"]!["post"]!["responses"]!;
        ((string?)responses["401"]!["description"]).ShouldBe("`token_missing`, `token_invalid`, `token_expired`");
        ((string?)responses["422"]!["description"]).ShouldBe("`note_too_heavy`");
        ((string?)responses["400"]!["description"]).ShouldNotBeNull().ShouldContain("subject_id_invalid");
        foreach (var status in new[] { "400", "401", "403", "409", "412", "413", "415", "422", "500", "503" })
            responses[status]!["content"]!["application/problem+json"]!["schema"]!["$ref"]!.ToString().ShouldBe("#/components/schemas/Problem");
    }

    [Fact]
    public async Task The_schema_is_as_strict_as_the_reading()
    {
        var schemas = (await ReadAsync())["components"]!["schemas"]!;
        var note = schemas["TakeNote"]!;
        note["required"]!.AsArray().Select(r => (string?)r).ShouldBe(["text", "weight"]);
        ((bool?)note["additionalProperties"]).ShouldBe(false);
        ((string?)note["properties"]!["weight"]!["type"]).ShouldBe("integer");
        note["properties"]!["mood"]!["enum"]!.AsArray().Select(e => (string?)e).ShouldBe(["calm", "very-glad"]);
        ((string?)note["properties"]!["writtenAt"]!["format"]).ShouldBe("date-time");
    }

    [Fact]
    public async Task One_or_many_are_described_as_either()
    {
        var document = await ReadAsync();
        var reference = (string)document["paths"]!["/v1/authors"]!["post"]!["requestBody"]!["content"]!["application/json"]!["schema"]!["$ref"]!;
        document["components"]!["schemas"]![reference.Split('/')[^1]]!["anyOf"]!.AsArray().Count.ShouldBe(2);
    }

    private async Task<JsonNode> ReadAsync()
    {
        var answer = await host.GetAsync("/openapi/v1.json", "");
        answer.Status.ShouldBe(200);
        return answer.Json;
    }
}
