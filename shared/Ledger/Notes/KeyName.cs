using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace ConsentLedger.Ledger;

/// <summary>What names a key: a text without white space or plus, and four bytes that tell keys of one name apart (C2SP signed-note).</summary>
internal static class KeyName
{
    public static bool IsValid(string name) => name.Length > 0 && !name.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || c == '+');

    /// <summary>The first four bytes of SHA-256(name | 0x0A | type | public key).</summary>
    public static uint IdOf(string name, SignatureType type, ReadOnlySpan<byte> publicKey) =>
        BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData([.. Encoding.UTF8.GetBytes(name), (byte)'\n', (byte)type, .. publicKey]));
}
