using ConsentLedger.MarketingPreference.Links;
using ConsentLedger.MarketingPreference.Pages;
using ConsentLedger.MarketingPreference.PreferenceCentre;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Unsubscribing;

/// <summary>Opening the link only asks. Scanners and prefetchers open every link of a mail, so nothing is recorded or changed here, and no state is shown.</summary>
public static class ShowUnsubscribe
{
    /// <summary>The one answer to whatever is no link of ours: forged, damaged, over, of a policy nobody knows.</summary>
    public static Problem LinkInvalid { get; } = new(StatusCodes.Status404NotFound, "link_invalid", "This link is not valid.");

    internal static ProblemsAsPages Problems { get; } = ProblemPages.Behind((services, token, now) => services.GetRequiredService<UnsubscribeLinks>().Find(token, now) is { } link ? (link.Tenant, null) : null);

    public static void Map(IEndpointRouteBuilder pages) => pages.MapMethods("/u/{token}", [HttpMethods.Get, HttpMethods.Head], HandleAsync).AllowAnonymous().WithMetadata(Problems);

    private static async Task<IResult> HandleAsync(
        string token, HttpRequest request, UnsubscribeLinks links, LinkLimit limit, PreferenceReader reader, UnsubscribePage page, TimeProvider clock, CancellationToken ct)
    {
        if (links.Find(token, clock.GetUtcNow()) is not { } link) return LinkInvalid.To(request);
        var (policies, _) = await reader.ReadAsync(link.Tenant, [], ct);
        return limit.Allows(link.Stream) ? page.Asking(link, policies, request) : LinkLimit.TooManyRequests.To(request, Wording.Choose(policies.Current, null, request));
    }
}
