using System.Globalization;
using System.Text;
using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.KillLoop;
using ConsentLedger.Vault;
using Npgsql;

// The process that dies. It gets everything ready, says so, waits for each writer's next number on a line, and then strikes until it is killed. Every acknowledgement
// leaves in one write, a line each, which a pipe takes whole or not at all.
if (args is not [var ledgerDatabase, var vaultDatabase, var kekFile])
{
    Console.Error.WriteLine("This is run by the tests in it: dotnet test.");
    return 64;
}

await using var ledger = NpgsqlLedger.DataSource(ledgerDatabase);
await using var vault = NpgsqlDataSource.Create(vaultDatabase);
await using var engine = new NpgsqlEngine(ledger);
await using var loop = new DeciderLoop(engine, Plan.Catalog, TimeProvider.System);
using var kek = FileKek.Read(kekFile);
using var keys = new SubjectKeys(vault, kek, TimeProvider.System);
using var output = Console.OpenStandardOutput();

// Compiled and connected once, for a tenant of its own: what is killed later is at work, not at starting.
await StrikeAsync(TenantId.Parse("rehearsal"), 0, Environment.ProcessId);
output.Write("ready\n"u8);

if (Console.ReadLine() is not { } numbers) return 0;
await Task.WhenAll(numbers.Split(' ').Select((first, writer) => StrikeOnAsync(writer, int.Parse(first, CultureInfo.InvariantCulture))));
return 0;

async Task StrikeOnAsync(int writer, int number)
{
    for (; ; number++)
    {
        var recorded = await StrikeAsync(Plan.Tenant, writer, number);
        var line = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{writer} {number} {recorded.Position}\n"));
        lock (output) output.Write(line);
    }
}

async Task<Outcome.Recorded> StrikeAsync(TenantId tenant, int writer, int number)
{
    using var key = await keys.GetOrCreateAsync(Plan.SubjectOf(tenant, writer, number), CancellationToken.None);
    return (Outcome.Recorded)await loop.ExecuteAsync(Plan.Strike(tenant, writer, number, key.Seal), CancellationToken.None);
}
