using System.Collections.Concurrent;
using ConsentLedger.EventStore;
using ConsentLedger.Support;

namespace ConsentLedger.Vault.Tests;

/// <summary>The operator puts a second KEK beside the first; keys move under it while the services go on.</summary>
public sealed class KeyRewrappingTests : IAsyncLifetime
{
    private readonly VaultOnPostgres _vault = new();
    private readonly KekFiles _files = new();
    private readonly List<KekFolder> _folders = [];
    private int _subjects;
    private string _oldFile = "";

    private CancellationToken Ct { get; } = new CancellationTokenSource(TimeSpan.FromMinutes(5)).Token;

    public async Task InitializeAsync()
    {
        await _vault.InitializeAsync();
        await _vault.OpenReplica().EnsureSchemaAsync(Ct);
        await _vault.OpenIndex().EnsureSchemaAsync(Ct);
        _oldFile = _files.WriteAs("20260101T0000Z.kek", [.. Enumerable.Repeat((byte)1, 32)]);
    }

    public async Task DisposeAsync()
    {
        await _vault.DisposeAsync();
        _folders.ForEach(folder => folder.Dispose());
        _files.Dispose();
    }

    [Fact]
    public async Task Every_living_key_moves_under_the_present_KEK_and_stays_the_same_key()
    {
        var subjects = await AddAsync(1201);
        var keys = _vault.OpenReplica(kek: Folder());
        var envelopes = new Dictionary<StreamKey, byte[]>();
        foreach (var subject in subjects.Take(3))
        {
            using var key = await keys.GetOrCreateAsync(subject, Ct);
            envelopes[subject] = key.Seal(subject, 1, "x"u8).Envelope;
        }

        await keys.DestroyAsync(subjects[^1], Ct);
        Rotate();

        var pass = await new KeyRewrapping(_vault.Source, Folder()).RunAsync(Ct);

        pass.Moved.ShouldBe(1200);
        pass.Left.ShouldBeEmpty();
        pass.Spent.ShouldHaveSingleItem().Name.ShouldBe("20260101T0000Z.kek");
        File.Delete(_oldFile);
        var restarted = _vault.OpenReplica(kek: Folder());
        foreach (var (subject, envelope) in envelopes)
        {
            using var key = (await restarted.FindAsync(subject, Ct)).ShouldBeOfType<KeyAnswer.Present>().Key;
            key.Open(1, envelope).ShouldBe("x"u8.ToArray());
        }

        (await restarted.FindAsync(subjects[^1], Ct)).ShouldBeOfType<KeyAnswer.Erased>();
    }

    [Fact]
    public async Task The_address_index_moves_as_well()
    {
        var subject = (await AddAsync(1))[0];
        await _vault.OpenIndex(Folder()).AddAsync(subject, "email", "a@example.org", Ct);
        Rotate();

        (await new KeyRewrapping(_vault.Source, Folder()).RunAsync(Ct)).Moved.ShouldBe(3, "the subject's key, the index's key, and the row");

        File.Delete(_oldFile);
        (await _vault.OpenIndex(Folder()).FindAsync(subject.Tenant, "email", "a@example.org", Ct)).ShouldBe([subject.Id]);
    }

    [Fact]
    public async Task Without_an_earlier_KEK_nothing_is_done()
    {
        await AddAsync(2);
        var pass = await new KeyRewrapping(_vault.Source, Folder()).RunAsync(Ct);
        (pass.Moved, pass.Left.Count, pass.Spent.Count()).ShouldBe((0, 0, 0));
    }

    [Fact]
    public async Task Killed_in_the_middle_it_goes_on_with_the_rest()
    {
        await AddAsync(700);
        Rotate();
        using var killed = new CancellationTokenSource();
        var wrapped = 0;
        var dying = new Holder(Folder(), _ =>
        {
            if (++wrapped == 600) killed.Cancel();
            killed.Token.ThrowIfCancellationRequested();
            return Task.CompletedTask;
        });
        await Should.ThrowAsync<OperationCanceledException>(() => new KeyRewrapping(_vault.Source, dying).RunAsync(killed.Token));

        (await new KeyRewrapping(_vault.Source, Folder()).RunAsync(Ct)).Moved.ShouldBe(200);
    }

    [Fact]
    public async Task An_erasure_between_reading_a_key_and_writing_it_back_wins()
    {
        var subject = (await AddAsync(1))[0];
        Rotate();
        var erasing = new Holder(Folder(), _ => _vault.OpenReplica().DestroyAsync(subject, Ct));

        (await new KeyRewrapping(_vault.Source, erasing).RunAsync(Ct)).Moved.ShouldBe(0);

        (await _vault.OpenReplica(kek: Folder()).FindAsync(subject, Ct)).ShouldBeOfType<KeyAnswer.Erased>();
        (await TextAsync("select count(*)::text from subject_keys where wrapped is not null")).ShouldBe("0");
    }

