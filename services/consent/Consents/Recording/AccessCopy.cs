using System.Text.Json;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Consents.Recording;

/// <summary>What a person gets who asks what is recorded about them (GDPR art. 15, 20): every event once, under what it is about, with what the policy says of it.</summary>
/// <param name="SamePersonAs">The other ids that the person is known under; each has a record of its own.</param>
/// <param name="Other">What was purged, of which only the place is left.</param>
public sealed record AccessCopy(
    SubjectId Subject, DateTimeOffset At, Controller? Controller, RightsOffer? Rights, Erasure Erasure, IReadOnlyList<Guid> SamePersonAs, IReadOnlyList<CopiedConsent> Consents,
    IReadOnlyList<CopiedEvent> Corrections, IReadOnlyList<CopiedEvent> Terms, IReadOnlyList<CopiedEvent> Objections, IReadOnlyList<CopiedEvent> Restrictions,
    IReadOnlyList<CopiedEvent> Signals, IReadOnlyList<CopiedEvent> Disclosures, IReadOnlyList<CopiedEvent> ExceptionalUses, IReadOnlyList<CopiedEvent> Merges,
    IReadOnlyList<CopiedEvent> Age, IReadOnlyList<CopiedEvent> Erasing, IReadOnlyList<CopiedEvent> Readings, IReadOnlyList<CopiedEvent> Other)
{
    public static AccessCopy Of(SubjectRecord record)
    {
        var current = record.Policies.Current;
        var consents = record.Consents();
        var shown = consents.SelectMany(c => c.Steps).Where(s => s.Line.Facts is not RecordCorrected).Select(s => s.Line.Event.Place.Version).ToHashSet();
        var others = record.Lines.Where(l => !shown.Contains(l.Event.Place.Version)).ToLookup(l => PartOf(l.Facts), CopiedEvent.Of);
        return new(
            record.Subject, record.Now, current?.Controller, current?.Rights, record.State.Erasure, [.. record.State.Others.Select(o => o.Value)], [.. consents.Select(CopiedConsent.Of)],
            In(nameof(Corrections)), In(nameof(Terms)), In(nameof(Objections)), In(nameof(Restrictions)), In(nameof(Signals)), In(nameof(Disclosures)), In(nameof(ExceptionalUses)),
            In(nameof(Merges)), In(nameof(Age)), In(nameof(Erasing)), In(nameof(Readings)), In(nameof(Other)));

        IReadOnlyList<CopiedEvent> In(string part) => [.. others[part]];
    }

    private static string PartOf(object? facts) => facts switch
    {
        RecordCorrected => nameof(Corrections),
        TermsAnswered => nameof(Terms),
        ObjectionRaised or ObjectionDecided or ObjectionOverdue => nameof(Objections),
        ProcessingRestricted or RestrictionLifted => nameof(Restrictions),
        SignalReceived => nameof(Signals),
        DataDisclosed => nameof(Disclosures),
        UseExcepted => nameof(ExceptionalUses),
        SubjectMerged or SubjectUnmerged => nameof(Merges),
        BirthMonthStated or SubjectCameOfAge => nameof(Age),
        ErasureStarted or SubjectErased => nameof(Erasing),
        HistoryRead => nameof(Readings),
        _ => nameof(Other),
    };
}

/// <param name="State">Null where nothing that was said ever counted.</param>
/// <param name="Status">The same, as the Data Privacy Vocabulary has it, and under the policies published since.</param>
/// <param name="Text">The words that the person was asked with.</param>
public sealed record CopiedConsent(
    string Purpose, IReadOnlyDictionary<string, string>? Title, string? Channel, string Recipient, string? RecipientName, string? Law, string? Scope, LaneStatus? State, string Status,
    DateTimeOffset? OccurredAt, DateTimeOffset? Until, string? PolicyVersion, IReadOnlyList<PurposeBasis>? Bases, IReadOnlyList<DataCategory>? Data, IReadOnlyList<Transfer>? Transfers,
    Retention? Retention, IReadOnlyList<WithdrawalWay>? WithdrawalWays, string? Text, IReadOnlyList<CopiedEvent> Events)
{
    public static CopiedConsent Of(RecordedConsent consent)
    {
        var (lane, state, pack, purpose) = (consent.Lane, consent.State, consent.Pack, consent.Purpose);
        return new(
            lane.Purpose, purpose?.Title, lane.Channel, lane.Recipient, pack?.FindRecipient(lane.Recipient)?.Name, lane.Law, lane.Scope, state?.Status, consent.Status.ToString(),
            state?.OccurredAt, state?.Until, state?.PolicyVersion, purpose?.Bases, pack is null || purpose is null ? null : [.. pack.DataCategories.Where(d => purpose.Data.Contains(d.Id))],
            pack is null || purpose is null ? null : [.. pack.Transfers.Where(t => purpose.Transfers.Contains(t.Id))], purpose?.Retention, pack?.WithdrawalWays,
            state?.Text is { } shown ? purpose?.FindText(shown.Id, shown.Locale)?.Text : null,
            [.. consent.Steps.Where(s => s.Line.Facts is not RecordCorrected).Select(s => CopiedEvent.Of(s.Line))]);
    }
}

/// <param name="Facts">As recorded; absent where they were purged.</param>
/// <param name="Evidence">What was sealed, where it was opened.</param>
public sealed record CopiedEvent(long Version, long Position, string Type, Guid Id, DateTimeOffset RecordedAt, JsonElement? Facts, JsonElement? Evidence)
{
    public static CopiedEvent Of(RecordedLine line) => new(
        line.Event.Place.Version, line.Event.Place.Position, line.Event.Type, line.Event.Id, line.Event.Place.RecordedAt,
        line.Facts is null ? null : JsonSerializer.Deserialize<JsonElement>(line.Event.Data.Span), line.Evidence is null ? null : JsonSerializer.Deserialize<JsonElement>(line.Evidence));
}
