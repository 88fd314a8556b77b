using System.Globalization;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.Links;
using ConsentLedger.MarketingPreference.Pages;
using ConsentLedger.MarketingPreference.PreferenceCentre;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Unsubscribing;

/// <summary>
/// "That was a mistake", on the page that says it is done. A post to the link can only leave, so this needs what that page alone carries: which event it takes back, proved, and for an hour.
/// </summary>
internal static class UndoUnsubscribe
{
    private const int MaxBodyBytes = 4 * 1024;
    private const string Method = "unsubscribe-link";

    public static void Map(IEndpointRouteBuilder pages) => pages.MapPost("/u/{token}/undo", HandleAsync).AllowAnonymous().WithBodyLimit(MaxBodyBytes).WithMetadata(ShowUnsubscribe.Problems);

    /// <summary>The versions that closed this lane, where clicks on a link did so lately and nothing has come after them. Several clicks, each of which may be recorded, are one no to its reader.</summary>
    public static (long From, long To)? Closing(IReadOnlyList<StoredEvent> events, Lane lane, DateTimeOffset now)
    {
        if (SubjectPreferences.Stream.Replay(events, MarketingCatalog.Events) is not { IsErased: false } state || state.Lanes.GetValueOrDefault(lane) is not { IsOpen: false, Place.Version: var last }) return null;
        var clicks = events.TakeWhile(e => e.Place.Version <= last).Reverse()
            .Select(e => (Facts: MarketingCatalog.Events.Decode(e), e.Place))
            .Where(e => e.Facts is Subscribed s && new Lane(s.Topic, s.Channel) == lane || e.Facts is Unsubscribed u && new Lane(u.Topic, u.Channel) == lane)
            .TakeWhile(e => e.Facts is Unsubscribed { Cause: Cause.OneClick or Cause.Page } && now - e.Place.RecordedAt < UndoChanges.Regret)
            .ToList();
        return clicks.Count > 0 ? (clicks[^1].Place.Version, last) : null;
    }

    /// <summary>What taking them back changes: this lane, whatever else was said between two clicks.</summary>
    public static IReadOnlyList<Undone> Find(IReadOnlyList<StoredEvent> events, Lane lane, (long From, long To) clicks, PolicyPack pack) =>
        [.. UndoChanges.Find(events, clicks.From, clicks.To, pack).Where(undone => undone.Lane == lane)];

    private static async Task<IResult> HandleAsync(
        string token, HttpRequest request, UnsubscribeLinks links, LinkLimit limit, PreferenceReader reader, StateReader states, Acting acting, UnsubscribePage page, TimeProvider clock,
        CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (links.Find(token, now) is not { } link) return ShowUnsubscribe.LinkInvalid.To(request);
        var (policies, _) = await reader.ReadAsync(link.Tenant, [], ct);
        var words = Wording.Choose(policies.Current, null, request);
        if (!limit.Allows(link.Stream)) return LinkLimit.TooManyRequests.To(request, words, policies.Current);
        if (await OwnForm.ReadAsync(request, fields: 4, MaxBodyBytes, ct) is not { } form || !links.Signer.Proves(form["proof"], token, form["did"].ToString())) return Door.FormInvalid.To(request, words, policies.Current);

        var events = await states.ReadEventsAsync(link.Stream, ct);
        var (lane, version) = (new Lane(link.Topic, link.Channel), long.Parse(form["did"].ToString(), CultureInfo.InvariantCulture));
        if (policies.Current is not { } pack || Closing(events, lane, now) is not { } clicks || clicks.To != version) return page.Undone(link, policies, request, "undo-late");
        var undone = Find(events, lane, clicks, pack);
        if (form["texts"].ToString() != UndoChanges.NameOf(UndoChanges.TextsIn(undone.SelectMany(u => u.Agreed), words))) return page.Undone(link, policies, request, "undo-failed");
        var said = await UndoChanges.CarryOutAsync(acting, link.Stream, undone, others: [], objectedAt: null, Method, words, now, ct);
        return page.Undone(link, policies, request, said switch { Notice.Undone => "undone", Notice.Confirm => "undo-confirm", Notice.Unknown => "undo-unknown", _ => "undo-failed" });
    }
}
