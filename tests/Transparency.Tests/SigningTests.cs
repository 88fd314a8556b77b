using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Ledger;
using ConsentLedger.Support;
using ConsentLedger.Transparency.Signing;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ConsentLedger.Transparency.Tests;

public sealed class SigningTests : IAsyncLifetime
{
    private static readonly CancellationToken Ct = CancellationToken.None;

    private SomeLedger _ledger = null!;

    public async Task InitializeAsync() => _ledger = await SomeLedger.CreateAsync();

    public async Task DisposeAsync() => await _ledger.DisposeAsync();

    [Fact]
    public async Task What_was_acknowledged_is_soon_under_a_checkpoint_signed_with_the_logs_key()
    {
        var replica = await _ledger.StartReplicaAsync();
        await _ledger.AppendAsync(3);

        var checkpoint = await replica.CheckpointAsync(3);

        checkpoint.Origin.ShouldBe("ledger.test/notes/quintus");
        checkpoint.Size.ShouldBe(3);
        checkpoint.Root.ShouldBe((await _ledger.Engine.ReadTreeAsync(SomeLedger.Tenant, Ct)).Root);
        replica.Measured.Of("consentledger.log.refused").ShouldBe(["0"]);
        (await replica.HealthAsync()).ShouldBe(HealthStatus.Healthy);
    }

    [Fact]
    public async Task Each_tenant_has_a_log_of_its_own()
    {
        var replica = await _ledger.StartReplicaAsync();
        var tenants = Enumerable.Range(0, 9).Select(n => TenantId.Parse($"tenant-{n}")).ToList();
        await Task.WhenAll(tenants.Select((t, n) => _ledger.AppendAsync(n + 1, t)));

        foreach (var (tenant, n) in tenants.Select((t, n) => (t, n)))
        {
            var signed = (await replica.Checkpoints.WaitForAsync(tenant, n + 1, TimeSpan.FromSeconds(30), Ct)).ShouldNotBeNull();
            signed.Head.Origin.ShouldBe($"ledger.test/notes/{tenant}");
            signed.Head.Size.ShouldBe(n + 1);
        }
    }

    [Fact]
    public async Task However_busy_some_are_every_tenant_gets_its_checkpoint()
    {
        var replica = await _ledger.StartReplicaAsync();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var busy = Enumerable.Range(0, 12).Select(n => TenantId.Parse($"busy-{n}")).ToList();
        var appending = Task.WhenAll(busy.Select(async tenant =>
        {
            while (!enough.IsCancellationRequested) await _ledger.AppendAsync(1, tenant);
        }));

        foreach (var tenant in busy)
            (await replica.Checkpoints.WaitForAsync(tenant, 1, TimeSpan.FromSeconds(10), Ct)).ShouldNotBeNull($"{tenant} has none.");
        await enough.CancelAsync();
        await appending;
    }

    [Fact]
    public async Task Any_two_checkpoints_seen_while_two_engines_append_are_of_one_growing_tree()
    {
        var replica = await _ledger.StartReplicaAsync();
        await using var source = NpgsqlLedger.DataSource(_ledger.ConnectionString);
        await using var engine = new NpgsqlEngine(source);
        await using var other = new DeciderLoop(engine, SomeLedger.Catalog, TimeProvider.System);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var appending = Task.WhenAll(Enumerable.Range(0, 8).Select(async n =>
        {
            while (!enough.IsCancellationRequested) await _ledger.AppendAsync(50, through: n % 2 == 0 ? _ledger.Loop : other);
        }));

        var seen = new List<Checkpoint> { await replica.CheckpointAsync(1) };
        while (seen.Count < 8) seen.Add(await replica.CheckpointAsync(seen[^1].Size + 1));
        await enough.CancelAsync();
        await appending;

        seen.Select(c => c.Size).ShouldBeInOrder(SortDirection.Ascending);
        foreach (var (older, newer) in seen.SelectMany(older => seen.Where(c => c.Size > older.Size).Select(newer => (older, newer))))
        {
            var proof = await _ledger.Tree.ProveConsistencyAsync(SomeLedger.Tenant, older.Size, newer.Size, Ct);
            ConsistencyProof.Verify(older.Size, older.Root, newer.Size, newer.Root, proof, out var fault).ShouldBeTrue(fault?.Reason);
        }
    }

