using System.Text.Json;
using System.Text.Json.Serialization;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.AskingConsent;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Sending;

/// <summary>"May I send this now?", asked right before each delivery.</summary>
/// <param name="Recipient">For whom it is sent, where that is not the controller, as the policy names them.</param>
/// <param name="DeliveryId">The email system's own reference of this mail; comes back with an unsubscribe.</param>
/// <param name="RecipientRef">The email system's own reference of the recipient; comes back with an unsubscribe. Never an address.</param>
/// <param name="Headers">Whether the unsubscribe headers are wanted. Marketing gets them unasked.</param>
/// <param name="Address">Where it would go; then how that address stands counts as well.</param>
/// <param name="Category">The kind of person, where the policy treats kinds differently.</param>
/// <param name="Jurisdiction">ISO 3166 code of the place whose law holds.</param>
/// <param name="TimeZone">Whose clock says when it is quiet, where the recipient's is known.</param>
public sealed record SendQuestion(
    SubjectId Subject, string Topic, string Channel, string? Recipient = null, Word? DeliveryId = null, Word? RecipientRef = null, bool? Headers = null, AddressTag? Address = null,
    string? Category = null, string? Jurisdiction = null, ZoneName? TimeZone = null);

/// <summary>A time zone by its name in the IANA database.</summary>
[JsonConverter(typeof(JsonText))]
public sealed record ZoneName(TimeZoneInfo Zone)
{
    private sealed class JsonText : JsonConverter<ZoneName>
    {
        public override ZoneName Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && QuietHours.Find(reader.GetString()!) is { } zone ? new ZoneName(zone) : throw new JsonException();

        public override void Write(Utf8JsonWriter writer, ZoneName value, JsonSerializerOptions options) => writer.WriteStringValue(value.Zone.Id);
    }
}

/// <param name="Rule">Which rule decided; stable, for programs. docs/send-decisions.md has them all.</param>
/// <param name="Position">The event of this service it rests on.</param>
/// <param name="Consent">What the consent service said, where it was asked.</param>
/// <param name="NotBefore">When asking again may bring another answer by itself.</param>
public sealed record Verdict(bool Allowed, string Rule, long? Position = null, ConsentDecision? Consent = null, DateTimeOffset? NotBefore = null);

/// <summary>The gate. Whatever is not known answers no; only what is owed to the person anyway passes an unsubscribe.</summary>
public static class SendDecision
{
    /// <summary>What of the consent service's answers stops even what is owed: there is nobody to write to, or their data may only be stored (GDPR art. 18(2)).</summary>
    private static readonly string[] StopsEverything = ["subject_erased", "processing_restricted"];

    /// <summary>What can be decided here; null where the consent service has to be asked.</summary>
    /// <param name="person">The subject asked about, and after it the others who are the same person.</param>
    /// <param name="address">How the address stands, where one was named and something is known of it.</param>
    public static Verdict? DecideHere(SendQuestion question, IReadOnlyList<SubjectPreferences> person, PolicyPack? pack, AddressRow address = default, DateTimeOffset now = default) =>
        DecideHere(Aim.Of(pack, question.Topic, question.Channel), Standing.Of(person, question.Topic, question.Channel), address, now);

    /// <inheritdoc cref="DecideHere(SendQuestion, IReadOnlyList{SubjectPreferences}, PolicyPack?, AddressRow, DateTimeOffset)"/>
    /// <param name="aim">Of the question.</param>
    /// <param name="person">How they stand to what it aims at.</param>
    public static Verdict? DecideHere(Aim aim, Standing person, AddressRow address, DateTimeOffset now)
    {
        if (aim.Pack is null) return No("policy_missing");
        if (aim.Topic is null) return No("topic_undeclared");
        if (!aim.HasChannel) return No("channel_undeclared");
        if (person.Kind == StandingKind.Erased) return No("subject_erased");
        if (OnAddress(aim.Topic.MessageClass, address, now) is { } stopped) return stopped;
        if (aim.IsTransactional) return null;
        if (person.Kind == StandingKind.TooManyIds) return No("too_many_merged");
        if (person.Kind == StandingKind.Left) return No("unsubscribed") with { Position = person.Place };
        return aim.Purpose!.Bases.Count == 0 ? No("basis_missing") : null;
    }

    /// <summary>
    /// What the consent service's answer decides; null stands for none. It is asked about what rests on no consent, too: only there it is known at once that the person
    /// objected, that processing is restricted, or what they said under another id. Without an answer what is owed still goes out, a service that they use may still write
    /// to them, and nobody else.
    /// </summary>
    public static Verdict DecideOn(ConsentDecision? consent, SendQuestion question, SubjectPreferences subject, PolicyPack pack, DateTimeOffset now = default) =>
        DecideOn(consent, Aim.Of(pack, question.Topic, question.Channel), subject.Find(question.Topic, question.Channel)?.Place.Position, question.TimeZone, now);

    /// <inheritdoc cref="DecideOn(ConsentDecision?, SendQuestion, SubjectPreferences, PolicyPack, DateTimeOffset)"/>
    /// <param name="position">Of the event of this service that speaks of the topic over this channel.</param>
    public static Verdict DecideOn(ConsentDecision? consent, Aim aim, long? position, ZoneName? recipients, DateTimeOffset now)
    {
        if (aim.IsTransactional)
            return consent is { Allowed: false } && StopsEverything.Contains(consent.Code) ? new Verdict(false, consent.Code, null, consent) : new Verdict(true, "transactional", null, consent);

        var verdict = consent switch
        {
            null when aim.NeedsConsent || aim.Purpose!.Marketing => new Verdict(false, "consent_unavailable", position),
            null => new Verdict(true, "not_unsubscribed", position),
            { Allowed: true } when !aim.NeedsConsent => new Verdict(true, "not_unsubscribed", position, consent),
            _ => new Verdict(consent.Allowed, consent.Code, position, consent),
        };

        // Last, so that whoever comes back later does not come back for nothing.
        return verdict.Allowed && aim.Quiet?.EndOf(now, recipients?.Zone) is { } end
            ? verdict with { Allowed = false, Rule = "quiet_hours", NotBefore = end }
            : verdict;
    }

    /// <summary>When the store is away nothing is known, not even who left: what is owed goes out, and nothing else.</summary>
    public static Verdict DecideBlind(SendQuestion question, PolicyPack? lastKnown) =>
        lastKnown?.FindTopic(question.Topic) is { MessageClass: MessageClass.Transactional } topic && topic.Channels.Contains(question.Channel)
            ? new Verdict(true, "transactional_unchecked")
            : No("store_unavailable");

    /// <summary>An address that no mail arrives at gets none. One whose reader does not want it still gets what is owed, unless it was suppressed for that as well.</summary>
    private static Verdict? OnAddress(MessageClass messageClass, AddressRow address, DateTimeOffset now)
    {
        var isOwed = messageClass == MessageClass.Transactional;
        return address.Standing switch
        {
            AddressStanding.Barred => No("address_barred"),
            AddressStanding.HardBounced => No("address_hard_bounced"),
            AddressStanding.Suppressed when !isOwed => No("address_suppressed"),
            AddressStanding.Complained when !isOwed => No("address_complained"),
            AddressStanding.SoftBounced when !isOwed && address.PausedUntil > now => No("address_soft_bounced") with { NotBefore = address.PausedUntil },
            _ => null,
        } is { } no ? no with { Position = address.Position } : null;
    }

    private static Verdict No(string rule) => new(false, rule);
}
