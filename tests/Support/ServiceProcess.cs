using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace ConsentLedger.Support;

/// <summary>One service as its users run it: a process of its own, which can be killed without warning and started again.</summary>
public sealed class ServiceProcess : IAsyncDisposable
{
    private readonly string _assembly;
    private readonly IDictionary<string, string> _settings;
    private readonly OwnPort _port = new();
    private Process? _process;

    private ServiceProcess(string assembly, string log, IDictionary<string, string> settings)
    {
        (_assembly, LogFile, _settings) = (assembly, log, settings);
        Url = new Uri($"http://127.0.0.1:{_port.Number}");
    }

    public Uri Url { get; }

    public string LogFile { get; }

    /// <summary>How long it may take to become ready.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromMinutes(3);

    public string Name => Path.GetFileNameWithoutExtension(LogFile);

    /// <summary>While it runs.</summary>
    public int Id => _process?.Id ?? throw new InvalidOperationException($"{Name} does not run.");

    /// <summary>The most memory that it had resident since <see cref="ForgetPeak"/>, in bytes.</summary>
    public long PeakMemory => 1024 * long.Parse(File.ReadLines($"/proc/{Id}/status").Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ')[^2], CultureInfo.InvariantCulture);

    /// <summary>From here on it counts anew (proc(5), clear_refs).</summary>
    public void ForgetPeak() => File.WriteAllText($"/proc/{Id}/clear_refs", "5");

    /// <summary>As environment variables. What a test adds holds from the next start on.</summary>
    public IDictionary<string, string> Settings => _settings;

    /// <param name="project">Folder and assembly below <c>services/</c>, such as <c>consent/ConsentLedger.Consent</c>.</param>
    public static ServiceProcess Of(string project, string log, IDictionary<string, string> settings)
    {
        // The same configuration as the tests were built in.
        var build = Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd('/'))!);
        var (folder, assembly) = (project.Split('/')[0], project.Split('/')[1]);
        return new ServiceProcess(Path.Combine(Servers.Checkout, "services", folder, "bin", build, "net10.0", $"{assembly}.dll"), log, settings);
    }

    public async Task StartAsync(CancellationToken ct)
    {
        var start = new ProcessStartInfo("dotnet") { ArgumentList = { _assembly }, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in _settings) start.Environment[name] = value;
        start.Environment["ASPNETCORE_URLS"] = Url.ToString();
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Append(line.Data);
        _process.ErrorDataReceived += (_, line) => Append(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await WaitUntilReadyAsync(ct);
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

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _port.Dispose();
    }

    public async Task WaitUntilReadyAsync(CancellationToken ct)
    {
        using var http = new HttpClient { BaseAddress = Url, Timeout = TimeSpan.FromSeconds(5) };
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            if (_process!.HasExited)
            {
                // It is over before its last words have arrived.
                await _process.WaitForExitAsync(ct);
                throw new InvalidOperationException($"{Path.GetFileName(_assembly)} ended with {_process.ExitCode}: {Tail()}");
            }

            if (Stopwatch.GetElapsedTime(started) > Patience) throw new TimeoutException($"{Path.GetFileName(_assembly)} is not ready: {Tail()}");
            try
            {
                using var answer = await http.GetAsync(new Uri("/healthz/ready", UriKind.Relative), ct);
                if (answer.StatusCode == HttpStatusCode.OK) return;
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !ct.IsCancellationRequested) { /* not listening yet, or not answering */ }

            await Task.Delay(50, ct);
        }
    }

    /// <summary>The last it said.</summary>
    public string Tail()
    {
        lock (LogFile) return File.Exists(LogFile) ? string.Join('\n', File.ReadLines(LogFile).TakeLast(50)) : "(no output)";
    }

    private void Append(string? line)
    {
        if (line is null) return;
        lock (LogFile) File.AppendAllText(LogFile, line + "\n");
    }
}
