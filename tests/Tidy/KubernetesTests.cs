using System.Diagnostics;
using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace ConsentLedger.Tidy;

/// <summary>The manifests hang together: nothing names what is not there, and every pod is confined, probed and limited.</summary>
public sealed partial class KubernetesTests
{
    private const string Folder = "deploy/kubernetes";

    /// <summary>Made by hand as docs/operations.md says, or by an operator from a resource of ours.</summary>
    private static readonly string[] MadeByHand = ["consent-kek", "erasure-kek", "consent-log-key", "marketing-preference-log-key", "erasure-orchestrator-log-key", "marketing-preference-links", "marketing-preference-consent-token", "erasure-orchestrator-consent-token", "jwks", "backup-credentials", "vault-backup-credentials", "preferences-tls", "privacy-tls"];

    private static readonly IReadOnlyList<(SourceFile File, YamlMappingNode Object)> Objects =
        [.. Repository.Files.Where(f => f.IsIn(Folder) && f.Is(".yaml") && f.Name is not ("kustomization.yaml" or "every-service.yaml")).SelectMany(f => Load(f).Select(o => (f, o)))];

    private static readonly YamlMappingNode Common = Load(Repository.Find($"{Folder}/base/every-service.yaml")!).Single();

    public static IEnumerable<object[]> Services => Repository.Services.Select(service => new object[] { service });

    [Fact]
    public void Every_file_is_used_and_every_file_named_is_there()
    {
        foreach (var kustomization in Repository.Files.Where(f => f.Name == "kustomization.yaml"))
        {
            var root = Load(kustomization).Single();
            var named = List(root, "resources").Concat(List(root, "configMapGenerator").SelectMany(g => List(g, "files"))).Concat(List(root, "patches").Select(p => Find(p, "path")).OfType<YamlNode>())
                .Select(n => $"{n}").ToList();
            named.Where(name => !Path.Exists(Path.Combine(Repository.Root, kustomization.Folder, name))).ShouldBeNone($"{kustomization.Path} names what is not there:");
            Repository.Files.Where(f => kustomization.IsIn(Folder) && f.Folder == kustomization.Folder && f != kustomization && !named.Contains(f.Name)).Select(f => f.Path).ShouldBeNone("No kustomization names:");
        }
    }

    [Theory]
    [MemberData(nameof(Services))]
    public void A_service_is_deployed_with_everything_that_belongs_to_it(string service)
    {
        foreach (var kind in new[] { "Deployment", "Service", "ServiceAccount", "PodDisruptionBudget", "HorizontalPodAutoscaler", "NetworkPolicy", "User", "Permission" })
            Objects.ShouldContain(o => Text(o.Object, "kind") == kind && Text(o.Object, "metadata.name") == service, $"{kind} of {service}");
        Text(Named("Deployment", service), "metadata.labels.consentledger/service").ShouldBe("true");
    }

    [Fact]
    public void What_the_services_have_in_common_confines_and_probes_them() => ShouldBeConfined(Within(Common, "spec.template.spec")!, common: null);

    [Fact]
    public void Every_pod_is_confined_probed_and_limited()
    {
        var deployments = Objects.Where(o => Text(o.Object, "kind") == "Deployment").ToList();
        deployments.Count.ShouldBeGreaterThan(3);
        foreach (var (_, deployment) in deployments)
        {
            var isService = Within(deployment, "metadata.labels.consentledger/service") is not null;
            var pod = Within(deployment, "spec.template.spec")!;
            ShouldBeConfined(pod, isService ? Within(Common, "spec.template.spec") : null);
            foreach (var container in List(pod, "containers").Concat(List(pod, "initContainers")))
            {
                Within(container, "resources.requests.cpu").ShouldNotBeNull($"{Text(deployment, "metadata.name")}/{Text(container, "name")}");
                Within(container, "resources.requests.memory").ShouldNotBeNull();
                Within(container, "resources.limits.memory").ShouldNotBeNull();
                Text(container, "image").ShouldNotBeNull().ShouldNotContain(":", customMessage: "The overlay says which version.");
            }
        }
    }

