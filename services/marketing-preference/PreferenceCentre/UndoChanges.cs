using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.Pages;
using ConsentLedger.MarketingPreference.Policies;
using ConsentLedger.MarketingPreference.Preferences;

namespace ConsentLedger.MarketingPreference.PreferenceCentre;

/// <summary>Takes back what was just done on a page: each lane is again as it was before. A no is as easily taken back as it was given, and a consent comes back under its words, which stand beside the button.</summary>
internal static class UndoChanges
{
    /// <summary>How long something done counts as a slip.</summary>
    public static readonly TimeSpan Regret = TimeSpan.FromHours(1);

    public static void Map(IEndpointRouteBuilder pages) => Door.MapPost(pages, "/undo", HandleAsync);

    /// <summary>As <see cref="Find"/>, where these versions are one act of the person on these pages, and lately done: the page's address may be written by anybody, and takes back no more than the button did.</summary>
    public static IReadOnlyList<Undone> FindAct(IReadOnlyList<StoredEvent> events, long from, long to, PolicyPack pack, DateTimeOffset now)
    {
        var done = events.Where(e => e.Place.Version >= from && e.Place.Version <= to).ToList();
        var isOneAct = done.Count > 0 && done.Select(e => ActOf(MarketingCatalog.Events.Decode(e))).Distinct().ToList() is [{ Actor: Actor.Subject, Method: Acting.Method }];
        return isOneAct && now - done[0].Place.RecordedAt < Regret ? Find(events, from, to, pack) : [];
    }

    /// <summary>
    /// What stopping everything ended besides: the consents that no topic rests on, as far as they had been heard of. They come back with what <see cref="FindAct"/> finds, and never by themselves.
    /// What is authorised right by right is authorised at the provider anew.
    /// </summary>
    public static IReadOnlyList<Agreement> FindOthers(IReadOnlyList<StoredEvent> events, long from, PolicyPack pack)
    {
        if (events.FirstOrDefault(e => e.Place.Version == from) is not { } first || MarketingCatalog.Events.Decode(first) is not Unsubscribed { Cause: Cause.StopEverything }) return [];
        var before = SubjectPreferences.Stream.Replay(events.TakeWhile(e => e.Place.Version < from), MarketingCatalog.Events);
        return [.. from lane in before.Consents.Lanes
                   where lane.Value
                   let purpose = pack.FindPurpose(lane.Key.Purpose)
                   where purpose is not null && purpose.RestsOn(LawfulBasis.Consent) && pack.Authorisations.All(a => a.Purpose != purpose.Id)
                   where !pack.TopicsFor(purpose.Id).Any(topic => topic.MessageClass != MessageClass.Transactional && (lane.Key.Channel is null || topic.Channels.Contains(lane.Key.Channel)))
                   orderby purpose.Id, lane.Key.Channel, lane.Key.Recipient
                   select new Agreement(purpose, lane.Key.Channel, lane.Key.Recipient == PolicyPack.ControllerRecipient ? null : lane.Key.Recipient)];
    }

    /// <summary>The words that agreeing agrees to.</summary>
    public static IReadOnlyList<ConsentText> TextsIn(IEnumerable<Agreement> agreed, Wording words) => [.. agreed.Select(a => a.Purpose).Distinct().Select(p => p.TextIn(words)).OfType<ConsentText>()];

    /// <summary>How a form names the words that stood beside its button.</summary>
    public static string NameOf(IReadOnlyList<ConsentText> texts) => string.Join(' ', texts.Select(t => $"{t.Id}:{t.Hash()}"));

    /// <summary>What one press of a button has in common; nobody else's act is that of this person at this moment.</summary>
    private static (Actor Actor, string Method, DateTimeOffset At)? ActOf(object facts) => facts switch
    {
        Subscribed s => (s.Actor, s.Method, s.OccurredAt),
        Unsubscribed u => (u.Actor, u.Method, u.OccurredAt),
        _ => null,
    };

    /// <summary>What has to change so that the lanes stand as they did before these versions.</summary>
    public static IReadOnlyList<Undone> Find(IReadOnlyList<StoredEvent> events, long from, long to, PolicyPack pack)
    {
        var before = SubjectPreferences.Stream.Replay(events.TakeWhile(e => e.Place.Version < from), MarketingCatalog.Events);
        var now = SubjectPreferences.Stream.Replay(events, MarketingCatalog.Events);

        // A lane of which something was said since stays as that left it.
        var touched = now.Lanes.Where(l => l.Value.Place.Version >= from && l.Value.Place.Version <= to).OrderBy(l => l.Value.Place.Version);
        return [.. touched.Where(l => pack.FindTopic(l.Key.Topic)?.Channels.Contains(l.Key.Channel) == true).Select(l => Of(l.Key, l.Value.Place.Version)).Where(undone => now.Lanes[undone.Lane].IsOpen != undone.WasOpen)];

        Undone Of(Lane lane, long version)
        {
            var purpose = pack.FindPurpose(pack.FindTopic(lane.Topic)!.Purpose)!;
            var consents = purpose.RestsOn(LawfulBasis.Consent)
                ? before.Consents.Lanes.Where(l => l.Value && l.Key.Purpose == purpose.Id && (l.Key.Channel ?? lane.Channel) == lane.Channel).Select(l => l.Key.Recipient).ToList()
                : null;

            // Without a word of it a topic that rests on no consent was sent, and one that does was not.
            var wasOpen = before.Lanes.GetValueOrDefault(lane)?.IsOpen ?? (consents is null || consents.Count > 0);
            return new Undone(lane, wasOpen, wasOpen && consents is not null ? purpose : null, consents is { Count: > 0 } ? consents : [PolicyPack.ControllerRecipient], version);
        }
    }

