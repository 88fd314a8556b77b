namespace ConsentLedger.ServiceDefaults;

/// <summary>The token this service shows to others, from a file. Read again when the file has changed, so that it is renewed without a restart.</summary>
public sealed class ServiceToken(string file)
{
    private Loaded _loaded = Read(file);

    public string Current()
    {
        var info = Target(file);
        if (info.Exists && (info.LastWriteTimeUtc, info.Length) != (_loaded.WrittenAt, _loaded.Length)) _loaded = Read(file);
        return _loaded.Token;
    }

    private static Loaded Read(string file)
    {
        // Stamped before reading: a change in between is seen at the next look.
        var info = Target(file);
        var (writtenAt, length) = (info.LastWriteTimeUtc, info.Length);
        return new Loaded(writtenAt, length, File.ReadAllText(file).Trim());
    }

    // Kubernetes mounts links, and replaces what they lead to: the link itself never changes.
    private static FileInfo Target(string file)
    {
        var info = new FileInfo(file);
        return info.LinkTarget is null ? info : (FileInfo)info.ResolveLinkTarget(returnFinalTarget: true)!;
    }

    private sealed record Loaded(DateTime WrittenAt, long Length, string Token);
}
