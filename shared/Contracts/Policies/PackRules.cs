namespace ConsentLedger.Contracts.Policies;

/// <summary>What the shape of a pack cannot say: that it refers only to what it declares, and that its promises are complete.</summary>
internal static class PackRules
{
    // A century: longer is no limit, and dates that far off overflow.
    private const int MaxValidMonths = 1200;

    // What nobody confirmed in a year was not meant.
    private const int MaxDaysToConfirm = 366;

    // Longer than a year, or more than so many, caps nothing.
    private const int MaxCapDays = 366, MaxCapMessages = 1000;

    public static IEnumerable<PolicyPackError> Check(PolicyPack pack) =>
    [
        .. PackNames.Check(pack),
        .. PackReferences.Check(pack),
        .. pack.Purposes.SelectMany((purpose, i) => CheckPurpose(purpose, $"/purposes/{i}")),
        .. pack.Topics.SelectMany((topic, i) => CheckTopic(pack, topic, $"/topics/{i}")),
        .. pack.Topics.SelectMany((topic, i) => CheckCap(topic, $"/topics/{i}/cap")),
        .. pack.QuietHours.SelectMany((hours, i) => CheckQuietHours(pack, hours, $"/quietHours/{i}")),
        .. CheckConsentPurposes(pack),
        .. CheckRights(pack.Rights),
    ];

    private static IEnumerable<PolicyPackError> CheckPurpose(Purpose purpose, string path)
    {
        if (purpose.Role == Role.Controller && purpose.Bases.Count == 0)
            yield return new(PolicyPackErrors.BasisMissing, $"{path}/bases", $"'{purpose.Id}' rests on nothing (GDPR art. 6(1)).");
        if (purpose.Role == Role.Processor && string.IsNullOrWhiteSpace(purpose.InstructedBy))
            yield return new(PolicyPackErrors.InstructorMissing, $"{path}/instructedBy",
                $"'{purpose.Id}' does not say whose instructions it follows (GDPR art. 28(3)).");

        foreach (var (i, basis) in purpose.Bases.Index())
        {
            if (basis.Basis == LawfulBasis.LegitimateInterests && string.IsNullOrWhiteSpace(basis.Interest))
                yield return new(PolicyPackErrors.InterestMissing, $"{path}/bases/{i}/interest",
                    $"'{purpose.Id}' does not name its legitimate interest (GDPR art. 13(1)(d)).");
        }

        if (purpose.RestsOn(LawfulBasis.Consent) && purpose.ConsentTexts.All(t => t.Locale != Localised.Fallback || string.IsNullOrWhiteSpace(t.Text)))
            yield return new(PolicyPackErrors.ConsentTextMissing, $"{path}/consentTexts",
                $"'{purpose.Id}' rests on consent and has no English text to consent to.");
        if (purpose.Retention.SurvivesErasure && string.IsNullOrWhiteSpace(purpose.Retention.Reason))
            yield return new(PolicyPackErrors.RetentionReasonMissing, $"{path}/retention/reason",
                $"'{purpose.Id}' outlives an erasure without saying why (GDPR art. 17(3)).");
        if (purpose.Retention.FurtherMonths is < 0 or > Retention.MaxFurtherMonths)
            yield return new(PolicyPackErrors.PeriodInvalid, $"{path}/retention/furtherMonths", $"This has to be from 0 to {Retention.MaxFurtherMonths}.");
        foreach (var error in CheckConsentPeriod(purpose, purpose.ValidMonths, MaxValidMonths, $"{path}/validMonths"))
            yield return error;
        foreach (var error in CheckConsentPeriod(purpose, purpose.ConfirmWithinDays, MaxDaysToConfirm, $"{path}/confirmWithinDays"))
            yield return error;
        foreach (var error in CheckDoubleOptIn(purpose, $"{path}/doubleOptIn"))
            yield return error;
    }

    private static IEnumerable<PolicyPackError> CheckConsentPeriod(Purpose purpose, int? period, int longest, string path)
    {
        if (period is null)
            yield break;
        if (period < 1 || period > longest)
            yield return new(PolicyPackErrors.PeriodInvalid, path, $"This has to be from 1 to {longest}.");
        if (!purpose.RestsOn(LawfulBasis.Consent))
            yield return new(PolicyPackErrors.PeriodWithoutConsent, path, $"'{purpose.Id}' does not rest on consent: there is nothing to expire or to confirm.");
    }

