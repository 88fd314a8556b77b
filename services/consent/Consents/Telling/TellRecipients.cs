using ConsentLedger.Consent.Policies;
using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Consent.Consents.Telling;

/// <summary>
/// Who has to hear of a change (GDPR art. 19): whoever holds the data, as far as this stream and the policy know, and was promised to be told. It is decided with the
/// change, recorded in its facts and published with it, so it is as durable and as provable as the change itself.
/// </summary>
public static class TellRecipients
{
    public static Decision TellingRecipients(this Decision decision, SubjectConsents subject, PolicyBook policies) =>
        decision is Decision.Record { Events: var events } record && events.Any(e => Holders(e.Facts, subject, policies) is not null)
            ? record with { Events = [.. events.Select(e => e with { Facts = Telling(e.Facts, subject, policies) })] }
            : decision;

    private static object Telling(object facts, SubjectConsents subject, PolicyBook policies)
    {
        if (Holders(facts, subject, policies) is not { } holders) return facts;
        List<string> told = [.. holders.Distinct().Where(recipient => IsTold(recipient, policies)).Order(StringComparer.Ordinal)];
        if (told.Count == 0) return facts;
        return facts switch
        {
            ConsentRefused e => e with { RecipientsToTell = told },
            ConsentWithdrawn e => e with { RecipientsToTell = told },
            ConsentExpired e => e with { RecipientsToTell = told },
            RecordCorrected e => e with { RecipientsToTell = told },
            ObjectionRaised e => e with { RecipientsToTell = told },
            ProcessingRestricted e => e with { RecipientsToTell = told },
            SignalReceived e => e with { RecipientsToTell = told },
            ErasureStarted e => e with { RecipientsToTell = told },
            _ => throw new InvalidOperationException($"{facts.GetType().Name} has no place for recipients."),
        };
    }

    /// <summary>Who holds what this is about; null where it takes nothing from anybody.</summary>
    private static IEnumerable<string>? Holders(object facts, SubjectConsents subject, PolicyBook policies) => facts switch
    {
        ConsentRefused e => Losing(e.Lane, subject, policies),
        ConsentWithdrawn e => Losing(e.Lane, subject, policies),
        ConsentExpired e => Losing(e.Lane, subject, policies),
        RecordCorrected e => subject.Lanes.Where(l => l.Value.Place.Version == e.Corrects && l.Value.WasGiven).Select(l => l.Key.Recipient),
        ObjectionRaised { To: ObjectionTo.Marketing } e => Holding(purpose => purpose.Marketing, subject, policies, e.Jurisdiction),
        ObjectionRaised { To: ObjectionTo.Profiling } e => Holding(purpose => purpose.Profiling, subject, policies, e.Jurisdiction),
        ObjectionRaised e => Holding(purpose => purpose.Id == e.Purpose, subject, policies),
        ProcessingRestricted { Purposes: [] } or ErasureStarted => Holding(null, subject, policies),
        ProcessingRestricted e => Holding(purpose => e.Purposes.Contains(purpose.Id), subject, policies),
        SignalReceived { Honoured: true } e => Holding(purpose => policies.Current?.Tracking?.Purposes.Contains(purpose.Id) ?? false, subject, policies, e.Jurisdiction),
        _ => null,
    };

    // A no that ends nothing has nobody to tell, and the first one ends the silence, where that passed. What this person said as another subject is not known here: then rather one too many.
    private static IEnumerable<string> Losing(Lane lane, SubjectConsents subject, PolicyBook policies) =>
        !subject.Others.IsEmpty || subject.Answers(lane).Any(state => state.Given)
        || (subject.Answers(lane).All(state => state is { Status: LaneStatus.Asked, LastNo: null }) && policies.LetSilencePass(lane.Purpose, lane.Law)) ? [lane.Recipient] : [];

    // Whoever once had a consent, and whoever the policy gives data to without one, or in silence where the person may be.
    private static IEnumerable<string> Holding(Func<Purpose, bool>? concerned, SubjectConsents subject, PolicyBook policies, string? place = null)
    {
        // Null means all, also what the policy has dropped since.
        var purposes = policies.Current?.Purposes.Where(concerned ?? (_ => true)).ToList() ?? [];
        var law = policies.Current?.LawFor(place);
        return subject.Lanes.Where(l => l.Value.WasGiven && (concerned is null || purposes.Any(p => p.Id == l.Key.Purpose))).Select(l => l.Key.Recipient)
            .Concat(purposes.Where(p => !p.RestsOn(LawfulBasis.Consent) || policies.LetSilencePass(p.Id, law)).SelectMany(p => p.Recipients));
    }

    // A policy may drop a recipient, and with that no promise.
    private static bool IsTold(string recipient, PolicyBook policies) =>
        policies.Versions.Select(v => v.Pack.FindRecipient(recipient)).LastOrDefault(r => r is not null) is { ToldOfWithdrawal: true };
}
