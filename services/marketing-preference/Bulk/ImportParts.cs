using System.Text.Json;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.ServiceDefaults;
using Npgsql;

namespace ConsentLedger.MarketingPreference.Bulk;

/// <summary>The lines of imports, some hundreds a row, until they were carried out; then what became of them.</summary>
public sealed class ImportParts(NpgsqlDataSource ledger)
{
    public const int Lines = 1_000;

    /// <summary>All of a list or nothing of it.</summary>
    /// <returns>How many lines came, how many of them were none, and in how many parts they are kept.</returns>
    /// <exception cref="ListRefusedException">Nothing was kept.</exception>
    public Task<(long Lines, long Invalid, int Parts)> WriteAsync(StreamKey import, IAsyncEnumerable<ReadLine> list, DateTimeOffset now, CancellationToken ct) => Outages.Typed(async () =>
    {
        await using var connection = await ledger.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var (part, total, invalid, parts) = (new List<ReadLine>(Lines), 0L, 0L, 0);
        await foreach (var line in list)
        {
            part.Add(line);
            total++;
            if (line.Line is null) invalid++;
            if (part.Count == Lines) await WriteAsync();
        }

        if (part.Count > 0) await WriteAsync();
        await transaction.CommitAsync(ct);
        return (total, invalid, parts);

        async Task WriteAsync()
        {
            await using var insert = new NpgsqlCommand("insert into import_parts (tenant_id, import_id, part, lines, uploaded_at) values ($1, $2, $3, $4, $5)", connection, transaction);
            foreach (var value in (object[])[import.Tenant.ToString(), import.Id.Value, parts++, JsonSerializer.SerializeToUtf8Bytes(part, StrictJson.Options), now]) insert.Parameters.Add(new() { Value = value });
            await insert.ExecuteNonQueryAsync(ct);
            part.Clear();
        }
    });

    /// <summary>The lines of a part where they were not carried out yet, and otherwise what became of them; neither where the part is gone.</summary>
    public Task<(IReadOnlyList<ReadLine>? Lines, IReadOnlyList<LineResult>? Results)> ReadAsync(StreamKey import, int part, CancellationToken ct) =>
        Outages.Typed<(IReadOnlyList<ReadLine>?, IReadOnlyList<LineResult>?)>(async () =>
        {
            await using var select = Command("select lines, results from import_parts where tenant_id = $1 and import_id = $2 and part = $3", import, part);
            await using var row = await select.ExecuteReaderAsync(ct);
            return await row.ReadAsync(ct) ? (Read<ReadLine>(row, 0), Read<LineResult>(row, 1)) : (null, null);
        });

    /// <summary>From here on nobody can tell any more whom the lines were about.</summary>
    public Task SettleAsync(StreamKey import, int part, IReadOnlyList<LineResult> results, CancellationToken ct) => Outages.Typed(async () =>
    {
        await using var update = Command("update import_parts set lines = null, results = $4 where tenant_id = $1 and import_id = $2 and part = $3", import, part);
        update.Parameters.Add(new() { Value = JsonSerializer.SerializeToUtf8Bytes(results, StrictJson.Options) });
        await update.ExecuteNonQueryAsync(ct);
    });

    /// <summary>Of an import that failed: what nobody will carry out is not kept.</summary>
    public Task ForgetRestAsync(StreamKey import, int part, CancellationToken ct) => Outages.Typed(async () =>
    {
        await using var delete = Command("delete from import_parts where tenant_id = $1 and import_id = $2 and part >= $3", import, part);
        await delete.ExecuteNonQueryAsync(ct);
    });

    /// <summary>Lists that were uploaded before then and never started are not kept. Whether one was started the log says: it may wait for its turn for long.</summary>
    public Task ForgetAsync(DateTimeOffset before, CancellationToken ct) => Outages.Typed(async () =>
    {
        await using var delete = ledger.CreateCommand("""
            delete from import_parts p where uploaded_at < $1
            and not exists (select from mt_events e where e.tenant_id = p.tenant_id and e.stream_id = p.import_id::text and e.type = $2)
            """);
        delete.Parameters.Add(new() { Value = before });
        delete.Parameters.Add(new() { Value = MarketingCatalog.Events.NameOf(new ImportStarted("")) });
        await delete.ExecuteNonQueryAsync(ct);
    });

    private NpgsqlCommand Command(string sql, StreamKey import, int part)
    {
        var command = ledger.CreateCommand(sql);
        foreach (var value in (object[])[import.Tenant.ToString(), import.Id.Value, part]) command.Parameters.Add(new() { Value = value });
        return command;
    }

    private static List<T>? Read<T>(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : JsonSerializer.Deserialize<List<T>>(row.GetFieldValue<byte[]>(column), StrictJson.Options);
}

/// <summary>The table behind <see cref="ImportParts"/>. Nothing is written to it with an append.</summary>
public sealed class ImportTable : IInlineProjection
{
    public string Schema => """
        create table if not exists import_parts (
            tenant_id   text        not null,
            import_id   uuid        not null,
            part        int         not null,
            lines       bytea       null, -- gone when they were carried out
            results     bytea       null, -- there from then on
            uploaded_at timestamptz not null,
            primary key (tenant_id, import_id, part)
        );
        """;

    public void Project(Batch batch, NpgsqlBatch sql) { }
}
