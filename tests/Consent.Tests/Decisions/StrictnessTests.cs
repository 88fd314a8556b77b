using ConsentLedger.Consent.Decisions;
using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Support;
using Npgsql;

namespace ConsentLedger.Consent.Tests.Decisions;

/// <summary>Once any replica has acknowledged a withdrawal, no replica says yes: whatever it remembers, and whatever it asked before.</summary>
public sealed class StrictnessTests : IAsyncLifetime
{
    private readonly CancellationTokenSource _timeout = new(TimeSpan.FromMinutes(2));
    private ConsentDatabases _databases = null!;
    private Replica _here = null!, _elsewhere = null!;
    private WatchedEngine _watched = null!;

    private CancellationToken Ct => _timeout.Token;

    public async Task InitializeAsync()
    {
        _databases = await ConsentDatabases.CreateAsync(Ct);
        _watched = new WatchedEngine(_databases.Engine());
        (_here, _elsewhere) = (new Replica(_watched), new Replica(_databases.Engine()));
        await _elsewhere.PublishAsync(Packs.Spectral, Ct);
    }

    public async Task DisposeAsync()
    {
        await _here.DisposeAsync();
        await _elsewhere.DisposeAsync();
        await _databases.DisposeAsync();
        _timeout.Dispose();
    }

    [Fact]
    public async Task Who_asks_after_a_withdrawal_is_not_answered_from_a_query_sent_before_it()
    {
        var person = Replica.NewPerson();
        await _elsewhere.GrantAsync(person, Ct);
        (await _here.DecideAsync(person, Ct)).Allowed.ShouldBeTrue();

        var (answered, letGo) = (new TaskCompletionSource(), new TaskCompletionSource());
        _watched.OnTheWayBack = () => { answered.TrySetResult(); return letGo.Task; };
        var before = _here.DecideAsync(person, Ct);
        await answered.Task;
        await _elsewhere.WithdrawAsync(person, Ct);
        var after = _here.DecideAsync(person, Ct);
        letGo.SetResult();

        (await after).Code.ShouldBe("consent_withdrawn");
        await before;
    }

    [Fact]
    public async Task Under_load_no_replica_says_yes_after_an_acknowledged_withdrawal()
    {
        var yes = 0;
        await Task.WhenAll(Enumerable.Range(0, 16).Select(worker => Task.Run(async () =>
        {
            var person = Replica.NewPerson();
            var (writer, reader) = worker % 2 == 0 ? (_here, _elsewhere) : (_elsewhere, _here);
            await writer.GrantAsync(person, Ct);
            for (var trial = 0; trial < 60; trial++)
            {
                // Another question under way, so that there is a query to be wrongly shared.
                var meanwhile = reader.DecideAsync(person, Ct);
                await writer.WithdrawAsync(person, Ct);
                if ((await reader.DecideAsync(person, Ct)).Allowed) Interlocked.Increment(ref yes);
                if ((await writer.DecideAsync(person, Ct)).Allowed) Interlocked.Increment(ref yes);
                await meanwhile;
                await writer.GrantAgainAsync(person, Ct);
                (await reader.DecideAsync(person, Ct)).Allowed.ShouldBeTrue();
            }
        })));
        yes.ShouldBe(0);
    }

    [Fact]
    public async Task All_who_wait_share_one_query()
    {
        var people = Enumerable.Range(0, 200).Select(_ => Replica.NewPerson()).ToList();
        await _here.DecideAsync(people[0], Ct);
        var (answered, letGo) = (new TaskCompletionSource(), new TaskCompletionSource());
        _watched.OnTheWayBack = () => { answered.TrySetResult(); return letGo.Task; };
        var first = _here.DecideAsync(people[0], Ct);
        await answered.Task;

        var before = _watched.Readings;
        var waiting = people.Select(p => _here.DecideAsync(p, Ct)).ToList();
        letGo.SetResult();
        await Task.WhenAll([first, .. waiting]);

        (_watched.Readings - before).ShouldBe(1);
    }

    [Fact]
    public async Task A_database_that_is_away_says_neither_yes_nor_no_and_what_it_took_meanwhile_counts_when_it_is_back()
    {
        var server = new NpgsqlConnectionStringBuilder(_databases.Ledger.ConnectionString);
        await using var way = new Gate(server.Host!, server.Port);
        await way.OpenAsync();
        (server.Host, server.Port, server.Password) = ("127.0.0.1", way.Port, new NpgsqlConnectionStringBuilder(Servers.Postgres).Password);
        await using var source = NpgsqlLedger.DataSource(server.ConnectionString);
        await using var engine = new NpgsqlEngine(source);
        await using var cut = new Replica(engine);
        var person = Replica.NewPerson();
        await _elsewhere.GrantAsync(person, Ct);
        (await cut.DecideAsync(person, Ct)).Allowed.ShouldBeTrue();

        await way.ShutAsync();
        await _elsewhere.WithdrawAsync(person, Ct);
        for (var again = 0; again < 3; again++) await Should.ThrowAsync<StoreUnavailableException>(() => cut.DecideAsync(person, Ct));
        (await cut.DecideAsync(person, Ct, new Freshness(MaxStaleness: TimeSpan.FromHours(1)))).Allowed.ShouldBeTrue();

        await way.OpenAsync();
        DecisionAnswer? answer = null;
        while (answer is null)
        {
            try
            {
                answer = await cut.DecideAsync(person, Ct);
            }
            catch (StoreUnavailableException) when (!Ct.IsCancellationRequested)
            {
                // The pool still finds connections that were cut.
            }
        }

        answer.Code.ShouldBe("consent_withdrawn");
    }

