using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace ConsentLedger.Ledger;

/// <summary>
/// Ties an entry to the facts of its event without telling them: <c>SHA-256(salt 32 | canonical facts)</c>. The salt lies beside the facts and goes with them;
/// without it a short fact could be guessed from its commitment.
/// </summary>
public static class FactsCommitment
{
    /// <summary>In bytes.</summary>
    public const int SaltLength = 32;

    /// <param name="salt">32 bytes, fresh for every event.</param>
    /// <param name="facts">UTF-8 JSON, in any form that <see cref="CanonicalJson"/> reads.</param>
    public static bool TryCommit(ReadOnlySpan<byte> salt, ReadOnlyMemory<byte> facts, out Hash commitment, [NotNullWhen(false)] out LedgerFault? fault)
    {
        if (salt.Length != SaltLength) throw new ArgumentException($"A salt has {SaltLength} bytes, not {salt.Length}.", nameof(salt));

        commitment = default;
        var salted = new ArrayBufferWriter<byte>(SaltLength + facts.Length);
        salted.Write(salt);
        if (!CanonicalJson.TryWrite(facts, salted, out fault)) return false;
        SHA256.HashData(salted.WrittenSpan, commitment);
        return true;
    }
}
