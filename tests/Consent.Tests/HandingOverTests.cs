using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Erasing;
using ConsentLedger.Consent.HandingOver;
using ConsentLedger.Consent.Policies;
using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Ledger;
using ConsentLedger.Vault;

namespace ConsentLedger.Consent.Tests;

/// <summary>A tenant passes to a successor: everybody living, nobody erased, and nothing that anybody but the successor opens.</summary>
public sealed class HandingOverTests : IAsyncLifetime
{
    private static readonly RSA Successor = RSA.Create(3072);
    private static readonly TenantHandedOver ToNewOwner = new(Token.Parse("new-owner"), SuccessorKey.HashOf(Successor));

    private readonly TransportKey _transport = TransportKey.Create();
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
        _transport.Dispose();
        await _ledger.DisposeAsync();
        await _databases.DisposeAsync();
    }

    [Fact]
    public void Only_a_policy_that_says_so_lets_data_pass_to_a_successor()
    {
        HandOverTenant.Decide(ToNewOwner, BookOf("spectral-tms")).ShouldBeOfType<Decision.Record>().Events.ShouldHaveSingleItem().Facts.ShouldBe(ToNewOwner);
        HandOverTenant.Decide(ToNewOwner, BookOf("assutech")).ShouldBeOfType<Decision.Refuse>().Refusal.Code.ShouldBe("hand_over_undeclared");
        HandOverTenant.Decide(ToNewOwner, PolicyBook.Empty).ShouldBeOfType<Decision.Refuse>().Refusal.Code.ShouldBe("policy_missing");
    }

    [Fact]
    public void A_state_knows_how_often_and_to_whom_last() =>
        HandOvers.Stream.Replay(Story.Given(new Recorded(ToNewOwner, Acts.Day(1)), new Recorded(ToNewOwner with { Successor = Token.Parse("another") }, Acts.Day(2))).Log, ConsentCatalog.Events)
            .ShouldBe(new HandOvers(2, ToNewOwner with { Successor = Token.Parse("another") }));

    [Fact]
    public void A_key_of_a_successor_is_taken_whatever_stands_around_it()
    {
        SuccessorKey.TryRead($"\n{Successor.ExportSubjectPublicKeyInfoPem()}\n", out var key, out var hash).ShouldBeTrue();
        using (key) key.ExportSubjectPublicKeyInfo().ShouldBe(Successor.ExportSubjectPublicKeyInfo());
        hash.ShouldBe($"sha256:{Convert.ToHexStringLower(SHA256.HashData(Successor.ExportSubjectPublicKeyInfo()))}");
    }

    public static TheoryData<string, string> Refused
    {
        get
        {
            using var weak = RSA.Create(2048);
            using var curve = ECDsa.Create();
            var key = Successor.ExportSubjectPublicKeyInfo();
            using var low = RSA.Create(Successor.ExportParameters(false) with { Exponent = [3] });
            return new()
            {
                { "no key", "" },
                { "not PEM", "-----BEGIN PUBLIC KEY-----\nnonsense" },
                { "too short", weak.ExportSubjectPublicKeyInfoPem() },
                { "another algorithm", curve.ExportSubjectPublicKeyInfoPem() },
                { "the private key", Successor.ExportPkcs8PrivateKeyPem() },
                { "the private key behind it", $"{Successor.ExportSubjectPublicKeyInfoPem()}\n{Successor.ExportPkcs8PrivateKeyPem()}" },
                { "a low exponent", low.ExportSubjectPublicKeyInfoPem() },
                { "more than the key", new string(PemEncoding.Write("PUBLIC KEY", [.. key, 0])) },
                { "less than the key", new string(PemEncoding.Write("PUBLIC KEY", key.AsSpan(0, key.Length - 1))) },
            };
        }
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void No_other_key_is_taken(string what, string pem) => SuccessorKey.TryRead(pem, out _, out _).ShouldBeFalse(what);

    [Fact]
    public async Task Everybody_living_is_handed_over_and_only_the_successor_opens_it()
    {
        var (one, erased, other, bare, late) = (NewPerson(), NewPerson(), NewPerson(), NewPerson(), NewPerson());
        foreach (var person in (StreamKey[])[one, erased, other, one]) await GrantAsync(person);
        var elsewhere = one with { Tenant = TenantId.Parse("quintus") };
        await GrantAsync(elsewhere);
        using (await _databases.Keys().GetOrCreateAsync(bare, Ct)) await EraseAsync(erased);
        var size = (await _engine.ReadTreeAsync(Story.Tenant, Ct)).Size;
        foreach (var person in (StreamKey[])[one, late]) await GrantAsync(person);

        var (lines, all) = await WriteAsync(size);
        HandOverFile.ToLine(lines.Head).ShouldBe(HandOverFile.ToLine(HeadOf()));
        lines.Keys.Select(k => k.Subject).ShouldBe([one.Id.Value, other.Id.Value]);
        lines.Envelopes.Select(e => e.Position).ShouldBe([0, 2, 3]);
        lines.End.ShouldBe(new HandOverEnd(2, 3, size + 2));
        foreach (var envelope in lines.Envelopes) Encoding.UTF8.GetString(await OpenAsync(lines, envelope)).ShouldContain("canary");

        all.ShouldNotContain("canary");
        using var key = await _databases.Keys().GetOrCreateAsync(one, Ct);
        lines.Keys[0].Key.ShouldBe(key.Id);
        TransportKey.TryOpen(Successor, lines.Head.TransportKey, out var opened).ShouldBeTrue();
        using (opened) opened.TryUnwrap(lines.Keys[0].Wrapped, one, key.Id, out _).ShouldBeTrue();
        using var stranger = RSA.Create(3072);
        TransportKey.TryOpen(stranger, lines.Head.TransportKey, out _).ShouldBeFalse();
        _transport.TryUnwrap(lines.Keys[0].Wrapped, other, key.Id, out _).ShouldBeFalse();
        _transport.TryUnwrap(lines.Keys[0].Wrapped, elsewhere, key.Id, out _).ShouldBeFalse();
    }

    [Fact]
    public async Task Whoever_is_erased_while_it_goes_on_is_not_in_what_is_still_to_come()
    {
        var (first, second, third) = (NewPerson(), NewPerson(), NewPerson());
        foreach (var person in (StreamKey[])[first, second, third]) await GrantAsync(person);
        var size = (await _engine.ReadTreeAsync(Story.Tenant, Ct)).Size;
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1, useSynchronizationContext: false));
        var writing = Task.Run(() => WriteAsync(pipe.Writer, size, pageSize: 1), Ct);

        // The writer waits for whoever reads: head and first key are out, and the next page is read when these are taken.
        var text = await TakeAsync(pipe.Reader, () => EraseAsync(second));
        text.ShouldContain(first.Id.ToString());
        text += await TakeAsync(pipe.Reader, () => Task.CompletedTask);
        text.ShouldContain(third.Id.ToString());
        text += await TakeAsync(pipe.Reader, () => EraseAsync(third));
        await foreach (var rest in ReadAsync(pipe.Reader)) text += rest;
        await writing;

        var lines = Handed.Of(text);
        lines.Keys.Select(k => k.Subject).ShouldBe([first.Id.Value, third.Id.Value]);
        lines.Envelopes.ShouldHaveSingleItem().Position.ShouldBe(0);
        lines.End.ShouldBe(new HandOverEnd(2, 1, size + 4));
    }

    [Fact]
    public async Task Somebody_whose_erasure_has_only_begun_is_left_out_though_the_key_is_still_there()
    {
        var (begun, other) = (NewPerson(), NewPerson());
        foreach (var person in (StreamKey[])[begun, other]) await GrantAsync(person);
        await _ledger.ExecuteAsync(new Command(begun, SubjectConsents.Stream, null, default, _ => Decision.Of(new ErasureStarted(Guid.Empty))), Ct);
        var (lines, _) = await WriteAsync((await _engine.ReadTreeAsync(Story.Tenant, Ct)).Size);
        lines.Keys.ShouldHaveSingleItem().Subject.ShouldBe(other.Id.Value);
        lines.Envelopes.ShouldHaveSingleItem().Position.ShouldBe(1);
    }

    [Fact]
    public async Task A_vault_that_is_away_is_known_before_anything_is_written()
    {
        await GrantAsync(NewPerson());
        await _databases.CloseVaultAsync(Ct);
        var pipe = new Pipe();
        await Should.ThrowAsync<VaultUnavailableException>(() => WriteAsync(pipe.Writer, 1, pageSize: 200));
        pipe.Writer.UnflushedBytes.ShouldBe(0);
        await _databases.OpenVaultAsync(Ct);
    }

    [Fact]
    public async Task Many_pages_are_one_file()
    {
        var people = Enumerable.Range(0, 25).Select(_ => NewPerson()).ToList();
        foreach (var person in people) await GrantAsync(person);
        var (lines, _) = await WriteAsync(people.Count, pageSize: 4);
        lines.Keys.Select(k => k.Subject).ShouldBe(people.Select(p => p.Id.Value));
        lines.Envelopes.Select(e => e.Position).ShouldBe(Enumerable.Range(0, 25).Select(i => (long)i));
    }

    [Fact]
    public void A_line_has_one_spelling()
    {
        var line = HandOverFile.ToLine(new HandedOverEnvelope(12, [1, 2, 3, 4]))[..^1];
        HandOverFile.Read<HandedOverEnvelope>(line).ShouldNotBeNull().Position.ShouldBe(12);
        foreach (var other in (string[])["""{"position":12,"envelope":"AQIDBB=="}""", """{"position":12, "envelope":"AQIDBA=="}""", """{"envelope":"AQIDBA==","position":12}""", """{"position":12,"envelope":"AQIDBA==","more":1}""", """{"position":12}""", "null", "", "\"\\ud800\""])
            HandOverFile.Read<HandedOverEnvelope>(Encoding.UTF8.GetBytes(other)).ShouldBeNull(other);
    }

    private async Task<(Handed Lines, string All)> WriteAsync(long size, int pageSize = 200)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        await WriteAsync(pipe.Writer, size, pageSize);
        var all = new StringBuilder();
        await foreach (var part in ReadAsync(pipe.Reader)) all.Append(part);
        var lines = Handed.Of(all.ToString());
        using var mac = _transport.NewMac();
        mac.AppendData(Encoding.UTF8.GetBytes(all.ToString()[..all.ToString().LastIndexOf("{\"mac\"", StringComparison.Ordinal)]));
        lines.Seal.Mac.ShouldBe(mac.GetHashAndReset());
        return (lines, all.ToString());
    }

    private async Task WriteAsync(PipeWriter writer, long size, int pageSize)
    {
        await new HandOverWriter(_databases.Ledger, _engine, _databases.Keys(), pageSize).WriteAsync(writer, Story.Tenant, HeadOf(), size, _transport, Ct);
        await writer.CompleteAsync();
    }

    private byte[]? _wrapped;

    private HandOverHead HeadOf() => new(
        HandOverFile.Format, "ledger.test/consent/spectral-tms", Story.Tenant.ToString(), "new-owner", 7, "a note\n", HandOverAlgorithms.Known, _wrapped ??= _transport.WrapFor(Successor));

    private async Task<string> TakeAsync(PipeReader reader, Func<Task> before)
    {
        var read = await reader.ReadAsync(Ct);
        await before();
        var text = Encoding.UTF8.GetString(read.Buffer);
        reader.AdvanceTo(read.Buffer.End);
        return text;
    }

    private async IAsyncEnumerable<string> ReadAsync(PipeReader reader)
    {
        for (var isLast = false; !isLast;)
        {
            var read = await reader.ReadAsync(Ct);
            isLast = read.IsCompleted;
            yield return Encoding.UTF8.GetString(read.Buffer);
            reader.AdvanceTo(read.Buffer.End);
        }
    }

    private async Task<byte[]> OpenAsync(Handed lines, HandedOverEnvelope envelope)
    {
        Entry.TryDecode((await _engine.ReadEntriesAsync(Story.Tenant, envelope.Position, 1, Ct)).Single().Bytes, out var entry, out _).ShouldBeTrue();
        var handed = lines.Keys.Single(k => k.Subject == entry.Stream);
        _transport.TryUnwrap(handed.Wrapped, new StreamKey(Story.Tenant, new StreamId(entry.Stream)), handed.Key, out var key).ShouldBeTrue();
        using (key) return key.Open(entry.Version, new SealedPart(envelope.Envelope, entry.SealedCommit.Bytes.ToArray()));
    }

    private async Task GrantAsync(StreamKey person)
    {
        var act = ++_acts;
        var evidence = JsonSerializer.SerializeToElement(new { address = $"canary-{act}@example.org" });
        var grant = Acts.Grant(1) with { OccurredAt = Acts.Day(1).AddSeconds(act), Until = Acts.Day(900).AddSeconds(act), Evidence = evidence };
        using var key = await _databases.Keys().GetOrCreateAsync(person, Ct);
        var outcome = await _ledger.ExecuteAsync(
            new Command(person, SubjectConsents.Stream, null, default, context => SubjectActs.Decide(grant, context.State<SubjectConsents>(), Story.Given().Policies, context.Now)) { Seal = key.Seal }, Ct);
        outcome.ShouldBeOfType<Outcome.Recorded>();
    }

    private Task EraseAsync(StreamKey person) =>
        new EraseSubject(_ledger, _engine, _databases.Keys(), _databases.Index(), new NoWaiting()).RunAsync(person, Guid.Empty, Digest.Of("test", $"{person.Id}"), Ct);

    private StreamKey NewPerson() => new(Story.Tenant, new StreamId(new Guid(++_people, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0)));

    private static PolicyBook BookOf(string tenant) => new([new PublishedVersion(new PolicyPublished(Packs.Of(tenant), Guid.Empty), DateTimeOffset.MinValue)]);

    private sealed record Handed(HandOverHead Head, IReadOnlyList<HandedOverKey> Keys, IReadOnlyList<HandedOverEnvelope> Envelopes, HandOverEnd End, HandOverSeal Seal)
    {
        public static Handed Of(string text)
        {
            text.ShouldEndWith("\n");
            var lines = text[..^1].Split('\n');
            return new(
                Read<HandOverHead>(lines[0]), [.. lines.Where(l => l.StartsWith("{\"subject\"", StringComparison.Ordinal)).Select(Read<HandedOverKey>)],
                [.. lines.Where(l => l.StartsWith("{\"position\"", StringComparison.Ordinal)).Select(Read<HandedOverEnvelope>)], Read<HandOverEnd>(lines[^2]), Read<HandOverSeal>(lines[^1]));
        }

        private static T Read<T>(string line)
            where T : class => HandOverFile.Read<T>(Encoding.UTF8.GetBytes(line)).ShouldNotBeNull(line);
    }
}
