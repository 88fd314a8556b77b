using System.Security.Cryptography;
using ConsentLedger.Consent.Consents.Erasing;
using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Support;
using ConsentLedger.Vault;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ConsentLedger.Consent.Tests;

/// <summary>An operator brings the vault back from a backup that is older than an erasure.</summary>
public sealed class KeepErasedTests : IAsyncLifetime
{
    private static readonly TenantId Tenant = TenantId.Parse("quintus");

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("consent-");
    private PostgresDatabase _ledger = null!, _vault = null!;
    private NpgsqlDataSource _ledgerSource = null!, _vaultSource = null!;
    private NpgsqlEngine _engine = null!;

    private CancellationToken Ct { get; } = new CancellationTokenSource(TimeSpan.FromMinutes(1)).Token;

    public async Task InitializeAsync()
    {
        (_ledger, _vault) = (await PostgresDatabase.CreateAsync("consent"), await PostgresDatabase.CreateAsync("vault"));
        (_ledgerSource, _vaultSource) = (NpgsqlLedger.DataSource(_ledger.ConnectionString), NpgsqlLedger.DataSource(_vault.ConnectionString));
        _engine = new NpgsqlEngine(_ledgerSource, new ErasedSubjects());
        await _engine.EnsureSchemaAsync(Ct);
        var kek = Path.Combine(_folder.FullName, "kek");
        await File.WriteAllBytesAsync(kek, RandomNumberGenerator.GetBytes(32), Ct);
        File.SetUnixFileMode(kek, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await Keys().EnsureSchemaAsync(Ct);
    }

    public async Task DisposeAsync()
    {
        await _engine.DisposeAsync();
        await _ledgerSource.DisposeAsync();
        await _vaultSource.DisposeAsync();
        await _ledger.DisposeAsync();
        await _vault.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Whoever_was_erased_stays_so_when_an_older_vault_comes_back()
    {
        StreamKey erased = new(Tenant, new StreamId(Guid.Parse("018f0000-0000-7000-8000-000000000001"))), other = erased with { Id = new StreamId(Guid.Parse("018f0000-0000-7000-8000-000000000002")) };
        foreach (var subject in (StreamKey[])[erased, other]) (await Keys().GetOrCreateAsync(subject, Ct)).Dispose();
        await VaultAsync("create table backup as select * from subject_keys");
        await using (var loop = new DeciderLoop(_engine, ConsentCatalog.Events, TimeProvider.System))
            await new EraseSubject(loop, _engine, Keys()).RunAsync(erased, Guid.Parse("018f0000-0000-7000-8000-00000000000e"), Digest.Of("test", "erase"), Ct);
        await VaultAsync("delete from subject_keys; insert into subject_keys select * from backup");
        (await Keys().FindAsync(erased, Ct)).ShouldBeOfType<KeyAnswer.Present>().Key.Dispose();

        // What a start does.
        await new KeepErased(_ledgerSource, _engine, Keys(), NullLogger<KeepErased>.Instance).RunAsync(Ct);

        (await Keys().FindAsync(erased, Ct)).ShouldBeOfType<KeyAnswer.Erased>();
        (await Keys().FindAsync(other, Ct)).ShouldBeOfType<KeyAnswer.Present>().Key.Dispose();
    }

    /// <summary>As after a restart: nothing is remembered.</summary>
    private SubjectKeys Keys() => new(_vaultSource, FileKek.Read(Path.Combine(_folder.FullName, "kek")), TimeProvider.System);

    private async Task VaultAsync(string sql)
    {
        await using var command = _vaultSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Ct);
    }
}
