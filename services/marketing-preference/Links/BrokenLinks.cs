using ConsentLedger.MarketingPreference.PreferenceCentre;
using ConsentLedger.MarketingPreference.Unsubscribing;

namespace ConsentLedger.MarketingPreference.Links;

/// <summary>What is left of a link that a mail program cut off, or ran together with what came after it: its reader is told in their words, as of any other that is none.</summary>
internal static class BrokenLinks
{
    public static void Map(IEndpointRouteBuilder pages)
    {
        foreach (var kind in (string[])["u", "p", "c"])
            pages.MapMethods($"/{kind}/{{**rest}}", [HttpMethods.Get, HttpMethods.Head], (HttpRequest request) => ShowUnsubscribe.LinkInvalid.To(request))
                .AllowAnonymous().ExcludeFromDescription();
    }
}
