using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace ConsentLedger.Ledger;

/// <summary>
/// A receipt that holds offline: where an entry stands, the way up to the root, and the signed checkpoint with that root (C2SP tlog-proof, version 1).
/// </summary>
/// <param name="Index">Of the entry, from 0.</param>
/// <param name="Extra">Anything that helps to find the entry; nobody signed it.</param>
/// <param name="Hashes">The inclusion proof, the leaf's neighbour first.</param>
/// <param name="Checkpoint">The signed note, byte for byte.</param>
public sealed record LogProof(long Index, ReadOnlyMemory<byte> Extra, IReadOnlyList<Hash> Hashes, ReadOnlyMemory<byte> Checkpoint)
{
    private const string Header = "c2sp.org/tlog-proof@v1", ExtraLabel = "extra ", IndexLabel = "index ";

    /// <summary>A tree of 2^63 leaves needs no more.</summary>
    private const int MaxHashes = 63;

    private static readonly LedgerFault Malformed = new("log_proof_malformed", $"A proof is {Header}, its index, hashes in base64, each on a line, an empty line and a checkpoint.");

    public static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out LogProof? proof, [NotNullWhen(false)] out LedgerFault? fault)
    {
        (proof, fault) = (null, Malformed);
        var end = bytes.IndexOf("\n\n"u8);
        if (end < 0 || bytes.Length > 2 * Note.MaxLength) return false;

        var lines = Encoding.UTF8.GetString(bytes[..end]).Split('\n').AsSpan();
        if (lines[0] != Header) return false;
        lines = lines[1..];
        byte[]? extra = [];
        if (lines.Length > 0 && lines[0].StartsWith(ExtraLabel, StringComparison.Ordinal))
        {
            // Without extra data there is no such line.
            extra = StrictBase64.Decode(Encoding.UTF8.GetBytes(lines[0][ExtraLabel.Length..])) is { Length: > 0 } some ? some : null;
            lines = lines[1..];
        }

        if (extra is null || lines.Length is 0 or > 1 + MaxHashes) return false;
        if (!lines[0].StartsWith(IndexLabel, StringComparison.Ordinal) || !DecimalText.TryRead(lines[0][IndexLabel.Length..], out var index)) return false;
        var hashes = new Hash[lines.Length - 1];
        for (var i = 0; i < hashes.Length; i++)
            if (!Hash.TryParse(Encoding.UTF8.GetBytes(lines[i + 1]), out hashes[i])) return false;

        (proof, fault) = (new LogProof(index, extra, hashes, bytes[(end + 2)..].ToArray()), null);
        return true;
    }

    public byte[] ToBytes()
    {
        var text = new StringBuilder(Header).Append('\n');
        if (!Extra.IsEmpty) text.Append(ExtraLabel).Append(Convert.ToBase64String(Extra.Span)).Append('\n');
        text.Append(IndexLabel).Append(Index.ToString(CultureInfo.InvariantCulture)).Append('\n');
        foreach (var hash in Hashes) text.Append(hash.ToBase64()).Append('\n');
        return [.. Encoding.UTF8.GetBytes(text.Append('\n').ToString()), .. Checkpoint.Span];
    }

    /// <summary>Whether a log that the policy trusts, and enough of its witnesses, say that this leaf is in their tree.</summary>
    /// <param name="leaf">Computed from the entry by whoever asks.</param>
    public bool TryVerify(in Hash leaf, TrustPolicy policy, [NotNullWhen(true)] out TrustedCheckpoint? checkpoint, [NotNullWhen(false)] out LedgerFault? fault)
    {
        if (!policy.TryOpen(Checkpoint.Span, out checkpoint, out fault)) return false;
        if (InclusionProof.Verify(leaf, Index, checkpoint.Head.Size, checkpoint.Head.Root, [.. Hashes], out fault)) return true;
        checkpoint = null;
        return false;
    }
}
