using System.Globalization;
using ConsentLedger.Auditor.Tests.Logs;
using ConsentLedger.Auditor.Tests.Telling;

namespace ConsentLedger.Auditor.Tests.Verifying;

/// <summary>A log that does not fit into memory. LEDGER_SCALE says how many entries; LEDGER_SCALE_FOLDER keeps them, and the key beside them, to measure by hand.</summary>
public sealed class ScaleTests : IDisposable
{
    private readonly Terminal _terminal = new();

    [Fact]
    public async Task A_large_log_is_verified_in_little_memory()
    {
        var size = long.Parse(Environment.GetEnvironmentVariable("LEDGER_SCALE") ?? "200000", CultureInfo.InvariantCulture);
        var folder = Environment.GetEnvironmentVariable("LEDGER_SCALE_FOLDER") ?? _terminal.Path("large");
        using var key = SignedLog.NewKey();
        LargeLog.Write(folder, key, size, streams: (int)(size / 10));
        File.WriteAllText(_terminal.Path("log.key"), key.Verifier.ToString());

        // Two MiB do not hold all of its streams, so it is read more than once.
        var (code, answer) = await _terminal.AskAsync("verify", folder, "--key", _terminal.Path("log.key"), "--memory", "2");
        (code, answer.GetProperty("size").GetInt64(), answer.GetProperty("streams").GetInt64()).ShouldBe((0, size, size / 10));
        answer.GetProperty("passes").GetInt32().ShouldBeGreaterThan(1);
        if (folder != _terminal.Path("large")) File.Copy(_terminal.Path("log.key"), $"{folder}.key", overwrite: true);
    }

    public void Dispose() => _terminal.Dispose();
}
