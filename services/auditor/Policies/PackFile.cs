using System.Globalization;
using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Auditor.Policies;

/// <summary>A pack as somebody has it: in a file, or from a service.</summary>
/// <param name="Name">The file's, or the version's.</param>
internal sealed record PackFile(string Name, byte[] Bytes, PolicyPackReading Reading)
{
    public PolicyPack? Pack => (Reading as PolicyPackReading.Accepted)?.Pack;

    /// <summary>Of the pack by itself.</summary>
    public IReadOnlyList<PackError> Errors => Reading is PolicyPackReading.Refused refused ? [.. refused.Errors.Select(e => new PackError(Name, e))] : [];

    public static PackFile Of(string name, byte[] bytes) => new(name, bytes, PolicyPack.Parse(bytes));

    public static async Task<PackFile> ReadAsync(string file, CancellationToken ct) => Of(file, await File.ReadAllBytesAsync(file, ct));

    /// <summary>Whether it may be published after these, in the order of their publication.</summary>
    public IReadOnlyList<PackError> CheckAfter(params IReadOnlyList<PolicyPack> published) =>
        Reading is PolicyPackReading.Accepted accepted ? [.. accepted.Locate(PackSuccession.Check(accepted.Pack, published)).Select(e => new PackError(Name, e))] : [];

    /// <summary>What is not found by its members: one more thing that is wrong with the pack as a whole.</summary>
    public PackError Wrong(string code, string path, string message) =>
        new(Name, ((PolicyPackReading.Accepted)Reading).Locate([new(code, path, message)])[0]);
}

/// <summary>As compilers tell: where, what, and a code to look up.</summary>
internal sealed record PackError(string File, int? Line, string Path, string Message, string Code)
{
    public PackError(string file, PolicyPackError error)
        : this(file, error.Line, error.Path, error.Message, error.Code)
    {
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{File}{(Line is { } line ? $":{line}" : "")}:{(Path.Length > 0 ? $" {Path}:" : "")} {Message} ({Code})");
}
