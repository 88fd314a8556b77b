using System.Globalization;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Consent.AuditorConsole;

/// <summary>The field's terms in plain words.</summary>
public static class Wording
{
    /// <summary>To the millisecond, in UTC.</summary>
    public static string Exact(this DateTimeOffset moment) => moment.UtcDateTime.ToString("d MMM yyyy, HH:mm:ss.fff", CultureInfo.InvariantCulture);

    public static string Machine(this DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    public static string Channel(string? channel) => channel switch
    {
        Channels.Email => "e-mail",
        Channels.Sms => "text message",
        Channels.Phone => "phone",
        Channels.Post => "post",
        Channels.Push => "notification",
        Channels.Web => "web",
        null => "no channel",
        _ => channel,
    };

    public static string Actor(Actor actor) => actor switch
    {
        Consents.Actor.Subject => "the person",
        Consents.Actor.Guardian => "a guardian",
        Consents.Actor.Agent => "an agent of the controller",
        _ => "a system",
    };

    public static string Status(LaneStatus status) => status.ToString().ToLowerInvariant();

    /// <summary>What an event says happened, in one sentence.</summary>
    public static string Sentence(object facts) => facts switch
    {
        ConsentGranted { InForce: false } => "A yes arrived that a withdrawal had already overtaken; it is kept as history and is not in force.",
        ConsentGranted { Renews: null } => "Consent was given.",
        ConsentWithdrawn { Cause: { } cause } => $"Consent was withdrawn, following “{cause}”.",
        ConsentWithdrawn => "Consent was withdrawn.",
        HistoryRead { Disclosed: true } => "This history was read, with its sealed evidence.",
        HistoryRead => "This history was read.",
        ErasureStarted => "Erasure began. Nothing is recorded about this person from here on.",
        SubjectErased => "The person was erased: the key that opened the sealed evidence is destroyed.",
        PolicyPublished => "A policy was published.",
        _ => $"{EventWords.Of(facts) ?? "Something was recorded"}.",
    };

    /// <summary>Why a decision answered as it did; docs/decisions.md has them all, with their articles.</summary>
    public static string Reason(string code) => code switch
    {
        "consent_given" => "Consent had been given and was in force.",
        "rests_on_other_basis" => "This purpose rests on another lawful basis, so no consent was needed.",
        "consent_withdrawn" => "Consent had been withdrawn.",
        "consent_refused" => "The person had been asked and said no.",
        "consent_asked" => "The person had been asked and had not answered.",
        "consent_pending" => "Consent waited to be confirmed.",
        "consent_expired" => "The consent, or the time to confirm it, was over.",
        "consent_voided" => "The consent had been recorded by mistake.",
        "renewal_needed" => "The policy had changed this purpose in substance since consent was given.",
        "reaffirmation_needed" => "A guardian had consented, and the person was of age by now.",
        "guardian_needed" => "The person had been too young to consent alone.",
        "subject_objected" => "The person had objected.",
        "objection_pending" => "The person had objected, and the outcome was open.",
        "signal_objected" => "A browser of the person’s had sent a signal that the policy takes for an objection.",
        "processing_restricted" => "Processing was restricted: data was only stored.",
        "opt_out_regime" => "Nobody had asked, and the law of the place lets silence pass. It was not consent.",
        "category_required" => "The policy treats kinds of people differently here, and none was named.",
        "category_excluded" => "The purpose is not for this kind of people.",
        "scope_required" => "The purpose is an authorisation, decided scope by scope.",
        "scope_undeclared" => "The policy in force declared no such scope.",
        "consent_unknown" => "Nothing was known of a consent, and silence is not consent.",
        "basis_missing" => "The policy named no lawful basis for this purpose.",
        "subject_erased" => "The person had been erased, or their erasure had begun.",
        "policy_missing" => "The controller had published no policy yet.",
        "purpose_undeclared" => "The policy in force declared no such purpose.",
        "channel_required" => "The purpose is declared per channel, and none was named.",
        "channel_undeclared" => "The policy in force did not declare this channel for the purpose.",
        "recipient_undeclared" => "The policy in force did not declare this recipient for the purpose.",
        _ => "The answer rests on a rule this page has no words for.",
    };

    public static string Basis(LawfulBasis basis) => basis switch
    {
        LawfulBasis.Consent => "consent, GDPR art. 6(1)(a)",
        LawfulBasis.Contract => "a contract, GDPR art. 6(1)(b)",
        LawfulBasis.LegalObligation => "a legal obligation, GDPR art. 6(1)(c)",
        LawfulBasis.VitalInterests => "vital interests, GDPR art. 6(1)(d)",
        LawfulBasis.PublicTask => "a public task, GDPR art. 6(1)(e)",
        _ => "legitimate interests, GDPR art. 6(1)(f)",
    };
}
