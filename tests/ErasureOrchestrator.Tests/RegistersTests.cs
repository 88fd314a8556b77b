using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.EventStore;
using ConsentLedger.Support;
using Npgsql;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>What a stranger's call costs.</summary>
public sealed class RegistersTests
{
    [Fact]
    public async Task A_register_is_replayed_once_and_then_only_what_is_new_is_read_of_it()
    {
        await using var database = await PostgresDatabase.CreateAsync("registers");
        await using var replica = await Replica.StartAsync(database, TimeProvider.System, (_, _) => throw new InvalidOperationException("Nobody is called."));
        var registers = new Registers(replica.Get<IEventEngine>(), ErasureCatalog.Events);
        (await registers.ReadAsync(Replica.Tenant, CancellationToken.None)).Find("crm").ShouldBeNull();
        await replica.RegisterAsync(Replica.Tenant, new Processor("crm", "The CRM", ProcessorKind.Manual, Endpoint: null, "sales", []));
        (await registers.ReadAsync(Replica.Tenant, CancellationToken.None)).Find("crm")!.Name.ShouldBe("The CRM", "strict");

        await using (var connection = new NpgsqlConnection(database.ConnectionString))
        {
            await connection.OpenAsync();
            await using var change = new NpgsqlCommand("update mt_events set data = replace(data::text, 'The CRM', 'Not read')::jsonb where type = 'processor.configured.v1'", connection);
            (await change.ExecuteNonQueryAsync()).ShouldBe(1);
        }

        await replica.RegisterAsync(Replica.Tenant, new Processor("archive", "The archive", ProcessorKind.Manual, Endpoint: null, "archivist", []));
        var known = await registers.ReadAsync(Replica.Tenant, CancellationToken.None);
        (known.Find("crm")!.Name, known.Find("archive")!.Name).ShouldBe(("The CRM", "The archive"));
    }
}
