using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using Npgsql;

namespace ConsentLedger.Vault;

/// <summary>
/// Finds who is behind an address without keeping the address: <c>tag = HMAC-SHA256(index key, "cl/v1/address"|tenant|kind|NFKC-lowercased value)</c>. A row's subject is wrapped under
/// the KEK and bound to the tag; <c>owner</c>, a tag of the subject, is what an erasure deletes rows by.
/// </summary>
/// <remarks>
/// An erased subject's rows are gone; those of a restored backup are deleted again before serving, are passed over because the subject's key is destroyed, and open nothing once the KEK is.
/// Where the runtime has no ICU only ASCII is in one form by NFKC, and other writing is compared as it came, in lower case.
/// </remarks>
public sealed class AddressIndex(NpgsqlDataSource vault, IKekProvider kek, SubjectKeys keys) : IDisposable
{
    private const string Schema = """
        select pg_advisory_xact_lock(hashtext('consent-ledger vault schema'));
        create table if not exists address_index_key (
            only_one  boolean not null primary key default true check (only_one),
            kek_epoch uuid    not null,
            wrapped   bytea   not null
        );
        create table if not exists subject_addresses (
            tenant_id text  not null,
            tag       bytea not null,
            owner     bytea not null,
            kek_epoch uuid  not null,
            wrapped   bytea not null,
            primary key (tenant_id, tag, owner)
        );
        create index if not exists subject_addresses_by_owner on subject_addresses (owner);
        create index if not exists subject_addresses_by_epoch on subject_addresses (kek_epoch, wrapped);
        """;

    private readonly Durable _durable = Durable.Within(vault);
    private byte[]? _indexKey;

    /// <summary>Creates what is missing. Harmless to repeat, and to run from several processes at once.</summary>
    public Task EnsureSchemaAsync(CancellationToken ct) => VaultOutages.Typed(async () =>
    {
        await using var connection = await vault.OpenConnectionAsync(ct);
        if (!await SchemaOwner.MayChangeAsync(connection, Schema, ct)) return;
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await SchemaOwner.MakeMissingAsync(connection, Schema, ct);
        await transaction.CommitAsync(ct);
    });

    /// <summary>From here on the address leads to the subject, unless its key was destroyed or never made.</summary>
    public async Task AddAsync(StreamKey subject, string kind, string value, CancellationToken ct)
    {
        var indexKey = await IndexKeyAsync(ct);
        var (tag, owner) = (TagOf(indexKey, subject.Tenant, kind, value), OwnerOf(indexKey, subject));
        var wrapped = await kek.WrapAsync(BoundSubject.Join(subject.Id, tag), ct);

        // The lock keeps an erasure waiting until this row is there to be deleted by it.
        await _durable.WriteToVaultAsync(Command(
            """
            with living as (select 1 from subject_keys where tenant_id = $1 and stream_id = $2 and destroyed_at is null for share)
            insert into subject_addresses (tenant_id, tag, owner, kek_epoch, wrapped) select $1, $3, $4, $5, $6 from living on conflict do nothing
            """, subject.Tenant.ToString(), subject.Id.Value, tag, owner, wrapped.Epoch, wrapped.Bytes), ct);
    }

