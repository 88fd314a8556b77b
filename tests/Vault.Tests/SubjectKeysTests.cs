using System.Text;
using ConsentLedger.EventStore;
using ConsentLedger.Ledger;
using Npgsql;

namespace ConsentLedger.Vault.Tests;

public sealed class SubjectKeysTests : IAsyncLifetime
{
    private readonly VaultOnPostgres _vault = new();
    private int _subjects;

    private CancellationToken Ct { get; } = new CancellationTokenSource(TimeSpan.FromMinutes(1)).Token;

    public async Task InitializeAsync()
    {
        await _vault.InitializeAsync();
        await _vault.OpenReplica().EnsureSchemaAsync(Ct);
    }

    public Task DisposeAsync() => _vault.DisposeAsync();

    [Fact]
    public async Task A_key_is_on_disk_when_it_is_returned_and_every_replica_finds_it()
    {
        var subject = NewSubject();
        using var made = await _vault.OpenReplica().GetOrCreateAsync(subject, Ct);
        var replica = _vault.OpenReplica();
        using var found = (await replica.FindAsync(subject, Ct)).ShouldBeOfType<KeyAnswer.Present>().Key;
        using var again = await replica.GetOrCreateAsync(subject, Ct);

        found.Open(1, made.Seal(subject, 1, "x"u8).Envelope).ShouldBe("x"u8.ToArray());
        (found.Id, again.Id).ShouldBe((made.Id, made.Id));
    }

    [Fact]
    public async Task A_key_or_a_tombstone_that_takes_too_long_to_write_is_given_up_and_not_cancelled()
    {
        // A cancelled commit no longer waits for its standby: a key that seals, or that was told to be destroyed, would be gone or back after a failover.
        var replica = _vault.OpenReplica(settings: "Command Timeout=1;Application Name=gives-up");
        var (sealing, erased) = (NewSubject(), NewSubject());
        using (await _vault.OpenReplica().GetOrCreateAsync(erased, Ct)) { }
        await using (var held = await _vault.Source.OpenConnectionAsync(Ct))
        {
            await using var transaction = await held.BeginTransactionAsync(Ct);
            await using (var take = new NpgsqlCommand("lock table subject_keys in share mode", held)) await take.ExecuteNonQueryAsync(Ct);
            await Should.ThrowAsync<VaultUnavailableException>(() => replica.GetOrCreateAsync(sealing, Ct));
            await Should.ThrowAsync<VaultUnavailableException>(() => replica.DestroyAsync(erased, Ct));
            await using var waits = new NpgsqlCommand("select count(*) from pg_stat_activity where application_name = 'gives-up' and wait_event_type = 'Lock'", held);
            (await waits.ExecuteScalarAsync(Ct)).ShouldBe(2L);
        }

        while (await replica.FindAsync(erased, Ct) is KeyAnswer.Present present) present.Key.Dispose();
        KeyAnswer found;
        while ((found = await replica.FindAsync(sealing, Ct)) is not KeyAnswer.Present) await Task.Yield();
        ((KeyAnswer.Present)found).Key.Dispose();
    }

    [Fact]
    public async Task Replicas_racing_for_a_subjects_first_key_get_the_same_one()
    {
        var replicas = Enumerable.Range(0, 6).Select(_ => _vault.OpenReplica()).ToArray();
        for (var round = 0; round < 30; round++)
        {
            var subject = NewSubject();
            var keys = await Task.WhenAll(replicas.Select(r => Task.Run(() => r.GetOrCreateAsync(subject, Ct))));
            keys.Select(k => k.Id).Distinct().ShouldHaveSingleItem();
            var envelope = keys[0].Seal(subject, 1, "x"u8).Envelope;
            foreach (var key in keys) key.Open(1, envelope).ShouldBe("x"u8.ToArray());
        }
    }

