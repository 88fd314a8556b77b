using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace ConsentLedger.Ledger;

/// <summary>
/// What a log sends to a witness (C2SP tlog-witness): the size of the tree the witness is believed to know, a proof that the new tree begins with that one,
/// and the new tree's signed checkpoint.
/// </summary>
/// <param name="OldSize">In leaves; 0 where the witness knows nothing of the log.</param>
/// <param name="Proof">A <see cref="ConsistencyProof"/>; without any hash where <paramref name="OldSize"/> is 0 or the new size.</param>
/// <param name="Checkpoint">A note that is not known to be a checkpoint, nor to be signed.</param>
public sealed record AddCheckpoint(long OldSize, IReadOnlyList<Hash> Proof, Note Checkpoint)
{
    /// <summary>In hashes.</summary>
    public const int MaxProof = 63;

    private const string OldLabel = "old ";

    private static readonly LedgerFault Malformed = new("add_checkpoint_malformed", $"A request is old and a size, at most {MaxProof} hashes in base64, each on a line, an empty line and a signed checkpoint.");

    public static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out AddCheckpoint? request, [NotNullWhen(false)] out LedgerFault? fault)
    {
        (request, fault) = (null, Malformed);
        var end = bytes.IndexOf("\n\n"u8);
        if (end < 0) return false;

        var lines = Encoding.UTF8.GetString(bytes[..end]).Split('\n');
        if (lines.Length > 1 + MaxProof || !lines[0].StartsWith(OldLabel, StringComparison.Ordinal)) return false;
        if (!DecimalText.TryRead(lines[0][OldLabel.Length..], out var oldSize)) return false;
        var proof = new Hash[lines.Length - 1];
        for (var i = 0; i < proof.Length; i++)
            if (!Hash.TryParse(Encoding.UTF8.GetBytes(lines[i + 1]), out proof[i])) return false;

        if (!Note.TryParse(bytes[(end + 2)..], out var checkpoint, out fault)) return false;
        request = new AddCheckpoint(oldSize, proof, checkpoint);
        return true;
    }

    public byte[] ToBytes()
    {
        var text = new StringBuilder(OldLabel).Append(OldSize.ToString(CultureInfo.InvariantCulture)).Append('\n');
        foreach (var hash in Proof) text.Append(hash.ToBase64()).Append('\n');
        return [.. Encoding.ASCII.GetBytes(text.Append('\n').ToString()), .. Checkpoint.ToBytes()];
    }
}

/// <summary>What a witness answers where it knows another size than the request says: that size, as text of a media type of its own (C2SP tlog-witness).</summary>
public static class KnownSize
{
    public const string MediaType = "text/x.tlog.size";

    public static string ToText(long size) => string.Create(CultureInfo.InvariantCulture, $"{size}\n");

    public static bool TryParse(string text, out long size)
    {
        size = 0;
        return text.EndsWith('\n') && DecimalText.TryRead(text[..^1], out size);
    }
}
