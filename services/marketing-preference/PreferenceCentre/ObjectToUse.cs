using ConsentLedger.MarketingPreference.Preferences;

namespace ConsentLedger.MarketingPreference.PreferenceCentre;

/// <summary>An objection (GDPR art. 21): to marketing without a reason, to another use with one, which is evidence and goes sealed to the consent service and nowhere else.</summary>
internal static class ObjectToUse
{
    public const int MaxReasonLength = 2000;

    public static void Map(IEndpointRouteBuilder pages) => Door.MapPost(pages, "/objections", HandleAsync);

    private static async Task<IResult> HandleAsync(Visit visit, IFormCollection form, HttpContext context, CancellationToken ct)
    {
        if (visit.State.IsErased) return visit.SeeOther("");

        // As the browser counted it: a line's end is one character there, and is sent as two.
        var (acting, reason) = (context.RequestServices.GetRequiredService<Acting>(), form["reason"].ToString().ReplaceLineEndings("\n").Trim());
        var isToMarketing = form["to"] == "marketing";
        if (!isToMarketing && reason.Length is 0 or > MaxReasonLength) return visit.SeeOther(ShowUses.Part, "?said=reason");
        var said = await (isToMarketing
            ? acting.ObjectToMarketingAsync(visit.Link.Stream, visit.Now, ct)
            : acting.SayAsync(visit.Link.Stream, "objections", new
            {
                to = "purpose",
                purpose = form["purpose"].ToString(),
                occurredAt = visit.Now,
                actor = Actor.Subject,
                method = Acting.Method,
                source = "marketing-preference",
                evidence = new { reason },
            }, visit.Now, ct));
        return visit.SeeOther(ShowUses.Part, said switch { Said.Unheard => Notice.Away, Said.Refused => Notice.Refused, _ => "?said=objected" });
    }
}