    public static Decision Decide(IReadOnlyList<Undone> undone, string method, SubjectPreferences subject, PolicyBook policies, DateTimeOffset now)
    {
        // Every lane is decided on with what the others before it came to, and none of which something was said since it was looked at.
        var events = new List<object>();
        foreach (var lane in undone.Where(u => subject.Lanes.GetValueOrDefault(u.Lane)?.Place.Version == u.Version))
            if (ChooseTopic.Decide(lane.Lane, lane.WasOpen, Cause.Undo, method, subject, policies, now) is Decision.Record { Events: [var one] }) events.Add(one.Facts);
        return events.Count > 0 ? Decision.Of(events) : Decision.Unchanged;
    }

    /// <summary>Carries it out.</summary>
    /// <param name="others">The consents that come back besides.</param>
    /// <param name="objectedAt">The moment of the act that is taken back, where it objected to marketing as well.</param>
    /// <returns>What to tell on the page.</returns>
    public static async Task<string> CarryOutAsync(
        Acting acting, StreamKey person, IReadOnlyList<Undone> undone, IReadOnlyList<Agreement> others, DateTimeOffset? objectedAt, string method, Wording words, DateTimeOffset now, CancellationToken ct)
    {
        if (objectedAt is { } act && !await RetractAsync(act)) return Notice.Away;
        var given = await acting.GrantAsync(person, undone.SelectMany(u => u.Agreed), words, now, ct, isBegun: objectedAt is not null);
        if (given.Wrong is { } wrong) return wrong;

        // What has to be confirmed opens with its second step, when word of that comes. Its no is not told again: it would end the first.
        IReadOnlyList<Undone> back = [.. undone.Where(u => !u.Agreed.Any(given.Waiting.Contains))];
        var did = await acting.RecordAsync(person, (subject, policies, _) => Decide(back, method, subject, policies, now), now, ct);

        // Also of what did not come back, because it was left anew in between: a consent given just now ends with it.
        var told = await acting.TellLeftAsync(person, back.Select(u => u.Lane), ct);
        if (!told) return Notice.Of(did, told);
        if ((await acting.GrantAsync(person, others, words, now, ct, isBegun: true)).Missing is { } missing) return missing;
        if (given.Waiting.Count > 0) return Notice.Confirm;

        // Word of a consent may have come over the bus first, and opened what waited for it.
        return did is not null || await IsAsBeforeAsync() ? Notice.Undone : "";

        async Task<bool> RetractAsync(DateTimeOffset at) => await acting.ReadObjectionsAsync(person, now, ct) is { } standing
            && await acting.RetractAsync(person, standing.Where(e => e.Objection is { IsToMarketing: true, Method: Acting.Method } objection && objection.OccurredAt == at), now, ct);

        async Task<bool> IsAsBeforeAsync()
        {
            var subject = await acting.ReadAsync(person, ct);
            return undone.All(u => subject.Lanes.GetValueOrDefault(u.Lane)?.IsOpen == u.WasOpen);
        }
    }

    private static async Task<IResult> HandleAsync(Visit visit, IFormCollection form, HttpContext context, CancellationToken ct)
    {
        if (visit.State.IsErased || Notice.VersionsIn(form["did"].ToString()) is not var (from, to)) return visit.SeeOther("");
        var undone = FindAct(visit.Events, from, to, visit.Pack, visit.Now);
        if (undone.Count == 0) return visit.SeeOther("", Notice.Late);
        var others = FindOthers(visit.Events, from, visit.Pack);
        if (form["texts"].ToString() != NameOf(TextsIn([.. undone.SelectMany(u => u.Agreed), .. others], visit.Words))) return visit.SeeOther("", Notice.Reworded);
        var acting = context.RequestServices.GetRequiredService<Acting>();

        // First of all: without it what is closed here would not be as it was.
        if (form["retracted"] == "1" && undone.All(u => !u.WasOpen) && await acting.ObjectToMarketingAsync(visit.Link.Stream, visit.Now, ct) == Said.Unheard) return visit.SeeOther("", Notice.Away);
        var objectedAt = form["objected"] == "1" ? ActOf(MarketingCatalog.Events.Decode(visit.Events.First(e => e.Place.Version == undone[0].Version)))?.At : null;
        return visit.SeeOther("", await CarryOutAsync(acting, visit.Link.Stream, undone, others, objectedAt, Acting.Method, visit.Words, visit.Now, ct));
    }
}

/// <summary>A lane, and how it stood.</summary>
/// <param name="Consent">The consent to give again; null where none is needed.</param>
/// <param name="Recipients">For whom it was given.</param>
/// <param name="Version">What is taken back.</param>
internal sealed record Undone(Lane Lane, bool WasOpen, Purpose? Consent, IReadOnlyList<string> Recipients, long Version)
{
    public IEnumerable<Agreement> Agreed => Consent is null ? [] : Recipients.Select(recipient => new Agreement(Consent, Lane.Channel, recipient == PolicyPack.ControllerRecipient ? null : recipient));
}
