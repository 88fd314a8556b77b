using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ConsentLedger.Ledger;

/// <summary>A SHA-256 value, held in place: an array of them is the contents of a tile, byte for byte.</summary>
[InlineArray(Length)]
[SuppressMessage("Style", "IDE0044", Justification = "An inline array's one field is written through spans.")]
public struct Hash : IEquatable<Hash>
{
    /// <summary>In bytes.</summary>
    public const int Length = 32;

    private byte _first;

    /// <summary>Thirty-two zeros, which no known input hashes to: stands for "none".</summary>
    public static Hash Zero => default;

    public readonly bool IsZero => this == Zero;

    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Bytes => this;

    public static bool operator ==(in Hash one, in Hash other) => one.Bytes.SequenceEqual(other.Bytes);

    public static bool operator !=(in Hash one, in Hash other) => !(one == other);

    /// <exception cref="ArgumentException">Not 32 bytes.</exception>
    public static Hash Of(ReadOnlySpan<byte> bytes) =>
        bytes.Length == Length ? MemoryMarshal.Read<Hash>(bytes) : throw new ArgumentException($"A hash has {Length} bytes, not {bytes.Length}.", nameof(bytes));

    /// <summary>The base64 of exactly 32 bytes, in the one form there is (RFC 4648, section 4).</summary>
    public static bool TryParse(ReadOnlySpan<byte> base64, out Hash hash)
    {
        hash = default;
        return StrictBase64.TryDecode(base64, hash, out var written) && written == Length;
    }

    /// <summary>The bytes of a run of hashes, without copying.</summary>
    public static ReadOnlySpan<byte> AsBytes(ReadOnlySpan<Hash> hashes) => MemoryMarshal.AsBytes(hashes);

    /// <summary>A run of hashes, without copying; what is left over after the last whole one is not part of it.</summary>
    public static ReadOnlySpan<Hash> AsHashes(ReadOnlySpan<byte> bytes) => MemoryMarshal.Cast<byte, Hash>(bytes);

    public readonly bool Equals(Hash other) => this == other;

    public override readonly bool Equals(object? obj) => obj is Hash other && this == other;

    // Any bytes of a hash are as good as another's.
    public override readonly int GetHashCode() => MemoryMarshal.Read<int>(Bytes);

    public readonly string ToBase64() => Convert.ToBase64String(Bytes);

    /// <summary>Lower-case hexadecimal.</summary>
    public override readonly string ToString() => Convert.ToHexStringLower(Bytes);
}
