namespace ConsentLedger.Vault.Tests;

/// <summary>A folder of key files that is gone after the test.</summary>
internal sealed class KekFiles : IDisposable
{
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kek");
    private int _files;

    public string Folder => _folder.FullName;

    public string Write(byte[] key, UnixFileMode mode = OwnerOnly) => WriteAs($"{_files++}.kek", key, mode);

    public string WriteAs(string name, byte[] key, UnixFileMode mode = OwnerOnly)
    {
        var path = Path.Combine(_folder.FullName, name);
        File.WriteAllBytes(path, key);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, mode);
        return path;
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
