using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.AskingConsent;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Sending;

/// <summary>"May I send this now?", asked right before each delivery.</summary>
/// <param name="Recipient">For whom it is sent, where that is not the controller, as the policy names them.</param>
/// <param name="DeliveryId">The email system's own reference of this mail; comes back with an unsubscribe.</param>
/// <param name="RecipientRef">The email system's own reference of the recipient; comes back with an unsubscribe. Never an address.</param>
/// <param name="Headers">Whether the unsubscribe headers are wanted. Marketing gets them unasked.</param>
public sealed record SendQuestion(
    SubjectId Subject, string Topic, string Channel, string? Recipient = null, Word? DeliveryId = null, Word? RecipientRef = null, bool? Headers = null);

/// <param name="Rule">Which rule decided; stable, for programs.</param>
/// <param name="Position">The event of this service it rests on.</param>
/// <param name="Consent">What the consent service said, where it was asked.</param>
public sealed record Verdict(bool Allowed, string Rule, long? Position = null, ConsentDecision? Consent = null);

/// <summary>The gate. Whatever is not known answers no; only what is owed to the person anyway passes an unsubscribe.</summary>
public static class SendDecision
{
    /// <summary>What can be decided here; null where the consent service has to be asked.</summary>
    public static Verdict? DecideHere(SendQuestion question, SubjectPreferences subject, PolicyPack? pack)
    {
        if (pack is null) return No("policy_missing");
        if (pack.FindTopic(question.Topic) is not { } topic) return No("topic_undeclared");
        if (!topic.Channels.Contains(question.Channel)) return No("channel_undeclared");
        if (subject.IsErased) return No("subject_erased");
        if (topic.MessageClass == MessageClass.Transactional) return new Verdict(true, "transactional");

        var lane = subject.Find(question.Topic, question.Channel);
        if (lane is { IsOpen: false }) return No("unsubscribed") with { Position = lane.Place.Position };
        return pack.FindPurpose(topic.Purpose)!.Bases.Count == 0 ? No("basis_missing") : null;

        static Verdict No(string rule) => new(false, rule);
    }

    /// <summary>
    /// What the consent service's answer decides; null stands for none. It is asked about what rests on no consent, too: only there it is known at once that the person
    /// objected, that processing is restricted, or what they said under another id. Without an answer a service that they use may still write to them, and nobody else.
    /// </summary>
    public static Verdict DecideOn(ConsentDecision? consent, SendQuestion question, SubjectPreferences subject, PolicyPack pack)
    {
        var purpose = pack.FindPurpose(pack.FindTopic(question.Topic)!.Purpose)!;
        var (needsConsent, position) = (purpose.RestsOn(LawfulBasis.Consent), subject.Find(question.Topic, question.Channel)?.Place.Position);
        return consent switch
        {
            null when needsConsent || purpose.Marketing => new Verdict(false, "consent_unavailable", position),
            null => new Verdict(true, "not_unsubscribed", position),
            { Allowed: true } when !needsConsent => new Verdict(true, "not_unsubscribed", position, consent),
            _ => new Verdict(consent.Allowed, consent.Code, position, consent),
        };
    }
}