    private static IEnumerable<PolicyPackError> CheckDoubleOptIn(Purpose purpose, string path)
    {
        if (purpose.DoubleOptIn is not { } twice)
            yield break;
        if (!purpose.RestsOn(LawfulBasis.Consent))
            yield return new(PolicyPackErrors.DoubleOptInWithoutConsent, path, $"'{purpose.Id}' does not rest on consent: there is nothing to confirm.");
        foreach (var (i, channel) in twice.Channels.Index())
        {
            if (!purpose.Channels.Contains(channel))
                yield return new(PolicyPackErrors.DoubleOptInOutsidePurpose, $"{path}/channels/{i}", $"'{purpose.Id}' does not use '{channel}'.");
        }
    }

    private static IEnumerable<PolicyPackError> CheckTopic(PolicyPack pack, Topic topic, string path)
    {
        if (pack.FindPurpose(topic.Purpose) is not { } purpose)
            yield break;

        foreach (var (i, channel) in topic.Channels.Index())
        {
            if (!purpose.Channels.Contains(channel))
                yield return new(PolicyPackErrors.TopicChannelOutsidePurpose, $"{path}/channels/{i}", $"'{purpose.Id}' does not use '{channel}'.");
        }

        if (topic.MessageClass == MessageClass.Marketing != purpose.Marketing)
            yield return new(PolicyPackErrors.TopicClassMismatch, $"{path}/messageClass", $"'{topic.Id}' and its purpose differ on being marketing.");
    }

    private static IEnumerable<PolicyPackError> CheckCap(Topic topic, string path)
    {
        if (topic.Cap is not { } cap)
            yield break;
        if (cap.Messages is < 1 or > MaxCapMessages)
            yield return new(PolicyPackErrors.PeriodInvalid, $"{path}/messages", $"This has to be from 1 to {MaxCapMessages}.");
        if (cap.Days is < 1 or > MaxCapDays)
            yield return new(PolicyPackErrors.PeriodInvalid, $"{path}/days", $"This has to be from 1 to {MaxCapDays}.");
        if (topic.MessageClass == MessageClass.Transactional)
            yield return new(PolicyPackErrors.CapOnTransactional, path, $"'{topic.Id}' is transactional: what is owed is not counted.");
    }

    private static IEnumerable<PolicyPackError> CheckQuietHours(PolicyPack pack, QuietHours hours, string path)
    {
        if (!pack.Channels.Contains(hours.Channel))
            yield return new(PolicyPackErrors.ReferenceUnresolved, $"{path}/channel", $"'{hours.Channel}' is not declared.");
        if (pack.QuietHours.First(other => other.Channel == hours.Channel) != hours)
            yield return new(PolicyPackErrors.IdDuplicate, $"{path}/channel", $"'{hours.Channel}' has quiet hours already.");
        if (!hours.AreSound())
            yield return new(PolicyPackErrors.QuietHoursInvalid, path, "Quiet hours are two different times of day, as 21:00, in a time zone of the IANA database, as Europe/Berlin.");
    }

    private static IEnumerable<PolicyPackError> CheckConsentPurposes(PolicyPack pack)
    {
        foreach (var (i, transfer) in pack.Transfers.Index())
        {
            if (transfer.Safeguard == Safeguard.Consent && !MayRestOnConsent(transfer.Purpose))
                yield return new(PolicyPackErrors.ConsentPurposeMissing, $"/transfers/{i}/purpose",
                    $"'{transfer.Id}' is safe by consent, and names no purpose that asks for it.");
        }

        foreach (var (i, authorisation) in pack.Authorisations.Index())
        {
            if (!MayRestOnConsent(authorisation.Purpose))
                yield return new(PolicyPackErrors.ConsentPurposeMissing, $"/authorisations/{i}/purpose",
                    $"'{authorisation.Provider}' is authorised under a purpose that does not rest on consent.");
        }

        // An undeclared purpose is reported by PackReferences.
        bool MayRestOnConsent(string? id) => id is not null && pack.FindPurpose(id)?.RestsOn(LawfulBasis.Consent) != false;
    }

    private static IEnumerable<PolicyPackError> CheckRights(RightsOffer rights)
    {
        // What the law gives (art. 12(3) GDPR) no policy makes longer.
        if (rights.DeadlineMonths != 1)
            yield return new(PolicyPackErrors.PeriodInvalid, "/rights/deadlineMonths", "A request is answered within one month.");
        if (rights.ExtensionMonths is < 0 or > 2)
            yield return new(PolicyPackErrors.PeriodInvalid, "/rights/extensionMonths", "An extension adds two months at most.");
    }
}
