using System.Text.RegularExpressions;
using ConsentLedger.Support;

namespace ConsentLedger.Tidy;

/// <summary>One file of the repository as text.</summary>
/// <param name="Path">From the root, with slashes.</param>
internal sealed record SourceFile(string Path, string Text)
{
    public string Name => System.IO.Path.GetFileName(Path);

    public string Folder => System.IO.Path.GetDirectoryName(Path)!;

    public bool Is(params IEnumerable<string> extensions) => extensions.Any(e => Path.EndsWith(e, StringComparison.Ordinal));

    public bool IsIn(params IEnumerable<string> folders) => folders.Any(f => Path.StartsWith($"{f}/", StringComparison.Ordinal));

    /// <summary>Each match as <c>file:line: the line</c>.</summary>
    public IEnumerable<string> Places(Regex what) => what.Matches(Text).Select(m => At(m.Index));

    public string At(int index)
    {
        var start = Text.LastIndexOf('\n', Math.Max(0, index - 1)) + 1;
        var end = Text.IndexOf('\n', index);
        return $"{Path}:{Text.AsSpan(0, index).Count('\n') + 1}: {Text[start..(end < 0 ? Text.Length : end)].Trim()}";
    }
}

/// <summary>Everything that git keeps or would keep: what .gitignore names is not there.</summary>
internal static class Repository
{
    private static readonly HashSet<string> Ignored =
        [".git", .. File.ReadLines(Path.Combine(Root, ".gitignore")).Where(line => line.EndsWith('/')).Select(line => line.TrimEnd('/'))];

    public static string Root => Servers.Checkout;

    public static IReadOnlyList<string> RootEntries { get; } = [.. Directory.EnumerateFileSystemEntries(Root).Select(e => Path.GetFileName(e)!).Where(IsKept)];

    public static IReadOnlyList<SourceFile> Files { get; } = [.. Walk(new DirectoryInfo(Root))];

    public static IEnumerable<SourceFile> CSharp => Files.Where(f => f.Is(".cs"));

    /// <summary>What runs in production.</summary>
    public static IEnumerable<SourceFile> Product => CSharp.Where(f => f.IsIn("services", "shared"));

    /// <summary>What runs all the time. Beside it in <c>services/</c> lies the auditor's command line, which nobody deploys.</summary>
    public static IReadOnlyList<string> Services { get; } =
        [.. Files.Where(f => f.IsIn("services") && f.Is(".csproj") && f.Text.Contains("Microsoft.NET.Sdk.Web", StringComparison.Ordinal)).Select(f => Path.GetFileName(f.Folder))];

    public static SourceFile? Find(string path) => Files.FirstOrDefault(f => f.Path == path);

    public static string FullPath(SourceFile file) => Path.Combine(Root, file.Path);

    /// <summary>Fails with every violation on a line of its own.</summary>
    public static void ShouldBeNone(this IEnumerable<string> violations, string rule)
    {
        var all = violations.Distinct().ToList();
        if (all.Count > 0) Assert.Fail($"{rule}\n  {string.Join("\n  ", all)}");
    }

    private static bool IsKept(string name) => !Ignored.Contains(name) && !name.EndsWith(".user", StringComparison.Ordinal);

    private static IEnumerable<SourceFile> Walk(DirectoryInfo folder)
    {
        foreach (var file in folder.EnumerateFiles().Where(f => IsKept(f.Name)))
        {
            var text = File.ReadAllText(file.FullName);
            if (!text.Contains('\0')) yield return new SourceFile(Path.GetRelativePath(Root, file.FullName), text);
        }

        foreach (var inner in folder.EnumerateDirectories().Where(d => IsKept(d.Name)).SelectMany(Walk)) yield return inner;
    }
}
