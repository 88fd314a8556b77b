using ConsentLedger.Auditor.HandingOver;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.Auditor.Tests.Logs;
using ConsentLedger.Auditor.Tests.Telling;

namespace ConsentLedger.Auditor.Tests.HandingOver;

/// <summary>How a hand-over comes into a folder, over real HTTP.</summary>
public sealed class FetchTests : IAsyncLifetime
{
    private const string Path = "/v1/hand-over";

    private readonly Terminal _terminal = new() { Token = ServedLog.Token, Clock = new LogsClock() };
    private HandedLog _handed = null!;
    private ServedLog _service = null!;
    private string _folder = null!, _privateKey = null!;

    private string[] Fetching =>
    [
        "hand-over", "fetch", _service.Url, "--tenant", ServedLog.Tenant, "--successor", HandedLog.Word, "--public-key", _terminal.Path("successor.pub"), "--to", _folder, "--key",
        _handed.Real.Log.Key.Verifier.ToString(),
    ];

    public async Task InitializeAsync()
    {
        _handed = await HandedLog.MakeAsync(people: 5, before: true);
        _service = await ServedLog.StartAsync(_handed.Real.Log);
        _service.Instead[Path] = _handed.ToBytes();
        (_folder, _privateKey) = (_terminal.Path("quintus"), _terminal.Path("successor.pem"));
        File.WriteAllText(_terminal.Path("successor.pub"), HandedLog.Successor.ExportSubjectPublicKeyInfoPem());
        File.WriteAllText(_privateKey, HandedLog.Successor.ExportPkcs8PrivateKeyPem());
    }

    public async Task DisposeAsync()
    {
        await _service.DisposeAsync();
        _terminal.Dispose();
    }

    [Fact]
    public async Task What_was_fetched_is_what_is_checked()
    {
        _service.Failing = 2;
        (await _terminal.RunAsync(Fetching)).ShouldBe(ExitCode.Holds, _terminal.Output + _terminal.Error);
        _terminal.Output.ShouldContain("handed over 5 keys and 5 envelopes");
        (await CheckAsync()).ShouldBe(ExitCode.Holds, _terminal.Output + _terminal.Error);

        // Again, it is not made again.
        _service.Asked.Clear();
        (await _terminal.RunAsync(Fetching)).ShouldBe(ExitCode.Holds, _terminal.Output);
        _service.Asked.ShouldNotContain(Path);
    }

    [Fact]
    public async Task The_log_is_waited_for_until_it_says_who_was_erased_meanwhile()
    {
        var whole = _service.Log;
        _service.Log = whole.First((int)_handed.Head.Position + 1);
        var fetching = _terminal.RunAsync(Fetching);
        while (_service.Asked.Count(path => path == "checkpoint") < 2) await Task.Delay(10);
        _service.Log = whole;
        (await fetching).ShouldBe(ExitCode.Holds, _terminal.Output + _terminal.Error);
        (await CheckAsync()).ShouldBe(ExitCode.Holds, _terminal.Output + _terminal.Error);
    }

    [Fact]
    public async Task What_was_cut_off_is_no_hand_over()
    {
        _service.Instead[Path] = _handed.ToBytes()[..^10];
        (await _terminal.RunAsync([.. Fetching, "--json"])).ShouldBe(ExitCode.Unanswered);
        _terminal.Output.ShouldContain("handover_incomplete");
        File.Exists(System.IO.Path.Combine(_folder, HandOverCommand.File)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_service_that_refuses_is_quoted()
    {
        _terminal.Token = "nobodys";
        (await _terminal.RunAsync(Fetching)).ShouldBe(ExitCode.Unanswered);
        _terminal.Error.ShouldContain("401");
        Directory.EnumerateFiles(_folder).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_hand_over_of_another_log_is_not_taken_for_this_ones()
    {
        _handed.Head = _handed.Head with { Origin = "ledger.example.org/consent/vms" };
        _service.Instead[Path] = _handed.ToBytes();
        (await _terminal.RunAsync(Fetching)).ShouldBe(ExitCode.Wrong);
        _terminal.Output.ShouldContain("handover_other_log");
    }

    private Task<int> CheckAsync() => _terminal.RunAsync("hand-over", "check", _folder, "--private-key", _privateKey, "--key", _handed.Real.Log.Key.Verifier.ToString());

    /// <summary>The time that the log was written in, where erasures are not overdue.</summary>
    private sealed class LogsClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeSeconds(1_780_000_500);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            System.CreateTimer(callback, state, dueTime == TimeSpan.FromSeconds(1) ? TimeSpan.FromMilliseconds(20) : dueTime, period);
    }
}