    [Fact]
    public async Task Of_two_replicas_one_signs_and_the_other_follows_when_that_one_is_gone()
    {
        var one = await _ledger.StartReplicaAsync();
        await _ledger.AppendAsync(1);
        await one.CheckpointAsync(1);
        var other = await _ledger.StartReplicaAsync();
        await _ledger.AppendAsync(1);
        (await other.CheckpointAsync(2)).Size.ShouldBe(2);
        await CountedAsync(one, 2);
        other.Measured.Of("consentledger.log.checkpoints").ShouldBeEmpty();

        await one.StopAsync();
        await _ledger.AppendAsync(1);

        (await other.CheckpointAsync(3)).Size.ShouldBe(3);
        await CountedAsync(other, 1);

        // It is counted once it is there.
        Task CountedAsync(Replica replica, int checkpoints) =>
            Acts.EventuallyAsync("they are counted", () => Task.FromResult(replica.Measured.Of("consentledger.log.checkpoints").Count == checkpoints), Ct);
    }

    [Fact]
    public async Task A_signer_that_lost_its_connection_publishes_nothing_more_with_it_and_begins_again()
    {
        var replica = await _ledger.StartReplicaAsync();
        await _ledger.AppendAsync(1);
        await replica.CheckpointAsync(1);

        await _ledger.SqlAsync("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = $1", replica.ApplicationName);
        await _ledger.AppendAsync(1);

        // Read over another's connections: the replica may find out only now that its own are gone, and whoever asked hears so.
        (await _ledger.Checkpoints.WaitForAsync(SomeLedger.Tenant, 2, TimeSpan.FromSeconds(30), Ct)).ShouldNotBeNull().Head.Size.ShouldBe(2);
    }

    [Fact]
    public async Task Whoever_lost_the_lock_unnoticed_cannot_publish()
    {
        await _ledger.AppendAsync(2);
        var lease = (await SignerLease.TryTakeAsync(_ledger.Source, Ct)).ShouldNotBeNull();
        (await SignerLease.TryTakeAsync(_ledger.Source, Ct)).ShouldBeNull();
        await using var killer = new NpgsqlConnection(_ledger.ConnectionString + ";Pooling=false");
        await killer.OpenAsync(Ct);
        await using var kill = new NpgsqlCommand("select pg_terminate_backend(pid, 10000) from pg_locks where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())", killer);
        await kill.ExecuteNonQueryAsync(Ct);

        var signer = _ledger.NewSigner();
        await Should.ThrowAsync<StoreUnavailableException>(() => signer.SignAsync(lease, Ct));

        // Signed, and not stored: nothing is left of it, and the next one signs the same tree.
        (await _ledger.Checkpoints.FindAsync(SomeLedger.Tenant, Ct)).ShouldBeNull();
        await lease.DisposeAsync();
        await using var next = (await SignerLease.TryTakeAsync(_ledger.Source, Ct)).ShouldNotBeNull();
        (await _ledger.NewSigner().SignAsync(next, Ct)).ShouldBe(new Signed.Current(2, IsNew: true));
    }

