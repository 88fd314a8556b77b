using System.Net;
using System.Text;
using System.Text.Json;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Receipting;
using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Ledger;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Support;
using ConsentLedger.Transparency;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ConsentLedger.Consent.Tests;

/// <summary>An act is recorded and answered whatever becomes of its receipt.</summary>
public sealed class ReceiptTests : IAsyncLifetime
{
    private static readonly StreamKey Person = new(Story.Tenant, new StreamId(Story.Person));
    private static readonly ReceiptPreference AtOnce = new(TimeSpan.FromMilliseconds(50)), Patient = new(TimeSpan.FromMinutes(1));

    private readonly LogKeys _keys = new("ledger.test/consent", new byte[32]);
    private PostgresDatabase _database = null!;
    private NpgsqlDataSource _source = null!;
    private NpgsqlEngine _engine = null!;
    private DeciderLoop _ledger = null!;
    private Outcome _granted = null!;

    public async Task InitializeAsync()
    {
        _database = await PostgresDatabase.CreateAsync("receipt");
        _source = NpgsqlLedger.DataSource(_database.ConnectionString);
        _engine = new NpgsqlEngine(_source);
        await _engine.EnsureSchemaAsync(CancellationToken.None);
        _ledger = new DeciderLoop(_engine, ConsentCatalog.Events, TimeProvider.System);
        _granted = await _ledger.ExecuteAsync(Granting("1"), CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await _ledger.DisposeAsync();
        await _engine.DisposeAsync();
        await _source.DisposeAsync();
        await _database.DisposeAsync();
        _keys.Dispose();
    }

    [Fact]
    public async Task Without_a_checkpoint_in_time_the_answer_is_the_ordinary_one()
    {
        var (status, applied, answer) = await AnswerAsync(_granted, AtOnce);
        (status, applied).ShouldBe((200, null));
        answer.GetProperty("outcome").GetString().ShouldBe("recorded");
        answer.TryGetProperty("receipt", out _).ShouldBeFalse();
    }

    [Fact]
    public async Task A_checkpoint_that_comes_while_it_is_waited_for_makes_the_receipt()
    {
        var answering = AnswerAsync(_granted, Patient);
        await PublishAsync();
        var (status, applied, answer) = await answering;
        (status, applied).ShouldBe((200, "receipt"));

        LogProof.TryParse(Encoding.UTF8.GetBytes(answer.GetProperty("receipt").GetString()!), out var receipt, out _).ShouldBeTrue();
        receipt!.Index.ShouldBe(answer.GetProperty("position").GetInt64());
        receipt.TryVerify(TreeHash.Leaf(receipt.Extra.Span), TrustPolicy.Of(_keys.VerifierOf(Story.Tenant)), out _, out var fault).ShouldBeTrue(fault?.Reason);
        Entry.TryDecode(receipt.Extra.Span, out var entry, out _).ShouldBeTrue();
        (entry.Stream, entry.Version).ShouldBe((Story.Person, 1));
    }

    [Fact]
    public async Task Nothing_recorded_nothing_to_prove()
    {
        await PublishAsync();
        foreach (var outcome in (Outcome[])[new Outcome.Unchanged(1), new Outcome.Refused(new Refusal("policy_missing", "")), new Outcome.Conflict(1), new Outcome.IdReused()])
        {
            var (_, applied, answer) = await AnswerAsync(outcome, Patient);
            applied.ShouldBeNull();
            answer.TryGetProperty("receipt", out _).ShouldBeFalse();
        }
    }

    [Fact]
    public async Task Nobody_who_does_not_ask_gets_one()
    {
        await PublishAsync();
        (await AnswerAsync(_granted, new ReceiptPreference(Wait: null))).Applied.ShouldBeNull();
    }

    [Fact]
    public async Task A_store_that_goes_away_after_the_act_takes_the_receipt_and_not_the_answer()
    {
        await PublishAsync();
        await using var gone = NpgsqlLedger.DataSource(new NpgsqlConnectionStringBuilder(_database.ConnectionString) { Host = IPAddress.Loopback.ToString(), Port = 1 }.ConnectionString);
        await using var checkpoints = new Checkpoints(gone, TimeProvider.System);
        var receipts = new Receipts(_engine, checkpoints, new LogTree(gone), TimeProvider.System, NullLogger<Receipts>.Instance);
        var (status, applied, answer) = await AnswerAsync(await receipts.AnswerAsync(_granted, Patient, Story.Tenant, CancellationToken.None));
        (status, applied, answer.GetProperty("outcome").GetString()).ShouldBe((200, null, "recorded"));
    }

    private async Task<(int Status, string? Applied, JsonElement Answer)> AnswerAsync(Outcome outcome, ReceiptPreference preference)
    {
        await using var checkpoints = new Checkpoints(_source, TimeProvider.System);
        var receipts = new Receipts(_engine, checkpoints, new LogTree(_source), TimeProvider.System, NullLogger<Receipts>.Instance);
        return await AnswerAsync(await receipts.AnswerAsync(outcome, preference, Story.Tenant, CancellationToken.None));
    }

    private static async Task<(int Status, string? Applied, JsonElement Answer)> AnswerAsync(IResult result)
    {
        await using var services = new ServiceCollection().AddLogging().BuildServiceProvider();
        var context = new DefaultHttpContext { RequestServices = services, Response = { Body = new MemoryStream() } };
        await result.ExecuteAsync(context);
        var applied = context.Response.Headers[ReceiptPreference.AppliedHeader];
        return (context.Response.StatusCode, applied.Count == 0 ? null : applied.ToString(), JsonDocument.Parse(((MemoryStream)context.Response.Body).ToArray()).RootElement);
    }

    // What the signer does, by hand: the newest tree under our signature.
    private async Task PublishAsync()
    {
        var tree = await _engine.ReadTreeAsync(Story.Tenant, CancellationToken.None);
        await using var publish = _source.CreateCommand("insert into ledger_checkpoints (tenant_id, size, root, note, signed_at) values ($1, $2, $3, $4, now())");
        publish.Parameters.Add(new() { Value = Story.Tenant.ToString() });
        publish.Parameters.Add(new() { Value = tree.Size });
        publish.Parameters.Add(new() { Value = tree.Root.Bytes.ToArray() });
        publish.Parameters.Add(new() { Value = _keys.Sign(Story.Tenant, new Checkpoint(_keys.OriginOf(Story.Tenant), tree.Size, tree.Root)).ToBytes() });
        await publish.ExecuteNonQueryAsync();
    }

    private static Command Granting(string id) => new(
        Person, SubjectConsents.Stream, Digest.Of("test", id), default,
        _ => Decision.Of(new ConsentGranted(new Lane("offers", "email", "controller"), "1.0", Acts.Day(1), Actor.Subject, Token.Parse("web-form"), null, null, null, InForce: true)));
}
