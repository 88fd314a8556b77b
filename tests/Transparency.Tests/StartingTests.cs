using ConsentLedger.Transparency.Signing;
using Microsoft.Extensions.Logging;

namespace ConsentLedger.Transparency.Tests;

/// <summary>A service does not begin to serve a log that is not what was published of it.</summary>
public sealed class StartingTests : IAsyncLifetime
{
    private static readonly CancellationToken Ct = CancellationToken.None;

    private SomeLedger _ledger = null!;

    public async Task InitializeAsync()
    {
        _ledger = await SomeLedger.CreateAsync();
        await _ledger.AppendAsync(300);
        await using var lease = (await SignerLease.TryTakeAsync(_ledger.Source, Ct)).ShouldNotBeNull();
        await _ledger.NewSigner().SignAsync(lease, Ct);
        await _ledger.AppendAsync(10);
    }

    public async Task DisposeAsync() => await _ledger.DisposeAsync();

    [Fact]
    public async Task It_serves_what_has_only_grown()
    {
        await using var replica = new Replica(_ledger.ConnectionString);

        await replica.Get<LogStart>().CheckAsync(Ct);

        replica.Logged.ShouldNotContain(l => l.Level == LogLevel.Critical);
    }

    [Theory]
    [InlineData("restored from before the checkpoint", """
        delete from ledger_entries where position >= 200;
        update ledger_head set next_position = 200, tree = int8send(200) || (select string_agg(sha256(position::text::bytea), ''::bytea) from ledger_entries where position < 3)
        """, "log_shrunk")]
    [InlineData("an entry below the checkpoint is another", "update ledger_entries set entry = set_byte(entry, 90, get_byte(entry, 90) # 1) where position = 299", "log_checkpoint_mismatch")]
    [InlineData("a tile is another", "update ledger_tiles set hashes = set_byte(hashes, 3, get_byte(hashes, 3) # 1)", "log_checkpoint_mismatch")]
    [InlineData("a tile is gone", "delete from ledger_tiles", "log_tiles_missing")]
    [InlineData("the checkpoint is another", "update ledger_checkpoints set note = convert_to(replace(convert_from(note, 'utf8'), E'\n300\n', E'\n299\n'), 'utf8')", "log_checkpoint_forged")]
    public async Task It_does_not_serve_what_is_not_what_was_published(string what, string change, string code)
    {
        foreach (var statement in change.Split(';')) (await _ledger.SqlAsync(statement)).ShouldBeGreaterThan(0, what);

        // The host ends with it; an outage of the store it would wait for.
        (await Should.ThrowAsync<LogBrokenException>(() => LogHost.StartAsync(_ledger.ConnectionString))).Fault.Code.ShouldBe(code);

        await using var replica = new Replica(_ledger.ConnectionString);
        await Should.ThrowAsync<LogBrokenException>(() => replica.Get<LogStart>().CheckAsync(Ct));
        replica.Logged.Where(l => l.Level == LogLevel.Critical).ShouldHaveSingleItem().Message.ShouldContain("ledger.test/notes/quintus");
    }

    [Fact]
    public async Task A_log_under_a_new_name_has_to_begin_with_what_was_published_under_the_old()
    {
        using var keys = new LogKeys("ledger.test/notes-2", new byte[32]);
        var renamed = new TenantSigner(SomeLedger.Tenant, _ledger.Engine, _ledger.Tree, _ledger.Checkpoints, keys, SomeLedger.NoWitnesses());
        await using var lease = (await SignerLease.TryTakeAsync(_ledger.Source, Ct)).ShouldNotBeNull();
        renamed.Begin();

        (await renamed.SignAsync(lease, Ct)).ShouldBe(new Signed.Current(310, IsNew: true));
        (await _ledger.Checkpoints.FindAsync(SomeLedger.Tenant, Ct))!.Head.Origin.ShouldBe("ledger.test/notes-2/quintus");

        await _ledger.SqlAsync("update ledger_entries set entry = set_byte(entry, 90, get_byte(entry, 90) # 1) where position = 309");
        using var third = new LogKeys("ledger.test/notes-3", new byte[32]);
        var again = new TenantSigner(SomeLedger.Tenant, _ledger.Engine, _ledger.Tree, _ledger.Checkpoints, third, SomeLedger.NoWitnesses());
        again.Begin();
        (await again.SignAsync(lease, Ct)).ShouldBeOfType<Signed.Refused>();
    }
}
