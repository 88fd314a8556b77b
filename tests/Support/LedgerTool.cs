using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace ConsentLedger.Support;

/// <summary>The auditor's command line as an auditor runs it: a process of its own that sees nothing but files. Whoever uses it builds it too.</summary>
public static class LedgerTool
{
    /// <returns>What it says to machines, and how it ended: 0 holds, 1 something is wrong, 2 unanswered.</returns>
    public static async Task<(int ExitCode, JsonElement Answer)> RunAsync(CancellationToken ct, params IEnumerable<string> arguments)
    {
        var build = Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd('/'))!);
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (IEnumerable<string>)[Path.Combine(Servers.Checkout, "services", "auditor", "bin", build, "net10.0", "ledger.dll"), .. arguments, "--json"]) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(ct), process.StandardError.ReadToEndAsync(ct));
        await process.WaitForExitAsync(ct);
        Assert.Empty(await error);
        return (process.ExitCode, JsonDocument.Parse(await output).RootElement);
    }
}
