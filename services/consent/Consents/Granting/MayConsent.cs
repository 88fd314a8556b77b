using ConsentLedger.Consent.Policies;
using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Consent.Consents.Granting;

/// <summary>What every yes is held against, in whatever step it comes.</summary>
internal static class MayConsent
{
    public static IReadOnlyList<string> Codes { get; } =
    [
        "policy_missing", "purpose_undeclared", "channel_required", "channel_undeclared", "recipient_undeclared", "scope_required", "scope_undeclared", "consent_not_the_basis",
        "jurisdiction_unknown", "text_undeclared", "text_differs", "guardian_needed", "too_young", "subject_of_age",
    ];

    public static (TextShown? Text, Refusal? Refusal) Check(PolicyBook policies, Named named, TextShown? shown, SubjectConsents subject, Actor actor, DateTimeOffset occurredAt)
    {
        var pack = policies.Current;
        if (Declared.Check(pack, named) is { } undeclared) return (null, undeclared);
        var purpose = pack!.FindPurpose(named.Purpose)!;
        if (!purpose.RestsOn(LawfulBasis.Consent)) return (null, new("consent_not_the_basis", "This purpose does not rest on consent; asking for it would mislead."));
        if (named.Jurisdiction is not null && !Jurisdictions.IsKnown(named.Jurisdiction)) return (null, new("jurisdiction_unknown", "There is no such place: name it by its ISO 3166 code, as GB or US-CA."));
        if (CheckAge(pack, subject.Age, actor, occurredAt) is { } young) return (null, young);

        // The words of then, for an act of then.
        return Declared.Text(policies.At(occurredAt)!.FindPurpose(purpose.Id) ?? purpose, shown);
    }

    /// <summary>When a consent ends by itself: as was said with it, and at the latest when the policy says.</summary>
    public static DateTimeOffset? EndOf(Purpose purpose, DateTimeOffset given, DateTimeOffset? said) =>
        purpose.ValidMonths is { } months && !(said < given.AddMonths(months)) ? given.AddMonths(months) : said;

    /// <summary>GDPR art. 8: below an age that each jurisdiction sets, a guardian's word counts and the child's own does not.</summary>
    private static Refusal? CheckAge(PolicyPack pack, Age? age, Actor actor, DateTimeOffset occurredAt)
    {
        if (age is null) return null;
        if (actor == Actor.Guardian && age.ConsentsFrom <= occurredAt) return new("subject_of_age", "The person is old enough to answer for themselves.");
        if (age.ConsentsFrom <= occurredAt) return null;
        if (pack.Children is not { GuardianConsent: true }) return new("too_young", $"Policy {pack.Version} takes no consent for people of this age.");
        return actor == Actor.Guardian ? null : new("guardian_needed", "At this age a guardian consents.");
    }
}
