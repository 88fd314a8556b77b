using System.Text.Json;
using System.Text.Json.Nodes;
using ConsentLedger.Auditor.Tests.Telling;
using ConsentLedger.Support;

namespace ConsentLedger.Auditor.Tests.Policies;

/// <summary>The verbs on files. With a service behind them: tests/Journeys.</summary>
public sealed class PolicyVerbTests : IDisposable
{
    private readonly Terminal _terminal = new();

    private static string Quintus => Path.Combine(Servers.Checkout, "deploy", "policies", "quintus.json");

    public void Dispose() => _terminal.Dispose();

    [Fact]
    public async Task Sound_packs_are_told_in_a_line_each()
    {
        var files = Directory.GetFiles(Path.GetDirectoryName(Quintus)!);
        (await _terminal.RunAsync(["policy", "check", .. files])).ShouldBe(0, _terminal.Output + _terminal.Error);
        _terminal.Output.ShouldContain($"{Quintus}: quintus 2018-04-24, ");
        _terminal.Output.ShouldEndWith($"SOUND, {files.Length} files\n");
    }

    [Fact]
    public async Task A_fault_is_told_with_file_line_path_and_code()
    {
        var file = Write("broken.json", File.ReadAllText(Quintus).Replace("\"marketing\": true", "\"marketting\": true", StringComparison.Ordinal));
        var line = File.ReadAllLines(file).Index().First(l => l.Item.Contains("marketting", StringComparison.Ordinal)).Index + 1;

        (await _terminal.RunAsync("policy", "check", Quintus, file)).ShouldBe(1);
        _terminal.Output.Split('\n').ShouldContain(told => told.StartsWith($"{file}:{line}: /purposes/", StringComparison.Ordinal) && told.EndsWith("/marketting: A pack has no such member here. (member_unknown)", StringComparison.Ordinal));
        _terminal.Output.ShouldContain("NOT SOUND");

        var (code, answer) = await _terminal.AskAsync("policy", "check", Quintus, file);
        var files = answer.GetProperty("files");
        (code, answer.GetProperty("verb").GetString(), answer.GetProperty("holds").GetBoolean(), files[0].GetProperty("errors").GetArrayLength()).ShouldBe((1, "policy check", false, 0));
        (files[1].GetProperty("errors")[0].GetProperty("line").GetInt32(), files[1].GetProperty("errors")[0].GetProperty("code").GetString()).ShouldBe((line, "member_unknown"));
    }

    [Theory]
    [InlineData("check", "nowhere.json")]
    [InlineData("diff", "nowhere.json", "neither.json")]
    [InlineData("publish", "nowhere.json", "--server", "http://127.0.0.1:9")]
    public async Task A_file_that_is_not_there_is_no_answer(params string[] args)
    {
        var (code, answer) = await _terminal.AskAsync(["policy", .. args]);
        (code, answer.GetProperty("verb").GetString(), answer.GetProperty("error").GetProperty("code").GetString()).ShouldBe((2, $"policy {args[0]}", "file_inaccessible"));
    }

    [Fact]
    public async Task A_change_of_wording_may_be_published()
    {
        var next = Next(pack => pack["purposes"]![0]!["title"]!["en"] = "The site");
        (await _terminal.RunAsync("policy", "diff", Quintus, next)).ShouldBe(0, _terminal.Output + _terminal.Error);
        _terminal.Output.ShouldContain("~ purposes/site-use/title/en: \"Using the websites\" -> \"The site\"\n");
        _terminal.Output.ShouldEndWith("MAY be published: 1 changes, in substance for 0 purposes\n");
    }

