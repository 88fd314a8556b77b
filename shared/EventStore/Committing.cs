using System.Security.Cryptography;
using ConsentLedger.Ledger;

namespace ConsentLedger.EventStore;

/// <summary>Makes the entry of an event: what can be proved of it, also after its contents are gone.</summary>
internal static class Committing
{
    /// <param name="previous">The leaf of the stream's entry before; zero for its first.</param>
    public static StoredEntry ToEntry(EntryType kind, StreamId stream, EventPlace place, Hash previous, string type, byte[] facts, Sealed? part, Guid keyId)
    {
        if (part is not null && kind != EntryType.Event) throw new InvalidOperationException($"Only an event seals something personal; this is a {kind}.");
        var salt = RandomNumberGenerator.GetBytes(FactsCommitment.SaltLength);
        if (!FactsCommitment.TryCommit(salt, type, facts, out var commitment, out var fault)) throw new InvalidOperationException($"The facts have no canonical form: {fault.Reason}");
        return new StoredEntry(
            new Entry(
                kind, stream.Value, place.Version, place.RecordedAt.ToUnixTimeMilliseconds(), previous, part?.KeyId ?? keyId, commitment,
                part is { } hashed ? Hash.Of(SHA256.HashData(hashed.Envelope)) : Hash.Zero, part?.Commitment ?? Hash.Zero).Encode(),
            salt);
    }
}
