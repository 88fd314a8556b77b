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

    /// <summary>Lets it strike from these numbers on, kills it after <paramref name="moment"/>, and returns all that it acknowledged.</summary>
    public async Task<IReadOnlyList<Acknowledged>> StrikeUntilKilledAsync(IEnumerable<int> numbers, TimeSpan moment)
    {
        (await _ready).ShouldBe("ready");
        await _process.StandardInput.WriteLineAsync(string.Join(' ', numbers));
        await _process.StandardInput.FlushAsync();
        var said = _process.StandardOutput.ReadToEndAsync();
        await Task.Delay(moment);
        _process.HasExited.ShouldBeFalse("It ended by itself.");
        _process.Kill();
        await _process.WaitForExitAsync();

        // What a pipe did not take whole has no newline; nobody has heard it.
        var lines = (await said).Split('\n')[..^1];
        return [.. lines.Select(line => line.Split(' ').Select(n => long.Parse(n, CultureInfo.InvariantCulture)).ToArray()).Select(n => new Acknowledged((int)n[0], (int)n[1], n[2]))];
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
