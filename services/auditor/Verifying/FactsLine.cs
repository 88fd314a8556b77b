using System.Buffers.Text;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Verifying;

/// <summary>
/// One line of a facts file, which has one form only, so that no byte can be changed unseen:
/// <c>{"position":12,"type":"consent.granted.v1","salt":"…","data":{…}}</c> with canonical data, or <c>{"position":12,"purged":true}</c>.
/// </summary>
internal static class FactsLine
{
    private const int SaltChars = 44;

    private static readonly Fault
        Malformed = new("facts_malformed", "The line is not {\"position\":…,\"type\":…,\"salt\":…,\"data\":…} nor {\"position\":…,\"purged\":true}."),
        NotCanonical = new("facts_not_canonical", "The facts are those committed to, but not in canonical form, which is the one that leaves no byte free."),
        Mismatch = new("facts_mismatch", "Type, salt and facts are not those that the entry commits to.");

    /// <param name="line">Without its newline.</param>
    /// <param name="purged">Whether the line says that its contents were purged; whether they might be is for the entry's stream to say.</param>
    /// <returns>What is wrong, or null.</returns>
    public static Fault? Check(ReadOnlySpan<byte> line, long position, in Entry entry, out bool purged)
    {
        purged = false;
        if (!TryTake(ref line, "{\"position\":"u8) || !Utf8Parser.TryParse(line, out long claimed, out var digits) || claimed < 0) return Malformed;
        if (digits > 1 && line[0] is not (>= (byte)'1' and <= (byte)'9')) return Malformed;
        if (claimed != position) return new Fault("facts_position_wrong", $"The line is of position {claimed}.");
        line = line[digits..];
        if (line.SequenceEqual(",\"purged\":true}"u8))
        {
            purged = true;
            return null;
        }

        if (!TrySplit(line, out var type, out var saltText, out var data)) return Malformed;
        Span<byte> salt = stackalloc byte[FactsCommitment.SaltLength + 1];
        if (!TryDecodeSalt(saltText, salt)) return Malformed;
        return CheckFacts(salt[..FactsCommitment.SaltLength], type, data, entry.Facts);
    }

    private static Fault? CheckFacts(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data, in Hash committed)
    {
        var canonical = CanonicalJson.IsCanonical(data);
        if (canonical && FactsCommitment.OfCanonical(salt, type, data) == committed) return null;

        // The long way round is for those that something is wrong with.
        var named = System.Text.Encoding.ASCII.GetString(type);
        return !canonical && FactsCommitment.TryCommit(salt, named, data.ToArray(), out var commitment, out _) && commitment == committed ? NotCanonical : Mismatch;
    }

    private static bool TrySplit(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> type, out ReadOnlySpan<byte> salt, out ReadOnlySpan<byte> data)
    {
        type = salt = data = default;
        if (!TryTake(ref line, ",\"type\":\""u8) || line.IndexOf((byte)'"') is var quote && quote <= 0) return false;
        type = line[..quote];
        if (type.ContainsAnyExceptInRange((byte)' ', (byte)'~') || type.Contains((byte)'\\')) return false;
        line = line[quote..];
        if (!TryTake(ref line, "\",\"salt\":\""u8) || line.Length < SaltChars) return false;
        salt = line[..SaltChars];
        line = line[SaltChars..];
        if (!TryTake(ref line, "\",\"data\":"u8) || !line.EndsWith("}"u8)) return false;
        data = line[..^1];
        return true;
    }

    /// <summary>Base64 in its one form: what the bytes would be written as.</summary>
    private static bool TryDecodeSalt(ReadOnlySpan<byte> text, Span<byte> salt)
    {
        Base64.DecodeFromUtf8(text, salt, out var read, out var written);
        Span<byte> again = stackalloc byte[SaltChars];
        Base64.EncodeToUtf8(salt[..FactsCommitment.SaltLength], again, out _, out _);
        return read == text.Length && written == FactsCommitment.SaltLength && again.SequenceEqual(text);
    }

    private static bool TryTake(scoped ref ReadOnlySpan<byte> line, ReadOnlySpan<byte> expected)
    {
        if (!line.StartsWith(expected)) return false;
        line = line[expected.Length..];
        return true;
    }
}
