using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace ConsentLedger.Ledger;

/// <summary>A tree's head as the text of a note: origin, size and root, a line each (C2SP tlog-checkpoint).</summary>
/// <param name="Origin">Which log it is, for ever; the name of its key.</param>
/// <param name="Size">In leaves.</param>
/// <param name="Extensions">Further lines; ours has none, and nobody audits them.</param>
public sealed record Checkpoint(string Origin, long Size, Hash Root, IReadOnlyList<string> Extensions)
{
    private static readonly LedgerFault Malformed = new("checkpoint_malformed", "A checkpoint is its origin, its size without leading zeros and its root in base64, each on a line of its own.");

    public Checkpoint(string origin, long size, Hash root)
        : this(origin, size, root, []) { }

    /// <param name="text">A note's text, with its last newline.</param>
    public static bool TryParse(ReadOnlySpan<byte> text, [NotNullWhen(true)] out Checkpoint? checkpoint, [NotNullWhen(false)] out LedgerFault? fault)
    {
        (checkpoint, fault) = (null, Malformed);
        if (!text.EndsWith("\n"u8)) return false;
        var lines = Encoding.UTF8.GetString(text[..^1]).Split('\n');
        if (lines.Length < 3 || lines.Contains("") || !DecimalText.TryRead(lines[1], out var size)) return false;
        if (!Hash.TryParse(Encoding.UTF8.GetBytes(lines[2]), out var root)) return false;
        var read = new Checkpoint(lines[0], size, root, lines[3..]);
        if (!text.SequenceEqual(read.ToText())) return false;
        (checkpoint, fault) = (read, null);
        return true;
    }

    /// <summary>The text that is signed.</summary>
    public byte[] ToText() => Encoding.UTF8.GetBytes(
        string.Create(CultureInfo.InvariantCulture, $"{Origin}\n{Size}\n{Root.ToBase64()}\n{string.Concat(Extensions.Select(line => $"{line}\n"))}"));

    /// <summary>The signed checkpoint. The key's name is the origin, as the format recommends.</summary>
    /// <exception cref="ArgumentException">The key is another log's, or the checkpoint has no such text.</exception>
    public Note Sign(SigningKey key)
    {
        if (key.Verifier.Name != Origin) throw new ArgumentException("A log signs its own checkpoints.", nameof(key));
        var text = ToText();
        return TryParse(text, out _, out var fault) ? Note.Unsealed(text).SignedBy(key) : throw new ArgumentException(fault.Reason);
    }
}
