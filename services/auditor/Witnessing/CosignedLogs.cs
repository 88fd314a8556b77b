using System.Security.Cryptography;
using System.Text;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Witnessing;

/// <summary>
/// The one thing a witness must not forget: for each log the checkpoint that it cosigned last, a file each, named by the SHA-256 of the log's origin. A file is replaced as a
/// whole and flushed before the answer leaves, so a crash leaves the old one or the new one. A file that is neither ends the process: taking it for none would let
/// the log begin anew.
/// </summary>
internal sealed class CosignedLogs : IDisposable
{
    private const string LockName = "lock", Unfinished = ".new";

    private readonly Cosigner _cosigner;
    private readonly DurableFolder _folder;
    private readonly FileStream _lock;
    private readonly Dictionary<string, Kept> _logs;

    /// <param name="folder">Has to be there: one that is not is likelier a disk that was not mounted than a new witness.</param>
    /// <exception cref="StateRefusedException">The folder cannot be relied on.</exception>
    public CosignedLogs(Cosigner cosigner, string folder)
    {
        if (!Directory.Exists(folder))
            throw new StateRefusedException($"There is no folder {folder}. If this witness has never cosigned, make it; otherwise put it back, because a witness that forgot must not cosign.");
        (_cosigner, _folder) = (cosigner, new DurableFolder(folder));
        try
        {
            // Two processes with one memory would each cosign what the other does not know of.
            _lock = new FileStream(Path.Combine(folder, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new StateRefusedException($"Another process is the witness of {folder}.", e);
        }

        _logs = cosigner.Origins.ToDictionary(origin => origin, origin => new Kept(Read(origin)));
    }

    /// <summary>Lower-case hexadecimal, as the protocol names a log in paths.</summary>
    public static string NameOf(string origin) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(origin)));

    /// <summary>Decides, keeps and answers; one request of a log after another.</summary>
    public Decision Add(AddCheckpoint request, DateTimeOffset now)
    {
        var origin = Checkpoint.TryParse(request.Checkpoint.Text.Span, out var head, out _) ? head.Origin : "";
        if (!_logs.TryGetValue(origin, out var kept)) return _cosigner.Decide(request, _ => null, now);
        lock (kept)
        {
            var decision = _cosigner.Decide(request, _ => kept.Latest, now);
            if (decision is not Decision.Cosign cosign) return decision;

            // Dying here leaves the log without an answer, and us with a checkpoint that it signed: it asks again and hears the size.
            _folder.Replace(NameOf(origin), cosign.Latest.ToBytes(), Unfinished);
            kept.Latest = cosign.Latest;
            return decision;
        }
    }

    /// <summary>The checkpoint that was cosigned last, for monitors; null where there is none.</summary>
    /// <param name="name">As <see cref="NameOf"/> has it.</param>
    public Note? Latest(string name) => _logs.FirstOrDefault(log => NameOf(log.Key) == name).Value?.Latest;

    public void Dispose() => _lock.Dispose();

    private Note? Read(string origin)
    {
        var file = Path.Combine(_folder.Path, NameOf(origin));
        if (!File.Exists(file)) return null;
        return Note.TryParse(File.ReadAllBytes(file), out var note, out _) && _cosigner.IsOurs(note, origin)
            ? note
            : throw new StateRefusedException($"{file} is not the checkpoint of {origin} that this witness cosigned. Put it back from a copy, or give the witness a new key.");
    }

    private sealed class Kept(Note? latest)
    {
        private volatile Note? _latest = latest;

        public Note? Latest { get => _latest; set => _latest = value; }
    }
}

/// <summary>What the witness remembers cannot be relied on, so it does not start. Says what to do.</summary>
internal sealed class StateRefusedException(string reason, Exception? inner = null) : Exception(reason, inner);
