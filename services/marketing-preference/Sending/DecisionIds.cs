using System.Buffers.Binary;
using System.Security.Cryptography;

namespace ConsentLedger.MarketingPreference.Sending;

/// <summary>Version 7 UUIDs (RFC 9562) of one moment, with the randomness of all of them drawn at once: one by one that costs more than the decision.</summary>
internal static class DecisionIds
{
    public static Guid[] Make(int count, DateTimeOffset moment)
    {
        const int Length = 16;
        var random = new byte[count * Length];
        RandomNumberGenerator.Fill(random);
        var ids = new Guid[count];
        var ms = (ulong)moment.ToUnixTimeMilliseconds();
        for (var i = 0; i < count; i++)
        {
            var id = random.AsSpan(i * Length, Length);
            BinaryPrimitives.WriteUInt64BigEndian(id, (ms << 16) | 0x7000 | (BinaryPrimitives.ReadUInt16BigEndian(id) & 0x0fffu));
            id[8] = (byte)(0x80 | (id[8] & 0x3f));
            ids[i] = new Guid(id, bigEndian: true);
        }

        return ids;
    }
}
