using System.Globalization;

namespace ConsentLedger.Ledger;

/// <summary>A number of leaves as signed texts write it: decimal digits, no sign, no leading zero.</summary>
internal static class DecimalText
{
    // The framework reads past NULs at the end, so what it reads may still not be digits.
    public static bool TryRead(string digits, out long number) =>
        long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number) && digits.All(char.IsAsciiDigit) && (digits[0] != '0' || digits.Length == 1);
}
