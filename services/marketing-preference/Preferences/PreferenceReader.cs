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

    /// <summary>Of each subject their own state first, and after it those of the others who are the same person. Whoever has no other id costs what they cost by themselves.</summary>
    public async Task<(PolicyBook Policies, IReadOnlyList<IReadOnlyList<SubjectPreferences>> People)> ReadPeopleAsync(TenantId tenant, IReadOnlyList<StreamId> subjects, CancellationToken ct)
    {
        var (policies, read) = await ReadAsync(tenant, subjects, ct);
        var tied = subjects.Zip(read).Where(s => !s.Second.State.Others.IsEmpty).Select(s => s.First).ToHashSet();
        var states = tied.Count == 0 ? [] : subjects.Zip(read).DistinctBy(s => s.First).ToDictionary(s => s.First, s => s.Second.State);
        while (tied.SelectMany(s => SubjectPreferences.IdsOf(s, states)).Where(s => !states.ContainsKey(s)).Distinct().ToList() is { Count: > 0 } missing)
            foreach (var (subject, (state, _)) in missing.Zip((await ReadAsync(tenant, missing, ct)).Subjects)) states.Add(subject, state);
        return (policies, [.. subjects.Zip(read, (subject, own) => tied.Contains(subject) ? PersonOf(subject) : [own.State])]);

        IReadOnlyList<SubjectPreferences> PersonOf(StreamId subject) => [.. SubjectPreferences.IdsOf(subject, states).Select(s => states[s])];
    }

    /// <summary>The policy that was last read here; null where none was.</summary>
    public PolicyPack? LastKnown(TenantId tenant) => _books.TryGetValue(tenant, out var known) ? known.Book.Current : null;

    private (SubjectPreferences, long) StateOf(IReadOnlyList<StoredEvent> events) =>
        (SubjectPreferences.Stream.Replay(events, catalog), events is [.., var last] ? last.Place.Version : 0);
}
