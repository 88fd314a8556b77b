using System.Text.Json;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Erasing;
using ConsentLedger.Consent.Consents.Finding;
using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Vault;

namespace ConsentLedger.Consent.Tests;

/// <summary>The steps of an erasure on real databases, while other replicas go on and the vault comes and goes.</summary>
public sealed class ErasureStepsTests : IAsyncLifetime
{
    private const string Started = "subject.erasure-started.v1", Erased = "subject.erased.v1", Granted = "consent.granted.v1";

    private static readonly Guid Request = Guid.Parse("0195a1b2-0000-7000-8000-00000000000e");
    private static readonly Digest Task1 = Digest.Of("test", "erase");
    private static readonly JsonElement Evidence = JsonSerializer.SerializeToElement(new { address = "canary@example.org" });

    private ConsentDatabases _databases = null!;
    private NpgsqlEngine _engine = null!;
    private DeciderLoop _ledger = null!;
    private int _people, _acts;

    private CancellationToken Ct { get; } = new CancellationTokenSource(TimeSpan.FromMinutes(2)).Token;

    public async Task InitializeAsync()
    {
        _databases = await ConsentDatabases.CreateAsync(Ct);
        _engine = _databases.Engine();
        _ledger = new DeciderLoop(_engine, ConsentCatalog.Events, TimeProvider.System);
    }

    public async Task DisposeAsync()
    {
        await _ledger.DisposeAsync();
        await _databases.DisposeAsync();
    }

    [Fact]
    public async Task The_end_is_recorded_when_no_replica_can_have_the_key_any_more_and_not_before()
    {
        var person = NewPerson();
        await GrantAsync(_ledger, person, (await _databases.Keys().GetOrCreateAsync(person, Ct)).Seal);
        var clock = new Hourglass();
        var erasing = Erasing(clock).RunAsync(person, Request, Task1, Ct);

        (await clock.TurnedAsync(Ct)).ShouldBe(SubjectKeys.Lease);
        (await _databases.Keys().FindAsync(person, Ct)).ShouldBeOfType<KeyAnswer.Erased>();
        (await TypesAsync(person)).ShouldBe([Granted, Started]);

        clock.RunOut();
        await erasing;
        (await TypesAsync(person)).ShouldBe([Granted, Started, Erased]);
    }

    [Fact]
    public async Task Whoever_is_killed_while_it_waits_is_told_again_and_waits_again()
    {
        var person = NewPerson();
        using var killed = new CancellationTokenSource();
        var first = new Hourglass();
        var erasing = Erasing(first).RunAsync(person, Request, Task1, killed.Token);
        await first.TurnedAsync(Ct);
        await killed.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => erasing);
        (await TypesAsync(person)).ShouldBe([Started]);

