using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.HandingOver;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Consent.Tests;

/// <summary>Every event of the catalog, with all it can hold and with as little as it must. No two members that could be taken for each other hold the same; lists are what they are read as.</summary>
internal static class Samples
{
    public static readonly Guid Id = Guid.Parse("0195a1b2-0000-7000-8000-0000000000aa");
    public static readonly DateTimeOffset Moment = new(2026, 3, 1, 13, 4, 5, 678, TimeSpan.FromHours(1));
    public static readonly DateTimeOffset Later = Moment.AddMonths(24);

    private static readonly Lane Wide = new("partner-offers", "email", "marketing-partners", "EU", "contacts");
    private static readonly Lane Narrow = new("agreed-sharing", null, "controller");
    private static readonly Token Form = Token.Parse("web-form");
    private static readonly Token Shop = Token.Parse("shop");
    private static readonly Token France = Token.Parse("FR");
    private static readonly TextShown Text = new(Token.Parse("partner-offers-v1"), Token.Parse("fr"), Token.Parse($"sha256:{new string('a', 64)}"));
    private static readonly List<string> ToTell = ["marketing-partners", "resellers"];

    public static IReadOnlyList<object> Events { get; } =
    [
        new ConsentGranted(Wide, "1", Moment, Actor.Guardian, Form, Shop, France, Text, InForce: true, Later, Renews: 7, Implied: true, Imported: true),
        new ConsentGranted(Narrow, "1", Moment, Actor.System, Token.Parse("import"), null, null, null, InForce: false),
        new ConsentAsked(Wide, "1", Moment, Actor.Agent, Form, Shop, France, Text),
        new ConsentAsked(Narrow, "1", Moment, Actor.System, Form, null, null, null),
        new ConsentPending(Wide, "1", Moment, Actor.Subject, Form, Shop, France, Text, Later),
        new ConsentPending(Narrow, "1", Moment, Actor.Subject, Form, null, null, null, Later),
        new ConsentConfirmed(Wide, "1", Moment, Actor.Subject, Form, Shop, Text, Confirms: 3, Later),
        new ConsentConfirmed(Narrow, "1", Moment, Actor.Subject, Form, null, null, Confirms: 3, null),
        new ConsentRefused(Wide, "1", Moment, Actor.Subject, Form, Shop, France, Text, RecipientsToTell: ToTell),
        new ConsentRefused(Narrow, "1", Moment, Actor.Subject, Form, null, null, null),
        new ConsentWithdrawn(Wide, "1", Moment, Actor.Subject, Token.Parse("one-click"), Token.Parse("marketing-preference"), "unsubscribed", Id, RecipientsToTell: ToTell, Imported: true),
        new ConsentWithdrawn(Narrow, "1", Moment, Actor.Agent, Token.Parse("phone"), null, null, null),
        new ConsentExpired(Wide, Rested: 4, RecipientsToTell: ToTell),
        new ConsentExpired(Narrow, Rested: 4),
        new ConsentRenewalDue(Wide, Rested: 5, Later),
        new ConsentRenewalDue(Narrow, Rested: 5, Later),
        new RecordCorrected(Corrects: 6, Voided: true, Later, Text, Token.Parse("wrong-person"), Moment, Actor.Agent, Form, Shop, RecipientsToTell: ToTell),
        new RecordCorrected(Corrects: 6, Voided: false, null, null, Token.Parse("typing-error"), Moment, Actor.Agent, Form, null),
        new SubjectMerged(Id, Moment, Actor.Agent, Form, Shop),
        new SubjectMerged(Id, Moment, Actor.Agent, Form, null),
        new SubjectUnmerged(Id, Moment, Actor.Agent, Form, Shop),
        new SubjectUnmerged(Id, Moment, Actor.Agent, Form, null),
        new BirthMonthStated("2012-05", Later, Later.AddYears(2), Moment, Actor.Guardian, Form, Shop, France),
        new BirthMonthStated("2012-05", Later, Later.AddYears(2), Moment, Actor.Guardian, Form, null, null),
        new SubjectCameOfAge(Later),
        new TermsAnswered("2", Accepted: true, Moment, Actor.Subject, Form, Shop),
        new TermsAnswered("2", Accepted: false, Moment, Actor.Subject, Form, null),
        new ObjectionRaised(ObjectionTo.Purpose, "debt-recovery", "1", Later, Moment, Actor.Subject, Form, Shop, France, RecipientsToTell: ToTell),
        new ObjectionRaised(ObjectionTo.Marketing, null, "1", null, Moment, Actor.Subject, Form, null, null),
        new ObjectionDecided(Objection: 8, Upheld: true, Token.Parse("legal-claims"), Moment, Actor.Agent, Form, Shop),
        new ObjectionDecided(Objection: 8, Upheld: false, Token.Parse("retracted"), Moment, Actor.Subject, Form, null),
        new ObjectionOverdue(Objection: 9, Later),
        new ProcessingRestricted(RestrictionGround.AccuracyContested, new List<string> { "partner-offers" }, Moment, Actor.Agent, Form, Shop, RecipientsToTell: ToTell),
        new ProcessingRestricted(RestrictionGround.NeededForClaims, new List<string>(), Moment, Actor.Agent, Form, null),
        new RestrictionLifted(Restriction: 10, Later, Moment, Actor.Agent, Form, Shop),
        new RestrictionLifted(Restriction: 10, Later, Moment, Actor.Agent, Form, null),
        new SignalReceived(PrivacySignal.Gpc, Honoured: true, "1", Moment, Actor.Subject, Form, Shop, France, RecipientsToTell: ToTell),
        new SignalReceived(PrivacySignal.Gpc, Honoured: false, "1", Moment, Actor.Subject, Form, null, null),
        new DataDisclosed(DisclosureGround.LegalProcess, "legal-disclosure", "authorities", new List<string> { "contact", "orders" }, "1", Moment, Actor.Agent, Form, Shop),
        new DataDisclosed(DisclosureGround.Safety, "legal-disclosure", "authorities", new List<string> { "contact" }, "1", Moment, Actor.Agent, Form, null),
        new UseExcepted(Token.Parse("fraud-check"), LimitationException.FraudPrevention, "1", Moment, Actor.Agent, Form, Shop),
        new UseExcepted(Token.Parse("fraud-check"), LimitationException.RelatedPurpose, "1", Moment, Actor.Agent, Form, null),
        new HistoryRead("auditor", Moment, Later, Disclosed: true),
        new HistoryRead("auditor", null, null, Disclosed: false),
        new ErasureStarted(Id, RecipientsToTell: ToTell),
        new ErasureStarted(Id),
        new SubjectErased(Id),
        new PolicyPublished(Packs.Spectral, Id),
        new TenantHandedOver(Token.Parse("new-owner"), $"sha256:{new string('b', 64)}"),
    ];

    /// <summary>The first of its kind is the one with everything in it.</summary>
    public static T Full<T>() => Events.OfType<T>().First();

    public static T Minimal<T>() => Events.OfType<T>().Last();
}
