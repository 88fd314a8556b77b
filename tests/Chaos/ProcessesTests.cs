using System.Diagnostics;
using ConsentLedger.Support;

namespace ConsentLedger.Chaos;

/// <summary>What <c>deploy/local</c> knows of the processes that it started: nobody waits for a server that is taken for ended while it starts.</summary>
public sealed class ProcessesTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("consentledger-processes-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Whoever_becomes_another_program_runs_and_whoever_ended_does_not()
    {
        var start = new ProcessStartInfo("bash", ["-c", """
            . deploy/local/lib/processes.sh
            mkdir "$LOCAL/pids" "$LOCAL/log"
            for _ in {1..200}; do
              launch chain env env env env sleep 60
              for _ in {1..6}; do running chain || echo "taken for ended"; done
              kill "$(pid_of chain)"
            done
            while running chain; do :; done
            """])
        {
            WorkingDirectory = Servers.Checkout,
            Environment = { ["LOCAL"] = _folder.FullName },
            RedirectStandardOutput = true,
        };
        using var bash = Process.Start(start)!;
        (await bash.StandardOutput.ReadToEndAsync()).ShouldBeEmpty();
        await bash.WaitForExitAsync();
        bash.ExitCode.ShouldBe(0);
    }
}
