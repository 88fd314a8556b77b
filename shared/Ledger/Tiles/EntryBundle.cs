using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace ConsentLedger.Ledger;

/// <summary>Up to 256 entries one after another, each behind its length in 16 bits, big-endian (C2SP tlog-tiles).</summary>
public static class EntryBundle
{
    private const int LengthBytes = sizeof(ushort);

    private static readonly LedgerFault
        Cut = new("bundle_malformed", "A bundle is entries, each behind its length, and ends with one."),
        WrongCount = new("bundle_count_wrong", "A bundle has as many entries as it is wide.");

    /// <exception cref="ArgumentException">The entry is longer than 65,535 bytes.</exception>
    public static void Write(ReadOnlySpan<byte> entry, IBufferWriter<byte> bundle)
    {
        if (entry.Length > Entry.MaxLength) throw new ArgumentException($"An entry has at most {Entry.MaxLength} bytes.", nameof(entry));
        var room = bundle.GetSpan(LengthBytes + entry.Length);
        BinaryPrimitives.WriteUInt16BigEndian(room, (ushort)entry.Length);
        entry.CopyTo(room[LengthBytes..]);
        bundle.Advance(LengthBytes + entry.Length);
    }

    /// <summary>The leaf hashes of all entries; nothing but whole entries may be in the bundle.</summary>
    /// <param name="leaves">As many as the bundle is wide.</param>
    public static bool TryHashLeaves(ReadOnlySpan<byte> bundle, Span<Hash> leaves, [NotNullWhen(false)] out LedgerFault? fault)
    {
        fault = WrongCount;
        var reader = new Reader(bundle);
        var count = 0;
        while (reader.TryReadRun(LaneSha256.Lanes, out var entries, out var length, out var run))
        {
            if (run > leaves.Length - count) return false;
            TreeHash.Leaves(entries, length, LengthBytes + length, leaves.Slice(count, run));
            count += run;
        }

        fault = reader.Fault ?? (count == leaves.Length ? null : WrongCount);
        return fault is null;
    }

    /// <summary>Walks through the entries without copying them.</summary>
    public ref struct Reader(ReadOnlySpan<byte> bundle)
    {
        private ReadOnlySpan<byte> _rest = bundle;

        /// <summary>Why the walk ended before the end; null where it did not.</summary>
        public LedgerFault? Fault { get; private set; }

        public bool TryRead(out ReadOnlySpan<byte> entry)
        {
            entry = default;
            if (_rest.IsEmpty) return false;
            if (_rest.Length < LengthBytes || _rest.Length - LengthBytes < BinaryPrimitives.ReadUInt16BigEndian(_rest))
            {
                Fault = Cut;
                return false;
            }

            entry = _rest.Slice(LengthBytes, BinaryPrimitives.ReadUInt16BigEndian(_rest));
            _rest = _rest[(LengthBytes + entry.Length)..];
            return true;
        }

        /// <summary>Reads on while the entries have one length, which is nearly always.</summary>
        /// <param name="entries">Begins with the first entry of the run.</param>
        internal bool TryReadRun(int max, out ReadOnlySpan<byte> entries, out int length, out int run)
        {
            var all = _rest;
            run = TryRead(out var entry) ? 1 : 0;
            length = entry.Length;
            entries = run == 0 ? default : all[LengthBytes..];
            if (run == 0) return false;
            while (run < max && _rest.Length >= LengthBytes && BinaryPrimitives.ReadUInt16BigEndian(_rest) == length && TryRead(out _)) run++;
            return true;
        }
    }
}
