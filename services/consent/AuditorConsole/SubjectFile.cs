using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Reading;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.AuditorConsole;

/// <summary>One subject's history as far as its reader's own reading of it, which is its last event; and the policies published by then.</summary>
/// <param name="Reading">The event that recorded the reading.</param>
/// <param name="Others">What was recorded by then of everybody who was ever said to be the same person: decisions look there as well, and the pages show none of it.</param>
internal sealed record SubjectFile(
    SubjectId Subject, Caller Caller, KnownEvent Reading, IReadOnlyList<KnownEvent> Events, IReadOnlyDictionary<StreamId, IReadOnlyList<KnownEvent>> Others, IReadOnlyList<PublishedVersion> Policies)
{
    /// <summary>How long one reading serves: as long as a person looks at a page, so that a link kept for later is a reading of its own.</summary>
    public static readonly TimeSpan ReadingLasts = TimeSpan.FromHours(1);

    public Timeline Timeline { get; } = Timeline.Of(Events, Policies, Reading.Place.RecordedAt);

    public bool IsDisclosed => Reading.Facts is HistoryRead { Disclosed: true };

    public string Path => $"/console/subjects/{Subject}";

    /// <summary>An address on this history under this reading.</summary>
    public string At(Moment? moment = null, string more = "") =>
        $"{Path}?reading={Reading.Place.Version}{Clock("knownAt", moment?.KnownAt)}{Clock("asOf", moment?.AsOf)}{more}";

    public SubjectConsents StateAt(Moment moment) => StateOf(Events, moment);

    /// <inheritdoc cref="SubjectConsents.PersonOf"/>
    public IReadOnlyList<SubjectConsents> PersonAt(Moment moment) =>
        SubjectConsents.PersonOf(Subject.Stream, Others.Append(new(Subject.Stream, Events)).ToDictionary(one => one.Key, one => StateOf(one.Value, moment)));

    /// <summary>Published by then on both clocks, the last one in force.</summary>
    public PolicyPack? PolicyAt(Moment moment) => BookAt(moment).Current;

    /// <inheritdoc cref="PolicyAt"/>
    public PolicyBook BookAt(Moment moment) => new([.. Policies.Where(p => moment.Latest is not { } latest || p.PublishedAt <= latest)]);

    public PolicyPack? PolicyOf(string version) => Policies.FirstOrDefault(p => p.Pack.Version == version)?.Pack;

    /// <summary>As the newest policy that declares it calls it.</summary>
    public string TitleOf(string purpose) =>
        Policies.Reverse().Select(p => p.Pack.FindPurpose(purpose)).FirstOrDefault(p => p is not null)?.Title.In(Localised.Fallback) ?? purpose;

    private static SubjectConsents StateOf(IReadOnlyList<KnownEvent> events, Moment moment) =>
        SubjectConsents.Stream.Replay(events.Where(e => moment.Replay.Includes(e.Stored, e.Facts)).Select(e => e.Stored), ConsentCatalog.Events);

    private static string Clock(string name, DateTimeOffset? moment) => moment is null ? "" : $"&{name}={Moment.FieldOf(moment)}";
}

/// <summary>Opens files, and nothing without a record of it.</summary>
internal sealed class SubjectFiles(DeciderLoop ledger, IEventEngine engine, EventCatalog catalog, TimeProvider clock)
{
    /// <summary>Records one reading. Its version within the stream is what the pages name from then on; null where there is no such subject.</summary>
    public async Task<long?> RecordReadingAsync(Caller caller, SubjectId subject, CommandOptions options, bool disclosed, CancellationToken ct)
    {
        var read = new HistoryRead(caller.ClientId, null, null, disclosed);
        return await ledger.ExecuteAsync(Readings.CommandOf("console", caller, subject, options, read), ct) is Outcome.Recorded recorded ? recorded.Version : null;
    }

    /// <summary>
    /// The history under a reading that is recorded in it, of this very reader and recent: whatever a page then shows, and however often, up to that reading and
    /// no further, was recorded once as read. Null for any other number.
    /// </summary>
    public async Task<SubjectFile?> OpenAsync(Caller caller, SubjectId subject, long reading, CancellationToken ct)
    {
        var (stream, book) = (new StreamKey(caller.Tenant, subject.Stream), PolicyBook.Of(caller.Tenant));
        var read = (await engine.ReadStreamsAsync([stream, book], ct)).ToLookup(e => e.Stream);
        var events = read[stream].Take((int)Math.Clamp(reading, 0, int.MaxValue)).Select(e => new KnownEvent(e, catalog.Decode(e))).ToList();
        if (events is not [.., { Facts: HistoryRead { AsOf: null, KnownAt: null } by } last] || last.Place.Version != reading) return null;
        if (by.Reader != caller.ClientId || clock.GetUtcNow() - last.Place.RecordedAt > SubjectFile.ReadingLasts) return null;
        if (by.Disclosed && !caller.Scopes.Contains(Scopes.ConsentDisclose)) return null;
        var policies = read[book].Where(e => e.Place.RecordedAt <= last.Place.RecordedAt)
            .Select(e => new PublishedVersion((PolicyPublished)catalog.Decode(e), e.Place.RecordedAt)).ToList();
        return new SubjectFile(subject, caller, last, events, await ReadOthersAsync(stream, events, last.Place, ct), policies);
    }

    private async Task<IReadOnlyDictionary<StreamId, IReadOnlyList<KnownEvent>>> ReadOthersAsync(StreamKey subject, IReadOnlyList<KnownEvent> events, EventPlace until, CancellationToken ct)
    {
        var others = new Dictionary<StreamId, IReadOnlyList<KnownEvent>>();
        for (var found = events; Unread(found) is { Count: > 0 } wanted; found = [.. wanted.SelectMany(o => others[o])])
        {
            var read = (await engine.ReadStreamsAsync([.. wanted.Select(o => new StreamKey(subject.Tenant, o))], ct)).ToLookup(e => e.Stream.Id);
            foreach (var other in wanted) others[other] = [.. read[other].Where(e => e.Place.Position < until.Position).Select(e => new KnownEvent(e, catalog.Decode(e)))];
        }

        return others;

        IReadOnlyList<StreamId> Unread(IEnumerable<KnownEvent> found) =>
            [.. found.Select(e => e.Facts).OfType<SubjectMerged>().Select(m => new StreamId(m.Other)).Where(o => o != subject.Id && !others.ContainsKey(o)).Distinct()];
    }
}
