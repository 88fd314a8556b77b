using ConsentLedger.EventStore.Npgsql;
using Npgsql;
using NpgsqlTypes;

namespace ConsentLedger.MarketingPreference.Addresses;

/// <summary>How an address stands for a send decision, as its row says.</summary>
/// <param name="PausedUntil">Set where too many soft bounces came in a row.</param>
public readonly record struct AddressRow(AddressStanding Standing, DateTimeOffset? PausedUntil, long? Position, DateTimeOffset? Since);

/// <summary>
/// One row an address: which stream is that of a tag, and how it stands; written in the commit of its events, so that a decision needs one look for many. And who is linked to which.
/// </summary>
public sealed class AddressTable : IInlineProjection
{
    public string Schema => """
        -- The id of an address's stream is chance, and this row alone says which tag it is of.
        create table if not exists addresses (
            tenant_id    text     not null,
            tag          bytea    not null,
            stream_id    uuid     not null,
            standing     smallint not null default 0,
            paused_until timestamptz,
            position     bigint,      -- of the event that the standing rests on
            since        timestamptz, -- when that was recorded
            primary key (tenant_id, tag)
        ) with (fillfactor = 80);
        create index if not exists addresses_stopped on addresses (tenant_id, tag) where standing >= 3;
        create unique index if not exists addresses_stream on addresses (tenant_id, stream_id);

        create table if not exists address_links (
            tenant_id  text not null,
            subject_id uuid not null,
            stream_id  uuid not null,
            link       uuid not null, -- what the address's events call the person
            primary key (tenant_id, subject_id, stream_id)
        );
        create unique index if not exists address_links_of_address on address_links (tenant_id, stream_id, link);
        """;

    public void Project(Batch batch, NpgsqlBatch sql)
    {
        List<StreamChange>? changes = null;
        foreach (var change in batch.Streams)
            if (change.Type == Address.Stream) (changes ??= []).Add(change);
        if (changes is null) return;

        var rows = changes.Select(change => (change.Stream.Id, State: (Address)change.State)).Where(row => row.State.Tag is not null).ToList();
        Add(batch, sql, """
            insert into addresses as a (tenant_id, tag, stream_id, standing, paused_until, position, since)
            select $1, t, s, w, u, p, c from unnest($2, $3, $4, $5, $6, $7) as r (t, s, w, u, p, c)
            on conflict (tenant_id, tag) do update
            set standing = excluded.standing, paused_until = excluded.paused_until, position = excluded.position, since = excluded.since where a.stream_id = excluded.stream_id
            """,
            Array(rows.Select(r => r.State.Tag!.Value.ToBytes()), NpgsqlDbType.Bytea),
            Array(rows.Select(r => r.Id.Value), NpgsqlDbType.Uuid),
            Array(rows.Select(r => (short)r.State.Standing.Standing), NpgsqlDbType.Smallint),
            Array(rows.Select(r => r.State.PausedUntil), NpgsqlDbType.TimestampTz),
            Array(rows.Select(r => r.State.Standing.Place?.Position), NpgsqlDbType.Bigint),
            Array(rows.Select(r => r.State.Standing.Place?.RecordedAt), NpgsqlDbType.TimestampTz));

        // A link is written before the event that uses it, and goes with the one that ends it.
        var ended = changes.SelectMany(c => ((Address)c.Before).Links.Except(((Address)c.State).Links), (c, link) => (Stream: c.Stream.Id.Value, Link: link)).ToList();
        if (ended.Count > 0)
            Add(batch, sql, "delete from address_links where tenant_id = $1 and (stream_id, link) in (select s, l from unnest($2, $3) as e (s, l))",
                Array(ended.Select(e => e.Stream), NpgsqlDbType.Uuid), Array(ended.Select(e => e.Link), NpgsqlDbType.Uuid));
    }

    private static void Add(Batch batch, NpgsqlBatch sql, string text, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(text) { Parameters = { new() { Value = batch.Tenant.ToString() } } };
        foreach (var parameter in parameters) command.Parameters.Add(parameter);
        sql.BatchCommands.Add(command);
    }

    private static NpgsqlParameter<T[]> Array<T>(IEnumerable<T> values, NpgsqlDbType type) => new() { TypedValue = [.. values], NpgsqlDbType = NpgsqlDbType.Array | type };
}

/// <param name="Link">What the address's events call the person.</param>
public sealed record AddressLink(StreamKey Address, Guid Link, Guid Subject);

/// <summary>Finds addresses by what is known of them.</summary>
public sealed class AddressReader(NpgsqlDataSource ledger)
{
    /// <summary>The stream of a tag, or null where nothing was recorded about it.</summary>
    public async Task<StreamKey?> FindAsync(TenantId tenant, AddressTag tag, CancellationToken ct) =>
        await ReadAsync("select stream_id from addresses where tenant_id = $1 and tag = $2", [tenant.ToString(), tag.ToBytes()], row => row.GetGuid(0), ct) is [var stream] ? new StreamKey(tenant, new StreamId(stream)) : null;

    /// <summary>The streams of these; what is not in the answer has none.</summary>
    public async Task<IReadOnlyDictionary<AddressTag, StreamKey>> FindAsync(TenantId tenant, IReadOnlyCollection<AddressTag> tags, CancellationToken ct) => tags.Count == 0
        ? System.Collections.Frozen.FrozenDictionary<AddressTag, StreamKey>.Empty
        : (await ReadAsync("select tag, stream_id from addresses where tenant_id = $1 and tag = any($2)", [tenant.ToString(), tags.Select(t => t.ToBytes()).ToArray()],
            row => (AddressTag.Of(row.GetFieldValue<byte[]>(0)), new StreamKey(tenant, new StreamId(row.GetGuid(1)))), ct)).ToDictionary();