        var second = new Hourglass();
        var again = Erasing(second).RunAsync(person, Request, Task1, Ct);
        (await second.TurnedAsync(Ct)).ShouldBe(SubjectKeys.Lease);
        second.RunOut();
        await again;
        (await TypesAsync(person)).ShouldBe([Started, Erased]);
    }

    [Fact]
    public async Task A_vault_that_is_away_between_the_fence_and_the_destruction_delays_the_end_and_loses_nothing()
    {
        var person = NewPerson();
        await GrantAsync(_ledger, person, (await _databases.Keys().GetOrCreateAsync(person, Ct)).Seal);
        await _databases.CloseVaultAsync(Ct);
        for (var delivery = 0; delivery < 3; delivery++)
            await Should.ThrowAsync<VaultUnavailableException>(() => Erasing(new NoWaiting()).RunAsync(person, Request, Task1, Ct));
        (await TypesAsync(person)).ShouldBe([Granted, Started]);
        (await _engine.ReadSealedAsync(person, Ct)).Count.ShouldBe(1);

        await _databases.OpenVaultAsync(Ct);
        await Erasing(new NoWaiting()).RunAsync(person, Request, Task1, Ct);

        (await TypesAsync(person)).ShouldBe([Granted, Started, Erased]);
        (await _engine.ReadSealedAsync(person, Ct)).ShouldBeEmpty();
        (await _databases.Keys().FindAsync(person, Ct)).ShouldBeOfType<KeyAnswer.Erased>();
    }

    /// <summary>A vault from before a rotation whose old KEK is destroyed.</summary>
    [Fact]
    public async Task Without_the_key_of_the_index_people_are_erased_and_what_carries_an_address_is_recorded_all_the_same()
    {
        var person = NewPerson();
        using var key = await _databases.Keys().GetOrCreateAsync(person, Ct);
        await FindSubject.IndexAsync(_databases.Index(), Evidence, key, Ct);
        await _databases.VaultAsync("update address_index_key set kek_epoch = gen_random_uuid()", Ct);

        await FindSubject.IndexAsync(_databases.Index(), Evidence, key, Ct);
        await Erasing(new NoWaiting()).RunAsync(person, Request, Task1, Ct);
        (await TypesAsync(person)).ShouldBe([Started, Erased]);
        await Should.ThrowAsync<KekMissingException>(() => _databases.Index().FindAsync(person.Tenant, "email", "canary@example.org", Ct));
    }

    [Fact]
    public async Task Grants_with_evidence_that_race_an_erasure_leave_nothing_sealed_though_their_replica_keeps_the_key()
    {
        await using var elsewhere = new DeciderLoop(_databases.Engine(), ConsentCatalog.Events, TimeProvider.System);
        for (var round = 0; round < 10; round++)
        {
            var person = NewPerson();
            using var kept = await _databases.Keys().GetOrCreateAsync(person, Ct);
            await GrantAsync(elsewhere, person, kept.Seal);
            using var enough = new CancellationTokenSource();
            var granting = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
            {
                while (!enough.IsCancellationRequested) await GrantAsync(elsewhere, person, kept.Seal);
            })).ToArray();
            while (!granting.Any(t => t.IsFaulted) && (await _engine.ReadSealedAsync(person, Ct)).Count < 5) await Task.Yield();

            await Erasing(new NoWaiting()).RunAsync(person, Request, Digest.Of("test", $"round {round}"), Ct);

            (await _engine.ReadSealedAsync(person, Ct)).ShouldBeEmpty();
            for (var more = 0; more < 20; more++)
                (await GrantAsync(elsewhere, person, kept.Seal)).ShouldBeOfType<Outcome.Refused>().Refusal.Code.ShouldBe("subject_erased");
            await enough.CancelAsync();
            await Task.WhenAll(granting);

            (await _engine.ReadSealedAsync(person, Ct)).ShouldBeEmpty();
            (await TypesAsync(person)).SkipWhile(type => type == Granted).ShouldBe([Started, Erased]);
        }
    }

    [Fact]
    public async Task What_is_kept_of_a_command_with_evidence_names_nobody_who_could_be_guessed_at()
    {
        var (person, body) = (NewPerson(), Digest.Of("POST … canary@example.org"u8));
        var command = new Command(person, SubjectConsents.Stream, Task1, body, _ => Decision.No("subject_erased", ""));
        using var key = await _databases.Keys().KeyForAsync(person, Evidence, Ct);
        command.Sealing(Evidence, key).Body.ShouldNotBe(body);
        command.Sealing(Evidence, key).Id.ShouldBe(Task1);
        command.Sealing(evidence: null, key: null).ShouldBe(command);

        await _databases.Keys().DestroyAsync(person, Ct);
        (await _databases.Keys().KeyForAsync(person, Evidence, Ct)).ShouldBeNull();
        await _ledger.ExecuteAsync(command.Sealing(Evidence, key: null), Ct);
        await using var kept = _databases.Ledger.CreateCommand("select count(*) from ledger_commands");
        (await kept.ExecuteScalarAsync(Ct)).ShouldBe(0L);
    }

    private EraseSubject Erasing(TimeProvider clock) => new(_ledger, _engine, _databases.Keys(), _databases.Index(), clock);

    private Task<Outcome> GrantAsync(DeciderLoop ledger, StreamKey person, Seal seal)
    {
        // Later and for longer each time, so that each is worth recording.
        var act = Interlocked.Increment(ref _acts);
        var grant = Acts.Grant(1) with { OccurredAt = Acts.Day(1).AddSeconds(act), Until = Acts.Day(900).AddSeconds(act), Evidence = Evidence };
        return ledger.ExecuteAsync(
            new Command(person, SubjectConsents.Stream, null, default, context => SubjectActs.Decide(grant, context.State<SubjectConsents>(), Story.Given().Policies, context.Now)) { Seal = seal }, Ct);
    }

    private async Task<IEnumerable<string>> TypesAsync(StreamKey person) => (await _engine.ReadStreamsAsync([person], Ct)).Select(e => e.Type);

    private StreamKey NewPerson() => new(Story.Tenant, new StreamId(new Guid(++_people, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0)));

    /// <summary>Says how long somebody wants to wait, and lets it be over when told.</summary>
    private sealed class Hourglass : TimeProvider
    {
        private readonly TaskCompletionSource<(TimeSpan Time, Action End)> _turned = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _turned.TrySetResult((dueTime, () => callback(state)));
            return System.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public async Task<TimeSpan> TurnedAsync(CancellationToken ct) => (await _turned.Task.WaitAsync(ct)).Time;

        public void RunOut() => _turned.Task.Result.End();
    }
}
