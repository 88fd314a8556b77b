using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.AskingConsent;
using ConsentLedger.MarketingPreference.Links;
using ConsentLedger.MarketingPreference.Pages;
using ConsentLedger.MarketingPreference.PreferenceCentre;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.MarketingPreference.Unsubscribing;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Confirming;

/// <summary>
/// The page behind the link in a confirmation mail. Opening it shows what waits, and how it stands; the button confirms, in the consent service, where both steps are the evidence. A scanner
/// that opens every link of a mail confirms nothing.
/// </summary>
internal static class ConfirmByLink
{
    private const int MaxBodyBytes = 4 * 1024;
    private const string Method = "confirmation-link";

    private static readonly ProblemsAsPages Problems = ProblemPages.Behind((services, token, _) => services.GetRequiredService<ConfirmationLinks>().Find(token) is { } link ? (link.Tenant, link.Lang) : null);

    public static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapMethods("/c/{token}", [HttpMethods.Get, HttpMethods.Head], ShowAsync).AllowAnonymous().WithMetadata(Problems);
        pages.MapPost("/c/{token}", ConfirmAsync).AllowAnonymous().WithBodyLimit(MaxBodyBytes).WithMetadata(Problems);
    }

    private static async Task<IResult> ShowAsync(
        string token, HttpRequest request, ConfirmationLinks links, LinkLimit limit, PreferenceReader reader, ConsentClient consent, TimeProvider clock, CancellationToken ct)
    {
        if (links.Find(token) is not { } link) return ShowUnsubscribe.LinkInvalid.To(request);
        var (policies, _) = await reader.ReadAsync(link.Tenant, [], ct);
        var words = Wording.Choose(policies.Current, link.Lang, request);
        if (policies.Current?.FindPurpose(link.Purpose) is not { } purpose) return ShowUnsubscribe.LinkInvalid.To(request, words);
        if (!limit.Allows(link.Stream)) return LinkLimit.TooManyRequests.To(request, words, policies.Current);
        try
        {
            var isRefused = request.Query["said"] == "refused";
            return PageOf(link, token, links, words, policies.Current, purpose, await consent.ReadConsentsAsync(link.Stream, ct), isRefused, clock.GetUtcNow());
        }
        catch (ConsentUnavailableException)
        {
            return Said(words, policies.Current, "confirm-away") with { Status = StatusCodes.Status503ServiceUnavailable, RetryAfterSeconds = 5 };
        }
    }

    private static Page PageOf(
        ConfirmationLink link, string token, ConfirmationLinks links, Wording words, PolicyPack pack, Purpose purpose, ConsentRecords consents, bool isRefused, DateTimeOffset now)
    {
        var meant = consents.Of(link.Purpose, link.Channel, link.Recipient).ToList();
        if (consents.FindWaiting(link.Purpose, link.Channel, link.Recipient, now) is not { } waiting)
        {
            var isOver = now >= link.ExpiresAt || meant.Any(c => c.State is "pending" or "expired");
            return Said(words, pack, meant.Any(c => c.State == "given") ? "confirmed" : isOver ? "confirm-over" : "confirm-nothing", Heading(words, purpose, link));
        }

        if (waiting.Position != link.FirstStep) return Said(words, pack, "confirm-newer", Heading(words, purpose, link));

        var title = words["confirm.title"];
        return new Page(words, pack, title, $"""
            {(isRefused ? Notice.Warning(words["notice.refused"]) : Html.Empty)}
            <h1>{title}</h1>
            <p>{words.Say("confirm.more", ("controller", pack.Controller.Name))}</p>
            <div class="card"><h2 class="first">{Heading(words, purpose, link)}</h2>{(purpose.TextIn(words) is { } text ? Notice.Quote(text) : Html.Empty)}</div>
            <form method="post" action="{links.PathOf(token)}"><input type="hidden" name="proof" value="{links.Signer.ProofOf(token)}"><div class="acts"><button class="main">{words["confirm.button"]}</button></div></form>
            <p class="soft after">{words["confirm.not-me"]} {words.Say("confirm.until", ("date", words.Moment(waiting.Until!.Value)))}</p>
            """);
    }

    private static async Task<IResult> ConfirmAsync(
        string token, HttpRequest request, ConfirmationLinks links, LinkLimit limit, PreferenceReader reader, ConsentClient consent, Acting acting, TimeProvider clock, CancellationToken ct)
    {
        if (links.Find(token) is not { } link) return ShowUnsubscribe.LinkInvalid.To(request);
        var (policies, _) = await reader.ReadAsync(link.Tenant, [], ct);
        var words = Wording.Choose(policies.Current, link.Lang, request);
        if (!limit.Allows(link.Stream)) return LinkLimit.TooManyRequests.To(request, words, policies.Current);
        if (await OwnForm.ReadAsync(request, fields: 2, MaxBodyBytes, ct) is not { } form || !links.Signer.Proves(form["proof"], token)) return Door.FormInvalid.To(request, words, policies.Current);

        var said = await SecondStepAsync(link, consent, acting, clock.GetUtcNow(), ct);
        return new SeeOther(links.PathOf(token) + (said == PreferenceCentre.Said.Refused ? Notice.Refused : ""));
    }

    /// <summary>Confirms what the mail was about, and nothing that has been asked for since, also not at this moment. The page that follows says how it stands, and has the button again where that is of use.</summary>
    /// <returns>How consent took it; null where there was nothing to say, or nobody to say it to.</returns>
    private static async Task<Said?> SecondStepAsync(ConfirmationLink link, ConsentClient consent, Acting acting, DateTimeOffset now, CancellationToken ct)
    {
        try
        {
            var consents = await consent.ReadConsentsAsync(link.Stream, ct);
            if (consents.FindWaiting(link.Purpose, link.Channel, link.Recipient, now)?.Position != link.FirstStep) return null;
            return await acting.SayAsync(link.Stream, "confirmations", new ConsentConfirmation(link.Purpose, link.Channel, link.Recipient, now, Method), now, ct, consents.Version);
        }
        catch (ConsentUnavailableException)
        {
            // The page that follows says that it could not be confirmed now.
            return null;
        }
    }

    private static string Heading(Wording words, Purpose purpose, ConfirmationLink link) => words.Say("lane", ("topic", purpose.Title.In(words)), ("by", words.By(link.Channel)));

    private static Page Said(Wording words, PolicyPack pack, string key, string? heading = null) => new(words, pack, words[$"{key}.title"], $"""
        <h1>{words[$"{key}.title"]}</h1>
        {(heading is null ? Html.Empty : (Html)$"<p><strong>{heading}</strong></p>")}
        <p>{words.Say($"{key}.more", ("controller", pack.Controller.Name))}</p>
        """);
}
