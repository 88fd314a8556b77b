using ConsentLedger.Ledger;
using ConsentLedger.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ConsentLedger.Transparency.Tests.Witnessing;

/// <summary>A log and its witnesses, each a process of its own.</summary>
public sealed class WitnessesTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("consentledger-witnesses-");
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(2));
    private readonly SmallLog _log = new("ledger.example/consent/quintus");
    private readonly List<WitnessProcess> _processes = [];
    private readonly List<ServiceProvider> _providers = [];
    private readonly List<(long From, long To)> _proved = [];

    public async Task InitializeAsync() => _processes.AddRange(await Task.WhenAll(Enumerable.Range(1, 3).Select(i => StartAsync(i, _log))));

    public async Task DisposeAsync()
    {
        foreach (var provider in _providers) await provider.DisposeAsync();
        foreach (var process in _processes) await process.DisposeAsync();
        _log.Dispose();
        _folder.Delete(recursive: true);
        _patience.Dispose();
    }

    [Fact]
    public async Task All_cosign_and_an_auditor_who_asks_for_all_believes_it()
    {
        var cosigning = await CosignAsync(Ask(), 300);
        cosigning.HasQuorum.ShouldBeTrue();
        cosigning.FindFault(300).ShouldBeNull();
        cosigning.FindFault(299)!.Code.ShouldBe("log_known_larger");
        Policy("group all all W1 W2 W3\nquorum all").TryOpen(cosigning.Note.ToBytes(), out var checkpoint, out _).ShouldBeTrue();
        checkpoint!.Head.ShouldBeEquivalentTo(_log.Head(300));
        checkpoint.Witnessed.Count.ShouldBe(3);

        // What each of them knows is remembered: one proof each, from there.
        (await CosignAsync(Ask(), 777)).HasQuorum.ShouldBeTrue();
    }

    [Fact]
    public async Task What_a_witness_knows_is_asked_of_it_once_and_remembered()
    {
        (await CosignAsync(Ask(), 300)).HasQuorum.ShouldBeTrue();
        _proved.ShouldBeEmpty();

        // Another process of the same service knows nothing of it.
        var other = Ask();
        (await CosignAsync(other, 400)).HasQuorum.ShouldBeTrue();
        (await CosignAsync(other, 500)).HasQuorum.ShouldBeTrue();
        (await CosignAsync(other, 500)).HasQuorum.ShouldBeTrue();
        _proved.ShouldBe([(300, 400), (300, 400), (300, 400), (400, 500), (400, 500), (400, 500)]);
    }

    [Fact]
    public async Task Each_witness_is_proved_what_it_needs()
    {
        (await CosignAsync(Ask(1), 100)).HasQuorum.ShouldBeTrue();
        (await CosignAsync(Ask(1, 2), 200)).HasQuorum.ShouldBeTrue();
        _proved.Clear();
        (await CosignAsync(Ask(), 300)).HasQuorum.ShouldBeTrue();
        _proved.ShouldBe([(200, 300), (200, 300)]);
    }

    [Fact]
    public async Task Enough_are_enough_while_one_is_away()
    {
        await _processes[1].KillAsync();
        var two = await CosignAsync(AskAll(2), 300);
        two.HasQuorum.ShouldBeTrue();
        two.Note.Signatures.Count.ShouldBe(3);
        two.Answers[1].Verdict.ShouldBe(WitnessVerdict.Silent);

        var all = await CosignAsync(AskAll(3), 400);
        all.HasQuorum.ShouldBeFalse();
        all.Answers.Select(a => a.Verdict).ShouldBe([WitnessVerdict.Cosigned, WitnessVerdict.Silent, WitnessVerdict.Cosigned]);

        // Back, it is told what it missed.
        await _processes[1].StartAsync(Ct);
        (await CosignAsync(Ask(), 500)).HasQuorum.ShouldBeTrue();
    }

    [Fact]
    public async Task One_that_hangs_is_not_waited_for_once_enough_have_cosigned()
    {
        await using var gate = new Gate("127.0.0.1", _processes[2].Url.Port);
        await gate.OpenSilentlyAsync();
        var witnesses = Ask([.. Appointed(1, 2), ($"http://127.0.0.1:{gate.Port}", _processes[2].VerifierKey)], quorum: 2, attempt: "60000");
        var cosigning = await CosignAsync(witnesses, 300);
        cosigning.HasQuorum.ShouldBeTrue();
        cosigning.Answers.Select(a => a.Verdict).ShouldBe([WitnessVerdict.Cosigned, WitnessVerdict.Cosigned, WitnessVerdict.Late]);
    }

    [Fact]
    public async Task Why_a_witness_refuses_is_told_apart()
    {
        (await CosignAsync(Ask(1), 300)).HasQuorum.ShouldBeTrue();
        var fork = _log.ToldOtherwise(200);
        var contradicted = await Ask(1).CosignAsync(fork.CheckpointOf(400), ProveBy(fork), Ct);
        contradicted.HasQuorum.ShouldBeFalse();
        contradicted.Answers.Single().Verdict.ShouldBe(WitnessVerdict.Contradicted);
        contradicted.FindFault(400)!.Code.ShouldBe("log_known_other");

        var shorter = await CosignAsync(Ask(1), 200);
        shorter.Answers.Single().ShouldBe(new WitnessAnswer("witness.example/w1", WitnessVerdict.KnowsOther, 300));
        shorter.FindFault(200)!.Code.ShouldBe("log_known_larger");

        using var stranger = new SmallLog("ledger.example/consent/vms", 10);
        (await Ask(1).CosignAsync(stranger.CheckpointOf(5), ProveBy(stranger), Ct)).Answers.Single().Verdict.ShouldBe(WitnessVerdict.UnknownLog);
        using var impostor = new SmallLog(_log.Origin, 10);
        (await Ask(1).CosignAsync(impostor.CheckpointOf(5), ProveBy(impostor), Ct)).Answers.Single().Verdict.ShouldBe(WitnessVerdict.UnknownKey);
    }

    [Fact]
    public async Task Two_stories_told_to_two_witnesses_meet_in_no_quorum()
    {
        var fork = _log.ToldOtherwise(200);
        (await CosignAsync(Ask(1), 300)).HasQuorum.ShouldBeTrue();
        (await Ask(2).CosignAsync(fork.CheckpointOf(300), ProveBy(fork), Ct)).HasQuorum.ShouldBeTrue();

        foreach (var story in new[] { _log, fork })
        {
            foreach (var size in new[] { 300, 400 })
            {
                var cosigning = await Ask(1, 2).CosignAsync(story.CheckpointOf(size), ProveBy(story), Ct);
                cosigning.HasQuorum.ShouldBeFalse();
                cosigning.Answers[story == _log ? 1 : 0].Cosignature.ShouldBeNull();
                cosigning.FindFault(size).ShouldNotBeNull();
                Policy("group both all W1 W2\nquorum both").TryOpen(cosigning.Note.ToBytes(), out _, out var fault).ShouldBeFalse();
                fault!.Code.ShouldBe("checkpoint_quorum_missed");
            }
        }
    }

    [Fact]
    public async Task A_cosignature_of_somebody_else_is_nobody_s()
    {
        var mistaken = Ask([(_processes[0].Url.ToString(), _processes[1].VerifierKey)]);
        var cosigning = await CosignAsync(mistaken, 300);
        cosigning.Answers.Single().Verdict.ShouldBe(WitnessVerdict.Unusable);
        cosigning.Note.Signatures.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(-10, WitnessVerdict.Unusable)]
    [InlineData(10, WitnessVerdict.Unusable)]
    [InlineData(1, WitnessVerdict.Cosigned)]
    public async Task A_cosignature_of_another_time_counts_for_nothing(int minutes, WitnessVerdict verdict) =>
        (await CosignAsync(Ask(Appointed(1), clock: new Ahead(TimeSpan.FromMinutes(minutes))), 300)).Answers.Single().Verdict.ShouldBe(verdict);

    [Fact]
    public async Task Showing_again_what_was_shown_tells_what_each_knows_and_changes_nothing()
    {
        (await CosignAsync(Ask(1), 300)).HasQuorum.ShouldBeTrue();
        (await CosignAsync(Ask(2), 500)).HasQuorum.ShouldBeTrue();
        for (var time = 0; time < 2; time++)
        {
            var shown = await Ask().ShowAgainAsync(_log.CheckpointOf(300), Ct);
            shown.Answers.Select(a => (a.Verdict, a.Known)).ShouldBe([(WitnessVerdict.Cosigned, 300), (WitnessVerdict.KnowsOther, 500), (WitnessVerdict.KnowsOther, 0)]);
            shown.FindFault(500).ShouldBeNull();
            shown.FindFault(499)!.Code.ShouldBe("log_known_larger");
        }

        (await Ask().ShowAgainAsync(_log.ToldOtherwise(200).CheckpointOf(300), Ct)).Answers[0].Verdict.ShouldBe(WitnessVerdict.Contradicted);
    }

    [Theory]
    [InlineData("Witnesses:0:Url", "ftp://w1", "is no http address")]
    [InlineData("Witnesses:0:Key", "w1+00000000+AAAA", "Witnesses:0:Key")]
    [InlineData("Witnesses:0:Key", "LOG", "cosignature/v1")]
    [InlineData("Witnesses:1:Key", "W1", "one witness twice")]
    [InlineData("Quorum", "3", "Quorum is from 1")]
    [InlineData("Quorum", "0", "Quorum is from 1")]
    public void What_cannot_be_meant_stops_the_service_before_it_starts(string name, string value, string why)
    {
        var settings = Settings(Appointed(1, 2));
        settings[$"Ledger:{name}"] = value switch { "LOG" => _log.Key.Verifier.ToString(), "W1" => _processes[0].VerifierKey, _ => value };
        Should.Throw<InvalidOperationException>(() => new ServiceCollection().AddWitnesses(new ConfigurationBuilder().AddInMemoryCollection(settings).Build())).Message.ShouldContain(why);
    }

    [Fact]
    public async Task Without_witnesses_the_log_s_own_signature_is_enough() => (await CosignAsync(Ask([]), 300)).HasQuorum.ShouldBeTrue();

    private CancellationToken Ct => _patience.Token;

    private async Task<WitnessProcess> StartAsync(int number, SmallLog log)
    {
        var witness = (await WitnessProcess.CreateAsync(Path.Combine(_folder.FullName, $"w{number}"), $"witness.example/w{number}", Ct)).Knows(log.Key.Verifier.ToString());
        await witness.StartAsync(Ct);
        return witness;
    }

    private Task<Cosigning> CosignAsync(Witnesses witnesses, int size) => witnesses.CosignAsync(_log.CheckpointOf(size), ProveBy(_log), Ct);

    private ConsistencySource ProveBy(SmallLog log) => (from, to, _) =>
    {
        lock (_proved) _proved.Add((from, to));
        return Task.FromResult<IReadOnlyList<Hash>>(log.Prove(from, to));
    };

    private (string Url, string Key)[] Appointed(params int[] numbers) => [.. numbers.Select(n => _processes[n - 1]).Select(w => (w.Url.ToString(), w.VerifierKey))];

    /// <summary>These witnesses, all of them if none is named, as a service's configuration appoints them.</summary>
    private Witnesses Ask(params int[] numbers) => Ask(Appointed(numbers is [] ? [1, 2, 3] : numbers));

    // With grace enough for the last to answer.
    private Witnesses AskAll(int quorum) => Ask(Appointed(1, 2, 3), quorum, grace: "60000");

    private Witnesses Ask((string Url, string Key)[] appointed, int? quorum = null, TimeProvider? clock = null, string attempt = "10000", string? grace = null)
    {
        var settings = Settings(appointed);
        if (grace is not null) settings["Ledger:WitnessGraceMs"] = grace;
        if (quorum is { } enough) settings["Ledger:Quorum"] = $"{enough}";

        // Two cores for everybody: what is slow here is not away.
        (settings["Resilience:witness:TimeoutMs"], settings["Resilience:witness:AttemptTimeoutMs"]) = ("60000", attempt);
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        var services = new ServiceCollection().AddSingleton<IConfiguration>(configuration).AddLogging().AddSingleton(clock ?? TimeProvider.System).AddWitnesses(configuration);
        _providers.Add(services.BuildServiceProvider());
        return _providers[^1].GetRequiredService<Witnesses>();
    }

    private static Dictionary<string, string?> Settings((string Url, string Key)[] appointed) => appointed
        .SelectMany((w, i) => new[] { ($"Ledger:Witnesses:{i}:Url", w.Url), ($"Ledger:Witnesses:{i}:Key", w.Key) })
        .ToDictionary(s => s.Item1, s => (string?)s.Item2);

    private TrustPolicy Policy(string quorum)
    {
        var lines = _processes.Select((w, i) => $"witness W{i + 1} {w.VerifierKey}\n");
        return TrustPolicyReader.TryRead($"log {_log.Key.Verifier}\n{string.Concat(lines)}{quorum}\n", out var policy, out var fault) ? policy : throw new InvalidOperationException(fault.Reason);
    }

    private sealed class Ahead(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + by;
    }
}
