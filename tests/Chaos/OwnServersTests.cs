using System.Globalization;
using ConsentLedger.Support;
using Npgsql;

namespace ConsentLedger.Chaos;

/// <summary>What everything else here relies on: whoever was killed is found again where its clients knew it.</summary>
[Collection(nameof(OwnServers))]
public sealed class OwnServersTests
{
    [Fact]
    public async Task A_killed_server_comes_back_at_its_port_however_long_what_it_left_takes_to_die()
    {
        await using var servers = await OwnServers.StartAsync();
        var address = Servers.Postgres + ";Database=postgres";
        await using var source = NpgsqlDataSource.Create(address);
        var connection = await source.OpenConnectionAsync();
        await using var who = new NpgsqlCommand("select pg_backend_pid()", connection);
        var backend = ((int)(await who.ExecuteScalarAsync())!).ToString(CultureInfo.InvariantCulture);

        // It cannot see that its server is gone, and keeps the port.
        await SignalAsync("STOP", backend);
        await servers.KillAsync("postgres");
        var comingBack = servers.BringUpAsync();
        try
        {
            (await Task.WhenAny(comingBack, Task.Delay(TimeSpan.FromSeconds(2)))).ShouldNotBe(comingBack);
        }
        finally
        {
            await SignalAsync("CONT", backend);
        }

        await comingBack;
        await using var again = new NpgsqlConnection(address);
        await again.OpenAsync();
    }

    private static async Task SignalAsync(string signal, string pid)
    {
        using var kill = System.Diagnostics.Process.Start("kill", ["-s", signal, pid]);
        await kill.WaitForExitAsync();
        kill.ExitCode.ShouldBe(0);
    }
}
