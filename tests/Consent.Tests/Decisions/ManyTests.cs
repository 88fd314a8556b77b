using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Decisions;
using ConsentLedger.Consent.Decisions.Audiences;
using ConsentLedger.Consent.Decisions.Many;
using ConsentLedger.EventStore;

namespace ConsentLedger.Consent.Tests.Decisions;

/// <summary>Whoever is decided about among very many hears what a single question would be answered, whatever is remembered and however far the table has come.</summary>
public sealed class ManyTests : IAsyncLifetime
{
    private static readonly AskedOfMany Email = new(Acts.Offers, "email", null, null, null, null, null), Sms = Email with { Channel = "sms" };

    private readonly CancellationTokenSource _timeout = new(TimeSpan.FromMinutes(2));
    private readonly SetClock _clock = new();
    private ConsentDatabases _databases = null!;
    private WatchedEngine _watched = null!;
    private Replica _elsewhere = null!;
    private SubjectFacts _table = null!;
    private ManyDecisions _many = null!;

    private CancellationToken Ct => _timeout.Token;

    public async Task InitializeAsync()
    {
        _databases = await ConsentDatabases.CreateAsync(Ct);
        _watched = new WatchedEngine(_databases.Engine());
        _elsewhere = new Replica(_databases.Engine());
        _table = new SubjectFacts(_databases.Engine(), ConsentCatalog.Events, _databases.Ledger, TimeProvider.System);
        _many = NewMany();
        await _elsewhere.PublishAsync(Packs.Spectral, Ct);
    }

