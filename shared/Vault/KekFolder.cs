using System.Globalization;

namespace ConsentLedger.Vault;

/// <summary>
/// A folder of KEK files, each named by when it takes over, in UTC: <c>20261121T0900Z.kek</c>. So replicas change over at the same moment, if the file reached all of
/// them before. The folder is read again whenever the epochs are asked for, or a key names one that is not known: a rotation takes no restart.
/// </summary>
public sealed class KekFolder : IKekProvider, IDisposable
{
    private readonly string _path;
    private readonly TimeProvider _clock;

    // Held while a KEK is used too: one whose file went away is zeroed, and a half-zeroed key must never wrap.
    private readonly Lock _guard = new();
    private IReadOnlyList<Member> _members = [];

    private KekFolder(string path, TimeProvider clock) => (_path, _clock) = (path, clock);

    /// <exception cref="KeyFileRefusedException">A file is not one to trust, or none is in use yet.</exception>
    public static KekFolder Read(string path, TimeProvider clock)
    {
        var folder = new KekFolder(path, clock);
        folder.ReadFiles();
        return folder;
    }

    public Task<KekEpochs> ReadEpochsAsync(CancellationToken ct)
    {
        lock (_guard)
        {
            ReadAgain();
            var present = Present(_members);
            return Task.FromResult(new KekEpochs(present.Epoch, [.. _members.Where(m => m.From < present.From).Select(m => m.Epoch)]));
        }
    }

    public Task<WrappedKey> WrapAsync(ReadOnlyMemory<byte> key, CancellationToken ct)
    {
        lock (_guard) return Present(_members).Kek.WrapAsync(key, ct);
    }

    public Task<byte[]> UnwrapAsync(WrappedKey key, CancellationToken ct)
    {
        lock (_guard)
        {
            if (Find(key) is null) ReadAgain();
            return Find(key) is { } member
                ? member.Kek.UnwrapAsync(key, ct)
                : throw new KekMissingException($"A key is wrapped under the KEK of epoch {key.Epoch}, of which {_path} has no file.");
        }
    }

    public void Dispose()
    {
        lock (_guard)
        {
            foreach (var member in _members) member.Kek.Dispose();
            _members = [];
        }
    }

    private Member? Find(WrappedKey key) => _members.FirstOrDefault(m => m.Kek.Epoch == key.Epoch);

    private Member Present(IReadOnlyList<Member> members) =>
        members.LastOrDefault(m => m.From <= _clock.GetUtcNow()) ?? throw new KeyFileRefusedException("KEK", _path, "holds no KEK whose time has come");

    /// <summary>Keeps what it has where the folder is not in order: half a rotation must not take the keys from a service that runs.</summary>
    private void ReadAgain()
    {
        try
        {
            ReadFiles();
        }
        catch (Exception refused) when (refused is KeyFileRefusedException or IOException or UnauthorizedAccessException)
        {
            throw new VaultUnavailableException(refused.Message, refused);
        }
    }

    private void ReadFiles()
    {
        if (!Directory.Exists(_path)) throw new KeyFileRefusedException("KEK", _path, "is not there. Put it back from where keys are kept");
        var read = new List<Member>();
        try
        {
            foreach (var file in Directory.EnumerateFiles(_path, "*.kek").Order(StringComparer.Ordinal)) read.Add(new Member(BeginningOf(file), FileKek.Read(file)));
            if (read.GroupBy(m => m.Kek.Epoch).FirstOrDefault(same => same.Count() > 1) is { } twice)
                throw new KeyFileRefusedException("KEK", _path, $"holds the same key twice: {string.Join(" and ", twice.Select(m => m.Epoch.Name))}");
            _ = Present(read);
        }
        catch
        {
            foreach (var member in read) member.Kek.Dispose();
            throw;
        }

        foreach (var before in _members) before.Kek.Dispose();
        _members = read;
    }

    private static DateTimeOffset BeginningOf(string file) =>
        DateTimeOffset.TryParseExact(Path.GetFileNameWithoutExtension(file), "yyyyMMdd'T'HHmm'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var from)
            ? from
            : throw new KeyFileRefusedException("KEK", file, "is not named by when it takes over, such as 20261121T0900Z.kek");

    private sealed record Member(DateTimeOffset From, FileKek Kek)
    {
        public KekEpoch Epoch => new(Kek.Epoch, Kek.Name);
    }
}
