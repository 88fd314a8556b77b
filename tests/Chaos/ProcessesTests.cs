using System.Diagnostics;
using ConsentLedger.Support;

namespace ConsentLedger.Chaos;

/// <summary>What <c>deploy/local</c> knows of the processes that it started: nobody waits for a server that is taken for ended while it starts.</summary>
public sealed class ProcessesTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("consentledger-processes-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Whoever_becomes_another_program_runs_and_whoever_ended_does_not() => (await RunAsync("""
        for _ in {1..200}; do
          launch chain env env env env sleep 60
          for _ in {1..6}; do running chain || echo "taken for ended"; done
          kill "$(pid_of chain)"
        done
        while running chain; do :; done
        """)).ShouldBeEmpty();

    [Fact]
    public async Task A_script_goes_on_after_asking_for_somebody_of_whom_nothing_is_left() => (await RunAsync("""
        beyond_any_pid=4194305
        echo "$beyond_any_pid 1" >"$LOCAL/pids/gone"
        if stopped gone; then echo "stopped"; fi
        end gone TERM 1 KILL
        born "$beyond_any_pid" || echo "never born"
        """)).ShouldBe("stopped\nnever born\n");

    private async Task<string> RunAsync(string script)
    {
        var start = new ProcessStartInfo("bash", ["-c", $"""
            set -euo pipefail
            . deploy/local/lib/processes.sh
            mkdir "$LOCAL/pids" "$LOCAL/log"
            {script}
            """])
        {
            WorkingDirectory = Servers.Checkout,
            Environment = { ["LOCAL"] = _folder.FullName },
            RedirectStandardOutput = true,
        };
        using var bash = Process.Start(start)!;
        var said = await bash.StandardOutput.ReadToEndAsync();
        await bash.WaitForExitAsync();
        bash.ExitCode.ShouldBe(0);
        return said;
    }
}
