using ConsentLedger.EventStore.Npgsql;

namespace ConsentLedger.EventStore.ContractTests;

public sealed class OutagesTests
{
    [Fact]
    public async Task A_connection_that_is_taken_down_under_a_command_is_an_outage()
    {
        var partOfTheDriver = new ManualResetEventSlim();
        partOfTheDriver.Dispose();
        await Should.ThrowAsync<StoreUnavailableException>(() => Outages.Typed(() => { partOfTheDriver.Reset(); return Task.CompletedTask; }));
    }

    [Fact]
    public async Task Anything_else_that_was_disposed_is_a_bug() =>
        await Should.ThrowAsync<ObjectDisposedException>(() => Outages.Typed(() => throw new ObjectDisposedException("Npgsql.NpgsqlDataSource")));
}
