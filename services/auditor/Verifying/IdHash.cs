using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace ConsentLedger.Auditor.Verifying;

/// <summary>Where an id goes. Seeded by chance in each run: whoever chooses ids does not know which of them meet.</summary>
internal sealed class IdHash
{
    public const int Shards = 256;

    private const ulong Odd = 0x9E3779B97F4A7C15;

    private readonly ulong _one = Seed(), _other = Seed();

    public int ShardOf(Guid id) => (int)(Of(id) & (Shards - 1));

    /// <summary>32 bits that have nothing to do with the shard.</summary>
    public ulong SlotOf(Guid id) => Of(id) >> 32;

    private ulong Of(Guid id)
    {
        var halves = MemoryMarshal.Cast<Guid, ulong>(new ReadOnlySpan<Guid>(in id));
        return Fold(Fold(halves[0] ^ _one, halves[1] ^ _other), Odd);
    }

    private static ulong Fold(ulong x, ulong y) => Math.BigMul(x, y, out var low) ^ low;

    private static ulong Seed() => MemoryMarshal.Read<ulong>(RandomNumberGenerator.GetBytes(sizeof(ulong)));
}
