using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;

namespace ConsentLedger.Ledger;

/// <summary>A text and the signatures below it (C2SP signed-note). The text is to be believed only as far as <see cref="TryVerify"/> says.</summary>
public sealed class Note
{
    /// <summary>In bytes, with all signatures.</summary>
    public const int MaxLength = 256 * 1024;

    public const int MaxSignatures = 64;

    private static readonly LedgerFault
        Malformed = new("note_malformed", "A note is UTF-8 text that ends in a newline, an empty line, and signature lines."),
        TooLarge = new("note_too_large", $"A note has at most {MaxLength / 1024} KiB and {MaxSignatures} signatures."),
        Unsigned = new("note_unsigned", "None of the known keys signed the note.");

    private readonly byte[] _text;

    private Note(byte[] text, IReadOnlyList<NoteSignature> signatures) => (_text, Signatures) = (text, signatures);

    /// <summary>UTF-8, with its last newline.</summary>
    public ReadOnlyMemory<byte> Text => _text;

    public IReadOnlyList<NoteSignature> Signatures { get; }

    /// <exception cref="ArgumentException">The text is not UTF-8 in lines, each with its newline.</exception>
    public static Note Unsealed(ReadOnlySpan<byte> text) =>
        IsText(text) ? new Note(text.ToArray(), []) : throw new ArgumentException("A note's text is UTF-8 lines, each with its newline.", nameof(text));

    public static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Note? note, [NotNullWhen(false)] out LedgerFault? fault)
    {
        (note, fault) = (null, TooLarge);
        if (bytes.Length > MaxLength) return false;

        fault = Malformed;
        var end = bytes.LastIndexOf("\n\n"u8) + 1;
        if (end == 0 || !IsText(bytes[..end]) || !IsText(bytes[(end + 1)..])) return false;

        var signatures = new List<NoteSignature>();
        for (var rest = bytes[(end + 1)..]; !rest.IsEmpty;)
        {
            var length = rest.IndexOf((byte)'\n');
            if (!NoteSignature.TryParse(rest[..length], out var signature)) return false;
            if (signatures.Count == MaxSignatures)
            {
                fault = TooLarge;
                return false;
            }

            signatures.Add(signature);
            rest = rest[(length + 1)..];
        }

        (note, fault) = (new Note(bytes[..end].ToArray(), signatures), null);
        return true;
    }

    /// <summary>
    /// Checks every signature whose key is known, by name and id, and passes over all others. One that does not hold refuses the note,
    /// and so does it when no known key signed.
    /// </summary>
    /// <param name="verified">What holds, in the note's order.</param>
    public bool TryVerify(IEnumerable<VerifierKey> known, out IReadOnlyList<(VerifierKey Key, NoteSignature Signature)> verified, [NotNullWhen(false)] out LedgerFault? fault)
    {
        var (keys, held) = (known.ToList(), new List<(VerifierKey, NoteSignature)>());
        (verified, fault) = (held, null);
        foreach (var signature in Signatures)
            foreach (var key in keys.Where(signature.IsBy))
            {
                if (!key.Verifies(_text, signature.Bytes.Span))
                {
                    fault = new LedgerFault("note_signature_invalid", $"The signature of {key.Name} is not over this text.");
                    return false;
                }

                held.Add((key, signature));
            }

        if (held.Count == 0) fault = Unsigned;
        return fault is null;
    }

    /// <summary>The note with a signature over its text, in place of an earlier one by the same key.</summary>
    public Note SignedBy(SigningKey key) => key.Verifier.Type == SignatureType.Ed25519
        ? With(key, key.SignBytes(_text))
        : throw new ArgumentException("A cosignature needs its time.", nameof(key));

    public byte[] ToBytes() => [.. _text, (byte)'\n', .. Encoding.UTF8.GetBytes(string.Concat(Signatures))];

    /// <summary>The note with somebody's signature over its text, in place of an earlier one by the same key. Whether it holds is for <see cref="TryVerify"/> to say.</summary>
    public Note With(NoteSignature signature) =>
        new(_text, [.. Signatures.Where(s => (s.Name, s.KeyId) != (signature.Name, signature.KeyId)), signature]);

    internal Note With(SigningKey key, byte[] signature) => With(new NoteSignature(key.Verifier.Name, key.Verifier.Id, signature));

    private static bool IsText(ReadOnlySpan<byte> text) =>
        text.EndsWith("\n"u8) && Utf8.IsValid(text) && !text.ContainsAnyInRange((byte)0, (byte)('\n' - 1)) && !text.ContainsAnyInRange((byte)('\n' + 1), (byte)0x1F);
}
