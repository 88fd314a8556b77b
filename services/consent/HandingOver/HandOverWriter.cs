using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Vault;
using Npgsql;
using NpgsqlTypes;

namespace ConsentLedger.Consent.HandingOver;

/// <summary>
/// Writes what a successor takes over, a page at a time. Whoever's erasure has begun by the time their page is read is not in it: a page is read from the vault or the ledger first, and
/// held against the fences after.
/// </summary>
/// <param name="pageSize">As many keys or envelopes are in memory, and keys in the clear only while their page is wrapped.</param>
public sealed class HandOverWriter(NpgsqlDataSource ledger, IEventEngine engine, SubjectKeys keys, int pageSize = 200)
{
    /// <summary>Until the last line it is not complete.</summary>
    /// <param name="size">What is below it in the log is handed over.</param>
    /// <exception cref="StoreUnavailableException">Ledger or vault cannot be asked. Where that is so from the start, nothing was written.</exception>
    public async Task<HandOverEnd> WriteAsync(PipeWriter body, TenantId tenant, HandOverHead head, long size, TransportKey transport, CancellationToken ct)
    {
        using var mac = transport.NewMac();
        var lines = new Lines(body, mac);
        await using var pages = keys.ReadLivingAsync(tenant, pageSize, subjects => SealedAndUnfencedAsync(tenant, subjects, size, ct), ct).GetAsyncEnumerator(ct);
        var more = await pages.MoveNextAsync();
        lines.Write(head);
        for (; more; more = await pages.MoveNextAsync())
        {
            foreach (var key in pages.Current) lines.Write(new HandedOverKey(key.Subject.Id.Value, key.Id, transport.Wrap(key)));
            lines.Keys += pages.Current.Count;

            // A reader may be slow, and an erasure counts on a key being out of use when its lease is over.
            foreach (var key in pages.Current) key.Dispose();
            await body.FlushAsync(ct);
        }

        for (var page = await ReadEnvelopesAsync(tenant, after: -1, size, ct); page.Count > 0; page = await ReadEnvelopesAsync(tenant, page[^1].Position, size, ct))
        {
            foreach (var envelope in page) lines.Write(envelope);
            lines.Envelopes += page.Count;
            await body.FlushAsync(ct);
        }

        var end = new HandOverEnd(lines.Keys, lines.Envelopes, (await engine.ReadTreeAsync(tenant, ct)).Size);
        lines.Write(end);
        body.Write(HandOverFile.ToLine(new HandOverSeal(mac.GetHashAndReset())));
        await body.FlushAsync(ct);
        return end;
    }

    private Task<IReadOnlySet<StreamId>> SealedAndUnfencedAsync(TenantId tenant, IReadOnlyList<StreamId> subjects, long size, CancellationToken ct) => Outages.Typed<IReadOnlySet<StreamId>>(async () =>
    {
        await using var select = ledger.CreateCommand("""
            select s.id from unnest($2) as s (id)
            where not exists (select from erased_subjects where tenant_id = $1 and stream_id = s.id)
            and exists (
                select from mt_events e
                cross join lateral (select from ledger_entries where tenant_id = e.tenant_id and position = (e.headers ->> 'position')::bigint and position < $3 and envelope is not null offset 0) as l
                where e.tenant_id = $1 and e.stream_id = s.id::text)
            """);
        select.Parameters.Add(new() { Value = tenant.ToString() });
        select.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. subjects.Select(s => s.Value)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid });
        select.Parameters.Add(new() { Value = size });
        var found = new HashSet<StreamId>();
        await using var reader = await select.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) found.Add(new StreamId(reader.GetGuid(0)));
        return found;
    });

    private Task<IReadOnlyList<HandedOverEnvelope>> ReadEnvelopesAsync(TenantId tenant, long after, long size, CancellationToken ct) => Outages.Typed<IReadOnlyList<HandedOverEnvelope>>(async () =>
    {
        // As of one moment with the fences, which come before their purge.
        await using var select = ledger.CreateCommand("""
            select l.position, l.envelope from ledger_entries l
            where l.tenant_id = $1 and l.position > $2 and l.position < $3 and l.envelope is not null
            and not exists (select from erased_subjects where tenant_id = l.tenant_id and stream_id = ledger_stream(l.entry)::uuid)
            order by l.position limit $4
            """);
        select.Parameters.Add(new() { Value = tenant.ToString() });
        select.Parameters.Add(new() { Value = after });
        select.Parameters.Add(new() { Value = size });
        select.Parameters.Add(new() { Value = pageSize });
        var page = new List<HandedOverEnvelope>();
        await using var reader = await select.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) page.Add(new HandedOverEnvelope(reader.GetInt64(0), reader.GetFieldValue<byte[]>(1)));
        return page;
    });

    private sealed class Lines(PipeWriter body, IncrementalHash mac)
    {
        public long Keys { get; set; }

        public long Envelopes { get; set; }

        public void Write<T>(T line)
        {
            var bytes = HandOverFile.ToLine(line);
            mac.AppendData(bytes);
            body.Write(bytes);
        }
    }
}