    /// <summary>Every living subject of the tenant to whom the address leads: a person may come back under another id, and a family share one.</summary>
    public async Task<IReadOnlyList<StreamId>> FindAsync(TenantId tenant, string kind, string value, CancellationToken ct)
    {
        var tag = TagOf(await IndexKeyAsync(ct), tenant, kind, value);
        var rows = await VaultOutages.Typed(async () =>
        {
            await using var select = Command("select kek_epoch, wrapped from subject_addresses where tenant_id = $1 and tag = $2", tenant.ToString(), tag);
            var found = new List<WrappedKey>();
            await using var reader = await select.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct)) found.Add(new WrappedKey(reader.GetGuid(0), reader.GetFieldValue<byte[]>(1)));
            return found;
        });
        var subjects = new List<StreamId>();
        foreach (var row in rows)
        {
            var subject = BoundSubject.Part(await kek.UnwrapAsync(row, ct), tag);
            if (await keys.FindAsync(new StreamKey(tenant, subject), ct) is not KeyAnswer.Present present) continue;
            present.Key.Dispose();
            subjects.Add(subject);
        }

        return subjects;
    }

    /// <summary>No address leads to these subjects any more. To be called when their keys are destroyed; harmless to repeat.</summary>
    public async Task ForgetAsync(IReadOnlyCollection<StreamKey> subjects, CancellationToken ct)
    {
        var indexKey = await IndexKeyAsync(ct);
        var owners = subjects.Select(subject => OwnerOf(indexKey, subject)).ToArray();
        await _durable.WriteToVaultAsync(Command("delete from subject_addresses where owner = any($1)", (object)owners), ct);
        var left = await VaultOutages.Typed(async () =>
        {
            await using var count = Command("select count(*) from subject_addresses where owner = any($1)", (object)owners);
            return (long)(await count.ExecuteScalarAsync(ct))!;
        });
        if (left > 0) throw new VaultUnavailableException("The vault was told to forget addresses and still has them.");
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_indexKey);

    /// <summary>Made once, by whoever is first, and wrapped like a subject's key. It stays the same for good: tags could not be made anew without the addresses.</summary>
    private async Task<byte[]> IndexKeyAsync(CancellationToken ct)
    {
        if (_indexKey is { } known) return known;
        if (await ReadKeyAsync() is not { } wrapped)
        {
            var made = RandomNumberGenerator.GetBytes(Sealing.KeyLength);
            var first = await kek.WrapAsync(made, ct);
            CryptographicOperations.ZeroMemory(made);
            await _durable.WriteToVaultAsync(Command("insert into address_index_key (kek_epoch, wrapped) values ($1, $2) on conflict do nothing", first.Epoch, first.Bytes), ct);
            wrapped = await ReadKeyAsync() ?? throw new VaultUnavailableException("The vault took the key of its index and does not have it.");
        }

        return _indexKey = await kek.UnwrapAsync(wrapped, ct);

        Task<WrappedKey?> ReadKeyAsync() => VaultOutages.Typed(async () =>
        {
            await using var select = Command("select kek_epoch, wrapped from address_index_key");
            await using var reader = await select.ExecuteReaderAsync(ct);
            return await reader.ReadAsync(ct) ? new WrappedKey(reader.GetGuid(0), reader.GetFieldValue<byte[]>(1)) : null;
        });
    }

    private static byte[] TagOf(byte[] indexKey, TenantId tenant, string kind, string value) =>
        HMACSHA256.HashData(indexKey, (byte[])[.. "cl/v1/address"u8, .. Text($"{tenant}"), .. Text(kind), .. Text(value.Trim().Normalize(NormalizationForm.FormKC).ToLowerInvariant())]);

    private static byte[] OwnerOf(byte[] indexKey, StreamKey subject) =>
        HMACSHA256.HashData(indexKey, (byte[])[.. "cl/v1/owner"u8, .. Text($"{subject.Tenant}"), .. subject.Id.Value.ToByteArray(bigEndian: true)]);

    private static byte[] Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var length = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(length, (uint)bytes.Length);
        return [.. length, .. bytes];
    }

    private NpgsqlCommand Command(string sql, params ReadOnlySpan<object> values)
    {
        var command = vault.CreateCommand(sql);
        foreach (var value in values) command.Parameters.Add(new() { Value = value });
        return command;
    }

    /// <summary>As <see cref="BoundKey"/>: bytes of another row are damage, and lead to nobody.</summary>
    private static class BoundSubject
    {
        public static byte[] Join(StreamId subject, byte[] tag) => [.. subject.Value.ToByteArray(bigEndian: true), .. tag];

        public static StreamId Part(byte[] bound, byte[] tag) =>
            bound.Length == 16 + tag.Length && bound.AsSpan(16).SequenceEqual(tag)
                ? new StreamId(new Guid(bound.AsSpan(0, 16), bigEndian: true))
                : throw new VaultUnavailableException("A wrapped subject is not in its own row of the index.");
    }
}
