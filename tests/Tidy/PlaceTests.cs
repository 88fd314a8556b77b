using System.Text.RegularExpressions;

namespace ConsentLedger.Tidy;

/// <summary>The repository is the same wherever it is: it knows nobody's machine and nobody's mirror.</summary>
public sealed partial class PlaceTests
{
    /// <summary>Names for examples (RFC 2606), this machine, and those who publish what we rest on.</summary>
    private static readonly string[] KnownHosts =
    [
        "127.0.0.1", "0.0.0.0", "example.com", "example.org", ".example", ".example.com", ".test", ".consentledger", ".invalid",
        "c2sp.org", "json-schema.org", "cloudevents.io", "www.asyncapi.com", "spec.openapis.org", "www.w3.org", "www.rfc-editor.org", "datatracker.ietf.org", "eur-lex.europa.eu", "opendsr.org", "w3id.org", "purl.org",
        "dotnet.microsoft.com", "learn.microsoft.com", "www.rabbitmq.com", "www.postgresql.org", "martendb.io", "opentelemetry.io", "keepachangelog.com", "semver.org", "www.apache.org", "github.com", "www.standardwebhooks.com",

        // In the example of the OpenDSR specification, and where a cloud tells a machine its secrets.
        "examplecontroller.com", "169.254.169.254",
    ];

    [Fact]
    public void No_file_names_a_folder_of_somebodys_machine() => Repository.Files.SelectMany(f => f.Places(MachinePath())).ShouldBeNone("Somebody's machine:");

    /// <summary>A policy pack names the sites of its controller and processors, which are facts of the controller.</summary>
    [Fact]
    public void No_file_names_a_host_that_a_stranger_cannot_know() =>
        Repository.Files.Where(f => !f.IsIn("deploy/policies")).SelectMany(f => Host().Matches(f.Text).Where(m => !IsKnown(m.Groups[1].Value)).Select(m => f.At(m.Index)))
            .ShouldBeNone("Unknown hosts (a package mirror?); who belongs here is added to the list in this file:");

    [Fact]
    public void Nobodys_package_source_is_part_of_the_repository() =>
        Repository.Files.Where(f => f.Name.ToLowerInvariant() is "nuget.config" or ".npmrc" or "pip.conf").Select(f => f.Path).ShouldBeNone("Where packages come from is the machine's to say:");

    private static bool IsKnown(string host) =>
        !host.Contains('.', StringComparison.Ordinal) || KnownHosts.Any(known => known[0] == '.' ? host.EndsWith(known, StringComparison.Ordinal) : host == known);

    [GeneratedRegex(@"(?<![\w.}$*/-])/(?:work|farm|home|root)/")]
    private static partial Regex MachinePath();

    [GeneratedRegex("""(?:https?|wss?|amqps?|ftp|ssh)://(?:[^\s/@"'`<>]*@)?([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)""")]
    private static partial Regex Host();
}
