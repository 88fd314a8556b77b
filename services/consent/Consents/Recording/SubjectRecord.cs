using ConsentLedger.Consent.Policies;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Consents.Recording;

/// <summary>One event of a subject's stream, as far as it is left.</summary>
/// <param name="Facts">Null where they were purged.</param>
/// <param name="Evidence">What was sealed beside it, as JSON, where it was opened.</param>
public sealed record RecordedLine(StoredEvent Event, object? Facts, byte[]? Evidence = null);

/// <summary>Everything recorded about a subject, from which every form of a record is made.</summary>
public sealed record SubjectRecord(SubjectId Subject, PolicyBook Policies, IReadOnlyList<RecordedLine> Lines, DateTimeOffset Now)
{
    public SubjectConsents State { get; } = Lines.Aggregate(SubjectConsents.Stream.Before, After);

    public static SubjectRecord Of(SubjectId subject, PolicyBook policies, IEnumerable<StoredEvent> events, IReadOnlyDictionary<long, byte[]> evidence, DateTimeOffset now) =>
        new(subject, policies, [.. events.Select(e => new RecordedLine(e, e.Data.IsEmpty ? null : ConsentCatalog.Events.Decode(e), evidence.GetValueOrDefault(e.Place.Version)))], now);

    /// <summary>One for each lane that anything was said about, in the order in which they came up, with all that was said. What an erasure leaves of them is in them, too.</summary>
    public IReadOnlyList<RecordedConsent> Consents()
    {
        var (state, found, lanes) = (SubjectConsents.Stream.Before, new List<RecordedConsent>(), new Dictionary<long, Lane>());
        foreach (var line in Lines)
        {
            state = After(state, line);
            if (LaneOf(line.Facts, lanes) is not { } lane) continue;
            lanes[line.Event.Place.Version] = lane;
            var at = found.FindIndex(c => c.Lane == lane);
            var before = at < 0 ? new RecordedConsent(lane, [], null, null) : found[at];
            var lines = before.Steps.Select(s => s.Line).Append(line);
            var now = state.Lanes.GetValueOrDefault(lane);
            var after = before with { Steps = [.. before.Steps, new(line, ConsentStatuses.Of(now, Yes(lines, now), line.Event.Place.RecordedAt))], State = now, Yes = Yes(lines, now) };
            if (at < 0) found.Add(after);
            else found[at] = after;
        }

        return [.. found.Select(Finished)];
    }

    private RecordedConsent Finished(RecordedConsent consent)
    {
        var version = consent.State?.PolicyVersion ?? consent.Steps.Select(s => (s.Line.Facts as ILaneAct)?.PolicyVersion).LastOrDefault(v => v is not null);
        var pack = version is null ? null : Policies.Find(version)?.Pack;
        return consent with { Pack = pack, Purpose = pack?.FindPurpose(consent.Lane.Purpose), Status = ConsentStatuses.Now(consent, this) };
    }

    private static object? Yes(IEnumerable<RecordedLine> lines, LaneState? state) => state is null ? null : lines.FirstOrDefault(l => l.Event.Place.Version == state.Place.Version)?.Facts;

    private static SubjectConsents After(SubjectConsents state, RecordedLine line) => line.Facts is null ? state : SubjectConsents.Stream.After(state, line.Facts, line.Event.Place);

    private static Lane? LaneOf(object? facts, Dictionary<long, Lane> lanes) => facts switch
    {
        ILaneAct act => act.Lane,
        ConsentExpired expired => expired.Lane,
        ConsentRenewalDue due => due.Lane,
        RecordCorrected corrected when lanes.TryGetValue(corrected.Corrects, out var lane) => lane,
        _ => null,
    };
}

/// <summary>One consent: all that was said about it, and what it comes to.</summary>
/// <param name="State">As the last event about it left it; null where nothing said about it ever counted.</param>
/// <param name="Yes">The facts that the state rests on.</param>
public sealed record RecordedConsent(Lane Lane, IReadOnlyList<RecordedStep> Steps, LaneState? State, object? Yes)
{
    /// <summary>The policy under which it was said, and what that says of its purpose; null where that is not known any more.</summary>
    public PolicyPack? Pack { get; init; }

    public Purpose? Purpose { get; init; }

    public ConsentStatus Status { get; init; }

    /// <summary>Where the person was, as far as that was said; else the law that it was said under.</summary>
    public string? Jurisdiction => Steps.Select(s => s.Line.Facts switch
    {
        ConsentAsked asked => asked.Jurisdiction,
        ConsentPending pending => pending.Jurisdiction,
        ConsentGranted granted => granted.Jurisdiction,
        ConsentRefused refused => refused.Jurisdiction,
        _ => null,
    }).LastOrDefault(j => j is not null)?.Value ?? Lane.Law;

    public string? Locale => State?.Text?.Locale.Value ?? Pack?.Locales[0];
}

/// <param name="After">What the consent was, once this had been recorded.</param>
public sealed record RecordedStep(RecordedLine Line, ConsentStatus After);
