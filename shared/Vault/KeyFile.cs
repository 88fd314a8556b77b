namespace ConsentLedger.Vault;

/// <summary>A secret of 32 raw bytes in a file that only its owner may touch.</summary>
public static class KeyFile
{
    /// <summary>In bytes.</summary>
    public const int Length = 32;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <param name="what">What the file holds, for the message.</param>
    /// <param name="ifMissing">Why not just any other key will do.</param>
    /// <returns>The secret; whoever asked zeroes it.</returns>
    /// <exception cref="KeyFileRefusedException">Others than its owner may touch the file, or it does not hold a key.</exception>
    public static byte[] Read(string what, string path, string ifMissing)
    {
        if (OperatingSystem.IsWindows()) throw new PlatformNotSupportedException("A key file is guarded by its Unix file mode.");

        if (!File.Exists(path)) throw new KeyFileRefusedException(what, path, $"is not there. Put it back from where keys are kept: {ifMissing}");

        // Mode, length and bytes are of the one file that was opened, whatever its path names a moment later.
        using var file = File.OpenHandle(path);
        var mode = File.GetUnixFileMode(file);
        if ((mode & ~OwnerOnly) != 0)
            throw new KeyFileRefusedException(what, path, $"has mode {Convert.ToString((int)mode, 8)}; only its owner may read or write it: chmod 600");
        if (RandomAccess.GetLength(file) != Length)
            throw new KeyFileRefusedException(what, path, $"must hold {Length} raw bytes, not {RandomAccess.GetLength(file)}");

        var key = new byte[Length];
        if (RandomAccess.Read(file, key, 0) != key.Length) throw new KeyFileRefusedException(what, path, "changed while it was read");
        return key;
    }
}

/// <summary>The key file is not one to trust. Says which and what to do.</summary>
public sealed class KeyFileRefusedException(string what, string path, string reason) : Exception($"The {what} file {path} {reason}.");
