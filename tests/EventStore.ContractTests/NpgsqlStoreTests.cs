using ConsentLedger.EventStore.Npgsql;
using Npgsql;

namespace ConsentLedger.EventStore.ContractTests;

public sealed class NpgsqlStoreTests : PostgresStoreTests
{
    protected override NpgsqlEngine Open(NpgsqlDataSource source, params IReadOnlyList<IInlineProjection> projections) => new(source, projections);
}
