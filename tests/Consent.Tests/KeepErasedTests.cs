using ConsentLedger.Consent.Consents.Erasing;
using ConsentLedger.EventStore;
using ConsentLedger.Vault;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ConsentLedger.Consent.Tests;

/// <summary>An operator brings the vault back from a backup that is older than an erasure.</summary>
public sealed class KeepErasedTests : IAsyncLifetime
{
    private static readonly TenantId Tenant = TenantId.Parse("quintus");

    private ConsentDatabases _databases = null!;

    private CancellationToken Ct { get; } = new CancellationTokenSource(TimeSpan.FromMinutes(1)).Token;

    public async Task InitializeAsync() => _databases = await ConsentDatabases.CreateAsync(Ct);

    public Task DisposeAsync() => _databases.DisposeAsync().AsTask();

    [Fact]
    public async Task Whoever_was_erased_stays_so_when_an_older_vault_comes_back()
    {
        StreamKey erased = new(Tenant, new StreamId(Guid.Parse("018f0000-0000-7000-8000-000000000001"))), other = erased with { Id = new StreamId(Guid.Parse("018f0000-0000-7000-8000-000000000002")) };
        foreach (var subject in (StreamKey[])[erased, other])
        {
            (await _databases.Keys().GetOrCreateAsync(subject, Ct)).Dispose();
            await _databases.Index().AddAsync(subject, "email", "family@example.org", Ct);
        }

        await _databases.VaultAsync("create table backup as select * from subject_keys; create table addresses as select * from subject_addresses", Ct);
        var engine = _databases.Engine();
        await using (var loop = new DeciderLoop(engine, ConsentCatalog.Events, TimeProvider.System))
            await new EraseSubject(loop, engine, _databases.Keys(), _databases.Index(), new NoWaiting()).RunAsync(erased, Guid.Parse("018f0000-0000-7000-8000-00000000000e"), Digest.Of("test", "erase"), Ct);
        (await _databases.Index().FindAsync(Tenant, "email", "family@example.org", Ct)).ShouldBe([other.Id]);
        await _databases.VaultAsync("delete from subject_keys; insert into subject_keys select * from backup; delete from subject_addresses; insert into subject_addresses select * from addresses", Ct);
        (await _databases.Keys().FindAsync(erased, Ct)).ShouldBeOfType<KeyAnswer.Present>().Key.Dispose();
        (await _databases.Index().FindAsync(Tenant, "email", "family@example.org", Ct)).ShouldBe([erased.Id, other.Id], ignoreOrder: true);

        // What a start does.
        await KeepErased().RunAsync(Ct);

        (await _databases.Keys().FindAsync(erased, Ct)).ShouldBeOfType<KeyAnswer.Erased>();
        (await _databases.Keys().FindAsync(other, Ct)).ShouldBeOfType<KeyAnswer.Present>().Key.Dispose();
        await using var rows = _databases.Vault.CreateCommand("select count(*) from subject_addresses");
        (await rows.ExecuteScalarAsync(Ct)).ShouldBe(1L);
    }

    /// <summary>A start waits for a database that is away. For one whose table is missing it would wait for ever.</summary>
    [Fact]
    public async Task A_fault_of_ours_is_no_outage()
    {
        await using (var rename = _databases.Ledger.CreateCommand("alter table erased_subjects rename to away")) await rename.ExecuteNonQueryAsync(Ct);
        (await Should.ThrowAsync<PostgresException>(() => KeepErased().RunAsync(Ct))).SqlState.ShouldBe(PostgresErrorCodes.UndefinedTable);
    }

    private KeepErased KeepErased() => new(_databases.Ledger, _databases.Engine(), _databases.Keys(), _databases.Index(), NullLogger<KeepErased>.Instance);
}
