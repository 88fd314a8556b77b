using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using ConsentLedger.EventStore;
using Npgsql;

namespace ConsentLedger.Vault;

/// <summary>
/// One key a subject, wrapped under a KEK, in a database apart from the ledger's. Destroying the key is what erases: every envelope under it,
/// in the ledger and in each of its backups, is noise from then on.
/// </summary>
/// <remarks>Every method throws <see cref="VaultUnavailableException"/> where the vault or its KEK cannot be asked.</remarks>
public sealed class SubjectKeys(NpgsqlDataSource vault, IKekProvider kek, TimeProvider clock, IMeterFactory? meters = null) : IDisposable
{
    /// <summary>For how long after a destruction another process may still open what the key sealed.</summary>
    public static TimeSpan Lease => KeyLeases.Duration;

    private readonly KeyTable _table = new(vault);
    private readonly KeyLeases _leases = new(clock);
    private readonly VaultMetrics _metrics = new(meters);

    /// <summary>Creates what is missing. Harmless to repeat, and to run from several processes at once.</summary>
    public Task EnsureSchemaAsync(CancellationToken ct) => _table.EnsureAsync(ct);

    /// <summary>The subject's key, made if there never was one; on disk before it is returned, and the same for all who ask at once. The caller disposes it.</summary>
    /// <exception cref="SubjectErasedException">The key was destroyed; there will be no other.</exception>
    public async Task<SubjectKey> GetOrCreateAsync(StreamKey subject, CancellationToken ct)
    {
        var answer = await FindAsync(subject, ct);
        if (answer is KeyAnswer.Never)
        {
            await AddAsync(subject, ct);

            // Read back, because another process may have been first, and because a key that does not unwrap must be known before it seals anything.
            answer = await FindAsync(subject, ct);
        }

        return answer switch
        {
            KeyAnswer.Present present => present.Key,
            KeyAnswer.Erased => throw new SubjectErasedException(),
            _ => throw new VaultUnavailableException("The vault took a key and does not have it."),
        };
    }

    /// <summary>The subject's key, or which of the two reasons there is none.</summary>
    public async Task<KeyAnswer> FindAsync(StreamKey subject, CancellationToken ct)
    {
        if (_leases.Find(subject) is { } leased) return new KeyAnswer.Present(leased);
        return await _metrics.CountAsync("find", () => ReadAsync(subject, ct));
    }

    /// <summary>
    /// Destroys the subject's key, or sees to it that there never is one, and checks that it is gone. Harmless to repeat: the first time stands.
    /// Other processes may use what they have for up to <see cref="Lease"/> more.
    /// </summary>
    public Task<KeyAnswer.Erased> DestroyAsync(StreamKey subject, CancellationToken ct) => _metrics.CountAsync("destroy", async () =>
    {
        await _table.BuryAsync(subject, clock.GetUtcNow(), ct);
        _leases.Drop(subject);
        return await _table.FindAsync(subject, ct) is { DestroyedAt: { } at, Key: null } tombstone
            ? new KeyAnswer.Erased(tombstone.KeyId, at)
            : throw new VaultUnavailableException("The vault was told to destroy a key and still has it.");
    });

    /// <summary>Those of the subjects who have a key, whether it unwraps or not.</summary>
    public Task<IReadOnlyList<StreamKey>> FindLivingAsync(IReadOnlyCollection<StreamKey> subjects, CancellationToken ct) => _table.FindLivingAsync(subjects, ct);

    /// <summary>The living keys of a tenant's subjects, in the order of their ids, some at a time: each page as the vault has it when it is asked for, none on lease, and zeroed when the next one is.</summary>
    /// <param name="which">Those of a page's subjects whose keys are wanted, asked after the vault was. No other key is opened.</param>
    public async IAsyncEnumerable<IReadOnlyList<SubjectKey>> ReadLivingAsync(
        TenantId tenant, int pageSize, Func<IReadOnlyList<StreamId>, Task<IReadOnlySet<StreamId>>> which, [EnumeratorCancellation] CancellationToken ct)
    {
        for (var rows = await ReadPageAsync(Guid.Empty); rows.Count > 0; rows = await ReadPageAsync(rows[^1].Subject.Id.Value))
        {
            var wanted = await which([.. rows.Select(row => row.Subject.Id)]);
            var page = new List<SubjectKey>(wanted.Count);
            try
            {
                foreach (var (subject, row) in rows.Where(row => wanted.Contains(row.Subject.Id))) page.Add(await UnwrapAsync(subject, row, ct));
                yield return page;
            }
            finally
            {
                foreach (var key in page) key.Dispose();
            }
        }

        Task<IReadOnlyList<(StreamKey Subject, KeyRow Row)>> ReadPageAsync(Guid after) => _metrics.CountAsync("read", () => _table.ReadLivingAsync(tenant, after, pageSize, ct));
    }

    /// <summary>Completes when the vault answers and its KEK unwraps what lies there.</summary>
    public async Task PingAsync(CancellationToken ct)
    {
        if (await _table.FindAnyAsync(ct) is { Key: { } key }) CryptographicOperations.ZeroMemory(await kek.UnwrapAsync(key, ct));
    }

    public void Dispose() => _leases.Dispose();

    private async Task<KeyAnswer> ReadAsync(StreamKey subject, CancellationToken ct)
    {
        var reading = _leases.BeginReading();
        switch (await _table.FindAsync(subject, ct))
        {
            case null:
                return new KeyAnswer.Never();
            case { DestroyedAt: { } at } tombstone:
                return new KeyAnswer.Erased(tombstone.KeyId, at);
            case var row:
                var key = await UnwrapAsync(subject, row, ct);
                _leases.Keep(key.Copy(), reading);
                return new KeyAnswer.Present(key);
        }
    }

    private async Task<SubjectKey> UnwrapAsync(StreamKey subject, KeyRow row, CancellationToken ct) =>
        new(subject, row.KeyId!.Value, BoundKey.Part(await kek.UnwrapAsync(row.Key!, ct), subject, row.KeyId.Value));

    private Task AddAsync(StreamKey subject, CancellationToken ct) => _metrics.CountAsync("create", async () =>
    {
        var now = clock.GetUtcNow();
        var (id, key) = (Guid.CreateVersion7(now), RandomNumberGenerator.GetBytes(Sealing.KeyLength));
        var bound = BoundKey.Join(key, subject, id);
        try
        {
            await _table.AddAsync(subject, id, await kek.WrapAsync(bound, ct), now, ct);
            return true;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
            CryptographicOperations.ZeroMemory(bound);
        }
    });
}
