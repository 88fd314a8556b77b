using System.Net;
using ConsentLedger.Ledger;
using ConsentLedger.Transparency.Signing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ConsentLedger.Transparency.Tests;

/// <summary>What a witness's answer does to publishing. That witnesses are asked rightly has tests of its own.</summary>
public sealed class WitnessedTests : IAsyncLifetime
{
    private static readonly CancellationToken Ct = CancellationToken.None;

    private readonly SigningKey _key = SigningKey.Generate("witness.test/one", SignatureType.CosignatureV1);
    private readonly List<long> _oldSizes = [];
    private Func<AddCheckpoint, IResult> _answer = _ => Results.StatusCode(503);
    private SomeLedger _ledger = null!;
    private SignerLease _lease = null!;
    private TenantSigner _signer = null!;
    private WebApplication _witness = null!;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _witness = builder.Build();
        _witness.MapPost("/add-checkpoint", async (HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            AddCheckpoint.TryParse(body.ToArray(), out var asked, out var fault).ShouldBeTrue(fault?.Reason);
            _oldSizes.Add(asked!.OldSize);
            return _answer(asked);
        });
        await _witness.StartAsync();
        _ledger = await SomeLedger.CreateAsync();
        _lease = (await SignerLease.TryTakeAsync(_ledger.Source, Ct)).ShouldNotBeNull();
        _signer = _ledger.NewSigner(SomeLedger.WitnessedBy(new WitnessOptions.Appointed(new Uri(_witness.Urls.Single()), _key.Verifier.ToString())));
        await _ledger.AppendAsync(3);
    }

    public async Task DisposeAsync()
    {
        await _lease.DisposeAsync();
        await _ledger.DisposeAsync();
        await _witness.DisposeAsync();
        _key.Dispose();
    }

    [Fact]
    public async Task A_checkpoint_without_the_quorum_is_not_published_and_a_later_one_with_it_is()
    {
        (await _signer.SignAsync(_lease, Ct)).ShouldBeOfType<Signed.Unwitnessed>();
        (await _ledger.Checkpoints.FindAsync(SomeLedger.Tenant, Ct)).ShouldBeNull();
        await _ledger.AppendAsync(2);
        _answer = Cosign;

        (await _signer.SignAsync(_lease, Ct)).ShouldBe(new Signed.Current(5, IsNew: true));

        var published = (await _ledger.Checkpoints.FindAsync(SomeLedger.Tenant, Ct)).ShouldNotBeNull();
        var policy = new TrustPolicy([Replica.Key], [_key.Verifier], new Quorum.Witness(_key.Verifier));
        policy.TryOpen(published.Note, out var trusted, out var fault).ShouldBeTrue(fault?.Reason);
        trusted!.Head.Size.ShouldBe(5);
    }

    [Fact]
    public async Task A_witness_that_knows_more_than_we_published_gets_its_proof()
    {
        _answer = Cosign;
        await _signer.SignAsync(_lease, Ct);
        await _ledger.AppendAsync(300);
        var before = _oldSizes.Count;

        // As after a crash between the witness's word and the row: it knows a size that is stored nowhere.
        _answer = asked => asked.OldSize == 3 ? Conflict(200) : Cosign(asked);
        (await _signer.SignAsync(_lease, Ct)).ShouldBe(new Signed.Current(303, IsNew: true));

        _oldSizes.Skip(before).ShouldBe([3L, 200L]);
    }

    [Fact]
    public async Task A_log_that_is_smaller_than_a_witness_saw_it_is_signed_no_more()
    {
        _answer = _ => Conflict(9);
        (await _signer.SignAsync(_lease, Ct)).ShouldBeOfType<Signed.Refused>().Fault.Code.ShouldBe("log_known_larger");
        (await _ledger.Checkpoints.FindAsync(SomeLedger.Tenant, Ct)).ShouldBeNull();
    }

    [Fact]
    public async Task What_another_process_showed_a_witness_meanwhile_is_no_log_put_back()
    {
        _answer = _ =>
        {
            _ledger.AppendAsync(6).Wait();
            return Conflict(9);
        };
        (await _signer.SignAsync(_lease, Ct)).ShouldBeOfType<Signed.Unwitnessed>();
    }

    [Fact]
    public async Task A_log_that_is_another_than_a_witness_saw_is_signed_no_more()
    {
        _answer = asked => asked.OldSize == 0 ? Conflict(2) : Results.StatusCode((int)HttpStatusCode.UnprocessableEntity);
        (await _signer.SignAsync(_lease, Ct)).ShouldBeOfType<Signed.Refused>().Fault.Code.ShouldBe("log_known_other");
    }

    private static IResult Conflict(long size) => Results.Text($"{size}\n", "text/x.tlog.size", statusCode: (int)HttpStatusCode.Conflict);

    private IResult Cosign(AddCheckpoint asked)
    {
        var cosigned = Cosignature.Cosign(asked.Checkpoint, _key, TimeProvider.System.GetUtcNow());
        return Results.Text(string.Concat(cosigned.Signatures.Where(s => s.Name == _key.Verifier.Name)));
    }
}
