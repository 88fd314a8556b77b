using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.AskingConsent;
using ConsentLedger.MarketingPreference.Sending;

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
            var kept = await KeptAsync(visit, context.RequestServices, ct);
            if (copy is null && kept.IsEmpty) return visit.SeeOther(ShowData.Part, "?said=nothing");
            return TypedResults.Bytes(format == "csv" ? kept.IntoTable(copy) : kept.IntoJson(visit.Link.Subject, visit.Now, copy), type, $"my-data.{format}");
        }
        catch (ConsentUnavailableException)
        {
            return visit.SeeOther(ShowData.Part, Notice.Away);
        }
    }

    private static async Task<KeptHere> KeptAsync(Visit visit, IServiceProvider services, CancellationToken ct)
    {
        var (links, reader) = (await services.GetRequiredService<AddressReader>().OfSubjectAsync(visit.Link.Stream, ct), services.GetRequiredService<StateReader>());
        var states = await reader.ReadAsync([.. links.Select(l => l.Address)], Address.Stream, ct);

        // An address may be other persons' too: who they are is not told here.
        var addresses = from link in links
                        let address = states[link.Address]
                        where address.Tag is not null && address.Links.Contains(link.Link)
                        select new KeptAddress(address.Tag!.Value, address.Standing.Standing, address.Standing.Place?.RecordedAt);
        return KeptHere.Of(visit.Events, visit.State, [.. addresses], await services.GetRequiredService<SendCounts>().OfSubjectAsync(visit.Link.Stream, ct));
    }
}
