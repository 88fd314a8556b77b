using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.Policies;
using ConsentLedger.MarketingPreference.Preferences;

namespace ConsentLedger.MarketingPreference.PreferenceCentre;

/// <summary>Takes back what was just done on a page: each lane is again as it was before. A no is as easily taken back as it was given, and a consent comes back under its words, which stand beside the button.</summary>
internal static class UndoChanges
{
    public static void Map(IEndpointRouteBuilder pages) => Door.MapPost(pages, "/undo", HandleAsync);

    /// <summary>What has to change so that the lanes stand as they did before these versions.</summary>
    public static IReadOnlyList<Undone> Find(IReadOnlyList<StoredEvent> events, long from, long to, PolicyPack pack)
    {
        var before = SubjectPreferences.Stream.Replay(events.TakeWhile(e => e.Place.Version < from), MarketingCatalog.Events);
        var now = SubjectPreferences.Stream.Replay(events, MarketingCatalog.Events);
        var touched = events.Where(e => e.Place.Version >= from && e.Place.Version <= to).Select(MarketingCatalog.Events.Decode)
            .Select(facts => facts switch { Subscribed s => new Lane(s.Topic, s.Channel), Unsubscribed u => new Lane(u.Topic, u.Channel), _ => (Lane?)null }).OfType<Lane>().Distinct();
        return [.. touched.Where(lane => pack.FindTopic(lane.Topic)?.Channels.Contains(lane.Channel) == true).Select(lane => Of(lane)).Where(undone => now.Lanes.GetValueOrDefault(undone.Lane)?.IsOpen != undone.WasOpen)];

        Undone Of(Lane lane)
        {
            var purpose = pack.FindPurpose(pack.FindTopic(lane.Topic)!.Purpose)!;
            var consents = purpose.RestsOn(LawfulBasis.Consent)
                ? before.Consents.Lanes.Where(l => l.Value && l.Key.Purpose == purpose.Id && (l.Key.Channel ?? lane.Channel) == lane.Channel).Select(l => l.Key.Recipient).ToList()
                : null;

            // Without a word of it a topic that rests on no consent was sent, and one that does was not.
            var wasOpen = before.Lanes.GetValueOrDefault(lane)?.IsOpen ?? (consents is null || consents.Count > 0);
            return new Undone(lane, wasOpen, wasOpen && consents is not null ? purpose : null, consents is { Count: > 0 } ? consents : [PolicyPack.ControllerRecipient]);
        }
    }

    public static Decision Decide(IReadOnlyList<Undone> undone, string method, SubjectPreferences subject, PolicyBook policies, DateTimeOffset now)
    {
        // Every lane is decided on with what the others before it came to.
        var events = new List<object>();
        foreach (var lane in undone)
            if (ChooseTopic.Decide(lane.Lane, lane.WasOpen, Cause.Undo, method, subject, policies, now) is Decision.Record { Events: [var one] }) events.Add(one.Facts);
        return events.Count > 0 ? Decision.Of(events) : Decision.Unchanged;
    }

    /// <summary>Carries it out.</summary>
    /// <returns>What to tell on the page.</returns>
    public static async Task<string> CarryOutAsync(
        Acting acting, StreamKey person, IReadOnlyList<Undone> undone, bool objected, string method, Pages.Wording words, DateTimeOffset now, CancellationToken ct)
    {
        if (objected && !await acting.RetractObjectionAsync(person, now, ct)) return Notice.Away;
        foreach (var lane in undone.Where(u => u.Consent is not null))
        {
            foreach (var recipient in lane.Recipients)
            {
                var said = await acting.GrantAsync(person, lane.Consent!, lane.Lane.Channel, recipient == PolicyPack.ControllerRecipient ? null : recipient, words, now, ct);
                if (said is Said.Refused or Said.Unheard) return said == Said.Refused ? Notice.Refused : Notice.Away;
            }
        }

        var did = await acting.RecordAsync(person, (subject, policies, _) => Decide(undone, method, subject, policies, now), now, ct);
        var told = await acting.TellLeftAsync(person, undone.Where(u => !u.WasOpen).Select(u => u.Lane), ct);
        return did is null ? "" : told ? Notice.Undone : Notice.Of(did, told);
    }

    private static async Task<IResult> HandleAsync(Visit visit, IFormCollection form, HttpContext context, CancellationToken ct)
    {
        if (visit.State.IsErased || Notice.VersionsIn(form["did"].ToString()) is not var (from, to)) return visit.SeeOther("");
        var undone = Find(visit.Events, from, to, visit.Pack);
        return visit.SeeOther("", await CarryOutAsync(
            context.RequestServices.GetRequiredService<Acting>(), visit.Link.Stream, undone, form["objected"] == "1", Acting.Method, visit.Words, visit.Now, ct));
    }
}

/// <summary>A lane, and how it stood.</summary>
/// <param name="Consent">The consent to give again; null where none is needed.</param>
/// <param name="Recipients">For whom it was given.</param>
internal sealed record Undone(Lane Lane, bool WasOpen, Purpose? Consent, IReadOnlyList<string> Recipients);
