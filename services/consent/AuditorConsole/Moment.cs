using System.Globalization;
using ConsentLedger.Consent.Consents.Reading;

namespace ConsentLedger.Consent.AuditorConsole;

/// <summary>The moment that is replayed, as its address and its form say it: two clocks, both in UTC.</summary>
/// <param name="KnownAt">What was recorded by then counts; null for all that was read.</param>
/// <param name="AsOf">Acts done by then count; null for all.</param>
public sealed record Moment(DateTimeOffset? KnownAt, DateTimeOffset? AsOf)
{
    /// <summary>The slider's last place; the first is 0.</summary>
    public const int Places = 1000;

    private static readonly string[] Forms =
        ["yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    public Replay Replay => new(AsOf, KnownAt);

    /// <summary>The last moment that both clocks allow, or null where neither is turned back.</summary>
    public DateTimeOffset? Latest => Replay.Latest;

    /// <summary>From <c>knownAt</c> and <c>asOf</c>, or from the slider's place, <c>at</c>. Null where one of them is no moment.</summary>
    public static Moment? Read(IQueryCollection query, DateTimeOffset from, DateTimeOffset until)
    {
        if (!TryRead(query["knownAt"], out var knownAt) || !TryRead(query["asOf"], out var asOf)) return null;
        if (query["at"] is not [{ Length: > 0 } text]) return new Moment(knownAt, asOf);
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var place) || place > Places) return null;
        return new Moment(place == Places ? null : AtPlace(place, from, until), asOf);
    }

    public static DateTimeOffset AtPlace(int place, DateTimeOffset from, DateTimeOffset until)
    {
        var moment = from + ((until - from) * (place / (double)Places));
        return DateTimeOffset.FromUnixTimeMilliseconds(moment.ToUnixTimeMilliseconds());
    }

    public static int PlaceOf(DateTimeOffset moment, DateTimeOffset from, DateTimeOffset until) => (int)Math.Round(Math.Clamp((moment - from) / (until - from), 0, 1) * Places);

    /// <summary>As a field of the form takes it.</summary>
    public static string FieldOf(DateTimeOffset? moment) => moment?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff", CultureInfo.InvariantCulture) ?? "";

    private static bool TryRead(string? text, out DateTimeOffset? moment)
    {
        moment = null;
        if (string.IsNullOrEmpty(text)) return true;

        // A plus sign that was not escaped arrives as a space.
        if (!DateTimeOffset.TryParseExact(text.Replace(' ', '+'), Forms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var value)) return false;
        moment = value;
        return true;
    }
}