    public async Task DisposeAsync()
    {
        await _elsewhere.DisposeAsync();
        await _databases.DisposeAsync();
        _timeout.Dispose();
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3)]
    public async Task Everybody_hears_what_a_single_question_is_answered(int seed)
    {
        var chance = new Random(seed);
        var people = Enumerable.Range(0, 120).Select(_ => Replica.NewPerson()).ToArray();
        var (followed, day) = (0L, 1);
        for (var round = 0; round < 5; round++)
        {
            foreach (var act in Enumerable.Range(0, 100).Select(_ => chance.Next(24)))
            {
                day++;
                await _elsewhere.RecordAsync(people[chance.Next(people.Length)], SubjectConsents.Stream, act switch
                {
                    0 => new ErasureStarted(Guid.Empty),
                    1 => new SubjectErased(Guid.Empty),
                    < 7 => Acts.Withdrawn(day).Facts,
                    < 11 => Acts.Granted(day, channel: "sms").Facts,
                    < 16 => (ConsentGranted)Acts.Granted(day).Facts with { Until = Acts.Day(1).AddDays(chance.Next(2000)) },
                    < 18 => new BirthMonthStated("2010-01", Acts.Day(1).AddDays(chance.Next(2000)), Acts.Day(1).AddDays(2000 + chance.Next(500)), Acts.Day(day), Actor.Subject, Token.Parse("web-form"), null, null),
                    _ => Acts.Granted(day).Facts,
                }, Ct);
            }

            var (one, other) = (people[chance.Next(people.Length)], people[chance.Next(people.Length)]);
            if (one != other)
            {
                await _elsewhere.RecordAsync(one, SubjectConsents.Stream, new SubjectMerged(other.Value, Acts.Day(day), Actor.Agent, Token.Parse("desk"), null), Ct);
                await _elsewhere.RecordAsync(other, SubjectConsents.Stream, new SubjectMerged(one.Value, Acts.Day(day), Actor.Agent, Token.Parse("desk"), null), Ct);
            }

            await ShouldBeExactAsync(people);
            followed = await FollowAsync(followed, chance.Next(300));
            await ShouldBeExactAsync(people);

            // Nothing is recorded, and what was remembered is over for some of them.
            _clock.Now += TimeSpan.FromDays(chance.Next(600));
            await ShouldBeExactAsync(people);
        }
    }

    [Fact]
    public async Task Who_asks_after_a_withdrawal_is_not_answered_from_a_query_sent_before_it()
    {
        var person = Replica.NewPerson();
        await _elsewhere.GrantAsync(person, Ct);
        (await DecideAsync(person)).Allowed.ShouldBeTrue();

        var (answered, letGo) = (new TaskCompletionSource(), new TaskCompletionSource());
        _watched.OnTheWayBack = () => { answered.TrySetResult(); return letGo.Task; };
        var before = DecideAsync(person);
        await answered.Task;
        await _elsewhere.WithdrawAsync(person, Ct);
        var after = DecideAsync(person);
        letGo.SetResult();

        (await after).Code.ShouldBe("consent_withdrawn");
        await before;
    }

    [Fact]
    public async Task Under_load_nobody_hears_a_yes_after_an_acknowledged_withdrawal()
    {
        var (yes, crowd) = (0, Enumerable.Range(0, 50).Select(_ => Replica.NewPerson()).ToArray());
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            var person = Replica.NewPerson();
            await _elsewhere.GrantAsync(person, Ct);
            for (var trial = 0; trial < 40; trial++)
            {
                var meanwhile = _many.DecideAsync(Replica.Tenant, [(Email, [.. crowd, person])], Ct);
                await _elsewhere.WithdrawAsync(person, Ct);
                if ((await DecideAsync(person)).Allowed) Interlocked.Increment(ref yes);
                await meanwhile;
                if ((await DecideAsync(person)).Allowed) Interlocked.Increment(ref yes);
                await _elsewhere.GrantAgainAsync(person, Ct);
                (await DecideAsync(person)).Allowed.ShouldBeTrue();
            }
        })));
        yes.ShouldBe(0);
    }

    [Fact]
    public async Task What_is_remembered_costs_one_look_at_the_log()
    {
        var people = Enumerable.Range(0, 50).Select(_ => Replica.NewPerson()).ToArray();
        foreach (var person in people) await _elsewhere.GrantAsync(person, Ct);
        await ShouldBeExactAsync(people);
        await using (var empty = _databases.Ledger.CreateCommand("truncate mt_events, mt_streams, subject_facts, subject_facts_followed")) await empty.ExecuteNonQueryAsync(Ct);
        var (before, answers) = (_watched.Readings, await _many.DecideAsync(Replica.Tenant, [(Email, people)], Ct));
        answers[0].ShouldAllBe(a => a.Rule.Allowed);
        (_watched.Readings - before).ShouldBe(1);
    }

    [Fact]
    public async Task A_policy_published_between_two_questions_counts_for_the_second()
    {
        var person = Replica.NewPerson();
        await _elsewhere.GrantAsync(person, Ct);
        (await DecideAsync(person)).Allowed.ShouldBeTrue();
        await _elsewhere.PublishAsync(Packs.Spectral.Next("2026-03-02", dropped: Acts.Offers), Ct);
        (await DecideAsync(person)).Code.ShouldBe("purpose_undeclared");
    }

    [Fact]
    public async Task Over_a_restored_backup_nothing_remembered_holds()
    {
        var person = Replica.NewPerson();
        await _elsewhere.GrantAsync(person, Ct);
        (await DecideAsync(person)).Allowed.ShouldBeTrue();
        await using (var restore = _databases.Ledger.CreateCommand("truncate ledger_head, ledger_entries, ledger_tiles, ledger_commands, mt_events, mt_streams, subject_facts, subject_facts_followed"))
            await restore.ExecuteNonQueryAsync(Ct);
        await using var since = new Replica(_databases.Engine());
        await since.PublishAsync(Packs.Spectral, Ct);
        await since.WithdrawAsync(person, Ct);
        (await DecideAsync(person)).Code.ShouldBe("consent_withdrawn");
    }

    [Fact]
    public async Task A_memory_too_small_for_all_who_are_asked_about_forgets_and_is_never_wrong()
    {
        _many = NewMany(capacity: 20);
        var people = Enumerable.Range(0, 100).Select(_ => Replica.NewPerson()).ToArray();
        foreach (var person in people) await _elsewhere.GrantAsync(person, Ct);
        for (var round = 0; round < 5; round++)
        {
            await _elsewhere.WithdrawAsync(people[round * 7], Ct);
            await ShouldBeExactAsync(people);
        }
    }

    private ManyDecisions NewMany(int capacity = ManyDecisions.DefaultCapacity) =>
        new(_watched, ConsentCatalog.Events, _table, new CurrentSubjects(_databases.Engine(), ConsentCatalog.Events, TimeProvider.System), _clock, capacity);

    private async Task<DecisionAnswer> DecideAsync(StreamId person) => (await _many.DecideAsync(Replica.Tenant, [(Email, [person])], Ct))[0][0].Rule;

    /// <summary>Twice, so that what was remembered the first time is heard the second.</summary>
    private async Task ShouldBeExactAsync(StreamId[] people)
    {
        var read = await _elsewhere.Subjects.ReadAsync(Replica.Tenant, people, Freshness.Strict, Ct);
        for (var again = 0; again < 2; again++)
        {
            var answers = await _many.DecideAsync(Replica.Tenant, [(Email, people), (Sms, people)], Ct);
            foreach (var (asked, found) in new[] { Email, Sms }.Zip(answers))
            {
                var expected = people.Select(p => ConsentDecision.Decide(asked.About(p), SubjectConsents.PersonOf(p, read.Subjects), read.Policies, _clock.Now));
                found.Select(a => a.Rule with { Position = a.Position < 0 ? null : a.Position }).ShouldBe(expected);
            }
        }
    }

    private async Task<long> FollowAsync(long from, int events)
    {
        var page = await _watched.ReadFromAsync(Replica.Tenant, from, events, Ct);
        if (page.Count == 0) return from;
        await _table.AddAsync(page, Ct);
        return page[^1].Place.Position + 1;
    }

    private sealed class SetClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = Acts.Day(1000);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
