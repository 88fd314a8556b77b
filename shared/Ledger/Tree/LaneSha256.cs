using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ConsentLedger.Ledger;

/// <summary>
/// SHA-256 (FIPS 180-4) of sixteen short messages of one length at once, each in its own lane of the processor's widest registers. Leaves and nodes are so short that
/// a call into the system's SHA-256 costs several times the hashing. Where the processor has no such registers, nobody calls this.
/// </summary>
internal static class LaneSha256
{
    public const int Lanes = 16;

    /// <summary>In bytes, with the prefix.</summary>
    public const int MaxLength = 503;

    /// <summary>From how many messages on the lanes pay, though the others are empty.</summary>
    public const int Worthwhile = 4;

    private const int BlockLength = 64, WordsOfBlock = 16, WordsOfHash = 8;

    private static ReadOnlySpan<uint> Initial => [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

    private static ReadOnlySpan<uint> RoundConstants =>
    [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ];

    private static Vector512<byte> BytesReversed => Vector512.Create(Vector128.Create((byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));

    public static bool IsSupported => Avx512BW.IsSupported;

    /// <summary>SHA-256(prefix | message) of up to sixteen messages, one beginning every <paramref name="stride"/> bytes. All are read before anything is written.</summary>
    [SkipLocalsInit]
    public static void Hash(byte prefix, ReadOnlySpan<byte> messages, int length, int stride, Span<Hash> hashes)
    {
        var blocks = (1 + length + 1 + sizeof(ulong) + BlockLength - 1) / BlockLength;
        var paddedLength = blocks * BlockLength;
        Span<byte> padded = stackalloc byte[Lanes * paddedLength];
        for (var lane = 0; lane < hashes.Length; lane++) Pad(prefix, messages.Slice(lane * stride, length), padded.Slice(lane * paddedLength, paddedLength));

        Span<Vector512<uint>> state = stackalloc Vector512<uint>[WordsOfHash];
        for (var i = 0; i < state.Length; i++) state[i] = Vector512.Create(Initial[i]);
        Span<Vector512<uint>> words = stackalloc Vector512<uint>[WordsOfBlock];
        for (var block = 0; block < blocks; block++)
        {
            Load(MemoryMarshal.Cast<byte, uint>(padded), block * WordsOfBlock, paddedLength / sizeof(uint), words);
            Compress(state, words);
        }

        var results = MemoryMarshal.Cast<Vector512<uint>, uint>(state);
        for (var lane = 0; lane < hashes.Length; lane++)
        {
            var hash = MemoryMarshal.AsBytes(hashes.Slice(lane, 1));
            for (var word = 0; word < WordsOfHash; word++)
                BinaryPrimitives.WriteUInt32BigEndian(hash[(word * sizeof(uint))..], results[(word * Lanes) + lane]);
        }
    }

    /// <summary>FIPS 180-4, section 5.1.1: a one bit, zeros, and the length in bits.</summary>
    private static void Pad(byte prefix, ReadOnlySpan<byte> message, Span<byte> padded)
    {
        padded[0] = prefix;
        message.CopyTo(padded[1..]);
        padded[1 + message.Length] = 0x80;
        padded[(2 + message.Length)..^sizeof(ulong)].Clear();
        BinaryPrimitives.WriteUInt64BigEndian(padded[^sizeof(ulong)..], 8 * (1 + (ulong)message.Length));
    }

    /// <summary>Turns sixteen blocks into sixteen words: word t of every message side by side, read as big-endian.</summary>
    private static void Load(ReadOnlySpan<uint> padded, int first, int stride, Span<Vector512<uint>> words)
    {
        ref var source = ref MemoryMarshal.GetReference(padded);
        ref var lanes = ref Unsafe.As<Vector512<uint>, uint>(ref MemoryMarshal.GetReference(words));
        for (var lane = 0; lane < Lanes; lane++)
            for (var word = 0; word < WordsOfBlock; word++)
                Unsafe.Add(ref lanes, (word * Lanes) + lane) = Unsafe.Add(ref source, (lane * stride) + first + word);

        for (var word = 0; word < WordsOfBlock; word++) words[word] = Avx512BW.Shuffle(words[word].AsByte(), BytesReversed).AsUInt32();
    }

    /// <summary>FIPS 180-4, section 6.2.2, one block of every lane. Overwrites the words with the end of their schedule.</summary>
    private static void Compress(Span<Vector512<uint>> state, Span<Vector512<uint>> words)
    {
        ref var w = ref MemoryMarshal.GetReference(words);
        var (a, b, c, d, e, f, g, h) = (state[0], state[1], state[2], state[3], state[4], state[5], state[6], state[7]);
        for (var t = 0; t < RoundConstants.Length; t++)
        {
            ref var word = ref Unsafe.Add(ref w, t & 15);
            if (t >= WordsOfBlock)
            {
                var two = Unsafe.Add(ref w, (t - 2) & 15);
                var fifteen = Unsafe.Add(ref w, (t - 15) & 15);
                word += Unsafe.Add(ref w, (t - 7) & 15)
                    + Xor(Avx512F.RotateRight(two, 17), Avx512F.RotateRight(two, 19), two >>> 10)
                    + Xor(Avx512F.RotateRight(fifteen, 7), Avx512F.RotateRight(fifteen, 18), fifteen >>> 3);
            }

            var choice = Vector512.ConditionalSelect(e, f, g);
            var one = h + Xor(Avx512F.RotateRight(e, 6), Avx512F.RotateRight(e, 11), Avx512F.RotateRight(e, 25)) + choice + (Vector512.Create(RoundConstants[t]) + word);
            var majority = Vector512.ConditionalSelect(a ^ b, c, a);
            var other = Xor(Avx512F.RotateRight(a, 2), Avx512F.RotateRight(a, 13), Avx512F.RotateRight(a, 22)) + majority;
            (h, g, f, e, d, c, b, a) = (g, f, e, d + one, c, b, a, one + other);
        }

        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }

    private static Vector512<uint> Xor(Vector512<uint> x, Vector512<uint> y, Vector512<uint> z) => x ^ y ^ z;
}