    [Fact]
    public async Task Whoever_is_erased_while_remembered_is_erased_at_once()
    {
        var person = Replica.NewPerson();
        await _elsewhere.GrantAsync(person, Ct);
        (await _here.DecideAsync(person, Ct)).Allowed.ShouldBeTrue();
        await _elsewhere.EraseAsync(person, Ct);
        (await _here.DecideAsync(person, Ct)).Code.ShouldBe("subject_erased");
    }

    [Fact]
    public async Task A_policy_published_between_two_questions_counts_for_the_second()
    {
        var person = Replica.NewPerson();
        await _elsewhere.GrantAsync(person, Ct);
        (await _here.DecideAsync(person, Ct)).Allowed.ShouldBeTrue();
        await _elsewhere.PublishAsync(Packs.Spectral.Next("2026-03-02", dropped: Acts.Offers), Ct);
        (await _here.DecideAsync(person, Ct)).Code.ShouldBe("purpose_undeclared");
    }

    [Fact]
    public async Task A_stream_that_cannot_be_read_stops_decisions_about_its_own_subject_only()
    {
        var (one, other) = (Replica.NewPerson(), Replica.NewPerson());
        foreach (var person in (StreamId[])[one, other])
        {
            await _elsewhere.GrantAsync(person, Ct);
            (await _here.DecideAsync(person, Ct)).Allowed.ShouldBeTrue();
        }

        await _elsewhere.WithdrawAsync(one, Ct);
        await _elsewhere.WithdrawAsync(other, Ct);
        await RenameAsync("consent.withdrawn.v1", "consent.from-a-newer-release.v1");
        var stopped = _here.DecideAsync(one, Ct);
        (await _here.DecideAsync(other, Ct)).Code.ShouldBe("consent_withdrawn");
        await Should.ThrowAsync<Exception>(() => stopped);
        await Should.ThrowAsync<Exception>(() => _here.DecideAsync(one, Ct));

        await RenameAsync("consent.from-a-newer-release.v1", "consent.withdrawn.v1");
        (await _here.DecideAsync(one, Ct)).Code.ShouldBe("consent_withdrawn");

        async Task RenameAsync(string from, string to)
        {
            await using var rename = _databases.Ledger.CreateCommand($"update mt_events set type = '{to}' where type = '{from}' and stream_id = '{one}'");
            (await rename.ExecuteNonQueryAsync(Ct)).ShouldBe(1);
        }
    }

    [Fact]
    public async Task Somebody_unknown_is_remembered_as_such_only_until_they_are_known()
    {
        var person = Replica.NewPerson();
        (await _here.DecideAsync(person, Ct)).Code.ShouldBe("consent_unknown");
        await _elsewhere.GrantAsync(person, Ct);
        (await _here.DecideAsync(person, Ct)).Allowed.ShouldBeTrue();
    }

    [Fact]
    public async Task A_memory_too_small_for_all_who_are_asked_about_forgets_and_is_never_wrong()
    {
        await using var forgetful = new Replica(_databases.Engine(), capacity: 3);
        var people = Enumerable.Range(0, 20).Select(_ => Replica.NewPerson()).ToList();
        foreach (var person in people) await _elsewhere.GrantAsync(person, Ct);
        for (var round = 0; round < 20; round++)
        {
            var all = await forgetful.Subjects.ReadAsync(Replica.Tenant, people, Freshness.Strict, Ct);
            people.Select(p => Replica.Decide(p, all).Allowed).ShouldBe(people.Select((_, i) => i >= round));
            await _elsewhere.WithdrawAsync(people[round], Ct);
            (await forgetful.DecideAsync(people[round], Ct)).Allowed.ShouldBeFalse();
            (await forgetful.DecideAsync(people[19 - round], Ct)).Allowed.ShouldBe(19 - round > round);
        }
    }

    [Fact]
    public async Task Whoever_fell_far_behind_forgets_and_reads_anew()
    {
        var person = Replica.NewPerson();
        await _elsewhere.GrantAsync(person, Ct);
        (await _here.DecideAsync(person, Ct)).Allowed.ShouldBeTrue();
        await Task.WhenAll(Enumerable.Range(0, 5000).Select(_ => _elsewhere.GrantAsync(Replica.NewPerson(), Ct)));
        await _elsewhere.WithdrawAsync(person, Ct);
        (await _here.DecideAsync(person, Ct)).Allowed.ShouldBeFalse();
    }

    [Fact]
    public async Task Over_a_restored_backup_nothing_remembered_holds()
    {
        var person = Replica.NewPerson();
        await _elsewhere.GrantAsync(person, Ct);
        (await _here.DecideAsync(person, Ct)).Allowed.ShouldBeTrue();

        await using (var restore = _databases.Ledger.CreateCommand("truncate ledger_head, ledger_entries, ledger_tiles, ledger_commands, mt_events, mt_streams"))
            await restore.ExecuteNonQueryAsync(Ct);
        await using var since = new Replica(_databases.Engine());
        await since.PublishAsync(Packs.Spectral, Ct);
        await since.WithdrawAsync(person, Ct);

        (await _here.DecideAsync(person, Ct)).Code.ShouldBe("consent_withdrawn");
    }
}