    /// <summary>
    /// The stream of a tag, which from here on has one. Whoever comes at the same moment, on whatever replica, waits at the row and hears the same: the key of the table lets one
    /// id in, and an update of nothing returns it. A crash right after leaves a row of an address that nothing is known of.
    /// </summary>
    public async Task<StreamKey> FindOrBeginAsync(TenantId tenant, AddressTag tag, CancellationToken ct) => await FindAsync(tenant, tag, ct) ?? new StreamKey(tenant, new StreamId((await ReadAsync(
        "insert into addresses as a (tenant_id, tag, stream_id) values ($1, $2, $3) on conflict (tenant_id, tag) do update set stream_id = a.stream_id returning stream_id",
        [tenant.ToString(), tag.ToBytes(), Address.NewId().Value], row => row.GetGuid(0), ct))[0]));

    /// <summary>What the address's events call this person from here on; for whoever comes at the same moment, the same.</summary>
    public async Task<Guid> FindOrBeginLinkAsync(StreamKey subject, StreamKey address, CancellationToken ct) => (await ReadAsync(
        """
        insert into address_links as l (tenant_id, subject_id, stream_id, link) values ($1, $2, $3, $4)
        on conflict (tenant_id, subject_id, stream_id) do update set link = l.link returning link
        """,
        [subject.Tenant.ToString(), subject.Id.Value, address.Id.Value, Address.NewId().Value], row => row.GetGuid(0), ct))[0];

    /// <summary>The addresses that a subject is linked to, or was about to be.</summary>
    public Task<IReadOnlyList<AddressLink>> OfSubjectAsync(StreamKey subject, CancellationToken ct) => ReadAsync(
        "select stream_id, link from address_links where tenant_id = $1 and subject_id = $2", [subject.Tenant.ToString(), subject.Id.Value],
        row => new AddressLink(new StreamKey(subject.Tenant, new StreamId(row.GetGuid(0))), row.GetGuid(1), subject.Id.Value), ct);

    /// <summary>Who is linked to an address, or was about to be.</summary>
    public Task<IReadOnlyList<AddressLink>> OfAddressAsync(StreamKey address, CancellationToken ct) => ReadAsync(
        "select link, subject_id from address_links where tenant_id = $1 and stream_id = $2 order by subject_id", [address.Tenant.ToString(), address.Id.Value],
        row => new AddressLink(address, row.GetGuid(0), row.GetGuid(1)), ct);

    /// <summary>Nothing is left that says which addresses were this person's.</summary>
    public Task ForgetAsync(StreamKey subject, CancellationToken ct) => ReadAsync(
        "delete from address_links where tenant_id = $1 and subject_id = $2 returning 1", [subject.Tenant.ToString(), subject.Id.Value], _ => true, ct);

    /// <summary>How these stand; what is not in the answer is deliverable as far as is known.</summary>
    public async Task<IReadOnlyDictionary<AddressTag, AddressRow>> ReadAsync(TenantId tenant, IReadOnlyCollection<AddressTag> tags, CancellationToken ct)
    {
        if (tags.Count == 0) return System.Collections.Frozen.FrozenDictionary<AddressTag, AddressRow>.Empty;
        var rows = await ReadAsync(
            "select tag, standing, paused_until, position, since from addresses where tenant_id = $1 and tag = any($2) and standing > 0",
            [tenant.ToString(), tags.Select(t => t.ToBytes()).ToArray()], row => (AddressTag.Of(row.GetFieldValue<byte[]>(0)), RowOf(row)), ct);
        return rows.ToDictionary();
    }

    /// <summary>Every address that something stops, in the order of the tags, as of one moment. Rows stream through.</summary>
    public async IAsyncEnumerable<(AddressTag Tag, AddressRow Row)> StoppedAsync(TenantId tenant, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        await using var command = ledger.CreateCommand("select tag, standing, paused_until, position, since from addresses where tenant_id = $1 and standing >= 3 order by tag");
        command.Parameters.Add(new() { Value = tenant.ToString() });
        await using var reader = await Outages.Typed(() => command.ExecuteReaderAsync(ct));
        while (await Outages.Typed(() => reader.ReadAsync(ct))) yield return (AddressTag.Of(reader.GetFieldValue<byte[]>(0)), RowOf(reader));
    }

    private static AddressRow RowOf(NpgsqlDataReader row) => new(
        (AddressStanding)row.GetInt16(1), row.IsDBNull(2) ? null : row.GetFieldValue<DateTimeOffset>(2), row.IsDBNull(3) ? null : row.GetInt64(3), row.IsDBNull(4) ? null : row.GetFieldValue<DateTimeOffset>(4));

    private Task<IReadOnlyList<T>> ReadAsync<T>(string sql, IReadOnlyList<object> parameters, Func<NpgsqlDataReader, T> read, CancellationToken ct) => Outages.Typed<IReadOnlyList<T>>(async () =>
    {
        await using var command = ledger.CreateCommand(sql);
        foreach (var parameter in parameters) command.Parameters.Add(new() { Value = parameter });
        var rows = new List<T>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) rows.Add(read(reader));
        return rows;
    });
}
