using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace ConsentLedger.Ledger;

/// <summary>
/// A witness's word that, at a time, this checkpoint was the largest consistent tree it had seen of the log (C2SP tlog-cosignature, version 1):
/// <c>time u64 | Ed25519 over "cosignature/v1\ntime T\n" and the checkpoint</c>. Time is in whole seconds since 1970.
/// </summary>
public static class Cosignature
{
    private const int TimeLength = sizeof(long);

    /// <summary>The note with the witness's cosignature, in place of an earlier one by the same key.</summary>
    /// <exception cref="ArgumentException">The note is no checkpoint, or the key not for cosignatures.</exception>
    public static Note Cosign(Note checkpoint, SigningKey witness, DateTimeOffset at)
    {
        if (witness.Verifier.Type != SignatureType.CosignatureV1) throw new ArgumentException("The key is not for cosignatures.", nameof(witness));
        if (!Checkpoint.TryParse(checkpoint.Text.Span, out _, out var fault)) throw new ArgumentException(fault.Reason, nameof(checkpoint));

        var seconds = at.ToUnixTimeSeconds();
        var bytes = new byte[TimeLength + Ed25519.SignatureLength];
        BinaryPrimitives.WriteInt64BigEndian(bytes, seconds);
        witness.SignBytes(Message(checkpoint.Text.Span, seconds)).CopyTo(bytes, TimeLength);
        return checkpoint.With(witness, bytes);
    }

    /// <summary>When a cosignature was given; not to be believed before it is verified.</summary>
    public static bool TryReadTime(NoteSignature cosignature, out DateTimeOffset time)
    {
        time = default;
        if (cosignature.Bytes.Length != TimeLength + Ed25519.SignatureLength) return false;
        var seconds = BinaryPrimitives.ReadInt64BigEndian(cosignature.Bytes.Span);
        if (seconds < 0 || seconds > DateTimeOffset.MaxValue.ToUnixTimeSeconds()) return false;
        time = DateTimeOffset.FromUnixTimeSeconds(seconds);
        return true;
    }

    internal static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> text, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != TimeLength + Ed25519.SignatureLength) return false;
        var seconds = BinaryPrimitives.ReadInt64BigEndian(signature);
        return seconds >= 0 && Ed25519.Verify(publicKey, Message(text, seconds), signature[TimeLength..]);
    }

    private static byte[] Message(ReadOnlySpan<byte> text, long seconds) =>
        [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"cosignature/v1\ntime {seconds}\n")), .. text];
}
