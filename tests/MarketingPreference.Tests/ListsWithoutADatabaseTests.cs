using ConsentLedger.EventStore;
using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.Snapshot;
using Npgsql;

namespace ConsentLedger.MarketingPreference.Tests;

/// <summary>What streams all of a tenant says that the store is away, as everything else does: it is no fault of ours.</summary>
public sealed class ListsWithoutADatabaseTests : IAsyncDisposable
{
    private static readonly TenantId Tenant = TenantId.Parse(Packs.Tenant);

    // Nobody listens there.
    private readonly NpgsqlDataSource _away = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Database=ledger;Username=nobody");

    public ValueTask DisposeAsync() => _away.DisposeAsync();

    [Fact]
    public async Task A_snapshot_is_away_with_it() =>
        await Should.ThrowAsync<StoreUnavailableException>(async () => await new StateAsOf(_away, MarketingCatalog.Events).ReadAsync(Tenant, _ => { }, CancellationToken.None).CountAsync());

    [Fact]
    public async Task What_is_suppressed_is_away_with_it() =>
        await Should.ThrowAsync<StoreUnavailableException>(async () => await new AddressReader(_away).StoppedAsync(Tenant, CancellationToken.None).CountAsync());
}
