using System.Text.RegularExpressions;

namespace ConsentLedger.Tidy;

/// <summary>Every package is a decision: it has a reason, a user and one version.</summary>
public sealed partial class PackageTests
{
    private static readonly SourceFile Versions = Repository.Find("Directory.Packages.props")!;

    [Fact]
    public void Every_package_has_its_reason_above_it()
    {
        var explained = false;
        Versions.Text.Split('\n').Select((text, i) => (Text: text.Trim(), Number: i + 1)).Where(line =>
        {
            // What follows a package without a line in between shares its reason.
            if (!line.Text.StartsWith("<PackageVersion", StringComparison.Ordinal)) explained = line.Text.EndsWith("-->", StringComparison.Ordinal);
            return line.Text.StartsWith("<PackageVersion", StringComparison.Ordinal) && !explained;
        }).Select(line => $"{Versions.Path}:{line.Number}: {line.Text}").ToList().ShouldBeNone("A comment above a package says its licence and why it is here:");
    }

    [Fact]
    public void Every_package_is_used()
    {
        var used = Repository.Files.Where(f => f.Is(".csproj", ".props")).SelectMany(f => Reference().Matches(f.Text))
            .Concat(Repository.Files.Where(f => f.Is("packages.lock.json")).SelectMany(f => Pinned().Matches(f.Text))).Select(m => m.Groups[1].Value).ToHashSet();
        Version().Matches(Versions.Text).Where(m => !used.Contains(m.Groups[1].Value)).Select(m => Versions.At(m.Index)).ShouldBeNone("No project uses:");
    }

    [Fact]
    public void Versions_are_named_in_one_place() =>
        Repository.Files.Where(f => f.Is(".csproj")).SelectMany(f => f.Places(OwnVersion())).ShouldBeNone("The version belongs in Directory.Packages.props:");

    [GeneratedRegex("<PackageReference Include=\"([^\"]+)\"")]
    private static partial Regex Reference();

    /// <summary>Named only so that what other packages ask for is this version.</summary>
    [GeneratedRegex("""
        "([^"]+)": \{\s*"type": "CentralTransitive"
        """)]
    private static partial Regex Pinned();

    [GeneratedRegex("<PackageVersion Include=\"([^\"]+)\"")]
    private static partial Regex Version();

    [GeneratedRegex("<PackageReference [^>]*Version(Override)?=")]
    private static partial Regex OwnVersion();
}
