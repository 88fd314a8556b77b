using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace ConsentLedger.Ledger;

/// <summary>Whom to believe: <c>name+id+base64(type | public key)</c> in text (C2SP signed-note, verifier keys).</summary>
public sealed class VerifierKey : IEquatable<VerifierKey>
{
    private static readonly LedgerFault
        Malformed = new("key_malformed", "A verifier key is its name, its id in 8 lower-case hexadecimal digits and its type and public key in base64, with a plus between them."),
        WrongId = new("key_id_mismatch", "The key's id is not the one of its name, type and public key."),
        UnknownType = new("key_type_unknown", "The key is neither of Ed25519 nor of cosignature/v1.");

    private readonly byte[] _publicKey;

    /// <exception cref="ArgumentException">Not a key's name, or not 32 bytes.</exception>
    public VerifierKey(string name, SignatureType type, ReadOnlySpan<byte> publicKey)
    {
        if (!KeyName.IsValid(name)) throw new ArgumentException("A key's name is not empty and has neither white space nor plus.", nameof(name));
        if (publicKey.Length != Ed25519.PublicKeyLength) throw new ArgumentException($"A public key has {Ed25519.PublicKeyLength} bytes.", nameof(publicKey));
        (Name, Type, _publicKey) = (name, type, publicKey.ToArray());
        Id = KeyName.IdOf(name, type, publicKey);
    }

    public string Name { get; }

    public uint Id { get; }

    public SignatureType Type { get; }

    public ReadOnlySpan<byte> PublicKey => _publicKey;

    public static bool TryParse(string text, [NotNullWhen(true)] out VerifierKey? key, [NotNullWhen(false)] out LedgerFault? fault)
    {
        (key, fault) = (null, Malformed);
        if (text.Split('+', 3) is not [var name, { Length: 8 } id, var material] || !KeyName.IsValid(name)) return false;
        if (StrictBase64.Decode(Encoding.UTF8.GetBytes(material)) is not [var type, .. var publicKey]) return false;
        if ((SignatureType)type is not (SignatureType.Ed25519 or SignatureType.CosignatureV1))
        {
            fault = UnknownType;
            return false;
        }

        if (publicKey.Length != Ed25519.PublicKeyLength) return false;
        var read = new VerifierKey(name, (SignatureType)type, publicKey);
        if (IdText(read.Id) != id)
        {
            fault = WrongId;
            return false;
        }

        (key, fault) = (read, null);
        return true;
    }

    public bool Equals(VerifierKey? other) => other is not null && (Name, Type, Id) == (other.Name, other.Type, other.Id) && PublicKey.SequenceEqual(other.PublicKey);

    public override bool Equals(object? obj) => Equals(obj as VerifierKey);

    public override int GetHashCode() => HashCode.Combine(Name, Id);

    public override string ToString() => $"{Name}+{IdText(Id)}+{Convert.ToBase64String([(byte)Type, .. _publicKey])}";

    internal static string IdText(uint id) => id.ToString("x8", CultureInfo.InvariantCulture);

    /// <summary>Whether these are the bytes with which this key signs this text.</summary>
    /// <param name="signature">As in the note's signature line, after the key's id.</param>
    internal bool Verifies(ReadOnlySpan<byte> text, ReadOnlySpan<byte> signature) => Type == SignatureType.CosignatureV1
        ? Cosignature.Verify(_publicKey, text, signature)
        : Ed25519.Verify(_publicKey, text, signature);
}
