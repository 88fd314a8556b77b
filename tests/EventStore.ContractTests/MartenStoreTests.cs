using ConsentLedger.EventStore.Marten;
using ConsentLedger.EventStore.Npgsql;
using Npgsql;

namespace ConsentLedger.EventStore.ContractTests;

public sealed class MartenStoreTests : PostgresStoreTests
{
    protected override NpgsqlEngine Open(NpgsqlDataSource source, params IReadOnlyList<IInlineProjection> projections) => new MartenEngine(source, Notebook.Catalog, projections);
}

/// <summary>Every other replica runs on the other engine, as during a change from one to the other.</summary>
public sealed class EnginesSideBySideTests : PostgresStoreTests
{
    private int _opened;

    protected override NpgsqlEngine Open(NpgsqlDataSource source, params IReadOnlyList<IInlineProjection> projections) =>
        Interlocked.Increment(ref _opened) % 2 == 0 ? new NpgsqlEngine(source, projections) : new MartenEngine(source, Notebook.Catalog, projections);
}
