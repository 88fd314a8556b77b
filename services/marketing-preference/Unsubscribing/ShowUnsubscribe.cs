using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Unsubscribing;

/// <summary>Opening the link only asks. Scanners and prefetchers open every link of a mail, so nothing is recorded or changed here, and no state is shown.</summary>
public static class ShowUnsubscribe
{
    /// <summary>The one answer to whatever is no link of ours: forged, damaged, over, of a policy nobody knows.</summary>
    public static Problem LinkInvalid { get; } = new(StatusCodes.Status404NotFound, "link_invalid", "This link is not valid.");

    public static void Map(IEndpointRouteBuilder pages) => pages.MapMethods("/u/{token}", [HttpMethods.Get, HttpMethods.Head], HandleAsync).AllowAnonymous();

    private static async Task<IResult> HandleAsync(
        string token, HttpRequest request, UnsubscribeLinks links, LinkLimit limit, PreferenceReader reader, TimeProvider clock, CancellationToken ct)
    {
        if (links.Find(token, clock.GetUtcNow()) is not { } link) return LinkInvalid.To(request);
        if (!limit.Allows(link)) return LinkLimit.TooManyRequests.To(request);
        var (policies, _) = await reader.ReadAsync(link.Tenant, [], ct);
        return policies.LastDeclaring(link.Topic, link.Channel) is { } pack ? UnsubscribePage.Asking(pack, pack.FindTopic(link.Topic)!, link.Channel) : LinkInvalid.To(request);
    }

    /// <summary>A page for a browser, a problem for a program.</summary>
    internal static IResult To(this Problem problem, HttpRequest request) =>
        request.GetTypedHeaders().Accept.Any(accepted => accepted.MediaType == "text/html") ? UnsubscribePage.Of(problem) : problem;
}
