using System.Diagnostics;
using ConsentLedger.Support;

namespace ConsentLedger.Chaos;

/// <summary>
/// A PostgreSQL cluster and a RabbitMQ node of this test alone, which it may kill. Everything else in this process uses them. Always processes, never
/// containers: the test wants kill -9 of the server itself, and afterwards the same data at the same address.
/// </summary>
public sealed class OwnServers : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("consentledger-chaos-");

    /// <summary>Everything they keep: data files, logs, passwords.</summary>
    public string Folder => _folder.FullName;

    public static async Task<OwnServers> StartAsync()
    {
        var servers = new OwnServers();
        try
        {
            await servers.BringUpAsync();
        }
        catch
        {
            await servers.DisposeAsync();
            throw;
        }

        foreach (var line in await File.ReadAllLinesAsync(Path.Combine(servers._folder.FullName, "servers.env")))
        {
            if (!line.StartsWith("export ", StringComparison.Ordinal)) continue;
            var pair = line["export ".Length..].Split('=', 2);
            Environment.SetEnvironmentVariable(pair[0], pair[1].Trim('"'));
        }

        return servers;
    }

    /// <param name="server"><c>postgres</c> or <c>rabbitmq</c>.</param>
    public Task KillAsync(string server) => RunAsync("kill", server);

    /// <inheritdoc cref="KillAsync"/>
    public async Task KillAndRestartAsync(string server)
    {
        await KillAsync(server);
        await BringUpAsync();
    }

    /// <summary>Starts what was killed.</summary>
    public Task BringUpAsync() => RunAsync("up", "--for", $"{Environment.ProcessId}");

    /// <summary>Ends the broker's present write-ahead log, as it does by itself when that is full, and returns when what it held lies in the files of the queues.</summary>
    public async Task EndBrokerLogAsync(CancellationToken ct)
    {
        var before = Logs();
        await RunAsync("ctl", "eval", "ra_log_wal:force_roll_over(ra_log_wal).");
        while (before.Any(File.Exists)) await Task.Delay(20, ct);

        string[] Logs() => [.. Directory.EnumerateFiles(Path.Combine(Folder, "rabbitmq"), "*.wal", SearchOption.AllDirectories).Where(file => file.Contains("/quorum/", StringComparison.Ordinal))];
    }

    public async ValueTask DisposeAsync()
    {
        await RunAsync("down");
        _folder.Delete(recursive: true);
    }

    private async Task RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(Servers.Checkout, "deploy", "local", "servers"), arguments)
        {
            Environment = { ["CONSENTLEDGER_LOCAL"] = _folder.FullName },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, await output + await error);
    }
}

/// <summary>One test after another: where the servers are is told to the whole process.</summary>
[CollectionDefinition(nameof(OwnServers))]
public sealed class OneAfterAnother;
