using System.Buffers;
using System.Diagnostics;
using System.Security.Cryptography;
using ConsentLedger.Ledger;

namespace ConsentLedger.Benchmarks;

/// <summary>
/// The proofs' own price, on one core: growing a tree and verifying bundles, against SHA-256 of the same bytes; once as one call a message, which is what hashing
/// entries costs at least, and once in one long stream, which is all that the processor can do.
/// </summary>
internal static class LedgerBenchmark
{
    private const int Rounds = 9, Count = 1 << 18;

    public static Task RunAsync(CancellationToken ct)
    {
        var bundles = Bundles();
        var entries = bundles.SelectMany(b => b).ToArray();
        var nodes = new byte[(2 * Hash.Length) + 1];
        var leaves = new Hash[Count];
        HashLeaves(bundles, leaves);
        var root = Frontier.Empty.Append(leaves).Root;

        var (append, nodeCalls, verify, entryCalls, stream) = (new List<double>(), new List<double>(), new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            ct.ThrowIfCancellationRequested();
            append.Add(PerSecond(() => Frontier.Empty.Append(leaves)));
            nodeCalls.Add(PerSecond(() => Repeat(nodes)));
            verify.Add(PerSecond(() => Verify(bundles, root)));
            entryCalls.Add(PerSecond(() => HashEach(entries)));
            stream.Add(PerSecond(() => SHA256.HashData(entries)));
        }

        new Figure("ledger-append", Figure.Median(append), "leaves/s in one batch", "SHA256.HashData of a node's 65 bytes, as often", Figure.Median(nodeCalls)).Print();
        new Figure("ledger-verify", Figure.Median(verify), "entries/s decoded, hashed and proved to be under the root", "SHA256.HashData of each entry", Figure.Median(entryCalls)).Print();
        new Figure("ledger-verify-stream", Figure.Median(verify), "entries/s decoded, hashed and proved to be under the root", "SHA256.HashData of all entries as one stream", Figure.Median(stream)).Print();
        return Task.CompletedTask;
    }

    private static byte[][] Bundles()
    {
        var bundles = new byte[Count / TileId.FullWidth][];
        for (var b = 0; b < bundles.Length; b++)
        {
            var bundle = new ArrayBufferWriter<byte>();
            for (var i = 0; i < TileId.FullWidth; i++)
            {
                var hash = Hash.Of(SHA256.HashData(BitConverter.GetBytes((b * TileId.FullWidth) + i)));
                EntryBundle.Write(new Entry(EntryType.Event, new Guid(i, 0, 0, new byte[8]), 1 + b, 1_790_000_000_000 + i, b == 0 ? Hash.Zero : hash, Guid.AllBitsSet, hash, hash, hash).Encode(), bundle);
            }

            bundles[b] = bundle.WrittenSpan.ToArray();
        }

        return bundles;
    }

    private static void Verify(byte[][] bundles, Hash root)
    {
        var leaves = new Hash[Count];
        HashLeaves(bundles, leaves);
        if (Frontier.Empty.Append(leaves).Root != root) throw new InvalidOperationException("The benchmark's own tree does not verify.");
    }

    private static void HashLeaves(byte[][] bundles, Hash[] leaves)
    {
        for (var b = 0; b < bundles.Length; b++)
        {
            var reader = new EntryBundle.Reader(bundles[b]);
            while (reader.TryRead(out var bytes))
                if (!Entry.TryDecode(bytes, out _, out var bad)) throw new InvalidOperationException(bad.Reason);
            if (!EntryBundle.TryHashLeaves(bundles[b], leaves.AsSpan(b * TileId.FullWidth, TileId.FullWidth), out var fault)) throw new InvalidOperationException(fault.Reason);
        }
    }

    private static void HashEach(byte[] bundles)
    {
        Span<byte> hash = stackalloc byte[Hash.Length];
        var reader = new EntryBundle.Reader(bundles);
        while (reader.TryRead(out var bytes)) SHA256.HashData(bytes, hash);
    }

    private static void Repeat(byte[] message)
    {
        Span<byte> hash = stackalloc byte[Hash.Length];
        for (var i = 0; i < Count; i++) SHA256.HashData(message, hash);
    }

    private static double PerSecond(Action all)
    {
        var clock = Stopwatch.StartNew();
        all();
        return Count / clock.Elapsed.TotalSeconds;
    }
}
