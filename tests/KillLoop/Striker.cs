using System.Diagnostics;
using System.Globalization;

namespace ConsentLedger.KillLoop;

/// <summary>What a child said of one blow: it is recorded, there.</summary>
internal readonly record struct Acknowledged(int Writer, int Number, long Position);

/// <summary>A child process, from outside.</summary>
internal sealed class Striker : IDisposable
{
    private readonly Process _process;
    private readonly Task<string?> _ready;
    private bool _ended;

    public Striker(string ledger, string vault, string kekFile)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Plan).Assembly.Location, ledger, vault, kekFile])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,

            // It lives for a moment: what would make it faster in a minute makes it slower now.
            Environment = { ["DOTNET_TieredPGO"] = "0" },
        };
        _process = Process.Start(start)!;
        _ready = _process.StandardOutput.ReadLineAsync();
    }

    /// <summary>Lets it strike from these numbers on, kills it a moment after so many acknowledgements, and returns all that it gave.</summary>
    public async Task<IReadOnlyList<Acknowledged>> StrikeUntilKilledAsync(IEnumerable<int> numbers, int acknowledgements, TimeSpan moment)
    {
        (await _ready).ShouldBe("ready");
        await _process.StandardInput.WriteLineAsync(string.Join(' ', numbers));
        await _process.StandardInput.FlushAsync();
        var said = new List<string?>();
        while (said.Count < acknowledgements) said.Add(await _process.StandardOutput.ReadLineAsync());
        await Task.Delay(moment);
        _process.HasExited.ShouldBeFalse("It ended by itself.");
        _process.Kill();

        // What a pipe did not take whole has no newline; nobody has heard it.
        said.AddRange((await _process.StandardOutput.ReadToEndAsync()).Split('\n')[..^1]);
        return [.. said.Select(line => line!.Split(' ').Select(n => long.Parse(n, CultureInfo.InvariantCulture)).ToArray()).Select(n => new Acknowledged((int)n[0], (int)n[1], n[2]))];
    }

    public void Dispose()
    {
        if (_ended) return;
        _ended = true;
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
