using System.Globalization;
using System.Reflection;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Consents.Reading;

/// <summary>Two clocks to turn back: what was in force at one time, as it was known at another.</summary>
/// <param name="AsOf">Acts done after this moment are left out, by their own date.</param>
/// <param name="KnownAt">Events recorded after this moment are left out, by ours.</param>
public sealed record Replay(DateTimeOffset? AsOf, DateTimeOffset? KnownAt) : IBindableFromHttpContext<Replay>
{
    public static ValueTask<Replay?> BindAsync(HttpContext context, ParameterInfo parameter) =>
        TryRead(context.Request.Query["asOf"], out var asOf) && TryRead(context.Request.Query["knownAt"], out var knownAt)
            ? new ValueTask<Replay?>(new Replay(asOf, knownAt))
            : throw new RequestRefusedException(KnownProblems.RequestInvalid);

    public bool Includes(StoredEvent e, object facts) =>
        (KnownAt is not { } known || e.Place.RecordedAt <= known) && (AsOf is not { } asOf || DoneAt(facts, e.Place) <= asOf);

    private static DateTimeOffset DoneAt(object facts, EventPlace place) => facts switch
    {
        ConsentGranted granted => granted.OccurredAt,
        ConsentWithdrawn withdrawn => withdrawn.EffectiveAt(place.RecordedAt),
        _ => place.RecordedAt,
    };

    private static bool TryRead(string? text, out DateTimeOffset? moment)
    {
        moment = null;
        if (text is null) return true;

        // A plus sign that was not escaped arrives as a space.
        if (!DateTimeOffset.TryParseExact(text.Replace(' ', '+'), Rfc3339, CultureInfo.InvariantCulture, DateTimeStyles.None, out var value)) return false;
        moment = value;
        return true;
    }

    private static readonly string[] Rfc3339 = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];
}
