using System.Globalization;
using ConsentLedger.MarketingPreference.Links;
using ConsentLedger.MarketingPreference.Pages;
using ConsentLedger.MarketingPreference.PreferenceCentre;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Unsubscribing;

/// <summary>
/// "That was a mistake", on the page that says it is done. A link can only leave, so this needs what that page alone carries: which event it takes back, proved, and for an hour.
/// </summary>
internal static class UndoUnsubscribe
{
    private const int MaxBodyBytes = 4 * 1024;
    private const string Method = "unsubscribe-link";

    public static void Map(IEndpointRouteBuilder pages) => pages.MapPost("/u/{token}/undo", HandleAsync).AllowAnonymous().WithBodyLimit(MaxBodyBytes);

    /// <summary>The version that closed this lane, where a click on a link did so lately and nothing has come after it.</summary>
    public static long? Closing(IReadOnlyList<StoredEvent> events, Lane lane, DateTimeOffset now) =>
        SubjectPreferences.Stream.Replay(events, MarketingCatalog.Events) is { IsErased: false } state
        && state.Lanes.GetValueOrDefault(lane) is { IsOpen: false, Cause: Cause.OneClick or Cause.Page, Place: var place } && now - place.RecordedAt < UndoChanges.Regret ? place.Version : null;

    private static async Task<IResult> HandleAsync(
        string token, HttpRequest request, UnsubscribeLinks links, LinkLimit limit, PreferenceReader reader, StateReader states, Acting acting, UnsubscribePage page, TimeProvider clock,
        CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (links.Find(token, now) is not { } link) return ShowUnsubscribe.LinkInvalid.To(request, Wording.Choose(null, null, request));
        var (policies, _) = await reader.ReadAsync(link.Tenant, [], ct);
        var words = Wording.Choose(policies.Current, null, request);
        if (!limit.Allows(link.Stream)) return LinkLimit.TooManyRequests.To(request, words, policies.Current);
        if (await Door.ReadFormAsync(request, fields: 4, MaxBodyBytes, ct) is not { } form || !links.Signer.Proves(form["proof"], token, form["did"].ToString())) return Door.FormInvalid.To(request, words, policies.Current);

        var events = await states.ReadEventsAsync(link.Stream, ct);
        var version = long.Parse(form["did"].ToString(), CultureInfo.InvariantCulture);
        if (policies.Current is not { } pack || Closing(events, new Lane(link.Topic, link.Channel), now) != version) return page.Undone(link, policies, request, "undo-late");
        var undone = UndoChanges.Find(events, version, version, pack);
        if (form["texts"].ToString() != UndoChanges.NameOf(UndoChanges.TextsIn(undone, words))) return page.Undone(link, policies, request, "undo-failed");
        var said = await UndoChanges.CarryOutAsync(acting, link.Stream, undone, objectedAt: null, Method, words, now, ct);
        return page.Undone(link, policies, request, said == Notice.Undone ? "undone" : "undo-failed");
    }
}
