using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Vault;
using Npgsql;
using NpgsqlTypes;

namespace ConsentLedger.Consent.Consents.Erasing;

/// <summary>
/// Whose erasure has begun, written with the fence itself. A vault restored from a backup has keys again that were destroyed since, so every start destroys them
/// once more, before the first request is served.
/// </summary>
public sealed partial class KeepErased(NpgsqlDataSource ledger, IEventEngine engine, SubjectKeys keys, AddressIndex index, ILogger<KeepErased> logger)
{
    private const int Page = 1000;

    public async Task RunAsync(CancellationToken ct)
    {
        var again = 0;
        for (var page = await ReadAsync(after: null, ct); page.Count > 0; page = await ReadAsync(page[^1], ct))
        {
            foreach (var subject in await keys.FindLivingAsync(page, ct))
            {
                await keys.DestroyAsync(subject, ct);
                await engine.PurgeSealedAsync(subject, ct);
                again++;
            }

            await ForgetAsync(page, ct);
        }

        if (again > 0) ErasedAgain(again);
    }

    private async Task ForgetAsync(IReadOnlyList<StreamKey> page, CancellationToken ct)
    {
        try
        {
            await index.ForgetAsync(page, ct);
        }
        catch (KekMissingException e)
        {
            // A vault from before a rotation whose old KEK is destroyed. No address leads anywhere without the index's key, and withdrawals and decisions need neither.
            NothingFound(e.Message);
        }
    }

    private Task<IReadOnlyList<StreamKey>> ReadAsync(StreamKey? after, CancellationToken ct) => Outages.Typed<IReadOnlyList<StreamKey>>(async () =>
    {
        await using var command = ledger.CreateCommand($"select tenant_id, stream_id from erased_subjects where (tenant_id, stream_id) > ($1, $2) order by tenant_id, stream_id limit {Page}");
        command.Parameters.Add(new() { Value = after?.Tenant.ToString() ?? "" });
        command.Parameters.Add(new() { Value = after?.Id.Value ?? Guid.Empty });
        var page = new List<StreamKey>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) page.Add(new StreamKey(TenantId.Parse(reader.GetString(0)), new StreamId(reader.GetGuid(1))));
        return page;
    });

    [LoggerMessage(Level = LogLevel.Warning, Message = "The vault had {Count} keys of people who were erased, as a restored backup has; they are destroyed again")]
    private partial void ErasedAgain(int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "Nobody is found by their address: the key of the index cannot be had. {Reason}")]
    private partial void NothingFound(string reason);
}

/// <summary>The table behind <see cref="KeepErased"/>.</summary>
public sealed class ErasedSubjects : IInlineProjection
{
    public string Schema => """
        create table if not exists erased_subjects (
            tenant_id text not null,
            stream_id uuid not null,
            primary key (tenant_id, stream_id)
        );
        """;

    public void Project(Batch batch, NpgsqlBatch sql)
    {
        var erased = batch.Events.Where(e => e.Facts is ErasureStarted).Select(e => e.Event.Stream.Id.Value).ToArray();
        if (erased.Length == 0) return;
        sql.BatchCommands.Add(new("insert into erased_subjects (tenant_id, stream_id) select $1, s from unnest($2) as e (s) on conflict do nothing")
        {
            Parameters = { new() { Value = batch.Tenant.ToString() }, new NpgsqlParameter<Guid[]> { TypedValue = erased, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid } },
        });
    }
}
