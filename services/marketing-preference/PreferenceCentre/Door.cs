using ConsentLedger.MarketingPreference.Links;
using ConsentLedger.MarketingPreference.Pages;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.MarketingPreference.Unsubscribing;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.PreferenceCentre;

/// <summary>Whoever comes with a link: let in, or told why not. The link alone is the authority: no cookie and no sign-in of ours.</summary>
internal sealed class Door(PreferenceLinks links, LinkLimit limit, StateReader reader, PreferenceReader preferences, TimeProvider clock)
{
    /// <summary>A reason of the full length, of which each letter may take nine bytes in a form.</summary>
    private const int MaxFormBytes = 32 * 1024;
    private const int MaxFields = 12;

    private static readonly ProblemsAsPages Problems = ProblemPages.Behind((services, token, now) => services.GetRequiredService<PreferenceLinks>().Find(token, now) is { } link ? (link.Tenant, link.Lang) : null);

    public static Problem FormInvalid { get; } = new(StatusCodes.Status400BadRequest, "form_invalid", "The form is not one of this page, or not all of it arrived. Nothing was changed.");

    /// <summary>Maps a page.</summary>
    public static void MapGet(IEndpointRouteBuilder pages, string part, Func<Visit, HttpContext, CancellationToken, Task<IResult>> show) =>
        pages.MapMethods($"/p/{{token}}{part}", [HttpMethods.Get, HttpMethods.Head], async (string token, HttpContext context, Door door, CancellationToken ct) =>
            await door.OpenAsync(token, part, context.Request, ct) is var (visit, refused) && visit is null ? refused! : await show(visit, context, ct)).AllowAnonymous().WithMetadata(Problems);

    /// <summary>Maps what a form of a page sends.</summary>
    public static void MapPost(IEndpointRouteBuilder pages, string part, Func<Visit, IFormCollection, HttpContext, CancellationToken, Task<IResult>> act) =>
        pages.MapPost($"/p/{{token}}{part}", async (string token, HttpContext context, Door door, CancellationToken ct) =>
        {
            var (visit, refused) = await door.OpenAsync(token, part, context.Request, ct);
            if (visit is null) return refused!;
            if (await OwnForm.ReadAsync(context.Request, MaxFields, MaxFormBytes, ct) is not { } form || !LinksOf(context).Signer.Proves(form["proof"], token)) return FormInvalid.To(context.Request, visit.Words, visit.Pack);
            return await act(visit, form, context, ct);
        }).AllowAnonymous().WithBodyLimit(MaxFormBytes).WithMetadata(Problems);

    public async Task<(Visit? Visit, IResult? Refused)> OpenAsync(string token, string part, HttpRequest request, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (links.Find(token, now) is not { } link) return (null, ShowUnsubscribe.LinkInvalid.To(request));
        var (policies, _) = await preferences.ReadAsync(link.Tenant, [], ct);
        var words = Wording.Choose(policies.Current, link.Lang, request);
        if (!limit.Allows(link.Stream)) return (null, LinkLimit.TooManyRequests.To(request, words, policies.Current));
        if (policies.Current is not { } pack) return (null, ShowUnsubscribe.LinkInvalid.To(request, words));

        var events = await reader.ReadEventsAsync(link.Stream, ct);
        var state = SubjectPreferences.Stream.Replay(events, MarketingCatalog.Events);
        var others = state.Others.IsEmpty ? [] : (await preferences.ReadPeopleAsync(link.Tenant, [link.Stream.Id], ct)).People[0].Skip(1);
        return (new Visit(link, token, links, words, policies, pack, [state, .. others], events, now) { Part = part }, null);
    }

    private static PreferenceLinks LinksOf(HttpContext context) => context.RequestServices.GetRequiredService<PreferenceLinks>();
}

internal static class ProblemPages
{
    /// <summary>Of what nobody knows whose page it would be: in the language that the browser prefers, of all there are.</summary>
    public static IResult To(this Problem problem, HttpRequest request) => problem.To(request, Wording.Choose(null, null, request));

    /// <summary>A page for a browser, a problem for a program.</summary>
    public static IResult To(this Problem problem, HttpRequest request, Wording words, Contracts.Policies.PolicyPack? pack = null) =>
        request.GetTypedHeaders().Accept.Any(accepted => accepted.MediaType == "text/html") ? Page.Of(problem, words, pack) : problem;

    /// <summary>What fails behind a link, in the words of its reader. By the policy that was last read: the store may be what failed.</summary>
    /// <param name="whose">The controller of the link with this token, and the language it asks for; null for what is no link.</param>
    public static ProblemsAsPages Behind(Func<IServiceProvider, string, DateTimeOffset, (TenantId Tenant, string? Lang)?> whose) => new((context, problem) =>
    {
        var services = context.RequestServices;
        var link = whose(services, $"{context.GetRouteValue("token")}", services.GetRequiredService<TimeProvider>().GetUtcNow());
        var pack = link is { } found ? services.GetRequiredService<PreferenceReader>().LastKnown(found.Tenant) : null;
        return problem.To(context.Request, Wording.Choose(pack, link?.Lang, context.Request), pack);
    });
}
