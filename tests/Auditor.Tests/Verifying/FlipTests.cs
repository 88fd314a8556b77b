using System.Collections.Concurrent;
using System.Globalization;
using ConsentLedger.Auditor.Tests.Logs;

namespace ConsentLedger.Auditor.Tests.Verifying;

/// <summary>No byte of an export can be changed unseen.</summary>
public sealed class FlipTests
{
    // A case changed, a bit changed, everything changed.
    private static readonly byte[] Masks = [0x20, 0x01, 0xFF];

    [Fact]
    public async Task Every_byte_of_a_small_export_counts() => await FlipAsync((await RealLog.WriteAsync(people: 5)).Log, stride: 1, Masks);

    /// <summary>Two bundles, and tiles on two levels. LEDGER_FLIP_STRIDE=1 takes every byte, in some minutes.</summary>
    [Fact]
    public async Task Every_byte_of_an_export_with_tiles_above_tiles_counts() =>
        await FlipAsync((await RealLog.WriteAsync(people: 65)).Log, int.Parse(Environment.GetEnvironmentVariable("LEDGER_FLIP_STRIDE") ?? "97", CultureInfo.InvariantCulture), Masks.AsSpan(0, 1).ToArray());

    private static async Task FlipAsync(SignedLog log, int stride, byte[] masks)
    {
        var files = log.ToFiles();
        (await files.FindAsync(log.Policy)).ShouldBeEmpty();
        var unseen = new ConcurrentBag<string>();
        var flips = 0;
        foreach (var (path, bytes) in files)
        {
            await Parallel.ForEachAsync(Enumerable.Range(0, (bytes.Length + stride - 1) / stride).Select(i => i * stride), async (at, _) =>
            {
                foreach (var mask in masks)
                {
                    var flipped = (byte[])bytes.Clone();
                    flipped[at] ^= mask;
                    Interlocked.Increment(ref flips);
                    if ((await new Dictionary<string, byte[]>(files) { [path] = flipped }.FindAsync(log.Policy)).Count == 0) unseen.Add($"{path} byte {at} xor {mask}");
                }
            });
        }

        unseen.ShouldBeEmpty();
        flips.ShouldBeGreaterThan(1000);
    }
}
