using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.Policies;
using ConsentLedger.MarketingPreference.Preferences;

namespace ConsentLedger.MarketingPreference.PreferenceCentre;

/// <summary>
/// One button that ends all of it: an explicit no for every lane, also for those that were never chosen; every consent behind them, and every other that was given, withdrawn; and an
/// objection to marketing, which covers what is declared later (GDPR art. 7(3), 21(2)).
/// </summary>
internal static class StopEverything
{
    public static void Map(IEndpointRouteBuilder pages) => Door.MapPost(pages, "/stop", HandleAsync);

    public static Decision Decide(Cause cause, string method, SubjectPreferences subject, PolicyBook policies, DateTimeOffset now)
    {
        if (subject.IsErased) return Decision.Unchanged;
        var declared = policies.Current?.Topics.SelectMany(topic => topic.Channels.Select(channel => new Lane(topic.Id, channel))) ?? [];
        var left =
            from lane in declared.Union(subject.Lanes.Where(l => l.Value.IsOpen).Select(l => l.Key))
            let pack = policies.LastDeclaring(lane.Topic, lane.Channel)
            where pack is not null
            let topic = pack.FindTopic(lane.Topic)
            where topic.MessageClass != MessageClass.Transactional && !subject.HasLeft(lane.Topic, lane.Channel, now, now)
            orderby lane.Topic, lane.Channel

            // Nothing stays open, so whatever one of them rests on ends with it.
            select (object)new Unsubscribed(
                topic.Id, lane.Channel, topic.Purpose, pack.BasisOf(topic), cause, Actor.Subject, method, now, pack.FindPurpose(topic.Purpose)!.RestsOn(LawfulBasis.Consent));
        return left.ToList() is { Count: > 0 } all ? Decision.Of(all) : Decision.Unchanged;
    }

    private static async Task<IResult> HandleAsync(Visit visit, IFormCollection form, HttpContext context, CancellationToken ct)
    {
        var (acting, person) = (context.RequestServices.GetRequiredService<Acting>(), visit.Link.Stream);
        if (visit.State.IsErased) return visit.SeeOther("");
        var did = await acting.RecordAsync(person, (subject, policies, _) => Decide(Cause.StopEverything, Acting.Method, subject, policies, visit.Now), visit.Now, ct);

        // All at once: while consent is away, somebody waits. What is behind the topics it hears over the bus as well; the objection and the other consents it does not, so the person is asked
        // to press the button again, which does no harm.
        var ended = Consents(visit).Select(purpose => acting.SayAsync(
            person, "withdrawals", new { purpose, occurredAt = visit.Now, actor = Actor.Subject, method = Acting.Method, source = "marketing-preference" }, visit.Now, ct));
        var objected = acting.ObjectToMarketingAsync(person, visit.Now, ct);
        var said = await Task.WhenAll([.. ended, objected]);
        return visit.SeeOther("", Notice.Of(did, !said.Contains(Said.Unheard), objected: await objected == Said.Recorded, repeat: true));
    }

    /// <summary>Those behind the topics, and those heard to have been given. A processor's instructor asks for consent, not the processor.</summary>
    private static IEnumerable<string> Consents(Visit visit) => visit.Pack.Purposes
        .Where(p => p.RestsOn(LawfulBasis.Consent) && (p.Marketing || visit.Pack.TopicsFor(p.Id).Any(t => t.MessageClass != MessageClass.Transactional) || visit.State.Consents.Lanes.Any(l => l.Key.Purpose == p.Id && l.Value)))
        .Select(p => p.Id);
}
