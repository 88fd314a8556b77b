namespace ConsentLedger.ServiceDefaults.Tests;

/// <summary>A token that was good a moment ago is not checked again from the ground, and is held against everything that may have changed.</summary>
public sealed class KnownTokenTests : IAsyncLifetime
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
    public async Task It_opens_nothing_once_its_key_is_gone()
    {
        using var next = new Issuer();
        var token = _host.Issuer.Token();
        for (var again = 0; again < 2; again++) (await _host.GetAsync(Path, token)).Status.ShouldBe(200);
        await File.WriteAllTextAsync(_host.KeyFile, next.KeySet().ToJsonString());
        _clock.PassALook();
        for (var again = 0; again < 2; again++) (await _host.GetAsync(Path, token)).ShouldBeProblem(401, "token_invalid");
    }

    [Fact]
    public async Task The_keys_are_looked_at_once_a_moment_and_not_once_a_request()
    {
        using var next = new Issuer();
        (await _host.GetAsync(Path)).Status.ShouldBe(200);
        await File.WriteAllTextAsync(_host.KeyFile, next.KeySet().ToJsonString());
        _clock.Ahead += SigningKeys.LookInterval - TimeSpan.FromTicks(1);
        (await _host.GetAsync(Path)).Status.ShouldBe(200);
        _clock.Ahead += TimeSpan.FromTicks(1);
        (await _host.GetAsync(Path)).ShouldBeProblem(401, "token_invalid");
    }

    [Fact]
    public async Task It_is_not_known_by_another_way_of_showing_it()
    {
        var token = _host.Issuer.Token();
        (await _host.GetAsync(Path, token)).Status.ShouldBe(200);
        (await _host.GetAsync(Path, "", ("Authorization", token))).ShouldBeProblem(401, "token_invalid");
        (await RawHttp.GetAsync(_host.Address, Path, $"Authorization: Bearer {token}", "Authorization: Bearer other")).Status.ShouldBe(401);
        (await _host.GetAsync(Path, "", ("Authorization", $"bearer {token}"))).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Its_scopes_are_still_held_against_what_is_asked()
    {
        var token = _host.Issuer.Token(Issuer.Claims(scope: "notes:read"));
        for (var again = 0; again < 2; again++)
        {
            (await _host.GetAsync(Path, token)).Status.ShouldBe(200);
            (await _host.PostAsync("/v1/echo", """{"text":"hello"}""", token)).ShouldBeProblem(403, "scope_missing");
        }
    }

    [Fact]
    public async Task It_expires_all_the_same()
    {
        var claims = Issuer.Claims();
        claims["exp"] = TimeProvider.System.GetUtcNow().AddHours(1).ToUnixTimeSeconds();
        var token = _host.Issuer.Token(claims);
        for (var again = 0; again < 2; again++) (await _host.GetAsync(Path, token)).Status.ShouldBe(200);
        _clock.Ahead = TimeSpan.FromHours(1) + TimeSpan.FromSeconds(10);
        (await _host.GetAsync(Path, token)).Status.ShouldBe(200);
        _clock.Ahead = TimeSpan.FromHours(1) + TimeSpan.FromSeconds(35);
        for (var again = 0; again < 2; again++) (await _host.GetAsync(Path, token)).ShouldBeProblem(401, "token_expired");
    }

    [Fact]
    public async Task It_still_acts_for_its_own_tenant_alone()
    {
        var token = _host.Issuer.Token();
        (await _host.GetAsync(Path, token)).Status.ShouldBe(200);
        (await _host.GetAsync(Path, token, ("X-Tenant", "somebody-else"))).ShouldBeProblem(403, "tenant_mismatch");
    }

    [Fact]
    public async Task Another_by_one_letter_is_another()
    {
        var token = _host.Issuer.Token();
        (await _host.GetAsync(Path, token)).Status.ShouldBe(200);
        var last = token[^3] == 'A' ? 'B' : 'A';
        (await _host.GetAsync(Path, $"{token[..^3]}{last}{token[^2..]}")).ShouldBeProblem(401, "token_invalid");
    }
}
