using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;
using Xunit;

namespace ConsentLedger.Support;

/// <summary>One of the programs in <c>tests/clients</c>, which share no code with the services: lines of JSON in, lines of JSON out.</summary>
public sealed class NodeClient : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Channel<JsonElement> _lines = Channel.CreateUnbounded<JsonElement>();
    private readonly List<string> _errors = [];

    private NodeClient(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is { Length: > 0 } text) _lines.Writer.TryWrite(JsonDocument.Parse(text).RootElement);
            else if (line.Data is null) _lines.Writer.TryComplete();
        };
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is { Length: > 0 } text) lock (_errors) _errors.Add(text);
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public static NodeClient Start(Installation installation, string tenant, string script, params string[] arguments) => Start(installation, tenant, [], script, arguments);

    /// <param name="environment">What it is told beside its arguments.</param>
    public static NodeClient Start(Installation installation, string tenant, IEnumerable<(string Name, string Value)> environment, string script, params string[] arguments) =>
        Start("node", installation, tenant, environment, script, arguments);

    /// <summary>One that needs nothing of the services.</summary>
    public static NodeClient StartAlone(IEnumerable<(string Name, string Value)> environment, string script, params string[] arguments) => Start("node", environment, script, arguments);

    /// <summary>The e-mail system that keeps what everybody wants, in either language: both do the same.</summary>
    public static NodeClient StartEmailSystem(string language, Installation installation, string tenant, string queue)
    {
        var build = Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd('/'))!);
        return language == "node"
            ? Start("node", installation, tenant, [], "email-system/follow.mjs", queue)
            : Start("dotnet", installation, tenant, [], $"email-system-dotnet/bin/{build}/net10.0/EmailSystem.dll", queue);
    }

    private static NodeClient Start(string runtime, Installation installation, string tenant, IEnumerable<(string Name, string Value)> environment, string script, params string[] arguments) => Start(
        runtime,
        [
            ("AMQP_URL", installation.Broker.UriOf("outside").ToString()),
            ("TENANT", tenant),
            ("PREFERENCE_URL", installation.Preference.Url.ToString()),
            ("TOKEN", installation.Issuer.Token(tenant, "email")),
            ("ADDRESS_KEY", Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(tenant)))),
            .. environment,
        ],
        script,
        arguments);

    private static NodeClient Start(string runtime, IEnumerable<(string Name, string Value)> environment, string script, string[] arguments)
    {
        var start = new ProcessStartInfo(runtime)
        {
            WorkingDirectory = Path.Combine(Servers.Checkout, "tests", "clients"),
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        start.ArgumentList.Add(script);
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        return new NodeClient(Process.Start(start)!);
    }

    /// <summary>Says this to the program, and returns what it answers. What it hears meanwhile comes before that.</summary>
    /// <param name="member">What only an answer has.</param>
    public async Task<JsonElement> AskAsync(object line, string member, CancellationToken ct)
    {
        await _process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(line));
        await _process.StandardInput.FlushAsync(ct);
        return (await ReadUntilAsync(said => said.TryGetProperty(member, out _), ct))[^1];
    }

    /// <summary>Publishes these commands and returns the answers in the order they came.</summary>
    public static async Task<IReadOnlyList<JsonElement>> PublishAsync(Installation installation, string tenant, IEnumerable<object> commands, CancellationToken ct)
    {
        await using var backend = Start(installation, tenant, "product-backend/publish.mjs");
        foreach (var command in commands) await backend._process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(command));
        backend._process.StandardInput.Close();
        var answers = new List<JsonElement>();
        await foreach (var answer in backend._lines.Reader.ReadAllAsync(ct)) answers.Add(answer);
        lock (backend._errors) Assert.Empty(backend._errors);
        return answers;
    }

    /// <summary>Reads on until a line is what the test waits for; all lines so far.</summary>
    public async Task<IReadOnlyList<JsonElement>> ReadUntilAsync(Func<JsonElement, bool> last, CancellationToken ct)
    {
        var lines = new List<JsonElement>();
        await foreach (var line in _lines.Reader.ReadAllAsync(ct))
        {
            lines.Add(line);
            if (last(line)) return lines;
        }

        throw new InvalidOperationException($"The client ended first: {string.Join('\n', _errors)}");
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
