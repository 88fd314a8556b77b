using System.Diagnostics;

namespace ConsentLedger.Support;

/// <summary>A witness as its operator runs it: <c>ledger witness</c>, a process of its own with a key and a memory in a folder, which can be killed and started again.</summary>
public sealed class WitnessProcess : IAsyncDisposable
{
    private readonly List<string> _logKeys = [];
    private readonly OwnPort _port = new();
    private Process? _process;

    private WitnessProcess(string folder) => (Folder, Url) = (folder, new Uri($"http://127.0.0.1:{_port.Number}"));

    public Uri Url { get; }

    /// <summary>With the key and the state.</summary>
    public string Folder { get; }

    public string StateFolder => Path.Combine(Folder, "state");

    /// <summary>As <c>new-key</c> printed it.</summary>
    public string VerifierKey { get; private set; } = "";

    /// <summary>Makes the key and the folder; <see cref="StartAsync"/> runs it.</summary>
    /// <param name="folder">Of this witness alone.</param>
    public static async Task<WitnessProcess> CreateAsync(string folder, string name, CancellationToken ct)
    {
        Directory.CreateDirectory(Path.Combine(folder, "state"));
        var witness = new WitnessProcess(folder);
        var (code, output, error) = await RunAsync(["witness", "new-key", name, "--key", Path.Combine(folder, "key")], ct);
        witness.VerifierKey = code == 0 ? output.Trim() : throw new InvalidOperationException(error);
        return witness;
    }

    /// <summary>One that outsiders may call by this name is known to it from its next start.</summary>
    public WitnessProcess Knows(string logKey)
    {
        _logKeys.Add(logKey);
        return this;
    }

    /// <summary>Returns when it listens, or throws with what it said.</summary>
    public async Task StartAsync(CancellationToken ct)
    {
        _process = Start(["witness", "--listen", Url.ToString(), "--key", Path.Combine(Folder, "key"), "--state", StateFolder, "--log", .. _logKeys]);
        var said = await _process.StandardOutput.ReadLineAsync(ct);
        if (said is null)
        {
            var error = await _process.StandardError.ReadToEndAsync(ct);
            await _process.WaitForExitAsync(ct);
            throw new InvalidOperationException($"The witness ended with {_process.ExitCode}: {error}");
        }

        // Nobody reads what it says further; a full pipe would stop it.
        _ = _process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
        _ = _process.StandardError.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
    }

    /// <summary>kill -9: no goodbye, no flush.</summary>
    public async Task KillAsync()
    {
        if (_process is not { } process) return;
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync() => await KillAsync();

    /// <summary>Runs <c>ledger</c> to its end.</summary>
    public static async Task<(int Code, string Output, string Error)> RunAsync(IEnumerable<string> arguments, CancellationToken ct)
    {
        using var process = Start(arguments);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(ct), process.StandardError.ReadToEndAsync(ct));
        try
        {
            await process.WaitForExitAsync(ct);
            return (process.ExitCode, await output, await error);
        }
        finally
        {
            // One that should have ended and did not.
            if (!process.HasExited) process.Kill();
        }
    }

    private static Process Start(IEnumerable<string> arguments)
    {
        // The same configuration as the tests were built in.
        var build = Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd('/'))!);
        var assembly = Path.Combine(Servers.Checkout, "services", "auditor", "bin", build, "net10.0", "ledger.dll");
        var start = new ProcessStartInfo("dotnet", [assembly, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        return Process.Start(start)!;
    }
}
