using System.Globalization;

namespace ConsentLedger.Ledger;

/// <summary>A double as ECMAScript's Number::toString prints it, which RFC 8785 section 3.2.2.3 asks for.</summary>
internal static class EcmaScriptNumber
{
    public static string Format(double number)
    {
        if (!double.IsFinite(number)) throw new ArgumentOutOfRangeException(nameof(number), "JSON has no such number.");
        if (number == 0) return "0";

        var (digits, point) = Shortest(Math.Abs(number));
        var text = (digits.Length, point) switch
        {
            var (length, n) when length <= n && n <= 21 => digits + new string('0', n - length),
            var (_, n) when n is > 0 and <= 21 => $"{digits[..n]}.{digits[n..]}",
            var (_, n) when n is > -6 and <= 0 => $"0.{new string('0', -n)}{digits}",
            var (length, n) => $"{digits[0]}{(length > 1 ? "." : "")}{digits[1..]}e{(n > 0 ? "+" : "")}{(n - 1).ToString(CultureInfo.InvariantCulture)}",
        };
        return number < 0 ? "-" + text : text;
    }

    /// <summary>The fewest digits that read back as this double, and where the point stands: the value is 0.DIGITS x 10^point.</summary>
    private static (string Digits, int Point) Shortest(double number)
    {
        var text = number.ToString("R", CultureInfo.InvariantCulture);
        var exponentAt = text.IndexOf('E', StringComparison.Ordinal);
        var exponent = exponentAt < 0 ? 0 : int.Parse(text.AsSpan(exponentAt + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var mantissa = exponentAt < 0 ? text : text[..exponentAt];
        var pointAt = mantissa.IndexOf('.', StringComparison.Ordinal);
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        var point = (pointAt < 0 ? mantissa.Length : pointAt) + exponent;

        var leading = digits.Length - digits.AsSpan().TrimStart('0').Length;
        return (digits.Trim('0'), point - leading);
    }
}
