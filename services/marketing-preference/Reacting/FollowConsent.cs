using ConsentLedger.Contracts;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.AskingConsent;
using ConsentLedger.MarketingPreference.Preferences;

namespace ConsentLedger.MarketingPreference.Reacting;

/// <summary>
/// Keeps a subject's topics in step with the consents they rest on. The event that was heard and what follows from it are one commit, and what follows from a
/// withdrawal never says that it withdraws: the two services do not chase each other.
/// </summary>
public static class FollowConsent
{
    /// <summary>What was heard waits until what lies before it was asked for and followed.</summary>
    public static Decision VersionsMissing { get; } = Decision.No("versions_missing", "The versions in between have to be followed first.");

    public static Decision Decide(ConsentEntry heard, SubjectPreferences subject, PolicyPack? pack)
    {
        if (subject.IsErased || heard.Version <= subject.Consents.Version) return Decision.Unchanged;
        if (heard.Version > subject.Consents.Version + 1) return VersionsMissing;

        var followed = new ConsentFollowed(heard.Id, heard.Version, heard.Change, heard.Tie);
        if (pack is not null && heard.Objection is { IsToMarketing: true } objection) return Decision.Of([followed, .. Left(objection, subject, pack)]);
        if (pack is null || heard is not { Act: { } act, Change: { } change }) return Decision.Of(followed);
        var after = subject.Consents.Follow(followed);
        var consequences =
            from topic in pack.TopicsFor(change.Purpose)
            from channel in change.Channel is { } only ? [only] : topic.Channels
            where pack.TopicsRestingOn(change.Purpose, channel).Contains(topic)
            let lane = subject.Find(topic.Id, channel)
            let consequence = change.Given ? (object?)Opened(act, topic, channel, lane, subject, pack) : Closed(heard.Type, act, topic, channel, lane, after, pack)
            where consequence is not null
            select consequence;
        return Decision.Of([followed, .. consequences]);
    }

    // A withdrawal for one recipient leaves what another may still do.
    private static Unsubscribed? Closed(string type, ConsentAct act, Topic topic, string channel, LaneState? lane, ConsentMirror after, PolicyPack pack) =>
        lane is { IsOpen: false } || after.Given(topic.Purpose, channel) == true
            ? null
            : new Unsubscribed(
                topic.Id, channel, topic.Purpose, pack.BasisOf(topic), type == ConsentExpiredV1.Type ? Cause.ConsentExpired : Cause.ConsentWithdrawn, act.Actor, act.Method, act.OccurredAt,
                WithdrawsConsent: false);

    // What ended with a consent comes back with the next one: but only when the end was heard, or this is the old consent arriving late. What ended with an objection
    // comes back when the person consents after all. What the person left while the consent stood stays left. Where they said no once more, it is later than a consent from before that.
    // What is open says so again where the person has other ids: it may have ended under one of them.
    private static Subscribed? Opened(ConsentAct act, Topic topic, string channel, LaneState? lane, SubjectPreferences subject, PolicyPack pack) =>
        lane is null || (lane is { IsOpen: false, EndedConsent: true } && subject.Consents.Given(topic.Purpose, channel) == false && (!lane.IsRepeated || act.OccurredAt > lane.OccurredAt))
        || (lane is { IsOpen: true } && !subject.HasJoined(topic.Id, channel, act.Actor, act.OccurredAt))
        || (lane is { IsOpen: false, Cause: Cause.Objected } && act.Actor is Actor.Subject or Actor.Guardian && act.OccurredAt > lane.OccurredAt)
            ? new Subscribed(topic.Id, channel, topic.Purpose, pack.BasisOf(topic), Cause.ConsentGranted, act.Actor, act.Method, act.OccurredAt, Again: lane is not null)
            : null;

    // An objection to marketing is to all of it, whatever it rests on (GDPR art. 21(2)), and to what was never asked for as well. What the person turned on since then stands: it was
    // taken back for that, and nothing that is heard later would open it again. Where a consent does, it may close.
    private static IEnumerable<Unsubscribed> Left(ObjectionAct objection, SubjectPreferences subject, PolicyPack pack) =>
        from topic in pack.Topics
        where topic.MessageClass != MessageClass.Transactional && pack.FindPurpose(topic.Purpose)!.Marketing
        from channel in topic.Channels
        let lane = subject.Find(topic.Id, channel)
        where lane is null or { IsOpen: true }
        where lane is not { Actor: Actor.Subject or Actor.Guardian } || lane.OccurredAt <= objection.OccurredAt || pack.FindPurpose(topic.Purpose)!.RestsOn(LawfulBasis.Consent)
        select new Unsubscribed(
            topic.Id, channel, topic.Purpose, pack.BasisOf(topic), Cause.Objected, objection.Actor, objection.Method, objection.OccurredAt, WithdrawsConsent: false);
}