    [Fact]
    public async Task Replicas_starting_at_once_all_prepare_the_vault()
    {
        for (var round = 0; round < 10; round++)
        {
            await _vault.ExecuteAsync("drop table subject_keys", Ct);
            await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => _vault.OpenReplica().EnsureSchemaAsync(Ct))));
        }

        await _vault.OpenReplica().PingAsync(Ct);
    }

    [Fact]
    public async Task Asking_for_a_key_that_never_was_does_not_make_one()
    {
        var keys = _vault.OpenReplica();
        var subject = NewSubject();
        (await keys.FindAsync(subject, Ct)).ShouldBeOfType<KeyAnswer.Never>();
        (await keys.FindAsync(subject, Ct)).ShouldBeOfType<KeyAnswer.Never>();
    }

    [Fact]
    public async Task The_same_stream_id_under_two_tenants_is_two_subjects()
    {
        var keys = _vault.OpenReplica();
        var subject = NewSubject();
        var namesake = subject with { Tenant = TenantId.Parse("quintus") };
        using var one = await keys.GetOrCreateAsync(subject, Ct);
        (await keys.FindAsync(namesake, Ct)).ShouldBeOfType<KeyAnswer.Never>();
        using var two = await keys.GetOrCreateAsync(namesake, Ct);

        await keys.DestroyAsync(namesake, Ct);
        Should.Throw<EnvelopeRefusedException>(() => two.Open(1, one.Seal(subject, 1, "x"u8).Envelope));
        (await _vault.OpenReplica().FindAsync(subject, Ct)).ShouldBeOfType<KeyAnswer.Present>().Key.Dispose();
    }

    [Fact]
    public async Task No_two_subjects_share_a_key_or_its_id()
    {
        var keys = _vault.OpenReplica();
        for (var i = 0; i < 20; i++) (await keys.GetOrCreateAsync(NewSubject(), Ct)).Dispose();
        await using var select = _vault.Source.CreateCommand("select key_id, kek_epoch, wrapped from subject_keys");
        await using var row = await select.ExecuteReaderAsync(Ct);
        var (bare, ids) = (new HashSet<string>(), new HashSet<Guid>());
        while (await row.ReadAsync(Ct))
        {
            bare.Add(Convert.ToHexString((await _vault.Kek.UnwrapAsync(new WrappedKey(row.GetGuid(1), row.GetFieldValue<byte[]>(2)), Ct))[..32]));
            ids.Add(row.GetGuid(0));
        }

        (bare.Count, ids.Count).ShouldBe((20, 20));
    }

    [Fact]
    public async Task A_destroyed_key_is_erased_at_once_and_for_ever_and_not_never()
    {
        var keys = _vault.OpenReplica();
        var subject = NewSubject();
        using var key = await keys.GetOrCreateAsync(subject, Ct);
        (await keys.DestroyAsync(subject, Ct)).KeyId.ShouldBe(key.Id);

        foreach (var replica in (SubjectKeys[])[keys, _vault.OpenReplica()])
        {
            (await replica.FindAsync(subject, Ct)).ShouldBeOfType<KeyAnswer.Erased>().KeyId.ShouldBe(key.Id);
            await Should.ThrowAsync<SubjectErasedException>(() => replica.GetOrCreateAsync(subject, Ct));
        }
    }

    [Fact]
    public async Task Destroying_again_changes_nothing()
    {
        var clock = new ManualClock();
        var keys = _vault.OpenReplica(clock);
        var subject = NewSubject();
        (await keys.GetOrCreateAsync(subject, Ct)).Dispose();
        var first = await keys.DestroyAsync(subject, Ct);
        clock.Pass(TimeSpan.FromDays(1));
        (await keys.DestroyAsync(subject, Ct)).ShouldBe(first);
        first.At.ShouldBe(clock.GetUtcNow() - TimeSpan.FromDays(1));
    }

    [Fact]
    public async Task A_subject_erased_before_it_had_a_key_never_gets_one()
    {
        var keys = _vault.OpenReplica();
        var subject = NewSubject();
        (await keys.DestroyAsync(subject, Ct)).KeyId.ShouldBeNull();
        (await keys.FindAsync(subject, Ct)).ShouldBeOfType<KeyAnswer.Erased>();
        await Should.ThrowAsync<SubjectErasedException>(() => keys.GetOrCreateAsync(subject, Ct));
    }

    [Fact]
    public async Task Of_a_first_key_and_a_destruction_at_once_the_destruction_stands()
    {
        var (maker, destroyer) = (_vault.OpenReplica(), _vault.OpenReplica());
        for (var round = 0; round < 50; round++)
        {
            var subject = NewSubject();
            var making = Task.Run(async () =>
            {
                try
                {
                    (await maker.GetOrCreateAsync(subject, Ct)).Dispose();
                }
                catch (SubjectErasedException)
                {
                    // The destruction was first.
                }
            });
            await Task.WhenAll(making, Task.Run(() => destroyer.DestroyAsync(subject, Ct)));
            (await destroyer.FindAsync(subject, Ct)).ShouldBeOfType<KeyAnswer.Erased>();
        }
    }

    [Fact]
    public async Task A_destruction_that_the_database_swallows_is_not_believed()
    {
        var keys = _vault.OpenReplica();
        var subject = NewSubject();
        (await keys.GetOrCreateAsync(subject, Ct)).Dispose();
        await _vault.ExecuteAsync(
            """
            create function keep() returns trigger language plpgsql as 'begin return null; end';
            create trigger keep before update on subject_keys for each row execute function keep();
            """, Ct);

        await Should.ThrowAsync<VaultUnavailableException>(() => keys.DestroyAsync(subject, Ct));
    }

    [Fact]
    public async Task Another_replica_stops_using_a_destroyed_key_within_its_lease()
    {
        var clock = new ManualClock();
        var (here, there) = (_vault.OpenReplica(clock), _vault.OpenReplica(clock));
        var subject = NewSubject();
        (await there.GetOrCreateAsync(subject, Ct)).Dispose();
        await here.DestroyAsync(subject, Ct);

        clock.Pass(SubjectKeys.Lease - TimeSpan.FromMilliseconds(1));
        (await there.FindAsync(subject, Ct)).ShouldBeOfType<KeyAnswer.Present>().Key.Dispose();
        clock.Pass(TimeSpan.FromMilliseconds(1));
        (await there.FindAsync(subject, Ct)).ShouldBeOfType<KeyAnswer.Erased>();
    }

    [Fact]
    public async Task A_vault_that_nobody_listens_at_is_unavailable_and_not_never()
    {
        await using var nobody = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=nobody;Database=vault;Timeout=2");
        using var keys = new SubjectKeys(nobody, _vault.Kek, TimeProvider.System);
        await AnswersNothingAsync(keys);
        await Should.ThrowAsync<VaultUnavailableException>(() => keys.EnsureSchemaAsync(Ct));
    }

    [Fact]
    public async Task A_vault_that_goes_away_under_open_connections_is_unavailable_and_not_never()
    {
        var keys = _vault.OpenReplica();
        (await keys.GetOrCreateAsync(NewSubject(), Ct)).Dispose();
        await _vault.DropDatabaseAsync();
        await AnswersNothingAsync(keys);
        await AnswersNothingAsync(keys);
    }

    [Fact]
    public async Task Every_question_to_the_vault_is_counted_and_so_is_every_one_without_an_answer()
    {
        var subject = NewSubject();
        var keys = _vault.OpenReplica();
        (await keys.GetOrCreateAsync(subject, Ct)).Dispose();
        (await keys.GetOrCreateAsync(subject, Ct)).Dispose();
        await keys.DestroyAsync(subject, Ct);
        await _vault.DropDatabaseAsync();
        await Should.ThrowAsync<VaultUnavailableException>(() => keys.FindAsync(NewSubject(), Ct));
        await Should.ThrowAsync<VaultUnavailableException>(() => keys.DestroyAsync(subject, Ct));

        _vault.Measured.Of("consentledger.vault.requests").ShouldBe([
            "1 operation=find,outcome=answered", "1 operation=create,outcome=answered", "1 operation=find,outcome=answered", "1 operation=destroy,outcome=answered",
            "1 operation=find,outcome=unavailable", "1 operation=destroy,outcome=unavailable"]);
    }

    [Fact]
    public async Task A_key_whose_KEK_is_elsewhere_is_unavailable_and_not_never()
    {
        var subject = NewSubject();
        (await _vault.OpenReplica().GetOrCreateAsync(subject, Ct)).Dispose();
        var keys = _vault.OpenReplica(kek: _vault.NewKek(fill: 2));
        await Should.ThrowAsync<VaultUnavailableException>(() => keys.FindAsync(subject, Ct));
        await Should.ThrowAsync<VaultUnavailableException>(() => keys.GetOrCreateAsync(subject, Ct));
        await Should.ThrowAsync<VaultUnavailableException>(() => keys.PingAsync(Ct));
        (await keys.DestroyAsync(subject, Ct)).KeyId.ShouldNotBeNull();
    }

    [Theory]
    [InlineData("wrapped = b.wrapped")]
    [InlineData("wrapped = b.wrapped, key_id = b.key_id")]
    public async Task A_key_in_another_persons_row_is_damage_and_never_that_persons_key(string swap)
    {
        var subject = NewSubject();
        foreach (var other in (StreamKey[])[NewSubject(), subject with { Tenant = TenantId.Parse("quintus") }])
        {
            await _vault.ExecuteAsync("truncate subject_keys", Ct);
            var keys = _vault.OpenReplica();
            foreach (var person in (StreamKey[])[subject, other]) (await keys.GetOrCreateAsync(person, Ct)).Dispose();
            await _vault.ExecuteAsync($"update subject_keys a set {swap} from subject_keys b where (a.tenant_id, a.stream_id) <> (b.tenant_id, b.stream_id)", Ct);

            var restarted = _vault.OpenReplica();
            foreach (var person in (StreamKey[])[subject, other])
            {
                await Should.ThrowAsync<VaultUnavailableException>(() => restarted.FindAsync(person, Ct));
                await Should.ThrowAsync<VaultUnavailableException>(() => restarted.GetOrCreateAsync(person, Ct));
            }
        }
    }

    [Fact]
    public async Task A_key_under_another_id_than_its_own_is_damage()
    {
        var subject = NewSubject();
        (await _vault.OpenReplica().GetOrCreateAsync(subject, Ct)).Dispose();
        await _vault.ExecuteAsync("update subject_keys set key_id = gen_random_uuid()", Ct);
        await Should.ThrowAsync<VaultUnavailableException>(() => _vault.OpenReplica().FindAsync(subject, Ct));
    }

    [Fact]
    public async Task A_bare_key_that_is_bound_to_nobody_is_damage()
    {
        var subject = NewSubject();
        (await _vault.OpenReplica().GetOrCreateAsync(subject, Ct)).Dispose();
        await using (var update = _vault.Source.CreateCommand("update subject_keys set wrapped = $1"))
        {
            update.Parameters.Add(new() { Value = (await _vault.Kek.WrapAsync(new byte[32], Ct)).Bytes });
            await update.ExecuteNonQueryAsync(Ct);
        }

        await Should.ThrowAsync<VaultUnavailableException>(() => _vault.OpenReplica().FindAsync(subject, Ct));
    }

    [Fact]
    public async Task Nothing_in_the_vault_reads_as_the_text_or_the_key()
    {
        var canary = "canary@personal.example";
        var subject = NewSubject();
        using var key = await _vault.OpenReplica().GetOrCreateAsync(subject, Ct);
        var envelope = key.Seal(subject, 1, Encoding.UTF8.GetBytes(canary)).Envelope;

        // The way of an outsider who holds the KEK: the row alone must suffice to open the envelope.
        await using var select = _vault.Source.CreateCommand("select key_id, kek_epoch, wrapped from subject_keys");
        await using var row = await select.ExecuteReaderAsync(Ct);
        (await row.ReadAsync(Ct)).ShouldBeTrue();
        var bare = (await _vault.Kek.UnwrapAsync(new WrappedKey(row.GetGuid(1), row.GetFieldValue<byte[]>(2)), Ct))[..32];
        Sealing.Open(bare, new SealedPlace(EntryType.Event, subject.Id, 1, row.GetGuid(0)), envelope).ShouldBe(Encoding.UTF8.GetBytes(canary));

        var dump = await DumpAsync();
        dump.ShouldContain(subject.Tenant.ToString());
        dump.ShouldNotContain(canary);
        dump.ShouldNotContain(Encoding.Latin1.GetString(bare));
    }

    [Fact]
    public async Task A_tombstone_holds_no_key_not_even_a_wrapped_one()
    {
        var keys = _vault.OpenReplica();
        var subject = NewSubject();
        (await keys.GetOrCreateAsync(subject, Ct)).Dispose();
        await using var select = _vault.Source.CreateCommand("select wrapped from subject_keys");
        var wrapped = Encoding.Latin1.GetString((byte[])(await select.ExecuteScalarAsync(Ct))!);

        (await DumpAsync()).ShouldContain(wrapped);
        await keys.DestroyAsync(subject, Ct);
        (await DumpAsync()).ShouldNotContain(wrapped);
    }

    [Fact]
    public async Task Ping_answers_while_the_vault_does()
    {
        var keys = _vault.OpenReplica();
        await keys.PingAsync(Ct);
        (await keys.GetOrCreateAsync(NewSubject(), Ct)).Dispose();
        await keys.PingAsync(Ct);
    }

    /// <summary>In production the vault's tables are their owner's, made by --migrate.</summary>
    [Fact]
    public async Task A_role_that_may_not_create_the_table_waits_for_its_owner_and_then_works()
    {
        await using var lesser = await _vault.OpenLesserRoleAsync(Ct);
        using var keys = new SubjectKeys(lesser, _vault.Kek, TimeProvider.System);
        await _vault.ExecuteAsync("alter table subject_keys rename to away", Ct);
        (await Should.ThrowAsync<VaultUnavailableException>(() => keys.EnsureSchemaAsync(Ct))).Message.ShouldContain("--migrate");

        await _vault.ExecuteAsync("alter table away rename to subject_keys", Ct);
        await keys.EnsureSchemaAsync(Ct);
        (await keys.GetOrCreateAsync(NewSubject(), Ct)).Dispose();
    }

    private async Task AnswersNothingAsync(SubjectKeys keys)
    {
        await Should.ThrowAsync<VaultUnavailableException>(() => keys.FindAsync(NewSubject(), Ct));
        await Should.ThrowAsync<VaultUnavailableException>(() => keys.GetOrCreateAsync(NewSubject(), Ct));
        await Should.ThrowAsync<VaultUnavailableException>(() => keys.DestroyAsync(NewSubject(), Ct));
        await Should.ThrowAsync<VaultUnavailableException>(() => keys.PingAsync(Ct));
    }

    /// <summary>Every byte of every row, a character each.</summary>
    private async Task<string> DumpAsync()
    {
        await using var connection = await _vault.Source.OpenConnectionAsync(Ct);
        await using var copy = await connection.BeginRawBinaryCopyAsync("copy subject_keys to stdout (format binary)", Ct);
        using var dump = new MemoryStream();
        await copy.CopyToAsync(dump, Ct);
        return Encoding.Latin1.GetString(dump.ToArray());
    }

    private StreamKey NewSubject() => new(TenantId.Parse("spectral-tms"), new StreamId(new Guid(++_subjects, 0, 0, new byte[8])));
}
