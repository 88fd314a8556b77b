using System.Text;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Witnessing;

/// <summary>A witness's private key: one line of text in a file that only its owner may touch.</summary>
internal static class WitnessKeyFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const string NeedsMode = "A key file is guarded by its Unix file mode.";

    /// <exception cref="StateRefusedException">The file is not one to rely on.</exception>
    public static SigningKey Read(string path)
    {
        if (OperatingSystem.IsWindows()) throw new PlatformNotSupportedException(NeedsMode);
        if (!File.Exists(path)) throw new StateRefusedException($"The key file {path} is not there. ledger witness new-key makes one.");

        // Mode and bytes are of the one file that was opened, whatever its path names a moment later.
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read);
        if ((File.GetUnixFileMode(file.SafeFileHandle) & ~OwnerOnly) != 0) throw new StateRefusedException($"Others than its owner may touch the key file {path}: chmod 600.");
        using var reader = new StreamReader(file, Encoding.UTF8);
        if (!SigningKey.TryParse(reader.ReadToEnd().TrimEnd('\n'), out var key, out var fault)) throw new StateRefusedException($"The key file {path}: {fault.Reason}");
        return key.Verifier.Type == SignatureType.CosignatureV1 ? key : throw new StateRefusedException($"The key file {path} holds no key for cosignatures.");
    }

    /// <summary>Writes a new key and never over another.</summary>
    /// <exception cref="IOException">There is a file already.</exception>
    public static VerifierKey Create(string path, string name)
    {
        if (OperatingSystem.IsWindows()) throw new PlatformNotSupportedException(NeedsMode);
        using var key = SigningKey.Generate(name, SignatureType.CosignatureV1);
        using var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly });
        file.Write(Encoding.UTF8.GetBytes(key.ExportText() + "\n"));
        file.Flush(flushToDisk: true);
        return key.Verifier;
    }
}
