using System.Globalization;

namespace ConsentLedger.Ledger;

/// <summary>A number of leaves as signed texts write it: decimal digits, no sign, no leading zero.</summary>
internal static class DecimalText
{
    public static bool TryRead(string digits, out long number) =>
        long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number) && (digits[0] != '0' || digits.Length == 1);
}
