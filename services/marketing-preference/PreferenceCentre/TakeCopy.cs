using ConsentLedger.MarketingPreference.AskingConsent;
using ConsentLedger.MarketingPreference.Copying;

namespace ConsentLedger.MarketingPreference.PreferenceCentre;

/// <summary>The person's copy of what is recorded (GDPR art. 15, 20), in the consent service and here. Asked for by a form, because that it was taken is recorded: a scanner that opens links records nothing.</summary>
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
            var kept = await KeptHere.ReadAsync(visit.Link.Stream, visit.Events, visit.State, context.RequestServices, ct);
            if (copy is null && kept.IsEmpty) return visit.SeeOther(ShowData.Part, "?said=nothing");
            return TypedResults.Bytes(format == "csv" ? kept.IntoTable(copy) : kept.IntoJson(visit.Link.Subject, visit.Now, copy), type, $"my-data.{format}");
        }
        catch (ConsentUnavailableException)
        {
            return visit.SeeOther(ShowData.Part, Notice.Away);
        }
    }
}
