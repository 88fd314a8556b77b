namespace ConsentLedger.EventStore.ContractTests;

public sealed class MemoryStoreTests : StoreContract
{
    private readonly MemoryEngine _engine = new();

    public override Task InitializeAsync() => Task.CompletedTask;

    protected override IEventEngine OpenReplica() => _engine;

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _engine.Dispose();
    }
}
