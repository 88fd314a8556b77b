using ConsentLedger.Support;
using Npgsql;

namespace ConsentLedger.Vault.Tests;

/// <summary>A vault database and a KEK file of its own, and as many replicas over them as a test asks for.</summary>
public sealed class VaultOnPostgres : IAsyncLifetime
{
    private readonly KekFiles _kekFiles = new();
    private readonly List<IAsyncDisposable> _sources = [];
    private readonly List<IDisposable> _open = [];
    private PostgresDatabase _database = null!;
    private string? _role;

    public Measurements Measured { get; } = new();

    public FileKek Kek { get; private set; } = null!;

    public NpgsqlDataSource Source { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        _database = await PostgresDatabase.CreateAsync("vault");
        Kek = NewKek(fill: 1);
        Source = OpenSource();
    }

    public async Task DisposeAsync()
    {
        if (_role is not null) await ExecuteAsync($"drop owned by {_role}; drop role {_role}", CancellationToken.None);
        foreach (var open in _open) open.Dispose();
        foreach (var source in _sources) await source.DisposeAsync();
        await _database.DisposeAsync();
        _kekFiles.Dispose();
        Measured.Dispose();
    }

    /// <summary>Another replica: connections and leases of its own over the same vault.</summary>
    public SubjectKeys OpenReplica(TimeProvider? clock = null, IKekProvider? kek = null, string settings = "")
    {
        var keys = new SubjectKeys(OpenSource(settings), kek ?? Kek, clock ?? TimeProvider.System, Measured);
        _open.Add(keys);
        return keys;
    }

    /// <summary>The index of another replica.</summary>
    public AddressIndex OpenIndex(IKekProvider? kek = null)
    {
        var index = new AddressIndex(OpenSource(), kek ?? Kek, OpenReplica(kek: kek));
        _open.Add(index);
        return index;
    }

    public FileKek NewKek(byte fill)
    {
        var kek = FileKek.Read(_kekFiles.Write([.. Enumerable.Repeat(fill, 32)]));
        _open.Add(kek);
        return kek;
    }

    /// <summary>Connections of a role that may read and write rows, and nothing else.</summary>
    public async Task<NpgsqlDataSource> OpenLesserRoleAsync(CancellationToken ct)
    {
        _role = $"{_database.Name}_role";
        await ExecuteAsync(
            $"""
            create role {_role} login password 'lesser';
            revoke all on schema public from public;
            grant usage on schema public to {_role};
            grant select, insert, update, delete on all tables in schema public to {_role};
            """, ct);
        return NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(_database.ConnectionString) { Username = _role, Password = "lesser", Pooling = false });
    }

    public async Task ExecuteAsync(string sql, CancellationToken ct)
    {
        await using var command = Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(ct);
    }

    /// <summary>The server is there, the vault is not.</summary>
    public Task DropDatabaseAsync() => _database.DisposeAsync().AsTask();

    private NpgsqlDataSource OpenSource(string settings = "")
    {
        var source = NpgsqlDataSource.Create(_database.ConnectionString + $";Maximum Pool Size=4;{settings}");
        _sources.Add(source);
        return source;
    }
}
