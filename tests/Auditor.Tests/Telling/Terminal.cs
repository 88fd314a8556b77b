using System.Text.Json;
using ConsentLedger.Auditor.Telling;

namespace ConsentLedger.Auditor.Tests.Telling;

/// <summary>Somebody at a terminal: what they type, and what they see.</summary>
internal sealed class Terminal : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ledger-");

    public string Token { get; set; } = "";

    public TimeProvider Clock { get; set; } = TimeProvider.System;

    public string Output { get; private set; } = "";

    public string Error { get; private set; } = "";

    public string Path(string name) => System.IO.Path.Combine(_folder.FullName, name);

    public async Task<int> RunAsync(params string[] args)
    {
        using StringWriter output = new(), error = new();
        var code = await CommandLine.RunAsync(args, new Surroundings(output, error, Clock, null, name => name == RemoteOptions.TokenVariable ? Token : null), default);
        (Output, Error) = (output.ToString(), error.ToString());
        return code;
    }

    public async Task<(int Code, JsonElement Answer)> AskAsync(params string[] args)
    {
        var code = await RunAsync([.. args, "--json"]);
        Error.ShouldBe("");
        return (code, JsonDocument.Parse(Output).RootElement);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
