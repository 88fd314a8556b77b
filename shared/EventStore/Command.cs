using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using ConsentLedger.Ledger;

namespace ConsentLedger.EventStore;

/// <summary>Seals what is personal in one event under its subject's key.</summary>
public delegate Sealed Seal(StreamKey stream, long version, ReadOnlySpan<byte> personal);

/// <summary>What sealing leaves of something personal.</summary>
/// <param name="Envelope">To be stored, and purgeable.</param>
/// <param name="Commitment">To the text within, and kept for good: HMAC-SHA256 under a key that goes with the subject's.</param>
public readonly record struct Sealed(Guid KeyId, byte[] Envelope, Hash Commitment);

/// <summary>The first 128 bits of a SHA-256: names a command, or the body it came with.</summary>
public readonly record struct Digest(Guid Value)
{
    public static Digest Of(ReadOnlySpan<byte> bytes) => new(new Guid(SHA256.HashData(bytes).AsSpan(0, 16), bigEndian: true));

    /// <summary>Names a command by who sent it and the id they gave it, both of any length.</summary>
    public static Digest Of(string sender, string id) => Of(Encoding.UTF8.GetBytes($"{sender.Length}:{sender}{id}"));
}

/// <summary>A request to change one stream. The same <paramref name="Id"/> is carried out once, whatever happens in between.</summary>
/// <param name="Id">Null where the decision itself sees in the state what was done before. Then nothing is kept, not even a refusal.</param>
/// <param name="Body">The digest of what was asked; the same id with another body is refused.</param>
/// <param name="Decide">Pure: the state in, the decision out. May run more than once.</param>
public sealed record Command(StreamKey Stream, StreamType Type, Digest? Id, Digest Body, Func<DecisionContext, Decision> Decide)
{
    /// <summary>The version the caller believes the stream to have, where it says so (<c>If-Match</c>).</summary>
    public long? ExpectedVersion { get; init; }

    /// <summary>Other streams of the tenant that the decision reads, as of the same moment.</summary>
    public IReadOnlyList<(StreamKey Stream, StreamType Type)> Reads { get; init; } = [];

    /// <summary>Needed where the decision may record something personal.</summary>
    public Seal? Seal { get; init; }

    public string? TraceParent { get; init; } = Activity.Current?.Id;
}

/// <summary>What a decision may see: the moment and the streams its command named, all as of one point in the tenant's order.</summary>
public sealed class DecisionContext(DateTimeOffset now, StreamKey stream, Func<StreamKey, (object State, long Version)> read)
{
    /// <summary>The time the events will carry as recorded.</summary>
    public DateTimeOffset Now { get; } = now;

    public long Version => read(stream).Version;

    public TState State<TState>() => (TState)read(stream).State;

    public TState State<TState>(StreamKey other) => (TState)read(other).State;
}
