using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Support;
using Npgsql;

namespace ConsentLedger.EventStore.ContractTests;

/// <summary>What only an engine on PostgreSQL can be asked, of each of them, and of both at once on one database.</summary>
public abstract class PostgresStoreTests : StoreContract
{
    private PostgresDatabase _database = null!;

    protected string ConnectionString => _database.ConnectionString + ";Maximum Pool Size=8";

    protected abstract NpgsqlEngine Open(NpgsqlDataSource source, params IReadOnlyList<IInlineProjection> projections);

    public override async Task InitializeAsync()
    {
        _database = await PostgresDatabase.CreateAsync("store");
        await OpenReplica().EnsureSchemaAsync(Ct);
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _database.DisposeAsync();
    }

    protected override IEventEngine OpenReplica() => Track(Open(Track(NpgsqlLedger.DataSource(ConnectionString))));

    [Fact]
    public async Task Connections_killed_under_load_lose_nothing_and_repeat_nothing()
    {
        var loops = Loops(3);
        var stream = NewStream();
        using var done = new CancellationTokenSource();
        var killing = KillConnectionsUntilAsync(done.Token);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 600).Select(async i =>
        {
            await Task.Yield();
            return await loops[i % 3].ExecuteAsync(Notebook.Note(i % 2 == 0 ? stream : NewStream(), $"{i}"), Ct);
        }));
        await done.CancelAsync();
        (await killing).ShouldBeGreaterThan(0);

        outcomes.ShouldAllBe(o => o is Outcome.Recorded);
        var log = await OpenReplica().ReadFromAsync(Tenant, 0, 1000, Ct);
        log.Select(e => e.Place.Position).ShouldBe(Enumerable.Range(0, 600).Select(p => (long)p));
        outcomes.Cast<Outcome.Recorded>().Select(o => o.Position).Order().ShouldBe(Enumerable.Range(0, 600).Select(p => (long)p));
        log.Select(e => Notebook.Catalog.Decode(e)).Distinct().Count().ShouldBe(600);
    }

    [Fact]
    public async Task What_a_process_appended_last_it_does_not_read_back()
    {
        const int All = 5_000;
        var (here, there) = (OpenReplica(), OpenReplica());
        var loop = Track(new DeciderLoop(here, Notebook.Catalog, TimeProvider.System));
        await Task.WhenAll(Enumerable.Range(0, All).Select(i => loop.ExecuteAsync(Notebook.Note(NewStream(), $"{i}"), Ct)));

        await using var source = NpgsqlLedger.DataSource(_database.ConnectionString);
        await using var away = source.CreateCommand("alter table mt_events rename to away");
        await using var back = source.CreateCommand("alter table away rename to mt_events");
        await away.ExecuteNonQueryAsync(Ct);
        (await here.FollowFromAsync(Tenant, All - 10, 100, Ct)).Select(e => e.Place.Position).ShouldBe(Enumerable.Range(All - 10, 10).Select(p => (long)p));
        await Should.ThrowAsync<PostgresException>(() => here.FollowFromAsync(Tenant, 0, 100, Ct), "it keeps only the newest");
        await Should.ThrowAsync<PostgresException>(() => there.FollowFromAsync(Tenant, All - 10, 100, Ct), "another process's are on disk");
        await back.ExecuteNonQueryAsync(Ct);
    }

    [Fact]
    public async Task What_another_process_could_not_tell_of_is_found_all_the_same()
    {
        // A process whose word reaches nobody: before the system's function it finds one that does nothing.
        await using var source = NpgsqlLedger.DataSource(ConnectionString);
        await using (var silence = source.CreateCommand("create schema mute; create function mute.pg_notify(text, text) returns void language sql as ''")) await silence.ExecuteNonQueryAsync(Ct);
        var mute = Track(Open(Track(NpgsqlLedger.DataSource(ConnectionString + ";Search Path=mute,pg_catalog,public"))));
        var loop = Track(new DeciderLoop(mute, Notebook.Catalog, TimeProvider.System));

        var here = OpenReplica();
        await here.WaitForAppendAsync(TimeSpan.FromSeconds(1), Ct);
        (await here.FollowHeadsAsync(Ct)).ShouldBeEmpty();
        await loop.ExecuteAsync(Notebook.Note(NewStream(), "unheard"), Ct);
        while (!(await here.FollowHeadsAsync(Ct)).ContainsKey(Tenant)) await here.WaitForAppendAsync(TimeSpan.FromSeconds(1), Ct);
        (await here.FollowFromAsync(Tenant, 0, 10, Ct)).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Whoever_follows_the_log_waits_for_no_compiler()
    {
        await using var source = NpgsqlLedger.DataSource(_database.ConnectionString);
        await using var heads = source.CreateCommand("explain (analyze, format json) select tenant_id, next_position from ledger_head where next_position > 0");
        ((string)(await heads.ExecuteScalarAsync(Ct))!).ShouldNotContain("JIT");
    }

    [Fact]
    public async Task A_command_is_looked_up_by_its_id_also_by_a_plan_made_while_there_was_one()
    {
        // One connection: it keeps what it planned first, and counts what it read.
        await using var source = NpgsqlLedger.DataSource(_database.ConnectionString + ";Maximum Pool Size=1");
        await using var engine = Open(source);
        var loop = Loops(1)[0];
        await loop.ExecuteAsync(Notebook.Note(NewStream(), "first"), Ct);
        for (var i = 0; i < 3; i++) await LookUpAsync();
        await Task.WhenAll(Enumerable.Range(0, 300).Select(i => loop.ExecuteAsync(Notebook.Note(NewStream(), $"{i}"), Ct)));

        var before = await ReadAsync();
        await LookUpAsync();
        (await ReadAsync() - before).ShouldBeLessThan(10);

        Task LookUpAsync() => engine.LoadAsync(Tenant, [Digest.Of("test", "nobody's"), Digest.Of("test", "nobody else's")], [], Ct);

        async Task<long> ReadAsync()
        {
            await using (var flush = source.CreateCommand("select pg_stat_force_next_flush()")) await flush.ExecuteNonQueryAsync(Ct);
            await using var count = source.CreateCommand("select sum(idx_tup_read)::bigint from pg_stat_user_indexes where relname = 'ledger_entries'");
            return (long)(await count.ExecuteScalarAsync(Ct))!;
        }
    }

    [Fact]
    public async Task A_writer_that_ignores_the_head_is_noticed_and_nothing_of_the_batch_is_half_written()
    {
        var stream = NewStream();
        var loop = Loops(1)[0];
        await loop.ExecuteAsync(Notebook.Note(stream, "one"), Ct);
        await using var source = NpgsqlLedger.DataSource(_database.ConnectionString);
        await using (var intruder = source.CreateCommand(
            $"""
            update mt_streams set version = 2 where id = '{stream.Id}';
            insert into mt_events (seq_id, id, stream_id, version, data, type, tenant_id, headers)
            values (nextval('mt_events_sequence'), gen_random_uuid(), '{stream.Id}', 2, '{"{"}"text":"intruder"{"}"}', 'notebook.noted.v1', '{Tenant}', '{"{"}"position":1,"leaf":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="{"}"}')
            """))
        {
            await intruder.ExecuteNonQueryAsync(Ct);
        }

        var outcome = await loop.ExecuteAsync(Notebook.Note(stream, "two"), Ct);

        // The loop reads the intruder's event and goes on behind it.
        outcome.ShouldBeOfType<Outcome.Recorded>().Version.ShouldBe(3);
        (await OpenReplica().ReadStreamsAsync([stream], Ct)).Count.ShouldBe(3);

        // What has no entry has no proof, and is found by that.
        (await OpenReplica().FindFaultAsync(Tenant, Ct)).ShouldNotBeNull();
        await ForgetAsync();
    }

    [Fact]
    public async Task A_stream_that_somebody_archived_takes_the_next_event_all_the_same()
    {
        var stream = NewStream();
        var loop = Loops(1)[0];
        await loop.ExecuteAsync(Notebook.Note(stream, "one"), Ct);
        await using var source = NpgsqlLedger.DataSource(ConnectionString);
        await using (var archive = source.CreateCommand("update mt_streams set is_archived = true; update mt_events set is_archived = true")) await archive.ExecuteNonQueryAsync(Ct);

        (await loop.ExecuteAsync(Notebook.Note(stream, "two"), Ct)).ShouldBeOfType<Outcome.Recorded>().Version.ShouldBe(2);

        await using var archived = source.CreateCommand("select is_archived from mt_streams");
        (await archived.ExecuteScalarAsync(Ct)).ShouldBe(false);
        (await OpenReplica().ReadStreamsAsync([stream], Ct)).Count.ShouldBe(2);
    }

    [Fact]
    public async Task An_event_without_a_position_is_named_and_not_guessed_at()
    {
        var stream = NewStream();
        await Loops(1)[0].ExecuteAsync(Notebook.Note(stream, "one"), Ct);
        await using var source = NpgsqlLedger.DataSource(ConnectionString);
        await using (var around = source.CreateCommand("update mt_events set headers = null")) await around.ExecuteNonQueryAsync(Ct);

        var refused = await Should.ThrowAsync<InvalidDataException>(() => OpenReplica().ReadStreamsAsync([stream], Ct));

        refused.Message.ShouldContain("around the ledger");
        await ForgetAsync();
    }

    [Fact]
    public async Task An_event_that_claims_another_ones_position_gets_nothing_of_it()
    {
        var (stream, intruders) = (NewStream(), NewStream());
        await Loops(1)[0].ExecuteAsync(Notebook.Note(stream, "sealed", personal: [7]), Ct);
        await using var source = NpgsqlLedger.DataSource(ConnectionString);
        await using (var intruder = source.CreateCommand(
            $"""
            insert into mt_streams (tenant_id, id, version) values ('{Tenant}', '{intruders.Id}', 1);
            insert into mt_events (seq_id, id, stream_id, version, data, type, tenant_id, headers)
            values (nextval('mt_events_sequence'), gen_random_uuid(), '{intruders.Id}', 1, '{"{"}"text":"intruder"{"}"}', 'notebook.noted.v1', '{Tenant}', '{"{"}"position":0,"leaf":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="{"}"}')
            """))
        {
            await intruder.ExecuteNonQueryAsync(Ct);
        }

        var replica = OpenReplica();
        (await replica.ReadProvableAsync(intruders, 0, 10, Ct)).ShouldHaveSingleItem().Envelope.ShouldBeNull();
        (await replica.ReadSealedAsync(intruders, Ct)).ShouldBeEmpty();
        await replica.PurgeSealedAsync(intruders, Ct);
        (await replica.ReadSealedAsync(stream, Ct)).Count.ShouldBe(1);
        await ForgetAsync();
    }

    [Fact]
    public async Task Tenants_whose_heads_are_locked_hold_up_no_other()
    {
        var (locks, loop) = (OpenReplica(), Loops(1)[0]);
        var tenants = Enumerable.Range(0, 6).Select(i => TenantId.Parse($"tenant-{i}")).ToList();
        Task<Outcome> NoteAsync(TenantId tenant, string text) => loop.ExecuteAsync(Notebook.Note(NewStream() with { Tenant = tenant }, text), Ct);
        await Task.WhenAll(tenants.Select(t => NoteAsync(t, "known")));

        var held = new List<IEventTransaction>();
        foreach (var tenant in tenants[..3]) held.Add(await locks.BeginAsync(tenant, [], [], Ct));
        var waiting = tenants[..3].Select(t => NoteAsync(t, "waits")).ToList();
        for (var round = 0; round < 10; round++)
        {
            var all = tenants[3..].Select(t => NoteAsync(t, $"goes on {round}")).ToList();
            (await Task.WhenAll(all)).ShouldAllBe(o => o is Outcome.Recorded);
        }

        waiting.ShouldAllBe(w => !w.IsCompleted);
        foreach (var transaction in held) await transaction.DisposeAsync();
        (await Task.WhenAll(waiting)).ShouldAllBe(o => o is Outcome.Recorded);
        foreach (var tenant in tenants) (await OpenReplica().FindFaultAsync(tenant, Ct)).ShouldBeNull();
    }

    [Fact]
    public async Task A_write_that_takes_too_long_is_given_up_and_not_cancelled()
    {
        // A cancelled commit no longer waits for its standby, and stands without it.
        await Loops(1)[0].ExecuteAsync(Notebook.Note(NewStream(), "before"), Ct);
        await using var source = NpgsqlLedger.DataSource(ConnectionString + ";Command Timeout=1;Application Name=gives-up");
        await using var engine = Open(source);
        var (head, tree, _, _) = await engine.LoadAsync(Tenant, [], [], Ct);
        var later = head with { RecordedAt = head.RecordedAt.AddMinutes(1) };
        var replica = OpenReplica();
        var held = await replica.BeginAsync(Tenant, [], [], Ct);

        await Should.ThrowAsync<StoreUnavailableException>(() => engine.AppendAsync(Tenant, () => new Batch(Tenant, head, later, tree.Append(default), [], [], []), Ct));

        await using var other = NpgsqlLedger.DataSource(_database.ConnectionString);
        await using var waits = other.CreateCommand("select count(*) from pg_stat_activity where application_name = 'gives-up' and wait_event_type = 'Lock'");
        (await waits.ExecuteScalarAsync(Ct)).ShouldBe(1L);
        await held.DisposeAsync();
        while ((await replica.LoadAsync(Tenant, [], [], Ct)).Head != later) await Task.Yield();
    }

    [Fact]
    public async Task Both_engines_leave_the_same_rows()
    {
        var stream = NewStream();
        var loop = Loops(1)[0];
        await loop.ExecuteAsync(Notebook.Note(stream, "one"), Ct);
        await loop.ExecuteAsync(Notebook.Note(stream, "two") with { TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" }, Ct);

        await using var source = NpgsqlLedger.DataSource(ConnectionString);
        await using var rows = source.CreateCommand("""
            select string_agg(concat_ws(' ', e.version, e.type, e.data, e.headers - 'leaf', length(e.headers ->> 'leaf'), e.tenant_id, e.bdata is null, e.is_archived, s.type, s.version, s.tenant_id, s.is_archived), E'\n' order by e.version)
            from mt_events e join mt_streams s on s.id = e.stream_id
            """);
        (await rows.ExecuteScalarAsync(Ct)).ShouldBe("""
            1 notebook.noted.v1 {"text": "one"} {"position": 0} 44 quintus t f notebook 2 quintus f
            2 notebook.noted.v1 {"text": "two"} {"position": 1, "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"} 44 quintus t f notebook 2 quintus f
            """);
    }

    [Fact]
    public async Task A_replica_that_starts_while_a_table_is_vacuumed_or_dumped_holds_up_no_append()
    {
        var loop = Loops(1)[0];
        await loop.ExecuteAsync(Notebook.Note(NewStream(), "before"), Ct);
        await using var source = NpgsqlLedger.DataSource(_database.ConnectionString);
        await using var vacuum = await source.OpenConnectionAsync(Ct);
        await using var held = await vacuum.BeginTransactionAsync(Ct);
        await using (var take = new NpgsqlCommand("lock table mt_events in share update exclusive mode", vacuum)) await take.ExecuteNonQueryAsync(Ct);
        await using var waits = source.CreateCommand("select exists (select from pg_locks where relation = 'mt_events'::regclass and not granted)");

        var starting = OpenReplica().EnsureSchemaAsync(Ct);
        while (!starting.IsCompleted && !(bool)(await waits.ExecuteScalarAsync(Ct))!) await Task.Yield();

        (await loop.ExecuteAsync(Notebook.Note(NewStream(), "during"), Ct).WaitAsync(TimeSpan.FromSeconds(10), Ct)).ShouldBeOfType<Outcome.Recorded>();
        await held.RollbackAsync(Ct);
        await starting;
    }

    [Fact]
    public async Task What_a_later_release_adds_to_a_table_is_made_when_it_starts()
    {
        await using var source = NpgsqlLedger.DataSource(_database.ConnectionString);
        await using var engine = Open(source, new CountsNotes());
        await engine.EnsureSchemaAsync(Ct);

        await using var later = Open(source, new CountsNotes("""
            alter table note_counts
                add column if not exists words  bigint, -- of all notes
                add column if not exists longest bigint;
            create index if not exists note_counts_longest on note_counts (longest);
            """));
        await later.EnsureSchemaAsync(Ct);
        await later.EnsureSchemaAsync(Ct);

        await using var made = source.CreateCommand("select to_regclass('note_counts_longest') is not null and (select count(words) + count(longest) from note_counts) = 0");
        (await made.ExecuteScalarAsync(Ct)).ShouldBe(true);
    }

    [Fact]
    public async Task A_projection_is_never_behind_the_events_nor_ahead_of_them()
    {
        await using var source = NpgsqlLedger.DataSource(_database.ConnectionString);
        await using IAsyncDisposable engine = Open(source, new CountsNotes());
        await ((IEventEngine)engine).EnsureSchemaAsync(Ct);
        await using var loop = new DeciderLoop(new LosesAnswers((IEventEngine)engine), Notebook.Catalog, TimeProvider.System);
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => loop.ExecuteAsync(Notebook.Note(NewStream(), $"{i}"), Ct)));

        await using var count = source.CreateCommand("select notes from note_counts");
        (await count.ExecuteScalarAsync(Ct)).ShouldBe(100L);
    }

    [Fact]
    public async Task A_disk_that_is_full_for_a_while_delays_an_append_and_does_no_more()
    {
        await using var source = NpgsqlLedger.DataSource(ConnectionString);
        async Task SqlAsync(string sql)
        {
            await using var command = source.CreateCommand(sql);
            await command.ExecuteNonQueryAsync(Ct);
        }

        await SqlAsync("""
            create sequence tries;
            create function full_disk() returns trigger language plpgsql as $$ begin perform nextval('tries'); raise exception 'no space left' using errcode = '53100'; end $$;
            create trigger full_disk before insert on mt_events for each statement execute function full_disk();
            """);
        var appending = Loops(1)[0].ExecuteAsync(Notebook.Note(NewStream(), "one"), Ct);
        await using (var tries = source.CreateCommand("select last_value from tries"))
            while ((long)(await tries.ExecuteScalarAsync(Ct))! < 3) appending.IsCompleted.ShouldBeFalse();
        await SqlAsync("drop trigger full_disk on mt_events");

        (await appending).ShouldBeOfType<Outcome.Recorded>();
    }

    [Theory]
    [InlineData("Password=wrong")]
    [InlineData("Database=not_there_yet")]
    public async Task What_is_not_set_up_yet_is_waited_for_like_what_is_not_there(string setting) =>
        await Should.ThrowAsync<StoreUnavailableException>(() => ((IEventEngine)Track(Open(Track(NpgsqlLedger.DataSource($"{ConnectionString};{setting}"))))).ReadHeadsAsync(Ct));

    /// <summary>After a test that broke what it stored.</summary>
    private async Task ForgetAsync()
    {
        await using var source = NpgsqlLedger.DataSource(ConnectionString);
        await using var forget = source.CreateCommand("truncate mt_events, mt_streams, ledger_head, ledger_entries, ledger_tiles, ledger_commands");
        await forget.ExecuteNonQueryAsync(Ct);
    }

    private async Task<int> KillConnectionsUntilAsync(CancellationToken done)
    {
        await using var admin = NpgsqlDataSource.Create($"{Servers.Postgres};Database=postgres;Maximum Pool Size=1");
        var killed = 0;
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!done.IsCancellationRequested && killed < 12)
        {
            await tick.WaitForNextTickAsync(Ct);
            await using var kill = admin.CreateCommand($"select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = '{_database.Name}' and state <> 'idle'");
            killed += (int)(long)(await kill.ExecuteScalarAsync(Ct))!;
        }

        return killed;
    }

    private sealed class CountsNotes(string later = "") : IInlineProjection
    {
        public string Schema => $"create table if not exists note_counts (tenant_id text primary key, notes bigint not null); {later}";

        public void Project(Batch batch, NpgsqlBatch sql) => sql.BatchCommands.Add(new(
            "insert into note_counts values ($1, $2) on conflict (tenant_id) do update set notes = note_counts.notes + excluded.notes")
        {
            Parameters = { new() { Value = Tenant.ToString() }, new() { Value = (long)batch.Events.Count } },
        });
    }
}