    [Fact]
    public async Task A_checkpoint_whose_publication_is_given_up_is_not_cancelled_and_nobody_else_signs_until_it_ends()
    {
        // A cancelled commit no longer waits for its standby: outsiders would have a checkpoint that is gone after a failover.
        await _ledger.AppendAsync(2);
        var keys = new LogKeys(Replica.Origin, Replica.Seed);
        var head = await _ledger.Engine.ReadTreeAsync(SomeLedger.Tenant, Ct);
        var checkpoint = new Checkpoint(keys.OriginOf(SomeLedger.Tenant), head.Size, head.Root);
        await using var source = NpgsqlLedger.DataSource(_ledger.ConnectionString + ";Application Name=gives-up");
        await using var checkpoints = new Checkpoints(source, TimeProvider.System);
        using var stopping = new CancellationTokenSource();
        await using (var held = await source.OpenConnectionAsync(Ct))
        {
            await using var transaction = await held.BeginTransactionAsync(Ct);
            await using (var take = new NpgsqlCommand("lock table ledger_checkpoints in share mode", held)) await take.ExecuteNonQueryAsync(Ct);
            await using (var lease = (await SignerLease.TryTakeAsync(source, Ct)).ShouldNotBeNull())
            {
                var publishing = checkpoints.PublishAsync(SomeLedger.Tenant, 0, new SignedCheckpoint(checkpoint, keys.Sign(SomeLedger.Tenant, checkpoint).ToBytes()), lease, stopping.Token);
                await using var waits = new NpgsqlCommand("select exists (select from pg_stat_activity where application_name = 'gives-up' and wait_event_type = 'Lock')", held);
                while (!(bool)(await waits.ExecuteScalarAsync(Ct))!) await Task.Yield();
                await stopping.CancelAsync();
                await Should.ThrowAsync<OperationCanceledException>(publishing);
            }

            (await SignerLease.TryTakeAsync(_ledger.Source, Ct)).ShouldBeNull();
        }

        (await _ledger.Checkpoints.WaitForAsync(SomeLedger.Tenant, 2, TimeSpan.FromSeconds(30), Ct)).ShouldNotBeNull();
        SignerLease? next;
        while ((next = await SignerLease.TryTakeAsync(_ledger.Source, Ct)) is null) await Task.Yield();
        await next.DisposeAsync();
    }