    [Fact]
    public void Nothing_refers_to_a_secret_a_config_map_or_a_database_that_nobody_makes()
    {
        var clusters = NamesOf("Cluster").ToList();
        var made = NamesOf("ConfigMap").Concat(MadeByHand).Concat(["collector"])
            .Concat(clusters.SelectMany(c => new[] { $"{c}-app", $"{c}-ca" })).Concat(NamesOf("User").Select(u => $"{u}-user-credentials")).ToHashSet();
        foreach (var file in Repository.Files.Where(f => f.IsIn(Folder) && f.Is(".yaml")))
        {
            Reference().Matches(file.Text).Where(m => !made.Contains(m.Groups[1].Value)).Select(m => file.At(m.Index)).ShouldBeNone("Nobody makes:");
            Database().Matches(file.Text).Where(m => !clusters.Contains(m.Groups[1].Value)).Select(m => file.At(m.Index)).ShouldBeNone("No such database cluster:");
            ClusterLabel().Matches(file.Text).Where(m => !clusters.Contains(m.Groups[1].Value)).Select(m => file.At(m.Index)).ShouldBeNone("No such database cluster:");
        }

        var guide = Repository.Find("docs/operations.md")!.Text;
        MadeByHand.Where(name => !guide.Contains(name, StringComparison.Ordinal)).ShouldBeNone("docs/operations.md does not say how to make:");
    }

    [Fact]
    public void No_secret_lies_in_the_repository() =>
        Objects.Where(o => Text(o.Object, "kind") == "Secret").Select(o => o.File.Path).ShouldBeNone("Secrets are referred to, never kept:");

    /// <summary>What a service's code asks its configuration for, its deployment sets, and the guide explains.</summary>
    [Theory]
    [MemberData(nameof(Services))]
    public void Every_setting_that_a_service_reads_is_set_and_explained(string service)
    {
        var shared = Load(Repository.Find($"{Folder}/base/settings.yaml")!).Single();
        var set = List(List(Within(Named("Deployment", service), "spec.template.spec")!, "containers").Single(), "env").Select(e => Text(e, "name")!)
            .Concat(((YamlMappingNode)Within(shared, "data")!).Children.Keys.Select(k => $"{k}")).ToHashSet();
        var files = Repository.Product.Where(f => f.IsIn($"services/{service}", "shared")).ToList();
        var named = files.SelectMany(f => Setting().Matches(f.Text)).ToLookup(m => m.Groups["fallback"].Success, m => m.Groups["name"].Value.Replace(":", "__", StringComparison.Ordinal));
        var read = named[false].Concat(files.SelectMany(f => ConnectionString().Matches(f.Text)).Select(m => $"ConnectionStrings__{m.Groups[1].Value}")).ToHashSet();
        read.Count.ShouldBeGreaterThan(3);
        read.Except(set).Where(name => !Optional.Contains(name) && !ForTests.Contains(name) && !(IsOfVault(name) && !set.Contains("ConnectionStrings__Vault"))).ShouldBeNone($"{service} reads what its deployment does not set:");
        var guide = Repository.Find("docs/operations.md")!.Text;
        read.Concat(named[true]).Where(name => !guide.Contains($"`{name}`", StringComparison.Ordinal)).ShouldBeNone("docs/operations.md does not explain:");
    }

    /// <summary>What is recorded under it proves nothing.</summary>
    [Fact]
    public void No_deployment_sets_what_only_tests_may() =>
        Repository.Files.Where(f => f.IsIn("deploy") || f.Name == "docker-compose.yml").SelectMany(f => ForTests.Where(name => f.Text.Contains(name, StringComparison.Ordinal)).Select(name => $"{f.Path}: {name}"))
            .ShouldBeNone("For tests only:");

    /// <summary>What is shared reads these for the services that have a vault.</summary>
    private static bool IsOfVault(string name) => name.StartsWith("Vault__", StringComparison.Ordinal);

    private static readonly string[] ForTests = ["Clock__OffsetFile"];

    private static readonly string[] Optional =
    [
        "Erasure__RedispatchAfter", "Erasure__AskConsentsAfter", "Secrets__Folder", "EventStore__Engine", "Vault__KekFile", "Policies__Folder",

        // Whoever lets a mail system bring back what became of mails sets this.
        "Intake__KeysFolder",

        // Whoever offers OpenDSR, or calls processors that call back, sets these.
        "OpenDsr__PublicUrl", "OpenDsr__CertificateFile", "OpenDsr__KeyFile", "OpenDsr__TrustedRootsFile", "Processors__PublicUrl",

        // Whoever has people confirm who they are sets these.
        "Mail__Smtp", "Mail__Folder", "Mail__From", "Mail__User", "Mail__PasswordFile", "Mail__StartTls", "Links__PublicUrl",
    ];