    [Fact]
    public async Task A_change_in_substance_that_is_not_declared_may_not()
    {
        var next = Next(pack => Newsletter(pack)["recipients"] = new JsonArray("partners"));

        (await _terminal.RunAsync("policy", "diff", Quintus, next)).ShouldBe(1);
        _terminal.Output.ShouldContain("+ purposes/newsletter/recipients/partners\n    in substance for newsletter: recipient-added (GDPR art. 13(1)(e)), NOT DECLARED\n");
        _terminal.Output.ShouldContain("/recipients/0: 'newsletter' changes in substance since 2018-04-24");
        _terminal.Output.ShouldContain("(policy_material_change_undeclared)\nMAY NOT be published: 1 changes, in substance for 1 purposes\n");

        var (_, answer) = await _terminal.AskAsync("policy", "diff", Quintus, next);
        var change = answer.GetProperty("changes")[0];
        (change.GetProperty("kind").GetString(), change.GetProperty("material")[0].GetProperty("rule").GetString(), change.GetProperty("material")[0].GetProperty("declared").GetBoolean())
            .ShouldBe(("added", "recipient-added", false));
        var error = answer.GetProperty("errors")[0];
        File.ReadAllLines(next)[error.GetProperty("line").GetInt32() - 1].ShouldContain("partners");
    }

    [Fact]
    public async Task Declared_it_may()
    {
        var next = Next(pack =>
        {
            Newsletter(pack)["recipients"] = new JsonArray("partners");
            pack["changes"]!["material"] = JsonNode.Parse("""[{ "purpose": "newsletter", "summary": { "en": "Partners read along." } }, { "purpose": "surveys", "summary": { "en": "As well." } }]""");
        });
        (await _terminal.RunAsync("policy", "diff", Quintus, next)).ShouldBe(0, _terminal.Output);
        _terminal.Output.ShouldContain("recipient-added (GDPR art. 13(1)(e)), declared\n! surveys is declared to change in substance\nMAY be published");
    }

    [Fact]
    public async Task An_edited_text_or_version_may_not()
    {
        var next = Next(pack => Newsletter(pack)["consentTexts"]![0]!["text"] = "Yes.");
        (await _terminal.RunAsync("policy", "diff", Quintus, next)).ShouldBe(1);
        _terminal.Output.ShouldContain("(policy_text_edited)");

        next = Next(pack => pack["sellsData"] = false, version: "2018-04-24");
        (await _terminal.RunAsync("policy", "diff", Quintus, next)).ShouldBe(1);
        _terminal.Output.ShouldContain(": /version: Version 2018-04-24 has other contents already.");

        (await _terminal.RunAsync("policy", "diff", Quintus, Quintus)).ShouldBe(0);
    }

    [Fact]
    public async Task Policies_of_two_controllers_are_not_compared()
    {
        var (code, answer) = await _terminal.AskAsync("policy", "diff", Quintus, Path.Combine(Path.GetDirectoryName(Quintus)!, "vms.json"));
        (code, answer.GetProperty("error").GetProperty("code").GetString()).ShouldBe((2, "policy_tenant_mismatch"));
    }

    [Fact]
    public async Task A_pack_with_faults_is_not_sent()
    {
        var file = Write("broken.json", "{}");
        (await _terminal.RunAsync("policy", "publish", file, "--server", "http://127.0.0.1:9")).ShouldBe(1);
        _terminal.Output.ShouldContain($"{file}:1: /tenant: The member 'tenant' is required. (member_missing)\n");
        _terminal.Output.ShouldEndWith("NOT PUBLISHED\n");
    }

    [Theory]
    [InlineData("check")]
    [InlineData("diff")]
    [InlineData("publish")]
    public async Task Help_shows_how_it_is_used(string verb)
    {
        (await _terminal.RunAsync("policy", verb, "--help")).ShouldBe(0);
        _terminal.Output.ShouldContain($"Examples:\n  ledger policy {verb} ");
    }

    [Fact]
    public async Task A_verb_without_what_it_needs_is_a_wrong_question() => (await _terminal.RunAsync("policy", "publish", Quintus)).ShouldBe(2);

    private static JsonNode Newsletter(JsonNode pack) => pack["purposes"]!.AsArray().First(p => (string?)p!["id"] == "newsletter")!;

    private string Next(Action<JsonNode> change, string version = "2026-11-21")
    {
        var pack = JsonNode.Parse(File.ReadAllText(Quintus))!;
        pack["version"] = version;
        change(pack);
        return Write($"{version}.json", pack.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
    }

    private string Write(string name, string text)
    {
        File.WriteAllText(_terminal.Path(name), text);
        return _terminal.Path(name);
    }
}