    [Fact]
    public async Task Whoever_waits_is_answered_by_whichever_replica_signs_and_nobody_longer_than_they_would_wait()
    {
        await using var elsewhere = new Checkpoints(_ledger.Source, TimeProvider.System);
        var waiting = Enumerable.Range(1, 300).Select(size => elsewhere.WaitForAsync(SomeLedger.Tenant, size, TimeSpan.FromSeconds(30), Ct)).ToList();
        await _ledger.StartReplicaAsync();
        for (var i = 0; i < 30; i++) await _ledger.AppendAsync(10);

        var answers = await Task.WhenAll(waiting);

        for (var size = 1; size <= 300; size++) answers[size - 1].ShouldNotBeNull().Head.Size.ShouldBeGreaterThanOrEqualTo(size);
        (await elsewhere.WaitForAsync(SomeLedger.Tenant, 301, TimeSpan.FromMilliseconds(50), Ct)).ShouldBeNull();
        (await elsewhere.WaitForAsync(SomeLedger.Tenant, 300, TimeSpan.Zero, Ct)).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_checkpoint_takes_the_place_of_the_one_it_was_proved_consistent_with_and_of_no_other()
    {
        await _ledger.AppendAsync(3);
        await using var lease = (await SignerLease.TryTakeAsync(_ledger.Source, Ct)).ShouldNotBeNull();
        var signer = _ledger.NewSigner();
        (await signer.SignAsync(lease, Ct)).ShouldBe(new Signed.Current(3, IsNew: true));
        (await signer.SignAsync(lease, Ct)).ShouldBe(new Signed.Current(3, IsNew: false));
        await _ledger.AppendAsync(1);

        await _ledger.NewSigner().SignAsync(lease, Ct);
        await _ledger.AppendAsync(1);

        await Should.ThrowAsync<StoreUnavailableException>(() => signer.SignAsync(lease, Ct));
        (await _ledger.Checkpoints.FindAsync(SomeLedger.Tenant, Ct))!.Head.Size.ShouldBe(4);
    }

    [Theory]
    [InlineData("an entry not signed yet", "update ledger_entries set entry = set_byte(entry, 90, get_byte(entry, 90) # 1) where position = 300", "log_entries_mismatch")]
    [InlineData("the last entry that was signed", "update ledger_entries set entry = set_byte(entry, 90, get_byte(entry, 90) # 1) where position = 299", "log_checkpoint_mismatch")]
    [InlineData("an entry that is gone", "delete from ledger_entries where position = 305", "log_entries_missing")]
    [InlineData("a tile", "update ledger_tiles set hashes = set_byte(hashes, 3, get_byte(hashes, 3) # 1)", "log_checkpoint_mismatch")]
    [InlineData("a tile that is gone", "delete from ledger_tiles", "log_tiles_missing")]
    [InlineData("the head", "update ledger_head set tree = set_byte(tree, 20, get_byte(tree, 20) # 1)", "log_entries_mismatch")]
    [InlineData("the checkpoint", "update ledger_checkpoints set note = convert_to(replace(convert_from(note, 'utf8'), E'\n300\n', E'\n299\n'), 'utf8')", "log_checkpoint_forged")]
    [InlineData("what was a checkpoint", "update ledger_checkpoints set note = decode('00', 'hex')", "log_unreadable")]
    public async Task Of_a_ledger_that_somebody_changed_nothing_is_signed(string what, string tampering, string code)
    {
        await _ledger.AppendAsync(300);
        var before = await _ledger.StartReplicaAsync();
        await before.CheckpointAsync(300);
        await before.StopAsync();
        await _ledger.AppendAsync(20);
        (await _ledger.SqlAsync(tampering)).ShouldBeGreaterThan(0, what);
        var stored = await StoredNoteAsync();

        var replica = await _ledger.StartReplicaAsync();

        (await replica.AlarmAsync()).ShouldContain(code);
        await _ledger.AppendAsync(1, TenantId.Parse("another"));
        (await replica.Checkpoints.WaitForAsync(TenantId.Parse("another"), 1, TimeSpan.FromSeconds(30), Ct)).ShouldNotBeNull();
        (await StoredNoteAsync()).ShouldBe(stored);
        replica.Logged.Count(l => l.Level == LogLevel.Critical).ShouldBe(1);
        replica.Measured.Of("consentledger.log.refused").ShouldBe(["1"]);
        (await replica.HealthAsync()).ShouldBe(HealthStatus.Unhealthy);
    }

    [Fact]
    public async Task A_tile_that_is_changed_while_the_log_is_signed_ends_that()
    {
        var replica = await _ledger.StartReplicaAsync();
        await _ledger.AppendAsync(600);
        await replica.CheckpointAsync(600);

        await _ledger.SqlAsync("update ledger_tiles set hashes = set_byte(hashes, 3, get_byte(hashes, 3) # 1)");
        await _ledger.AppendAsync(1);

        (await replica.AlarmAsync()).ShouldContain("log_tiles_mismatch");
        (await _ledger.Checkpoints.FindAsync(SomeLedger.Tenant, Ct))!.Head.Size.ShouldBe(600);
    }

    [Fact]
    public async Task A_database_that_was_rolled_back_under_a_running_signer_is_not_signed_at_the_same_size_again()
    {
        await using var lease = (await SignerLease.TryTakeAsync(_ledger.Source, Ct)).ShouldNotBeNull();
        var signer = _ledger.NewSigner();
        await _ledger.AppendAsync(2);
        await signer.SignAsync(lease, Ct);
        await _ledger.SqlAsync("create table then_checkpoints as table ledger_checkpoints");
        await _ledger.AppendAsync(2);
        await signer.SignAsync(lease, Ct);

        // As a standby has it that was behind, after it took over.
        await _ledger.SqlAsync("update ledger_checkpoints c set (size, root, note) = (t.size, t.root, t.note) from then_checkpoints t");
        signer.Begin();

        (await signer.SignAsync(lease, Ct)).ShouldBeOfType<Signed.Refused>().Fault.Code.ShouldBe("log_checkpoint_lost");
    }

    private async Task<byte[]> StoredNoteAsync()
    {
        await using var command = _ledger.Source.CreateCommand("select note from ledger_checkpoints where tenant_id = $1");
        command.Parameters.Add(new() { Value = SomeLedger.Tenant.ToString() });
        return (byte[])(await command.ExecuteScalarAsync(Ct))!;
    }
}
