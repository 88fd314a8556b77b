using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.Policies;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.MarketingPreference.Preferences.Changing;

namespace ConsentLedger.MarketingPreference.Bulk;

/// <summary>
/// What a line of an old list may do. It may restrict, whenever it was written. It may open only what the person opened themselves, after whatever they said no to since; and never what rests on a consent that is not there: consents are imported where they are kept, and open their topics by themselves.
/// </summary>
public static class ImportRules
{
    private const string Method = "import";

    public static Decision Decide(ImportLine line, SubjectPreferences subject, PolicyBook policies, DateTimeOffset now)
    {
        if (subject.IsErased) return Decision.No("subject_erased", "This person was erased. A returning person gets a new subject id.");
        if (policies.Current is not { } current) return Decision.No("policy_missing", "The controller's policy has not arrived here yet.");

        // What the policy has dropped can be left, and not begun: it may come back.
        var pack = line.State == LineState.Unsubscribed ? policies.LastDeclaring(line.Topic!, line.Channel!) ?? current : current;
        if (pack.FindTopic(line.Topic!) is not { } topic) return Decision.No("topic_undeclared", $"Policy {pack.Version} declares no such topic.");
        if (!topic.Channels.Contains(line.Channel!)) return Decision.No("channel_undeclared", $"Policy {pack.Version} does not declare this channel for {topic.Id}.");
        if (line.OccurredAt > now + ChangePreference.ClockSkew) return Decision.No("occurred_in_future", "occurredAt lies in the future.");

        var (lane, basis, method) = (subject.Find(topic.Id, line.Channel!), pack.BasisOf(topic), line.Method ?? Method);
        var (actor, occurredAt) = (line.Actor ?? Actor.Agent, line.OccurredAt!.Value);
        if (line.State == LineState.Unsubscribed)
            return subject.HasLeft(topic.Id, line.Channel!, occurredAt, now)
                ? Decision.Unchanged
                : Decision.Of(new Unsubscribed(topic.Id, line.Channel!, topic.Purpose, basis, Cause.Import, actor, method, occurredAt, pack.ConsentEndsWith(topic, line.Channel!, subject)));

        if (lane is { IsOpen: true }) return Decision.Unchanged;
        if (actor is not (Actor.Subject or Actor.Guardian)) return Decision.No("own_act_needed", "An import opens only what the person opened themselves.");
        if (lane is not null && occurredAt <= lane.OccurredAt) return Decision.No("unsubscribe_prevails", "This topic was unsubscribed from; only the subject's own later act subscribes again.");
        if (pack.FindPurpose(topic.Purpose)!.RestsOn(LawfulBasis.Consent) && subject.Consents.Given(topic.Purpose, line.Channel!) != true)
            return Decision.No("consent_needed", $"The topic rests on consent to {topic.Purpose}, which is imported into the consent service and not here.");
        return Decision.Of(new Subscribed(topic.Id, line.Channel!, topic.Purpose, basis, Cause.Import, actor, method, occurredAt, Again: lane is not null));
    }

    /// <summary>What stops an address is never lifted by a list, only added. A bounce and a complaint stay what they were, so that an address stands elsewhere as it stood where the list comes from.</summary>
    public static Decision Decide(ImportLine line, Address address, DateTimeOffset now)
    {
        var (tag, method, occurredAt) = (line.AddressTag!.Value, line.Method ?? Method, line.OccurredAt ?? now);
        return line switch
        {
            { Cause.Value: "bounce" } => RecordDelivery.Bounced(new AddressBounced(tag, BounceKind.Hard, method, occurredAt), address),
            { Cause.Value: "complaint", Everything: not true } => RecordDelivery.Complained(new AddressComplained(tag, method, occurredAt), address),
            _ when address.Suppressed is not null && (address.SuppressesEverything || line.Everything is not true) => Decision.Unchanged,
            _ => Decision.Of(new AddressSuppressed(tag, SuppressionCause.Imported, line.Actor ?? Actor.Agent, method, occurredAt, line.Everything is true)),
        };
    }
}
