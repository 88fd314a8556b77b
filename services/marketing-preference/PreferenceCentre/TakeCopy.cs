using ConsentLedger.MarketingPreference.AskingConsent;

namespace ConsentLedger.MarketingPreference.PreferenceCentre;

/// <summary>The person's copy of what is recorded (GDPR art. 15, 20). Asked for by a form, because that it was taken is recorded: a scanner that opens links records nothing.</summary>
internal static class TakeCopy
{
    public static void Map(IEndpointRouteBuilder pages) => Door.MapPost(pages, "/copies", HandleAsync);

    private static async Task<IResult> HandleAsync(Visit visit, IFormCollection form, HttpContext context, CancellationToken ct)
    {
        if (!visit.MayTakeOut || visit.State.IsErased) return visit.SeeOther(ShowData.Part);
        var (format, type) = form["format"] == "csv" ? ("csv", "text/csv; charset=utf-8") : ("json", "application/json; charset=utf-8");
        try
        {
            var copy = await context.RequestServices.GetRequiredService<ConsentClient>().ReadRecordsAsync(visit.Link.Stream, format, ct);
            return copy is null ? visit.SeeOther(ShowData.Part, "?said=nothing") : TypedResults.Bytes(copy, type, $"my-data.{format}");
        }
        catch (ConsentUnavailableException)
        {
            return visit.SeeOther(ShowData.Part, Notice.Away);
        }
    }
}
