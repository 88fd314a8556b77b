using System.Reflection;
using ConsentLedger.Contracts;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Consents.Reading;

/// <summary>The two clocks as a request turns them: <c>?asOf=…&amp;knownAt=…</c>.</summary>
public sealed record ReplayQuery(Replay Replay) : IBindableFromHttpContext<ReplayQuery>
{
    public static ValueTask<ReplayQuery?> BindAsync(HttpContext context, ParameterInfo parameter) =>
        TryRead(context.Request.Query["asOf"], out var asOf) && TryRead(context.Request.Query["knownAt"], out var knownAt)
            ? new ValueTask<ReplayQuery?>(new ReplayQuery(new Replay(asOf, knownAt)))
            : throw new RequestRefusedException(KnownProblems.RequestInvalid);

    private static bool TryRead(string? text, out DateTimeOffset? moment)
    {
        moment = null;
        if (text is null) return true;

        // A plus sign that was not escaped arrives as a space.
        if (!MomentConverter.TryParse(text.Replace(' ', '+'), out var value)) return false;
        moment = value;
        return true;
    }
}
