using ConsentLedger.MarketingPreference.AskingErasure;

namespace ConsentLedger.MarketingPreference.PreferenceCentre;

/// <summary>A person asks to be forgotten (GDPR art. 17). What becomes of it is the erasure orchestrator's, and the page shows how far it is.</summary>
internal static class AskErasure
{
    public static void Map(IEndpointRouteBuilder pages) => Door.MapPost(pages, "/erasures", HandleAsync);

    private static async Task<IResult> HandleAsync(Visit visit, IFormCollection form, HttpContext context, CancellationToken ct)
    {
        if (!visit.MayTakeOut || visit.State.IsErased) return visit.SeeOther(ShowData.Part);
        if (form["sure"] != "yes") return visit.SeeOther(ShowData.Part, "?said=unsure");

        // Where both are promised together, whoever asks for the one is not left to ask for the other.
        var withdrawAll = visit.Pack.Erasure.OnFullWithdrawal;
        return await context.RequestServices.GetRequiredService<ErasureClient>().RequestAsync(visit.Link.Stream, withdrawAll, ct) is { } erasure
            ? visit.SeeOther(ShowData.Part, $"?erasure={erasure.Id}")
            : visit.SeeOther(ShowData.Part, Notice.Away);
    }
}
