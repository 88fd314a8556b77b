using ConsentLedger.MarketingPreference.Pages;
using ConsentLedger.MarketingPreference.Preferences;

namespace ConsentLedger.MarketingPreference.PreferenceCentre;

/// <summary>A consent behind which there is no topic: sharing, cookies. It is given and withdrawn in the consent service alone.</summary>
internal static class ChooseConsent
{
    public static void Map(IEndpointRouteBuilder pages) => Door.MapPost(pages, "/consents", HandleAsync);

    private static async Task<IResult> HandleAsync(Visit visit, IFormCollection form, HttpContext context, CancellationToken ct)
    {
        var (acting, person) = (context.RequestServices.GetRequiredService<Acting>(), visit.Link.Stream);
        if (visit.State.IsErased || visit.Pack.FindPurpose(form["purpose"].ToString()) is not { } purpose || !ShowUses.IsChosen(purpose)) return visit.SeeOther(ShowUses.Part);
        if (form["want"] != "on")
        {
            var withdrawn = await acting.SayAsync(person, "withdrawals", new { purpose = purpose.Id, occurredAt = visit.Now, actor = Actor.Subject, method = Acting.Method, source = "marketing-preference" }, visit.Now, ct);
            return visit.SeeOther(ShowUses.Part, withdrawn switch { Said.Unheard => Notice.Away, Said.Refused => Notice.Refused, _ => "?said=withdrawn" });
        }

        if (purpose.TextIn(visit.Words) is { } text && (form["text"] != text.Id || form["hash"] != text.Hash())) return visit.SeeOther(ShowUses.Part, Notice.Reworded);
        var given = await acting.GrantAsync(person, PurposeLane.Of(purpose).Select(lane => new Agreement(purpose, lane.Channel, lane.Recipient)), visit.Words, visit.Now, ct);
        return visit.SeeOther(ShowUses.Part, given.Missing ?? "?said=granted");
    }
}
