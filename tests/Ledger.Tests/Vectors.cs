using ConsentLedger.Support;

namespace ConsentLedger.Ledger.Tests;

/// <summary>Files that others wrote: in the folder that CONFORMANCE_VECTORS names, or in shared/vectors beside the checkout. They are not part of the repository.</summary>
internal static class Vectors
{
    public const string Variable = "CONFORMANCE_VECTORS";

    public static string? Folder { get; } = new[] { Environment.GetEnvironmentVariable(Variable), Path.Combine(Servers.Checkout, "..", "shared", "vectors") }.FirstOrDefault(Directory.Exists);

    /// <summary>Every JSON file below, by its path from the vectors' folder.</summary>
    public static IEnumerable<object[]> Below(string folder) => Folder is null ? [] :
        Directory.EnumerateFiles(Path.Combine(Folder, folder), "*.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(f => new object[] { Path.GetRelativePath(Folder, f) });
}

/// <summary>Skips, and says why, where the files are not.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class VectorTheoryAttribute : TheoryAttribute
{
    public VectorTheoryAttribute()
    {
        if (Vectors.Folder is null) Skip = $"{Vectors.Variable} names no folder, and there is no shared/vectors beside the checkout.";
    }
}
