using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.Json;

namespace ConsentLedger.Ledger;

/// <summary>
/// Ties an entry to the facts of its event without telling them: <c>SHA-256(salt 32 | canonical {"data": …, "type": …})</c>. The salt lies beside the facts
/// and goes with them; without it a short fact could be guessed from its commitment.
/// </summary>
public static class FactsCommitment
{
    /// <summary>In bytes.</summary>
    public const int SaltLength = 32;

    /// <param name="salt">32 bytes, fresh for every event.</param>
    /// <param name="type">The event's name, such as <c>consent.granted.v1</c>: a yes must not be told as a no.</param>
    /// <param name="data">UTF-8 JSON, in any form that <see cref="CanonicalJson"/> reads.</param>
    public static bool TryCommit(ReadOnlySpan<byte> salt, string type, ReadOnlyMemory<byte> data, out Hash commitment, [NotNullWhen(false)] out LedgerFault? fault)
    {
        if (salt.Length != SaltLength) throw new ArgumentException($"A salt has {SaltLength} bytes, not {salt.Length}.", nameof(salt));

        commitment = default;
        var salted = new ArrayBufferWriter<byte>(SaltLength + data.Length + type.Length + 32);
        salted.Write(salt);
        salted.Write("{\"data\":"u8);
        if (!CanonicalJson.TryWrite(data, salted, out fault)) return false;
        salted.Write(",\"type\":"u8);
        if (!CanonicalJson.TryWrite(JsonSerializer.SerializeToUtf8Bytes(type), salted, out fault)) return false;
        salted.Write("}"u8);
        SHA256.HashData(salted.WrittenSpan, commitment);
        return true;
    }

    /// <summary>As <see cref="TryCommit"/>, for whoever knows that <paramref name="data"/> is canonical and the name plain ASCII without quotes: joins and hashes.</summary>
    public static Hash OfCanonical(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<byte> before = "{\"data\":"u8, between = ",\"type\":\""u8, after = "\"}"u8;
        var length = salt.Length + before.Length + data.Length + between.Length + type.Length + after.Length;
        var rented = ArrayPool<byte>.Shared.Rent(length);
        var rest = rented.AsSpan();
        Put(ref rest, salt);
        Put(ref rest, before);
        Put(ref rest, data);
        Put(ref rest, between);
        Put(ref rest, type);
        Put(ref rest, after);
        var commitment = default(Hash);
        SHA256.HashData(rented.AsSpan(0, length), commitment);
        ArrayPool<byte>.Shared.Return(rented);
        return commitment;

        static void Put(ref Span<byte> rest, ReadOnlySpan<byte> part)
        {
            part.CopyTo(rest);
            rest = rest[part.Length..];
        }
    }
}
