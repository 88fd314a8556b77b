using System.Globalization;
using System.Reflection;
using Microsoft.AspNetCore.Http;

namespace ConsentLedger.ServiceDefaults;

/// <summary>
/// Whether a caller would like a receipt, from <c>Prefer: receipt</c> (RFC 7240): a wish, so nothing about it is ever refused. How long they would wait for it is
/// said by <c>wait</c>, in seconds, as a parameter of it or as the preference of RFC 7240, section 4.3.
/// </summary>
/// <param name="Wait">Null where no receipt was asked for.</param>
public sealed record ReceiptPreference(TimeSpan? Wait) : IBindableFromHttpContext<ReceiptPreference>
{
    public const string Header = "Prefer";
    public const string AppliedHeader = "Preference-Applied";
    public const string Receipt = "receipt";

    public static readonly TimeSpan DefaultWait = TimeSpan.FromSeconds(2);
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(10);

    private const string WaitName = "wait";

    public static ValueTask<ReceiptPreference?> BindAsync(HttpContext context, ParameterInfo parameter) =>
        ValueTask.FromResult<ReceiptPreference?>(Read(string.Join(',', context.Request.Headers[Header].AsEnumerable())));

    /// <summary>Reads the header's value. Of what is said twice the first counts; what is malformed is not there.</summary>
    public static ReceiptPreference Read(string header)
    {
        var preferences = header.Split(',').Select(p => p.Split(';').Select(NameAndValue).ToList()).ToList();
        if (preferences.FirstOrDefault(p => Is(p[0], Receipt)) is not { } receipt) return new ReceiptPreference(Wait: null);

        var wait = receipt.Skip(1).Concat(preferences.Select(p => p[0])).FirstOrDefault(p => Is(p, WaitName) && SecondsIn(p.Value) is not null);
        return new ReceiptPreference(SecondsIn(wait.Value) ?? DefaultWait);
    }

    private static bool Is((string Name, string Value) said, string name) => said.Name.Equals(name, StringComparison.OrdinalIgnoreCase);

    private static (string Name, string Value) NameAndValue(string text)
    {
        var at = text.IndexOf('=', StringComparison.Ordinal);
        return at < 0 ? (text.Trim(), "") : (text[..at].Trim(), text[(at + 1)..].Trim().Trim('"'));
    }

    private static TimeSpan? SecondsIn(string? digits)
    {
        if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)) return null;
        return seconds < MaxWait.TotalSeconds ? TimeSpan.FromSeconds(seconds) : MaxWait;
    }
}
