using System.Security.Cryptography;
using ConsentLedger.Consent.Consents.Erasing;
using ConsentLedger.Consent.Decisions.Audiences;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Support;
using ConsentLedger.Vault;
using Npgsql;

namespace ConsentLedger.Consent.Tests;

/// <summary>The service's two databases and its KEK, and as many replicas of it over them as a test asks for.</summary>
public sealed class ConsentDatabases : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("consent-");
    private readonly List<IAsyncDisposable> _open = [];
    private readonly PostgresDatabase _ledger, _vault;

    private ConsentDatabases(PostgresDatabase ledger, PostgresDatabase vault)
    {
        (_ledger, _vault) = (ledger, vault);
        (Ledger, Vault) = (NpgsqlLedger.DataSource(ledger.ConnectionString), NpgsqlLedger.DataSource(vault.ConnectionString));
    }

    public NpgsqlDataSource Ledger { get; }

    public NpgsqlDataSource Vault { get; }

    public static async Task<ConsentDatabases> CreateAsync(CancellationToken ct)
    {
        var databases = new ConsentDatabases(await PostgresDatabase.CreateAsync("consent"), await PostgresDatabase.CreateAsync("vault"));
        var kek = Path.Combine(databases._folder.FullName, "kek");
        await File.WriteAllBytesAsync(kek, RandomNumberGenerator.GetBytes(32), ct);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(kek, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await databases.Engine().EnsureSchemaAsync(ct);
        await databases.Keys().EnsureSchemaAsync(ct);
        await databases.Index().EnsureSchemaAsync(ct);
        return databases;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var open in _open) await open.DisposeAsync();
        await Ledger.DisposeAsync();
        await Vault.DisposeAsync();
        await _ledger.DisposeAsync();
        await _vault.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    public NpgsqlEngine Engine()
    {
        var engine = new NpgsqlEngine(Ledger, new ErasedSubjects(), new SubjectFactsTables());
        _open.Add(engine);
        return engine;
    }

    /// <summary>As after a restart: nothing is remembered.</summary>
    public SubjectKeys Keys() => new(Vault, Kek(), TimeProvider.System);

    /// <inheritdoc cref="Keys"/>
    public AddressIndex Index() => new(Vault, Kek(), Keys());

    public async Task VaultAsync(string sql, CancellationToken ct)
    {
        await using var command = Vault.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(ct);
    }

    /// <summary>The server is there; the vault lets nobody in, and everybody is out.</summary>
    public Task CloseVaultAsync(CancellationToken ct) =>
        AsOperatorAsync($"alter database {_vault.Name} allow_connections false; select pg_terminate_backend(pid) from pg_stat_activity where datname = '{_vault.Name}'", ct);

    public Task OpenVaultAsync(CancellationToken ct) => AsOperatorAsync($"alter database {_vault.Name} allow_connections true", ct);

    private FileKek Kek() => FileKek.Read(Path.Combine(_folder.FullName, "kek"));

    private static async Task AsOperatorAsync(string sql, CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection($"{Servers.Postgres};Database=postgres;Pooling=false");
        await connection.OpenAsync(ct);
        foreach (var statement in sql.Split(';'))
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync(ct);
        }
    }
}
