using System.Collections.Concurrent;
using ConsentLedger.Consent.Policies;

namespace ConsentLedger.Consent.Consents.Reading;

/// <summary>
/// Subjects and the policy in force, in one query and as of one moment. Of the policy, which is long and seldom changes, only what is new is read.
/// </summary>
public sealed class ConsentReader(IEventEngine engine, EventCatalog catalog)
{
    private readonly ConcurrentDictionary<TenantId, (PolicyBook Book, long Version)> _books = [];

    public async Task<(PolicyBook Policies, ILookup<StreamKey, StoredEvent> Subjects)> ReadEventsAsync(
        TenantId tenant, IReadOnlyCollection<StreamId> subjects, CancellationToken ct)
    {
        var policies = PolicyBook.Of(tenant);
        var known = _books.GetValueOrDefault(tenant, (PolicyBook.Empty, 0));
        var slices = subjects.Select(s => new StreamSlice(new StreamKey(tenant, s))).Append(new StreamSlice(policies, known.Version));
        var events = (await engine.ReadStreamsAsync([.. slices], ct)).ToLookup(e => e.Stream);

        var book = events[policies].Aggregate(known, (b, e) => (b.Book.Evolve(catalog.Decode(e), e.Place), e.Place.Version));
        if (book.Version > known.Version) _books.AddOrUpdate(tenant, book, (_, other) => other.Version > book.Version ? other : book);
        return (book.Book, events);
    }

    /// <summary>Each subject, in the order asked for, and with it the others who are the same person; all as two clocks turned back show it.</summary>
    public async Task<(PolicyBook Policies, IReadOnlyList<IReadOnlyList<SubjectConsents>> People)> ReadAsync(TenantId tenant, IReadOnlyList<StreamId> subjects, Replay replay, CancellationToken ct)
    {
        var states = new Dictionary<StreamId, SubjectConsents>();
        var policies = PolicyBook.Empty;
        for (var wanted = subjects.Distinct().ToList(); wanted.Count > 0; wanted = [.. states.Values.SelectMany(s => s.Others).Where(o => !states.ContainsKey(o)).Distinct()])
        {
            (policies, var events) = await ReadEventsAsync(tenant, wanted, ct);
            foreach (var subject in wanted)
            {
                var all = events[new StreamKey(tenant, subject)];
                var then = SubjectConsents.Stream.Replay(all.Where(e => replay.Includes(e, catalog.Decode(e))), catalog);

                // Nobody decides on an erased person any more, not even as of before.
                states[subject] = then with { Erasure = SubjectConsents.Stream.Replay(all, catalog).Erasure };
            }
        }

        return (replay.Latest is { } latest ? policies.AsOf(latest) : policies, [.. subjects.Select(s => SubjectConsents.PersonOf(s, states))]);
    }
}
