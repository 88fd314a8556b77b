using System.Text.Json;

namespace ConsentLedger.Contracts.Policies;

/// <summary>Text, then shape, then rules: each stage runs when the one before found nothing wrong, and reports all that it finds.</summary>
internal static class PackReader
{
    public static PolicyPackReading Read(ReadOnlySpan<byte> utf8)
    {
        JsonLines lines;
        try
        {
            lines = JsonLines.Of(utf8);
        }
        catch (JsonException malformed)
        {
            return new PolicyPackReading.Refused(
                [new(PolicyPackErrors.Malformed, "", "This is not one JSON value.", (int?)malformed.LineNumber + 1)]);
        }

        if (lines.Duplicates.Count > 0)
            return Refused(lines.Duplicates, lines);
        if (PackShape.Check(utf8) is { Count: > 0 } misshapen)
            return Refused(misshapen, lines);

        var pack = JsonSerializer.Deserialize<PolicyPack>(utf8, PolicyPack.Json)!;
        return pack.Validate() is { Count: > 0 } broken ? Refused(broken, lines) : new PolicyPackReading.Accepted(pack, lines);
    }

    private static PolicyPackReading.Refused Refused(IEnumerable<PolicyPackError> errors, JsonLines lines) =>
        new([.. errors.Select(e => e with { Line = e.Line ?? lines.At(e.Path) }).OrderBy(e => e.Line)]);
}
