using System.Text.RegularExpressions;

namespace ConsentLedger.Tidy;

/// <summary>Where things are and what they are called.</summary>
public sealed partial class LayoutTests
{
    private const int MaxLines = 250;

    private static readonly string[] RootEntries =
        ["services", "shared", "tests", "deploy", "docs", "ConsentLedger.sln", "docker-compose.yml", "README.md", "ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "global.json", "BannedSymbols.txt"];

    [Fact]
    public void The_root_holds_what_a_newcomer_expects_and_nothing_else() =>
        Repository.RootEntries.Where(e => !RootEntries.Contains(e) && e[0] != '.' && !e.EndsWith(".props", StringComparison.Ordinal))
            .ShouldBeNone("These do not belong in the root:");

    [Fact]
    public void Nothing_is_named_after_nothing() =>
        Repository.CSharp.Where(f => f.IsIn("services", "shared", "tests", "deploy")).SelectMany(f => (EmptyFileName().IsMatch(f.Name) ? [f.Path] : Array.Empty<string>()).Concat(f.Places(EmptyTypeName())))
            .ShouldBeNone("A name says what a thing does; these endings say nothing:");

    [Fact]
    public void No_source_file_is_too_long_to_read_at_once() =>
        Repository.Product.Select(f => (f.Path, Lines: f.Text.AsSpan().Count('\n'))).Where(f => f.Lines > MaxLines).Select(f => $"{f.Path}: {f.Lines} lines")
            .ShouldBeNone($"More than {MaxLines} lines:");

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = Repository.Find("ConsentLedger.sln")!.Text.Replace('\\', '/');
        Repository.Files.Where(f => f.Is(".csproj") && !solution.Contains($"\"{f.Path}\"", StringComparison.Ordinal)).Select(f => f.Path)
            .ShouldBeNone("Not in ConsentLedger.sln:");
    }

    [Fact]
    public void Shell_scripts_can_be_run_and_stop_at_the_first_error() =>
        Repository.Files.Where(f => Shebang().IsMatch(f.Text)).SelectMany(ShellFaults).ShouldBeNone("A script is executable, and its first command is set -euo pipefail:");

    [Fact]
    public void Shell_libraries_are_not_run_by_themselves() =>
        Repository.Files.Where(f => f.Is(".sh") && !Shebang().IsMatch(f.Text) && IsExecutable(f)).Select(f => f.Path).ShouldBeNone("Sourced, so neither executable nor with a #! line:");

    [Fact]
    public void Every_link_leads_somewhere() =>
        Repository.Files.Where(f => f.Is(".md")).SelectMany(f => Link().Matches(f.Text).Where(m => !Exists(f, m.Groups[1].Value)).Select(m => f.At(m.Index)))
            .ShouldBeNone("These links lead to no file:");

    private static IEnumerable<string> ShellFaults(SourceFile script)
    {
        if (!IsExecutable(script)) yield return $"{script.Path}: not executable";
        if (FirstCommand().Match(script.Text).Value != "set -euo pipefail") yield return $"{script.Path}: does not start with set -euo pipefail";
    }

    private static bool IsExecutable(SourceFile script) => File.GetUnixFileMode(Repository.FullPath(script)).HasFlag(UnixFileMode.UserExecute);

    private static bool Exists(SourceFile from, string link) => Path.Exists(Path.Combine(Repository.Root, from.Folder, Uri.UnescapeDataString(link)));

    [GeneratedRegex(@"(Manager|Helpers?|Common|Base|Utils?)\.cs\z")]
    private static partial Regex EmptyFileName();

    [GeneratedRegex(@"\b(class|record|struct|interface|enum)\s+\w*(Manager|Helpers?|Common|Base|Utils?)\b")]
    private static partial Regex EmptyTypeName();

    [GeneratedRegex(@"\A#!.*\b(ba)?sh\b")]
    private static partial Regex Shebang();

    [GeneratedRegex(@"^[^#\s].*$", RegexOptions.Multiline)]
    private static partial Regex FirstCommand();

    [GeneratedRegex(@"\]\((?![a-z]+:|#)([^)#\s]+)[^)]*\)")]
    private static partial Regex Link();
}
