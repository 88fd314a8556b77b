using System.Collections.Concurrent;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.Policies;

namespace ConsentLedger.MarketingPreference.Preferences;

/// <summary>
/// Subjects and the policies that were followed, in one query and as of one moment. Of the policies, which are long and seldom change, only
/// what is new is read.
/// </summary>
public sealed class PreferenceReader(IEventEngine engine, EventCatalog catalog)
{
    private readonly ConcurrentDictionary<TenantId, (PolicyBook Book, long Version)> _books = [];

    /// <summary>The state of each subject, in the order asked for.</summary>
    public async Task<(PolicyBook Policies, IReadOnlyList<(SubjectPreferences State, long Version)> Subjects)> ReadAsync(
        TenantId tenant, IReadOnlyList<StreamId> subjects, CancellationToken ct)
    {
        var policies = PolicyBook.Of(tenant);
        var known = _books.GetValueOrDefault(tenant, (PolicyBook.Empty, 0));
        var slices = subjects.Distinct().Select(subject => new StreamSlice(new StreamKey(tenant, subject))).Append(new StreamSlice(policies, known.Version));
        var events = (await engine.ReadStreamsAsync([.. slices], ct)).ToLookup(e => e.Stream);

        var book = events[policies].Aggregate(known, (b, e) => (b.Book.Evolve(catalog.Decode(e)), e.Place.Version));
        if (book.Version > known.Version) _books.AddOrUpdate(tenant, book, (_, other) => other.Version > book.Version ? other : book);

        var states = subjects.Distinct().ToDictionary(subject => subject, subject => StateOf([.. events[new StreamKey(tenant, subject)]]));
        return (book.Book, [.. subjects.Select(subject => states[subject])]);
    }

    /// <summary>The policy that was last read here; null where none was.</summary>
    public PolicyPack? LastKnown(TenantId tenant) => _books.TryGetValue(tenant, out var known) ? known.Book.Current : null;

    private (SubjectPreferences, long) StateOf(IReadOnlyList<StoredEvent> events) =>
        (SubjectPreferences.Stream.Replay(events, catalog), events is [.., var last] ? last.Place.Version : 0);
}
