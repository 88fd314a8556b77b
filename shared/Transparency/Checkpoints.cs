using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Ledger;
using ConsentLedger.Transparency.Signing;
using Npgsql;

namespace ConsentLedger.Transparency;

/// <summary>The newest published checkpoint of each tenant. What is in here, outsiders may have: it is never taken back.</summary>
public sealed class Checkpoints(NpgsqlDataSource ledger, TimeProvider clock) : IAsyncDisposable
{
    /// <summary>A notification can be missed; then it is this long until somebody looks all the same.</summary>
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    private readonly StoreSignal _published = new(ledger, "checkpoints");
    private readonly Durable _durable = Durable.Within(ledger);
    private readonly Lock _gate = new();
    private readonly Dictionary<TenantId, Task> _begun = [];
    private readonly Dictionary<TenantId, Task<SignedCheckpoint?>> _next = [];

    /// <summary>Null before the first.</summary>
    public Task<SignedCheckpoint?> FindAsync(TenantId tenant, CancellationToken ct) => Outages.Typed(async () =>
    {
        await using var command = ledger.CreateCommand("select note from ledger_checkpoints where tenant_id = $1");
        command.Parameters.Add(new() { Value = tenant.ToString() });
        return await command.ExecuteScalarAsync(ct) is byte[] note ? Read(note) : null;
    });

    /// <summary>The newest, once it is of at least this size, whichever replica publishes it; null when that takes longer than <paramref name="atMost"/>.</summary>
    public async Task<SignedCheckpoint?> WaitForAsync(TenantId tenant, long size, TimeSpan atMost, CancellationToken ct)
    {
        var started = clock.GetTimestamp();
        while (true)
        {
            // Asked before looking, so one that is published between the look and the wait ends the wait at once.
            var left = atMost - clock.GetElapsedTime(started);
            var published = WaitForPublicationAsync(left < Poll ? left : Poll, ct);
            if (await LookAsync(tenant).WaitAsync(ct) is { } newest && newest.Head.Size >= size) return newest;
            if (left <= TimeSpan.Zero) return null;
            await published;
        }
    }

    /// <summary>All who wait for a tenant look with one query: the one that has not begun when they ask. What one in flight will find may be too old for them.</summary>
    private Task<SignedCheckpoint?> LookAsync(TenantId tenant)
    {
        lock (_gate)
        {
            if (_next.TryGetValue(tenant, out var next)) return next;
            return _next[tenant] = LookAfterAsync(_begun.GetValueOrDefault(tenant, Task.CompletedTask), tenant);
        }
    }

    private async Task<SignedCheckpoint?> LookAfterAsync(Task before, TenantId tenant)
    {
        // Always elsewhere, because who asked still holds the gate; and an outage is told to those who shared that look.
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        lock (_gate)
        {
            _next.Remove(tenant, out var begun);
            _begun[tenant] = begun!;
        }

        return await FindAsync(tenant, CancellationToken.None);
    }

    /// <summary>Completes when some tenant's checkpoint was published, here or in another process, or after <paramref name="atMost"/>. A hint, never a promise.</summary>
    public Task WaitForPublicationAsync(TimeSpan atMost, CancellationToken ct) => _published.WaitAsync(atMost > TimeSpan.Zero ? atMost : TimeSpan.Zero, ct);

    /// <summary>The newest of every tenant.</summary>
    internal Task<IReadOnlyDictionary<TenantId, SignedCheckpoint>> ReadAllAsync(CancellationToken ct) => ReadAsync("select tenant_id, note from ledger_checkpoints", ct);

    /// <summary>Those newest ones that the bus has not been told of.</summary>
    internal Task<IReadOnlyDictionary<TenantId, SignedCheckpoint>> ReadUnannouncedAsync(CancellationToken ct) =>
        ReadAsync("select tenant_id, note from ledger_checkpoints where announced < size", ct, passOver: true);

    /// <param name="size">Up to which the bus has been told; an earlier word never replaces a later one.</param>
    internal Task SaveAnnouncedAsync(TenantId tenant, long size, CancellationToken ct) => Outages.Typed(async () =>
    {
        await using var command = ledger.CreateCommand("update ledger_checkpoints set announced = greatest(announced, $2) where tenant_id = $1");
        command.Parameters.Add(new() { Value = tenant.ToString() });
        command.Parameters.Add(new() { Value = size });
        await command.ExecuteNonQueryAsync(ct);
    });

    /// <summary>Stores a checkpoint in place of the one it was proved consistent with, and tells whoever waits.</summary>
    /// <param name="after">That one's size; 0 for the tenant's first.</param>
    /// <param name="lease">What makes this process the signer. When it is gone, so is the right to publish.</param>
    /// <returns>False where another one is stored: somebody else has signed since.</returns>
    internal async Task<bool> PublishAsync(TenantId tenant, long after, SignedCheckpoint signed, SignerLease lease, CancellationToken ct)
    {
        var storing = lease.UseAsync(signer => StoreAsync(tenant, after, signed, signer), ct);
        await Outages.Typed(() => _durable.WaitAsync(storing, ct));
        if (!await storing) return false;
        _published.Raise();
        return true;
    }

    private async Task<bool> StoreAsync(TenantId tenant, long after, SignedCheckpoint signed, NpgsqlConnection signer)
    {
        await using var store = new NpgsqlCommand(
            """
            insert into ledger_checkpoints (tenant_id, size, root, note, signed_at) select $1, $2, $3, $4, $5 where $6 = 0 or exists (select from ledger_checkpoints where tenant_id = $1)
            on conflict (tenant_id) do update set size = excluded.size, root = excluded.root, note = excluded.note, signed_at = excluded.signed_at
            where ledger_checkpoints.size = $6
            """, signer)
        {
            CommandTimeout = 0,
            Parameters =
            {
                new() { Value = tenant.ToString() }, new() { Value = signed.Head.Size }, new() { Value = signed.Head.Root.Bytes.ToArray() }, new() { Value = signed.Note },
                new() { Value = clock.GetUtcNow() }, new() { Value = after },
            },
        };
        return await store.ExecuteNonQueryAsync(CancellationToken.None) == 1;
    }

    public ValueTask DisposeAsync() => _published.DisposeAsync();

    /// <param name="passOver">What cannot be read: whoever signs tells of it.</param>
    private Task<IReadOnlyDictionary<TenantId, SignedCheckpoint>> ReadAsync(string sql, CancellationToken ct, bool passOver = false) =>
        Outages.Typed<IReadOnlyDictionary<TenantId, SignedCheckpoint>>(async () =>
        {
            await using var command = ledger.CreateCommand(sql);
            var checkpoints = new Dictionary<TenantId, SignedCheckpoint>();
            await using var reader = await command.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct))
            {
                if (Find(reader.GetFieldValue<byte[]>(1), out var fault) is { } found) checkpoints.Add(TenantId.Parse(reader.GetString(0)), found);
                else if (!passOver) throw Unreadable(fault);
            }

            return checkpoints;
        });

    // The note is what was signed; the columns beside it are for people and for the conditions of our own statements.
    private static SignedCheckpoint? Find(byte[] bytes, out LedgerFault? fault) =>
        Note.TryParse(bytes, out var note, out fault) && Checkpoint.TryParse(note.Text.Span, out var head, out fault) ? new SignedCheckpoint(head, bytes) : null;

    private static SignedCheckpoint Read(byte[] bytes) => Find(bytes, out var fault) ?? throw Unreadable(fault);

    private static InvalidDataException Unreadable(LedgerFault? fault) => new($"A stored checkpoint cannot be read: {fault?.Reason}");
}
