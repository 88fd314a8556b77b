using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.MarketingPreference.Preferences;
using Npgsql;
using NpgsqlTypes;

namespace ConsentLedger.MarketingPreference.Sending;

/// <summary>One more message of a topic to a person.</summary>
/// <param name="Since">When the stretch of time began that it is counted in.</param>
/// <param name="DeliveryId">Asking again about the last delivery counts once.</param>
public readonly record struct CountedSend(StreamId Subject, string Topic, DateTimeOffset Since, int Cap, string? DeliveryId);

/// <summary>How many messages of a topic were allowed to a person since then, and what the last one was called.</summary>
public sealed record CountedTopic(string Topic, DateTimeOffset Since, int Sent, string? DeliveryId);

/// <summary>
/// How many messages of a capped topic each person was allowed: one row a person and topic, of the stretch of time it was last counted in. Operational, and no part of the log.
/// </summary>
public sealed class SendCounts(NpgsqlDataSource ledger)
{
    private static readonly string Fence = MarketingCatalog.Events.NameOf(new ErasureStarted(Guid.Empty));

    /// <summary>
    /// Counts each, and says which fit under their cap. One statement decides and counts, with the row locked, so that no two replicas give the last place away twice. What was
    /// counted stays so, whether the answer arrives or the mail is sent. Rows are taken in one order, lest two callers wait for each other. Whoever was erased since they were decided on fits nowhere, and
    /// gets no row.
    /// </summary>
    public async Task<bool[]> CountAsync(TenantId tenant, IReadOnlyList<CountedSend> sends, CancellationToken ct)
    {
        var fits = new bool[sends.Count];
        var rounds = Enumerable.Range(0, sends.Count).GroupBy(i => (sends[i].Subject, sends[i].Topic)).SelectMany(same => same.Select((index, round) => (index, round)))
            .GroupBy(s => s.round, s => s.index).OrderBy(r => r.Key);
        foreach (var round in rounds)
        {
            // A statement may touch a row once: who is asked about twice is counted in another one.
            var indexes = round.OrderBy(i => sends[i].Subject.Value).ThenBy(i => sends[i].Topic, StringComparer.Ordinal).ToDictionary(i => (sends[i].Subject.Value, sends[i].Topic));
            await foreach (var counted in CountOnceAsync(tenant, [.. indexes.Values.Select(i => sends[i])], ct)) fits[indexes[counted]] = true;
        }

        return fits;
    }

    /// <summary>What is counted of a person.</summary>
    public Task<IReadOnlyList<CountedTopic>> OfSubjectAsync(StreamKey subject, CancellationToken ct) => Outages.Typed<IReadOnlyList<CountedTopic>>(async () =>
    {
        await using var command = ledger.CreateCommand("select topic, since, sent, delivery from send_counts where tenant_id = $1 and subject_id = $2 order by topic");
        command.Parameters.Add(new() { Value = subject.Tenant.ToString() });
        command.Parameters.Add(new() { Value = subject.Id.Value });
        var topics = new List<CountedTopic>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) topics.Add(new(reader.GetString(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetInt32(2), reader.IsDBNull(3) ? null : reader.GetString(3)));
        return topics;
    });

    /// <summary>
    /// Nothing is kept of whoever was erased; to be called when their fence is up. A count that began before the fence is waited for, and one that begins after this has the table sees it: the lock stands
    /// between the two, for as long as a few rows take.
    /// </summary>
    public Task ForgetAsync(StreamKey subject, CancellationToken ct) => Outages.Typed(async () =>
    {
        await using var connection = await ledger.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using var sql = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands =
            {
                new("lock table send_counts in share row exclusive mode"),
                new("delete from send_counts where tenant_id = $1 and subject_id = $2") { Parameters = { new() { Value = subject.Tenant.ToString() }, new() { Value = subject.Id.Value } } },
            },
        };
        await sql.ExecuteNonQueryAsync(ct);
        await transaction.CommitAsync(ct);
    });

    private async IAsyncEnumerable<(Guid, string)> CountOnceAsync(TenantId tenant, IReadOnlyList<CountedSend> sends, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        foreach (var counted in await Outages.Typed(async () =>
        {
            await using var command = ledger.CreateCommand("""
                insert into send_counts as c (tenant_id, subject_id, topic, since, sent, cap, delivery) select $1, s, t, b, 1, m, d from unnest($2, $3, $4, $5, $6) as q (s, t, b, m, d)
                where not exists (select from mt_events e where e.tenant_id = $1 and e.stream_id = q.s::text and e.type = $7)
                on conflict (tenant_id, subject_id, topic) do update
                set sent = case when c.since < excluded.since then 1 when c.delivery = excluded.delivery then c.sent else c.sent + 1 end,
                    since = greatest(c.since, excluded.since), cap = excluded.cap, delivery = excluded.delivery
                where c.since < excluded.since or c.sent < excluded.cap or c.delivery = excluded.delivery
                returning subject_id, topic
                """);
            command.Parameters.Add(new() { Value = tenant.ToString() });
            command.Parameters.Add(Array(sends.Select(s => s.Subject.Value), NpgsqlDbType.Uuid));
            command.Parameters.Add(Array(sends.Select(s => s.Topic), NpgsqlDbType.Text));
            command.Parameters.Add(Array(sends.Select(s => s.Since), NpgsqlDbType.TimestampTz));
            command.Parameters.Add(Array(sends.Select(s => s.Cap), NpgsqlDbType.Integer));
            command.Parameters.Add(Array(sends.Select(s => s.DeliveryId), NpgsqlDbType.Text));
            command.Parameters.Add(new() { Value = Fence });
            var counted = new List<(Guid, string)>();
            await using var reader = await command.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct)) counted.Add((reader.GetGuid(0), reader.GetString(1)));
            return counted;
        })) yield return counted;
    }

    private static NpgsqlParameter<T[]> Array<T>(IEnumerable<T> values, NpgsqlDbType type) => new() { TypedValue = [.. values], NpgsqlDbType = NpgsqlDbType.Array | type };
}

/// <summary>The table behind <see cref="SendCounts"/>. Nothing is written to it with an append.</summary>
public sealed class SendCountsTable : IInlineProjection
{
    public string Schema => """
        create table if not exists send_counts (
            tenant_id  text        not null,
            subject_id uuid        not null,
            topic      text        not null,
            since      timestamptz not null, -- when the stretch of time began
            sent       int         not null, -- in it
            cap        int         not null,
            delivery   text,                 -- the last one counted
            primary key (tenant_id, subject_id, topic)
        ) with (fillfactor = 70);
        """;

    public void Project(Batch batch, NpgsqlBatch sql) { }
}