    [KubectlTheory]
    [InlineData("dev")]
    [InlineData("production")]
    public async Task Kustomize_renders_it(string overlay)
    {
        using var kubectl = Process.Start(new ProcessStartInfo("kubectl", ["kustomize", Path.Combine(Repository.Root, Folder, "overlays", overlay)]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = kubectl.StandardError.ReadToEndAsync();
        var rendered = await kubectl.StandardOutput.ReadToEndAsync();
        await kubectl.WaitForExitAsync();
        kubectl.ExitCode.ShouldBe(0, await errors);
        Image().Matches(rendered).Select(m => m.Groups[1].Value).Where(image => !image.Contains(':', StringComparison.Ordinal)).ShouldBeNone("Images without a version:");
    }

    private static void ShouldBeConfined(YamlNode pod, YamlNode? common)
    {
        string? Said(string path) => Text(pod, path) ?? (common is null ? null : Text(common, path));
        Said("automountServiceAccountToken").ShouldBe("false");
        Said("securityContext.runAsNonRoot").ShouldBe("true");
        Said("securityContext.seccompProfile.type").ShouldBe("RuntimeDefault");
        var containers = common is null ? List(pod, "containers") : List(common, "containers");
        foreach (var container in containers)
        {
            Within(container, "livenessProbe.httpGet.path").ShouldNotBeNull();
            Within(container, "readinessProbe.httpGet.path").ShouldNotBeNull();
        }

        foreach (var container in containers.Concat(List(pod, "initContainers")))
        {
            Text(container, "securityContext.readOnlyRootFilesystem").ShouldBe("true");
            Text(container, "securityContext.allowPrivilegeEscalation").ShouldBe("false");
            List(Within(container, "securityContext.capabilities")!, "drop").Select(d => $"{d}").ShouldBe(["ALL"]);
        }
    }

    private static YamlMappingNode Named(string kind, string name) => Objects.Single(o => Text(o.Object, "kind") == kind && Text(o.Object, "metadata.name") == name).Object;

    private static IEnumerable<string> NamesOf(string kind) => Objects.Where(o => Text(o.Object, "kind") == kind).Select(o => Text(o.Object, "metadata.name")!);

    private static IReadOnlyList<YamlMappingNode> Load(SourceFile file)
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(file.Text));
        return [.. yaml.Documents.Select(d => (YamlMappingNode)d.RootNode)];
    }

    private static YamlNode? Find(YamlNode node, string key) => node is YamlMappingNode map && map.Children.TryGetValue(key, out var value) ? value : null;

    private static YamlNode? Within(YamlNode node, string path) => path.Split('.').Aggregate<string, YamlNode?>(node, (n, key) => n is null ? null : Find(n, key));

    private static string? Text(YamlNode node, string path) => Within(node, path)?.ToString();

    private static IReadOnlyList<YamlNode> List(YamlNode node, string key) => Find(node, key) is YamlSequenceNode list ? [.. list.Children] : [];

    [GeneratedRegex(@"(?:secretKeyRef: \{ name: |configMapKeyRef: \{ name: |secret: \{ secretName: |secretName: |configMapRef:\n\s+name: |configMap:\n\s+name: |accessKeyId: \{ name: |secretAccessKey: \{ name: )([a-z0-9-]+)")]
    private static partial Regex Reference();

    [GeneratedRegex(@"^[ -]+image: (\S+)$", RegexOptions.Multiline)]
    private static partial Regex Image();

    [GeneratedRegex(@"\bHost=([a-z-]+)-rw;")]
    private static partial Regex Database();

    [GeneratedRegex(@"cnpg\.io/cluster: ([a-z-]+)")]
    private static partial Regex ClusterLabel();

    // With a fallback it need not be set.
    [GeneratedRegex("""[cC]onfiguration(?:\[|\.GetValue(?:<[^>]+>)?\(|>\(\), |, )"(?<name>[A-Z]\w+:\w+)" *(?:[\])]|(?<fallback>,))""")]
    private static partial Regex Setting();

    [GeneratedRegex("""GetConnectionString\("(\w+)"\)""")]
    private static partial Regex ConnectionString();
}

/// <summary>Skips, and says why, where there is no kubectl; what the other tests hold has to do there.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class KubectlTheoryAttribute : TheoryAttribute
{
    public KubectlTheoryAttribute()
    {
        if (!(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "kubectl")))) Skip = "There is no kubectl on the PATH to render with.";
    }
}
