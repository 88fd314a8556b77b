using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.AskingConsent;
using ConsentLedger.MarketingPreference.Policies;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Preferences.Changing;

/// <summary>A choice about one topic over one channel, as a product backend or an agent saw it.</summary>
public sealed record ChangePreference(bool Subscribed, DateTimeOffset OccurredAt, Actor Actor, Word Method)
{
    /// <summary>How far a sender's clock may run ahead of ours.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPut("/v1/subjects/{subject}/preferences/{topic}/{channel}", HandleAsync).RequireScope(Scopes.ConsentWrite).Produces<CommandAnswer>().RefusesWith(
            "subject_erased", "policy_missing", "topic_undeclared", "channel_undeclared", "occurred_in_future", "unsubscribe_prevails", "consent_needed");

    public static Decision Decide(ChangePreference change, string topicId, string channel, SubjectPreferences subject, PolicyPack? pack, DateTimeOffset now)
    {
        if (subject.IsErased) return Decision.No("subject_erased", "This person was erased. A returning person gets a new subject id.");
        if (pack is null) return Decision.No("policy_missing", "The controller's policy has not arrived here yet.");
        if (pack.FindTopic(topicId) is not { } topic) return Decision.No("topic_undeclared", $"Policy {pack.Version} declares no such topic.");
        if (!topic.Channels.Contains(channel)) return Decision.No("channel_undeclared", $"Policy {pack.Version} does not declare this channel for {topic.Id}.");
        if (change.OccurredAt > now + ClockSkew) return Decision.No("occurred_in_future", "occurredAt lies in the future.");

        var lane = subject.Find(topicId, channel);
        if (change.Subscribed ? subject.HasJoined(topicId, channel, change.Actor, change.OccurredAt) : subject.HasLeft(topicId, channel, change.OccurredAt, now)) return Decision.Unchanged;
        return change.Subscribed ? Subscribe(change, topic, channel, lane, subject, pack) : Unsubscribe(change, topic, channel, subject, pack);
    }

    private static Decision Subscribe(ChangePreference change, Topic topic, string channel, LaneState? lane, SubjectPreferences subject, PolicyPack pack)
    {
        // No import and no late message undoes a no: only the person, later, does.
        if (lane is not null && !(change.Actor is Actor.Subject or Actor.Guardian && change.OccurredAt > lane.OccurredAt))
            return Decision.No("unsubscribe_prevails", "This topic was unsubscribed from; only the subject's own later act subscribes again.");
        if (pack.FindPurpose(topic.Purpose)!.RestsOn(LawfulBasis.Consent) && subject.Consents.Given(topic.Purpose, channel) != true)
            return Decision.No("consent_needed", $"The topic rests on consent to {topic.Purpose}, which is granted in the consent service and not here.");
        return Decision.Of(new Subscribed(topic.Id, channel, topic.Purpose, pack.BasisOf(topic), CauseOf(change), change.Actor, change.Method.Value, change.OccurredAt, Again: lane is not null));
    }

    private static Decision Unsubscribe(ChangePreference change, Topic topic, string channel, SubjectPreferences subject, PolicyPack pack) => Decision.Of(
        new Unsubscribed(
            topic.Id, channel, topic.Purpose, pack.BasisOf(topic), CauseOf(change), change.Actor, change.Method.Value, change.OccurredAt, pack.ConsentEndsWith(topic, channel, subject)));

    private static Cause CauseOf(ChangePreference change) => change.Actor == Actor.Agent ? Cause.Agent : Cause.Preference;

    private static async Task<IResult> HandleAsync(
        SubjectId subject, string topic, string channel, Body<ChangePreference> body, Caller caller, CommandOptions options,
        DeciderLoop ledger, TellConsent tell, CancellationToken ct)
    {
        var change = body.Value;
        var command = caller.Command(subject, body, options, SubjectPreferences.Stream, context =>
            Decide(change, topic, channel, context.State<SubjectPreferences>(), context.State<PolicyBook>(PolicyBook.Of(caller.Tenant)).Current, context.Now)) with
        {
            Reads = PolicyBook.ReadBy(caller.Tenant),
        };
        var outcome = await ledger.ExecuteAsync(command, ct);
        if (outcome is Outcome.Recorded or Outcome.Unchanged && !change.Subscribed
            && await tell.OfUnsubscribeAsync(command.Stream, new Lane(topic, channel), change.Actor, change.Method.Value, ct) is { } pending)
            return pending;
        return outcome.ToResult();
    }
}
