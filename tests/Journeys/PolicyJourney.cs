using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ConsentLedger.Support;

namespace ConsentLedger.Journeys;

/// <summary>A controller's policy from its first version to its third, by every way there is to publish one.</summary>
public sealed class PolicyJourney : IAsyncLifetime
{
    private const string Tenant = "quintus", First = "2018-04-24";

    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(3));
    private readonly List<ServiceProcess> _replicas = [];
    private Installation _installation = null!;

    private CancellationToken Ct => _patience.Token;

    private string Folder => _installation.InFolder("policies");

    public async Task InitializeAsync()
    {
        _installation = await Installation.PrepareAsync();
        Directory.CreateDirectory(Folder);
        File.Copy(Path.Combine(Servers.Checkout, "deploy", "policies", $"{Tenant}.json"), Path.Combine(Folder, $"{Tenant}.json"));
    }

    public async Task DisposeAsync()
    {
        foreach (var replica in _replicas) await replica.DisposeAsync();
        await _installation.DisposeAsync();
        _patience.Dispose();
    }

    [Fact]
    public async Task Versions_follow_each_other_and_none_is_edited()
    {
        await File.WriteAllTextAsync(_installation.InFolder("operator.token"), _installation.Issuer.Token(Tenant, "operator"), Ct);

        // By file: of three replicas that start at once, one publishes, and all serve it.
        var replicas = Enumerable.Range(0, 3).Select(i => Replica($"replica-{i}")).ToArray();
        await Task.WhenAll(replicas.Select(r => r.StartAsync(Ct)));
        await ShouldListAsync(replicas[0], First);
        await ShouldListAsync(replicas[2], First);

        // By the command line, which finds what is wrong before it asks.
        var second = Write("quintus-2.json", "2.0.0", pack => Newsletter(pack)["recipients"] = new JsonArray("partners"));
        string[] server = ["--server", replicas[1].Url.ToString(), "--token-file", _installation.InFolder("operator.token")];
        var (code, answer) = await LedgerTool.RunAsync(Ct, ["policy", "diff", "current", second, .. server]);
        (code, answer.GetProperty("errors")[0].GetProperty("code").GetString()).ShouldBe((1, "policy_material_change_undeclared"));
        (await LedgerTool.RunAsync(Ct, ["policy", "publish", second, .. server])).ExitCode.ShouldBe(1);

        // By whoever asks nobody: the service says the same, and where.
        var (status, problem) = await PutAsync(replicas[0], await File.ReadAllTextAsync(second, Ct));
        (status, problem.GetProperty("code").GetString()).ShouldBe((HttpStatusCode.UnprocessableEntity, "policy_material_change_undeclared"));
        var line = int.Parse(Regex.Match(problem.GetProperty("detail").GetString()!, "^Line ([0-9]+), /purposes/").Groups[1].Value);
        (await File.ReadAllLinesAsync(second, Ct))[line - 1].ShouldContain("partners");
        await ShouldListAsync(replicas[2], First);

        // Declared, it is published; again, nothing happens; edited, it is refused.
        second = Write("quintus-2.json", "2.0.0", pack =>
        {
            Newsletter(pack)["recipients"] = new JsonArray("partners");
            pack["changes"]!["material"] = JsonNode.Parse("""[{ "purpose": "newsletter", "summary": { "en": "Partners read along." } }]""");
        });
        (code, answer) = await LedgerTool.RunAsync(Ct, ["policy", "publish", second, .. server]);
        (code, answer.GetProperty("outcome").GetString()).ShouldBe((0, "recorded"));
        (code, answer) = await LedgerTool.RunAsync(Ct, ["policy", "publish", second, .. server]);
        (code, answer.GetProperty("outcome").GetString()).ShouldBe((0, "unchanged"));
        var edited = Write("edited.json", "2.0.0", pack => pack["sellsData"] = true);
        (code, answer) = await LedgerTool.RunAsync(Ct, ["policy", "publish", edited, .. server]);
        (code, answer.GetProperty("errors")[0].GetProperty("code").GetString()).ShouldBe((1, "policy_version_exists"));

        // What was published, told to whoever reads.
        var listed = await ShouldListAsync(replicas[2], First, "2.0.0");
        listed[1].GetProperty("material")[0].GetProperty("purpose").GetString().ShouldBe("newsletter");
        (listed[0].GetProperty("inForce").GetBoolean(), listed[1].GetProperty("inForce").GetBoolean()).ShouldBe((false, true));
        listed[0].GetProperty("digest").GetString().ShouldBe($"sha256:{Convert.ToHexStringLower(SHA256.HashData(await Operator(replicas[0]).GetByteArrayAsync(new Uri($"/v1/policies/{First}", UriKind.Relative), Ct)))}");
        var diff = await Operator(replicas[0]).GetOkAsync("/v1/policies/current/diff", Ct);
        (diff.GetProperty("version").GetString(), diff.GetProperty("since").GetString()).ShouldBe(("2.0.0", First));
        var material = diff.GetProperty("changes")[0].GetProperty("material")[0];
        (material.GetProperty("rule").GetString(), material.GetProperty("declared").GetBoolean()).ShouldBe(("recipient-added", true));
        (await Operator(replicas[0]).GetOkAsync($"/v1/policies/{First}/diff", Ct)).GetProperty("changes").GetArrayLength().ShouldBe(0);
        (await Operator(replicas[0]).GetOkAsync($"/v1/policies/2.0.0/diff?since={First}", Ct)).GetProperty("changes").GetArrayLength().ShouldBe(diff.GetProperty("changes").GetArrayLength());
        foreach (var nowhere in (string[])["/v1/policies/9/diff", "/v1/policies/current/diff?since=9"])
        {
            using var missing = await Operator(replicas[0]).GetAsync(new Uri(nowhere, UriKind.Relative), Ct);
            missing.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        }

        (code, answer) = await LedgerTool.RunAsync(Ct, ["policy", "diff", First, "current", .. server]);
        (code, answer.GetProperty("version").GetString()).ShouldBe((0, "2.0.0"));

        // The folder as it was starts again, and takes nothing back.
        await replicas[0].KillAsync();
        await replicas[0].StartAsync(Ct);
        await ShouldListAsync(replicas[0], First, "2.0.0");
    }

    [Fact]
    public async Task A_service_does_not_start_over_a_folder_that_contradicts_what_is_published()
    {
        var service = Replica("alone");
        await service.StartAsync(Ct);
        await service.KillAsync();

        await RefusesAsync(service, Write(Path.Combine(Folder, "quintus-2.json"), "2", pack => Newsletter(pack)["profiling"] = true), "quintus-2.json: Line ", "(policy_material_change_undeclared)");
        await RefusesAsync(service, Write(Path.Combine(Folder, "quintus-2.json"), First, pack => pack["sellsData"] = true), "(policy_version_exists)");
        await RefusesAsync(service, Write(Path.Combine(Folder, "quintus-2.json"), "2", pack => pack["surprise"] = 1), "quintus-2.json:", ": /surprise: A pack has no such member here. (member_unknown)");
        await RefusesAsync(service, Write(Path.Combine(Folder, "quintus-2.json"), "2", pack => pack["dated"] = "2017-01-01"), "Name the files in the order");
        await RefusesAsync(service, Write(Path.Combine(Folder, "a-quintus.json"), "0", pack => pack.AsObject().Remove("dated")), "(policy_superseded)");

        await service.StartAsync(Ct);
        await ShouldListAsync(service, First);

        async Task RefusesAsync(ServiceProcess process, string file, params string[] told)
        {
            var refused = await Should.ThrowAsync<InvalidOperationException>(() => process.StartAsync(Ct));
            refused.Message.ShouldNotContain("ended with 0");
            foreach (var part in told) refused.Message.ShouldContain(part);
            File.Delete(file);
        }
    }

    private ServiceProcess Replica(string name)
    {
        var settings = new Dictionary<string, string>(_installation.Consent.Settings) { ["Policies__Folder"] = Folder };
        _replicas.Add(ServiceProcess.Of("consent/ConsentLedger.Consent", _installation.InFolder($"{name}.log"), settings));
        return _replicas[^1];
    }

    private HttpClient Operator(ServiceProcess service) => _installation.Client(service, Tenant, "operator");

    private async Task<JsonElement[]> ShouldListAsync(ServiceProcess service, params string[] versions)
    {
        var listed = (await Operator(service).GetOkAsync("/v1/policies", Ct)).GetProperty("policies").EnumerateArray().ToArray();
        listed.Select(p => p.GetProperty("version").GetString()).ShouldBe(versions);
        return listed;
    }

    private async Task<(HttpStatusCode Status, JsonElement Problem)> PutAsync(ServiceProcess service, string pack)
    {
        using var content = new StringContent(pack, Encoding.UTF8, "application/json");
        using var answer = await Operator(service).PutAsync(new Uri("/v1/policies/2.0.0", UriKind.Relative), content, Ct);
        return (answer.StatusCode, JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct)).RootElement);
    }

    private string Write(string file, string version, Action<JsonNode> change)
    {
        var pack = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, $"{Tenant}.json")))!;
        pack["version"] = version;
        change(pack);
        File.WriteAllText(_installation.InFolder(file), pack.ToJsonString(Indented));
        return _installation.InFolder(file);
    }

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static JsonNode Newsletter(JsonNode pack) => pack["purposes"]!.AsArray().First(p => (string?)p!["id"] == "newsletter")!;
}
