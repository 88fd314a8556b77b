using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using Npgsql;

namespace ConsentLedger.Benchmarks;

/// <summary>
/// A controller's subjects as they come to be: all have said yes to one channel, half of them to another too, and every fifth has taken the first back since. Recorded
/// by the decider loop, so every table is what a service would have left.
/// </summary>
internal sealed class Population(NpgsqlDataSource ledger, TenantId tenant, string version, string purpose, string channel, string otherChannel)
{
    private static readonly StreamType<AppendBenchmark.Count> Stream = new(new AppendBenchmark.Count(0), (count, _, _) => new AppendBenchmark.Count(count.Events + 1));

    private static readonly EventCatalog Catalog = new(("consent.granted.v1", typeof(Granted)), ("consent.withdrawn.v1", typeof(Withdrawn)));

    public static StreamId Subject(int i) => new(new Guid(i, 1, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 1));

    public static bool HasWithdrawn(int i) => i % 5 == 0;

    public Task RecordAsync(int subjects, CancellationToken ct) => RecordAsync(ledger, tenant, Catalog, subjects, FactsOf, ct);

    /// <summary>So many streams through the decider loop of another service, and nobody is told.</summary>
    public static async Task RecordAsync(NpgsqlDataSource ledger, TenantId tenant, EventCatalog catalog, int subjects, Func<int, IReadOnlyList<object>> facts, CancellationToken ct)
    {
        await using var engine = new NpgsqlEngine(ledger);
        await engine.EnsureSchemaAsync(ct);
        await using (var loop = new DeciderLoop(engine, catalog, TimeProvider.System))
        {
            var next = -1;
            await Task.WhenAll(Enumerable.Range(0, 512).Select(_ => Task.Run(async () =>
            {
                for (var i = Interlocked.Increment(ref next); i < subjects; i = Interlocked.Increment(ref next))
                {
                    var decision = Decision.Of(facts(i));
                    await loop.ExecuteAsync(new Command(new StreamKey(tenant, Subject(i)), Stream, null, default, _ => decision), ct);
                }
            }, ct)));
        }

        // What was recorded here is not news to anybody: nobody publishes it while something is measured.
        await using var told = ledger.CreateCommand("insert into subscription_checkpoints (subscription, tenant_id, next_position) select 'relay', tenant_id, next_position from ledger_head; analyze");
        told.CommandTimeout = 0;
        await told.ExecuteNonQueryAsync(ct);
    }

    private List<object> FactsOf(int i)
    {
        var at = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(i);
        List<object> facts = [new Granted(new Lane(purpose, channel, "controller"), version, at, "subject", "web-form", true)];
        if (i % 2 == 0) facts.Add(new Granted(new Lane(purpose, otherChannel, "controller"), version, at, "subject", "web-form", true));
        if (HasWithdrawn(i)) facts.Add(new Withdrawn(new Lane(purpose, channel, "controller"), version, at.AddDays(30), "subject", "account-page"));
        return facts;
    }

    // The events as they are stored, which outlives how any version of the service spells them.
    private sealed record Granted(Lane Lane, string PolicyVersion, DateTimeOffset OccurredAt, string Actor, string Method, bool InForce);

    private sealed record Withdrawn(Lane Lane, string PolicyVersion, DateTimeOffset OccurredAt, string Actor, string Method);

    private sealed record Lane(string Purpose, string Channel, string Recipient);
}
