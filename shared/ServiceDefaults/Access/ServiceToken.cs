namespace ConsentLedger.ServiceDefaults;

/// <summary>The token this service shows to others, from a file. Read again when the file has changed, so that it is renewed without a restart.</summary>
public sealed class ServiceToken(string file)
{
    private Loaded _loaded = Read(file);

    public string Current()
    {
        var stamp = FileStamp.Of(file);
        if (stamp != default && stamp != _loaded.Stamp) _loaded = Read(file);
        return _loaded.Token;
    }

    // Stamped before reading: a change in between is seen at the next look.
    private static Loaded Read(string file) => new(FileStamp.Of(file), File.ReadAllText(file).Trim());

    private sealed record Loaded(FileStamp Stamp, string Token);
}
