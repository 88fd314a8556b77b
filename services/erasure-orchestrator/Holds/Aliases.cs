using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Register;

namespace ConsentLedger.ErasureOrchestrator.Holds;

/// <summary>Decisions about a person under all of their ids at once.</summary>
public sealed class Aliases(DeciderLoop ledger, StateReader reader, Patience patience)
{
    private const string Moved = "aliases_moved";

    /// <summary>A command of the first of these streams that reads, and may write to, those of everybody who is the same person as any of them.</summary>
    /// <param name="decide">Everybody's state, by stream; the events name the stream they belong to, the command's own included.</param>
    /// <param name="more">Whose aliases count as well, before the command has made them any.</param>
    public async Task<Outcome> ExecuteAsync(
        IReadOnlyList<StreamKey> streams, Digest? id, Digest body, Func<IReadOnlyDictionary<StreamKey, SubjectRequests>, Decision> decide, CancellationToken ct, params IReadOnlyList<StreamKey> more)
    {
        while (true)
        {
            var all = await ClosureAsync([.. streams, .. more], ct);
            var own = streams[0];
            var command = new Command(own, SubjectRequests.Stream, id, body, context => Decide(all, own, decide, context))
            {
                Reads = [.. all.Where(s => s != own).Select(s => (s, (StreamType)SubjectRequests.Stream)), .. TenantRegister.ReadBy(own.Tenant)],
            };
            var outcome = await ledger.ExecuteAsync(command, ct);
            if (outcome is not Outcome.Refused { Refusal.Code: Moved }) return outcome;
            if (id is { } named) id = Digest.Of($"{named.Value}", Moved);
        }
    }

    /// <summary>Everybody who is the same person as one of these.</summary>
    public async Task<IReadOnlyList<StreamKey>> ClosureAsync(IReadOnlyList<StreamKey> streams, CancellationToken ct)
    {
        var (all, next) = (new List<StreamKey>(streams.Distinct()), streams);
        while (next.Count > 0)
        {
            var states = await reader.ReadAsync(next, SubjectRequests.Stream, ct);
            next = [.. states.SelectMany(s => s.Value.Aliases.Select(a => s.Key with { Id = new StreamId(a) })).Distinct().Except(all)];
            all.AddRange(next);
        }

        return all;
    }

    /// <summary>Whom one leads to, among these.</summary>
    public static IReadOnlySet<StreamKey> ReachedFrom(StreamKey one, IReadOnlyDictionary<StreamKey, SubjectRequests> persons)
    {
        var (reached, left) = (new HashSet<StreamKey> { one }, new Stack<StreamKey>([one]));
        while (left.TryPop(out var next))
            foreach (var other in persons.TryGetValue(next, out var state) ? state.Aliases.Select(a => next with { Id = new StreamId(a) }) : [])
                if (reached.Add(other)) left.Push(other);
        return reached;
    }

    private Decision Decide(IReadOnlyList<StreamKey> all, StreamKey own, Func<IReadOnlyDictionary<StreamKey, SubjectRequests>, Decision> decide, DecisionContext context)
    {
        var persons = all.ToDictionary(s => s, s => s == own ? context.State<SubjectRequests>() : context.State<SubjectRequests>(s));

        // Somebody joined since they were looked up: looked up again, lest a hold passes them by.
        if (persons.Any(p => p.Value.Aliases.Any(a => !persons.ContainsKey(p.Key with { Id = new StreamId(a) })))) return Decision.No(Moved, "Who is the same person has just changed.");

        var decision = decide(persons);
        if (decision is Decision.Record record) decision = record with { Events = [.. record.Events.Select(e => e.Stream == own ? e with { Stream = null } : e)] };
        return decision.Advancing(
            [.. persons.Select(p => p.Key == own ? new Person(Stream: null, p.Value, context.Version) : new Person(p.Key, p.Value, Version: 0))],
            context.State<TenantRegister>(TenantRegister.Of(own.Tenant)), patience, context.Now);
    }
}
