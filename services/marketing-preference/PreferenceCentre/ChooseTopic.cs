using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.Pages;
using ConsentLedger.MarketingPreference.Policies;
using ConsentLedger.MarketingPreference.Preferences;

namespace ConsentLedger.MarketingPreference.PreferenceCentre;

/// <summary>One topic over one channel, on or off.</summary>
internal static class ChooseTopic
{
    public static void Map(IEndpointRouteBuilder pages) => Door.MapPost(pages, "/choices", HandleAsync);

    public static Decision Decide(Lane lane, bool wanted, Cause cause, string method, SubjectPreferences subject, PolicyBook policies, DateTimeOffset now)
    {
        if (subject.IsErased) return Decision.Unchanged;

        // What the policy has dropped can be left, and not begun.
        var pack = wanted ? policies.Current : policies.LastDeclaring(lane.Topic, lane.Channel);
        if (pack?.FindTopic(lane.Topic) is not { } topic || !topic.Channels.Contains(lane.Channel)) return Decision.Unchanged;
        if (wanted ? subject.HasJoined(lane.Topic, lane.Channel, Actor.Subject, now) : subject.HasLeft(lane.Topic, lane.Channel, now, now)) return Decision.Unchanged;
        return wanted
            ? Decision.Of(new Subscribed(topic.Id, lane.Channel, topic.Purpose, pack.BasisOf(topic), cause, Actor.Subject, method, now, Again: subject.Find(topic.Id, lane.Channel) is not null))
            : Decision.Of(new Unsubscribed(topic.Id, lane.Channel, topic.Purpose, pack.BasisOf(topic), cause, Actor.Subject, method, now, pack.ConsentEndsWith(topic, lane.Channel, subject)));
    }

    /// <summary>
    /// An objection to marketing kept closed what nobody ever chose. Where it is taken back for the sake of one topic, each of the others first gets a no of its own, so that this one opens and
    /// nothing else.
    /// </summary>
    public static Decision DecideOthers(Lane chosen, string method, SubjectPreferences subject, PolicyBook policies, DateTimeOffset now)
    {
        if (subject.IsErased || policies.Current is not { } pack) return Decision.Unchanged;
        var others =
            from topic in pack.Topics
            where topic.MessageClass != MessageClass.Transactional && pack.FindPurpose(topic.Purpose)!.Marketing
            from channel in topic.Channels
            where new Lane(topic.Id, channel) != chosen && subject.Find(topic.Id, channel) is null
            select (object)new Unsubscribed(topic.Id, channel, topic.Purpose, pack.BasisOf(topic), Cause.Objected, Actor.Subject, method, now, WithdrawsConsent: false);
        return others.ToList() is { Count: > 0 } all ? Decision.Of(all) : Decision.Unchanged;
    }

    private static async Task<IResult> HandleAsync(Visit visit, IFormCollection form, HttpContext context, CancellationToken ct)
    {
        var (acting, answers) = (context.RequestServices.GetRequiredService<Acting>(), context.RequestServices.GetRequiredService<Answers>());
        var (lane, wanted, person) = (new Lane(form["topic"].ToString(), form["channel"].ToString()), form["want"] == "on", visit.Link.Stream);
        if (visit.State.IsErased) return visit.SeeOther("");
        var retracted = false;
        if (wanted && await AllowAsync() is { } refusal) return visit.SeeOther("", refusal);

        var did = await acting.RecordAsync(person, (subject, policies, _) => Decide(lane, wanted, Cause.PreferenceCentre, Acting.Method, subject, policies, visit.Now), visit.Now, ct);
        var told = wanted || await acting.TellLeftAsync(person, [lane], ct);
        return visit.SeeOther("", Notice.Of(did, told, retracted: retracted));

        // What the topic needs before it may stand open; what is wrong where it does not get it.
        async Task<string?> AllowAsync()
        {
            if (visit.Pack.FindTopic(lane.Topic) is not { } topic || !topic.Channels.Contains(lane.Channel)) return Notice.Refused;
            var purpose = visit.Pack.FindPurpose(topic.Purpose)!;
            if (!purpose.RestsOn(LawfulBasis.Consent)) return await AllowAgainstObjectionAsync(purpose);

            // The words that the person read are the words that they agree to.
            if (purpose.TextIn(visit.Words) is { } text && (form["text"] != text.Id || form["hash"] != text.Hash())) return Notice.Reworded;
            return (await acting.GrantAsync(person, [new Agreement(purpose, lane.Channel, Recipient: null)], visit.Words, visit.Now, ct)).Missing;
        }

        // Whoever wants one topic takes back an objection to marketing, and none that would keep it off all the same: that one is taken back where it was raised.
        async Task<string?> AllowAgainstObjectionAsync(Purpose purpose)
        {
            // Asked there, whatever is known here: a topic that an objection closed would stand open and nothing come of it.
            if (await IsObjectedAsync(purpose) is not { } isObjected) return Notice.Away;
            if (!isObjected) return null;
            if (await acting.ReadObjectionsAsync(person, visit.Now, ct) is not { } standing) return Notice.Away;
            var stopping = standing.Where(entry => entry.Objection!.Stops(purpose)).ToList();
            if (stopping.Count == 0 || !stopping.All(entry => entry.Objection!.IsToMarketing)) return Notice.Refused;
            await acting.RecordAsync(person, (subject, policies, _) => DecideOthers(lane, Acting.Method, subject, policies, visit.Now), visit.Now, ct);
            if (!await acting.RetractAsync(person, stopping, visit.Now, ct)) return Notice.Away;
            retracted = true;

            // Of one person under several ids there may be more of them than this history has.
            return await IsObjectedAsync(purpose) switch { null => Notice.Away, true => Notice.Refused, false => null };
        }

        async Task<bool?> IsObjectedAsync(Purpose purpose)
        {
            var asked = new PurposeLane(purpose.Id, lane.Channel, Recipient: null);
            return await answers.OfPurposesAsync(visit, [asked], ct) is { } said ? said[asked].Code is "subject_objected" or "objection_pending" : null;
        }
    }
}
