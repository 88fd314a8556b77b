using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using ConsentLedger.Ledger;
using ConsentLedger.Support;

namespace ConsentLedger.Auditor.Tests.Witnessing;

/// <summary>The witness as a process, over HTTP, through crashes.</summary>
public sealed class WitnessServerTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("consentledger-witness-");
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(2));
    private readonly SmallLog _log = new("ledger.example/consent/quintus");
    private readonly HttpClient _http = new();
    private WitnessProcess _witness = null!;

    public async Task InitializeAsync()
    {
        _witness = (await WitnessProcess.CreateAsync(_folder.FullName, "witness.example/w1", Ct)).Knows(_log.Key.Verifier.ToString());
        await _witness.StartAsync(Ct);
    }

    public async Task DisposeAsync()
    {
        await _witness.DisposeAsync();
        _http.Dispose();
        _log.Dispose();
        _folder.Delete(recursive: true);
        _patience.Dispose();
    }

    [Fact]
    public async Task It_answers_as_the_protocol_has_it()
    {
        (await PostAsync("old 0\n\nno note")).ShouldBe(HttpStatusCode.BadRequest);
        (await PostAsync("old 00\n\n" + Encoding.UTF8.GetString(_log.CheckpointOf(5).ToBytes()))).ShouldBe(HttpStatusCode.BadRequest);
        (await PostAsync("old 0\n" + string.Concat(Enumerable.Repeat(_log.Head(5).Root.ToBase64() + "\n", 64)) + "\n" + Encoding.UTF8.GetString(_log.CheckpointOf(5).ToBytes()))).ShouldBe(HttpStatusCode.BadRequest);
        using (var stranger = new SmallLog("ledger.example/consent/vms", 10)) (await PostAsync(stranger.Request(0, 5))).Status.ShouldBe(HttpStatusCode.NotFound);
        using (var impostor = new SmallLog(_log.Origin, 10)) (await PostAsync(impostor.Request(0, 5))).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await GetLatestAsync()).ShouldBeNull();

        var first = await PostAsync(_log.Request(0, 300));
        first.Status.ShouldBe(HttpStatusCode.OK);
        Verify(_log.CheckpointOf(300), first.Text);
        (await PostAsync(_log.Request(0, 777))).ShouldBe((HttpStatusCode.Conflict, "text/x.tlog.size", "300\n"));
        (await PostAsync(new AddCheckpoint(300, [], _log.CheckpointOf(200)))).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await PostAsync(_log.ToldOtherwise(200).Request(300, 777))).Status.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await PostAsync(_log.ToldOtherwise(200).Request(300, 300))).Status.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await PostAsync(_log.Request(300, 777))).Status.ShouldBe(HttpStatusCode.OK);
        (await PostAsync(_log.Request(777, 777))).Status.ShouldBe(HttpStatusCode.OK);

        var latest = (await GetLatestAsync()).ShouldNotBeNull();
        var policy = new TrustPolicy([_log.Key.Verifier], [Key], new Quorum.Witness(Key));
        policy.TryOpen(latest, out var checkpoint, out _).ShouldBeTrue();
        checkpoint!.Head.ShouldBeEquivalentTo(_log.Head(777));
    }

    [Fact]
    public async Task Killed_between_requests_it_remembers()
    {
        var fork = _log.ToldOtherwise(2);
        for (var size = 10; size <= 40; size += 10)
        {
            (await PostAsync(_log.Request(size == 10 ? 0 : size - 10, size))).Status.ShouldBe(HttpStatusCode.OK);
            await RestartAsync();
            (await PostAsync(_log.Request(0, size))).ShouldBe((HttpStatusCode.Conflict, "text/x.tlog.size", $"{size}\n"));
            (await PostAsync(fork.Request(size, size + 10))).Status.ShouldBe(HttpStatusCode.UnprocessableEntity);
        }
    }

    [Fact]
    public async Task Killed_amid_a_request_it_knows_the_old_tree_or_the_new_one_and_never_less_than_it_said()
    {
        var chance = new Random(20261121);
        (await PostAsync(_log.Request(0, 1))).Status.ShouldBe(HttpStatusCode.OK);
        for (int known = 1, round = 0; round < 8; round++)
        {
            var heard = HeardAsync(_log.Request(known, known + 1));
            for (var turns = chance.Next(2000); turns > 0 && !heard.IsCompleted; turns--) await Task.Yield();
            await RestartAsync();

            var now = int.Parse((await PostAsync(_log.Request(0, 999))).Text, CultureInfo.InvariantCulture);
            now.ShouldBeOneOf(await heard ? [known + 1] : [known, known + 1]);
            (await PostAsync(_log.ToldOtherwise(known).Request(known + 1, known + 2))).Status.ShouldBe(now == known ? HttpStatusCode.Conflict : HttpStatusCode.UnprocessableEntity);
            known = now;
        }

        async Task<bool> HeardAsync(AddCheckpoint request)
        {
            try
            {
                return (await PostAsync(request)).Status == HttpStatusCode.OK;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task Of_many_trees_at_once_it_cosigns_those_of_one_story()
    {
        SmallLog[] stories = [_log, _log.ToldOtherwise(0)];
        var believed = new List<SmallLog>();
        for (var size = 0; size < 10; size++)
        {
            var asked = Enumerable.Range(0, 16).Select(i => stories[i % 2]).ToList();
            var answers = await Task.WhenAll(asked.Select(story => PostAsync(story.Request(size, size + 1))));
            believed.Add(asked.Zip(answers).Single(a => a.Second.Status == HttpStatusCode.OK).First);
        }

        believed.Distinct().Count().ShouldBe(1);
    }

    [Fact]
    public async Task Half_a_memory_is_no_memory_and_it_does_not_start()
    {
        (await PostAsync(_log.Request(0, 300))).Status.ShouldBe(HttpStatusCode.OK);
        await _witness.KillAsync();
        var file = Path.Combine(_witness.StateFolder, OriginHash);
        var whole = await File.ReadAllBytesAsync(file, Ct);

        foreach (var broken in new[] { [], whole[..(whole.Length / 2)], _log.CheckpointOf(300).ToBytes(), whole[..^30] })
        {
            await File.WriteAllBytesAsync(file, broken, Ct);
            (await Should.ThrowAsync<InvalidOperationException>(() => _witness.StartAsync(Ct))).Message.ShouldContain("ended with 2");
        }

        // What a crash left of a file that was not finished is nothing.
        await File.WriteAllBytesAsync(file, whole, Ct);
        await File.WriteAllBytesAsync(file + ".new", whole[..7], Ct);
        await _witness.StartAsync(Ct);
        (await PostAsync(_log.Request(300, 301))).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Two_processes_are_not_one_witness()
    {
        var arguments = new[] { "witness", "--listen", "http://127.0.0.1:0", "--key", Path.Combine(_witness.Folder, "key"), "--state", _witness.StateFolder, "--log", _log.Key.Verifier.ToString() };
        var (code, _, error) = await WitnessProcess.RunAsync(arguments, Ct);
        code.ShouldBe(2);
        error.ShouldContain("Another process");
    }

    [Fact]
    public async Task A_memory_that_is_not_there_is_not_a_new_one()
    {
        await _witness.KillAsync();
        Directory.Delete(_witness.StateFolder, recursive: true);
        (await Should.ThrowAsync<InvalidOperationException>(() => _witness.StartAsync(Ct))).Message.ShouldContain("a witness that forgot must not cosign");
    }

    [Fact]
    public async Task Its_key_is_its_owner_s_alone_and_never_written_over()
    {
        var file = Path.Combine(_witness.Folder, "key");
        File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var before = await File.ReadAllTextAsync(file, Ct);
        (await WitnessProcess.RunAsync(["witness", "new-key", "another", "--key", file], Ct)).Code.ShouldBe(2);
        (await File.ReadAllTextAsync(file, Ct)).ShouldBe(before);

        await _witness.KillAsync();
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        (await Should.ThrowAsync<InvalidOperationException>(() => _witness.StartAsync(Ct))).Message.ShouldContain("chmod 600");
    }

    private CancellationToken Ct => _patience.Token;

    private VerifierKey Key => VerifierKey.TryParse(_witness.VerifierKey, out var key, out _) ? key : throw new InvalidOperationException(_witness.VerifierKey);

    private string OriginHash => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(_log.Origin)));

    private void Verify(Note checkpoint, string lines)
    {
        Note.TryParse([.. checkpoint.Text.Span, (byte)'\n', .. Encoding.UTF8.GetBytes(lines)], out var note, out _).ShouldBeTrue();
        note!.TryVerify([Key], out var verified, out _).ShouldBeTrue();
        Cosignature.TryReadTime(verified.Single().Signature, out var at).ShouldBeTrue();
        (TimeProvider.System.GetUtcNow() - at).Duration().ShouldBeLessThan(TimeSpan.FromMinutes(5));
    }

    private async Task RestartAsync()
    {
        await _witness.KillAsync();
        await _witness.StartAsync(Ct);
    }

    private async Task<byte[]?> GetLatestAsync()
    {
        using var answer = await _http.GetAsync(new Uri(_witness.Url, $"{OriginHash}/checkpoint"), Ct);
        return answer.StatusCode == HttpStatusCode.NotFound ? null : await answer.Content.ReadAsByteArrayAsync(Ct);
    }

    private async Task<HttpStatusCode> PostAsync(string body) => (await PostAsync(Encoding.UTF8.GetBytes(body))).Status;

    private Task<(HttpStatusCode Status, string? Type, string Text)> PostAsync(AddCheckpoint request) => PostAsync(request.ToBytes());

    private async Task<(HttpStatusCode Status, string? Type, string Text)> PostAsync(byte[] body)
    {
        using var content = new ByteArrayContent(body);
        using var answer = await _http.PostAsync(new Uri(_witness.Url, "add-checkpoint"), content, Ct);
        return (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType, await answer.Content.ReadAsStringAsync(Ct));
    }
}
