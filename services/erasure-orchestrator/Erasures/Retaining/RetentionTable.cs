using ConsentLedger.EventStore.Npgsql;
using Npgsql;
using NpgsqlTypes;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Retaining;

/// <summary>Whose time is over and who is not erased yet, and when <see cref="AskConsents"/> asks about them. Written with the events it comes from, and could be made from them again.</summary>
public sealed class RetentionTable : IInlineProjection
{
    public string Schema => """
        create table if not exists retentions_over (
            tenant_id text        not null,
            subject   uuid        not null,
            ask_at    timestamptz not null default 'epoch',
            primary key (tenant_id, subject)
        );
        create index if not exists retentions_over_due on retentions_over (ask_at);
        """;

    public void Project(Batch batch, NpgsqlBatch sql)
    {
        var changed = batch.Streams.Where(s => s.State is SubjectRequests now && ((SubjectRequests)s.Before).Retention != now.Retention).Select(s => (s.Stream.Id.Value, ((SubjectRequests)s.State).Retention)).ToList();
        if (changed.Count == 0) return;
        Add(sql, "delete from retentions_over where tenant_id = $1 and subject = any($2)", batch, changed.Select(c => c.Value));
        var asked = changed.Where(c => c.Retention is { IsAsked: true }).Select(c => c.Value).ToList();
        if (asked.Count > 0) Add(sql, "insert into retentions_over (tenant_id, subject) select $1, s from unnest($2) as t (s)", batch, asked);
    }

    private static void Add(NpgsqlBatch sql, string text, Batch batch, IEnumerable<Guid> subjects) => sql.BatchCommands.Add(new NpgsqlBatchCommand(text)
    {
        Parameters =
        {
            new NpgsqlParameter<string> { TypedValue = batch.Tenant.ToString() },
            new NpgsqlParameter<Guid[]> { TypedValue = [.. subjects], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid },
        },
    });
}

/// <summary>Reads <see cref="RetentionTable"/>, and says when somebody is asked about next.</summary>
public sealed class RetentionLookup(NpgsqlDataSource ledger)
{
    private const int Page = 500;

    /// <summary>Those who are due by now, as many as a page has.</summary>
    public Task<IReadOnlyList<StreamKey>> ReadDueAsync(DateTimeOffset now, CancellationToken ct) => Outages.Typed<IReadOnlyList<StreamKey>>(async () =>
    {
        await using var command = ledger.CreateCommand($"select tenant_id, subject from retentions_over where ask_at <= $1 order by ask_at limit {Page}");
        command.Parameters.Add(new() { Value = now.ToUniversalTime() });
        var due = new List<StreamKey>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) due.Add(new StreamKey(TenantId.Parse(reader.GetString(0)), new StreamId(reader.GetGuid(1))));
        return due;
    });

    /// <summary>When the first of the others is due; null where nobody is.</summary>
    public Task<DateTimeOffset?> ReadNextAsync(CancellationToken ct) => Outages.Typed(async () =>
    {
        await using var command = ledger.CreateCommand("select min(ask_at) from retentions_over");
        return await command.ExecuteScalarAsync(ct) is DateTime next ? new DateTimeOffset(next, TimeSpan.Zero) : (DateTimeOffset?)null;
    });

    public Task PutOffAsync(StreamKey subject, DateTimeOffset askAt, CancellationToken ct) => Outages.Typed(async () =>
    {
        await using var command = ledger.CreateCommand("update retentions_over set ask_at = $3 where tenant_id = $1 and subject = $2");
        command.Parameters.Add(new() { Value = subject.Tenant.ToString() });
        command.Parameters.Add(new() { Value = subject.Id.Value });
        command.Parameters.Add(new() { Value = askAt.ToUniversalTime() });
        await command.ExecuteNonQueryAsync(ct);
    });
}