    [Fact]
    public async Task Two_replicas_at_it_at_once_lose_nothing()
    {
        var subjects = await AddAsync(1500);
        Rotate();
        var passes = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(() => new KeyRewrapping(_vault.Source, Folder()).RunAsync(Ct))));

        passes.Sum(p => p.Moved).ShouldBe(1500);
        File.Delete(_oldFile);
        var keys = _vault.OpenReplica(kek: Folder());
        foreach (var subject in subjects) (await keys.FindAsync(subject, Ct)).ShouldBeOfType<KeyAnswer.Present>().Key.Dispose();
    }

    [Fact]
    public async Task A_damaged_key_stops_no_other_and_keeps_its_KEK_from_being_called_spent()
    {
        await AddAsync(3);
        await _vault.ExecuteAsync("update subject_keys set wrapped = '\\x00' where stream_id = (select min(stream_id::text)::uuid from subject_keys)", Ct);
        Rotate();

        var pass = await new KeyRewrapping(_vault.Source, Folder()).RunAsync(Ct);

        (pass.Moved, pass.Left.Values.Single(), pass.Spent.Count()).ShouldBe((2, 1L, 0));
    }

    [Fact]
    public async Task Keys_under_each_earlier_and_each_missing_KEK_are_measured()
    {
        await AddAsync(2);
        var early = (await Folder().ReadEpochsAsync(Ct)).Present.Epoch;
        Rotate();
        await AddAsync(3);
        var rewrapping = new KeyRewrapping(_vault.Source, new Holder(Folder(), _ => throw new VaultUnavailableException("away")), _vault.Measured);
        await Should.ThrowAsync<VaultUnavailableException>(() => rewrapping.RunAsync(Ct));
        _vault.Measured.Of("consentledger.vault.keys_under_earlier_keks").ShouldBeEmpty();

        await new KeyRewrapping(_vault.Source, Folder(), _vault.Measured).RunAsync(Ct);
        _vault.Measured.Of("consentledger.vault.keys_under_earlier_keks").ShouldBe([$"0 epoch={early},kek=earlier"]);

        await _vault.ExecuteAsync($"update subject_keys set kek_epoch = '{Guid.Empty}'", Ct);
        File.Delete(_oldFile);
        using var measured = new Measurements();
        var pass = await new KeyRewrapping(_vault.Source, Folder(), measured).RunAsync(Ct);
        pass.Missing.ShouldHaveSingleItem().Value.ShouldBe(5);
        measured.Of("consentledger.vault.keys_under_earlier_keks").ShouldBe([$"5 epoch={Guid.Empty},kek=missing"]);
    }

    [Fact]
    public async Task A_rotation_under_load_loses_no_key_revives_nobody_and_kills_the_backups_of_before()
    {
        var subjects = new ConcurrentQueue<StreamKey>(await AddAsync(400));
        await _vault.ExecuteAsync("create table backup as select * from subject_keys", Ct);
        var (replicas, living, erased) = (Enumerable.Range(0, 3).Select(_ => _vault.OpenReplica(kek: Folder())).ToArray(), new ConcurrentBag<StreamKey>(), new ConcurrentBag<StreamKey>());
        using var enough = new CancellationTokenSource();
        var load = replicas.Select(keys => Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested)
            {
                var fresh = NewSubject();
                (await keys.GetOrCreateAsync(fresh, Ct)).Dispose();
                living.Add(fresh);
                if (!subjects.TryDequeue(out var old)) continue;
                await keys.DestroyAsync(old, Ct);
                erased.Add(old);
            }
        })).ToArray();

        Rotate();
        var passes = 0;
        while (erased.Count < 300)
        {
            await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(() => new KeyRewrapping(_vault.Source, Folder()).RunAsync(Ct))));
            passes++;
        }

        await enough.CancelAsync();
        await Task.WhenAll(load);
        foreach (var keys in replicas) await keys.PingAsync(Ct);
        (await new KeyRewrapping(_vault.Source, Folder()).RunAsync(Ct)).Spent.ShouldHaveSingleItem();
        passes.ShouldBeGreaterThan(0);

        File.Delete(_oldFile);
        var restarted = _vault.OpenReplica(kek: Folder());
        foreach (var subject in living.Concat(subjects)) (await restarted.FindAsync(subject, Ct)).ShouldBeOfType<KeyAnswer.Present>().Key.Dispose();
        foreach (var subject in erased) (await restarted.FindAsync(subject, Ct)).ShouldBeOfType<KeyAnswer.Erased>();

        await _vault.ExecuteAsync("truncate subject_keys; insert into subject_keys select * from backup", Ct);
        var restored = _vault.OpenReplica(kek: Folder());
        foreach (var subject in erased.Concat(subjects)) await Should.ThrowAsync<VaultUnavailableException>(() => restored.FindAsync(subject, Ct));
    }

    private KekFolder Folder()
    {
        var folder = KekFolder.Read(_files.Folder, TimeProvider.System);
        _folders.Add(folder);
        return folder;
    }

    private void Rotate() => _files.WriteAs("20260201T0000Z.kek", [.. Enumerable.Repeat((byte)2, 32)]);

    private async Task<List<StreamKey>> AddAsync(int count)
    {
        var keys = _vault.OpenReplica(kek: Folder());
        var subjects = Enumerable.Range(0, count).Select(_ => NewSubject()).ToList();
        foreach (var subject in subjects) (await keys.GetOrCreateAsync(subject, Ct)).Dispose();
        return subjects;
    }

    private async Task<string> TextAsync(string sql)
    {
        await using var select = _vault.Source.CreateCommand(sql);
        return (string)(await select.ExecuteScalarAsync(Ct))!;
    }

    private StreamKey NewSubject() => new(TenantId.Parse("spectral-tms"), new StreamId(new Guid(Interlocked.Increment(ref _subjects), 0, 0, new byte[8])));

    /// <summary>A holder of KEKs to which something happens whenever it is to wrap.</summary>
    private sealed class Holder(IKekProvider kek, Func<ReadOnlyMemory<byte>, Task> beforeWrapping) : IKekProvider
    {
        public Task<KekEpochs> ReadEpochsAsync(CancellationToken ct) => kek.ReadEpochsAsync(ct);

        public async Task<WrappedKey> WrapAsync(ReadOnlyMemory<byte> key, CancellationToken ct)
        {
            await beforeWrapping(key);
            return await kek.WrapAsync(key, ct);
        }

        public Task<byte[]> UnwrapAsync(WrappedKey key, CancellationToken ct) => kek.UnwrapAsync(key, ct);
    }
}
