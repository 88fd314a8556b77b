namespace ConsentLedger.ServiceDefaults.Tests;

public sealed class KeyRotationTests : IAsyncLifetime
{
    private const string Path = $"/v1/subjects/{EdgeHost.Subject}/notes";

    private readonly MovedClock _clock = new();
    private readonly EdgeHost _host = new();

    public Task InitializeAsync()
    {
        _host.Clock = _clock;
        return _host.InitializeAsync();
    }

    public Task DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Another_key_under_the_same_id_replaces_the_first_without_a_restart()
    {
        using var next = new Issuer();
        (await _host.GetAsync(Path)).Status.ShouldBe(200);
        await WriteAsync(next.KeySet().ToJsonString());
        (await _host.GetAsync(Path)).ShouldBeProblem(401, "token_invalid");
        (await _host.GetAsync(Path, next.Token())).Status.ShouldBe(200);
    }

    [Fact]
    public async Task A_revoked_key_opens_nothing_any_more()
    {
        await WriteAsync(_host.Issuer.KeySet("rsa-2").ToJsonString());
        (await _host.GetAsync(Path)).ShouldBeProblem(401, "token_invalid");
        (await _host.GetAsync(Path, _host.Issuer.Token(header: Issuer.Header(keyId: "rsa-2")))).Status.ShouldBe(200);
    }

    /// <summary>As Kubernetes mounts it: a link through a linked folder, which is swapped.</summary>
    [Fact]
    public async Task A_key_set_behind_links_is_renewed_when_they_lead_elsewhere()
    {
        using var next = new Issuer();
        var mount = Directory.CreateTempSubdirectory("keys-");
        await MountAsync("..1", _host.Issuer);
        File.Delete(_host.KeyFile);
        File.CreateSymbolicLink(_host.KeyFile, System.IO.Path.Combine(mount.FullName, "..data", "jwks.json"));
        _clock.PassALook();
        (await _host.GetAsync(Path)).Status.ShouldBe(200);

        await MountAsync("..2", next);
        (await _host.GetAsync(Path)).ShouldBeProblem(401, "token_invalid");
        (await _host.GetAsync(Path, next.Token())).Status.ShouldBe(200);
        mount.Delete(recursive: true);

        async Task MountAsync(string version, Issuer issuer)
        {
            var folder = mount.CreateSubdirectory(version).FullName;
            var set = System.IO.Path.Combine(folder, "jwks.json");
            await File.WriteAllTextAsync(set, issuer.KeySet().ToJsonString());

            // No younger than the one before, and no longer.
            File.SetLastWriteTimeUtc(set, DateTime.UnixEpoch);
            var data = System.IO.Path.Combine(mount.FullName, "..data");
            if (new FileInfo(data).LinkTarget is not null) File.Delete(data);
            File.CreateSymbolicLink(data, version);
            _clock.PassALook();
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("42")]
    [InlineData("{\"keys\":[]}")]
    [InlineData("{\"keys\":[null]}")]
    [InlineData("{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"rsa-1\",\"n\":\"!\",\"e\":\"AQAB\"}]}")]
    [InlineData("{\"keys\":[{\"kty\":\"oct\",\"kid\":\"rsa-1\",\"k\":\"AAAA\"}]}")]
    public async Task A_file_that_cannot_be_used_leaves_the_last_good_keys(string text)
    {
        await WriteAsync(text);
        (await _host.GetAsync(Path)).Status.ShouldBe(200);
        _host.Logs.Lines.Count(l => l.Contains("last good keys", StringComparison.Ordinal)).ShouldBe(1);
    }

    [Fact]
    public async Task A_missing_file_leaves_the_last_good_keys()
    {
        File.Delete(_host.KeyFile);
        _clock.PassALook();
        (await _host.GetAsync(Path)).Status.ShouldBe(200);
    }

    [Theory]
    [InlineData("Auth:Issuer")]
    [InlineData("Auth:Audience")]
    [InlineData("Auth:JwksFile")]
    public async Task A_service_does_not_start_without_knowing_its_issuer(string setting) =>
        (await Should.ThrowAsync<InvalidOperationException>(new EdgeHost().With(setting, "").InitializeAsync)).Message.ShouldContain(setting);

    [Fact]
    public async Task Two_keys_under_one_id_are_no_key_set()
    {
        var keys = _host.Issuer.KeySet(Issuer.EcKeyId).ToJsonString();
        await WriteAsync(keys);
        (await _host.GetAsync(Path)).Status.ShouldBe(200);
    }

    [Fact]
    public async Task A_service_does_not_start_with_a_private_key_in_the_set()
    {
        var keys = _host.Issuer.KeySet();
        keys["keys"]![1]!["d"] = "AAAA";
        var file = System.IO.Path.GetTempFileName();
        await File.WriteAllTextAsync(file, keys.ToJsonString());
        var refused = new EdgeHost().With("Auth:JwksFile", file);
        (await Should.ThrowAsync<InvalidDataException>(refused.InitializeAsync)).Message.ShouldContain("only public");
        File.Delete(file);
    }

    private async Task WriteAsync(string text)
    {
        await File.WriteAllTextAsync(_host.KeyFile, text);
        // Whatever the file system's clock resolves.
        File.SetLastWriteTimeUtc(_host.KeyFile, File.GetLastWriteTimeUtc(_host.KeyFile).AddSeconds(1));
        _clock.PassALook();
    }
}
