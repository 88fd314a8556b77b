using System.Text.Json.Nodes;

namespace ConsentLedger.ServiceDefaults.Tests;

public sealed class TokenTests(EdgeHost host) : IClassFixture<EdgeHost>
{
    private const string Path = $"/v1/subjects/{EdgeHost.Subject}/notes";

    [Theory]
    [InlineData("RS256", Issuer.RsaKeyId)]
    [InlineData("PS256", Issuer.RsaKeyId)]
    [InlineData("ES256", Issuer.EcKeyId)]
    public async Task A_good_token_is_let_in(string algorithm, string keyId)
    {
        var answer = await host.GetAsync(Path, host.Issuer.Token(header: Issuer.Header(algorithm, keyId)));
        answer.Status.ShouldBe(200, answer.Text);
        ((string?)answer.Json["clientId"]).ShouldBe("backend");
        ((string?)answer.Json["tenant"]).ShouldBe("assutech");
    }

    [Fact]
    public async Task Without_a_token_the_answer_asks_for_one()
    {
        var answer = await host.SendAsync(new HttpRequestMessage(HttpMethod.Get, Path), null);
        answer.ShouldBeProblem(401, "token_missing").Headers["WWW-Authenticate"].ShouldBe("Bearer");
    }

    [Theory]
    [InlineData("none")]
    [InlineData("None")]
    [InlineData("nOnE")]
    [InlineData("")]
    public async Task An_unsigned_token_is_refused(string algorithm)
    {
        var claims = Issuer.Claims();
        (await host.GetAsync(Path, Issuer.Unsigned(Issuer.Header(algorithm), claims))).ShouldBeProblem(401, "token_invalid");
        (await host.GetAsync(Path, Issuer.Unsigned(Issuer.Header("RS256"), claims))).ShouldBeProblem(401, "token_invalid");
    }

    [Fact]
    public async Task A_public_key_is_not_a_shared_secret()
    {
        foreach (var secret in new[] { host.Issuer.PublicKeyPem, host.Issuer.PublicKeyDer, host.Issuer.Modulus })
            (await host.GetAsync(Path, Issuer.Hs256(secret, Issuer.Claims()))).ShouldBeProblem(401, "token_invalid");
    }

    [Fact]
    public async Task An_algorithm_off_the_list_is_refused_however_well_signed() =>
        (await host.GetAsync(Path, host.Issuer.Token(header: Issuer.Header("RS512")))).ShouldBeProblem(401, "token_invalid");

    [Fact]
    public async Task A_key_is_used_only_with_its_own_kind_of_algorithm() =>
        (await host.GetAsync(Path, host.Issuer.Token(header: Issuer.Header("ES256", Issuer.RsaKeyId)))).ShouldBeProblem(401, "token_invalid");

    [Theory]
    [InlineData("iss", "https://elsewhere.test")]
    [InlineData("iss", "https://issuer.test/")]
    [InlineData("iss", null)]
    [InlineData("aud", "someone-else")]
    [InlineData("aud", null)]
    [InlineData("sub", null)]
    [InlineData("sub", "")]
    [InlineData("tenant", null)]
    [InlineData("tenant", "")]
    [InlineData("tenant", "Assutech")]
    [InlineData("tenant", "../quintus")]
    public async Task A_token_with_a_wrong_claim_is_refused(string claim, string? value)
    {
        var claims = Issuer.Claims();
        if (value is null) claims.Remove(claim);
        else claims[claim] = value;
        (await host.GetAsync(Path, host.Issuer.Token(claims))).ShouldBeProblem(401, "token_invalid");
    }

    [Theory]
    [InlineData("tenant")]
    [InlineData("scope")]
    [InlineData("sub")]
    public async Task A_claim_with_two_values_is_refused(string claim)
    {
        var claims = Issuer.Claims();
        claims[claim] = new JsonArray("assutech", "quintus");
        (await host.GetAsync(Path, host.Issuer.Token(claims))).ShouldBeProblem(401, "token_invalid");
    }

    [Theory]
    [InlineData(-10, 200, "")]
    [InlineData(-35, 401, "token_expired")]
    public async Task An_expired_token_is_refused_after_half_a_minute_of_grace(int seconds, int status, string code)
    {
        var claims = Issuer.Claims();
        claims["nbf"] = 1;
        claims["exp"] = TimeProvider.System.GetUtcNow().AddSeconds(seconds).ToUnixTimeSeconds();
        var answer = await host.GetAsync(Path, host.Issuer.Token(claims));
        if (status == 200) answer.Status.ShouldBe(200, answer.Text);
        else answer.ShouldBeProblem(status, code);
    }

    [Fact]
    public async Task A_token_is_refused_before_its_time()
    {
        var claims = Issuer.Claims();
        claims["nbf"] = TimeProvider.System.GetUtcNow().AddSeconds(60).ToUnixTimeSeconds();
        (await host.GetAsync(Path, host.Issuer.Token(claims))).ShouldBeProblem(401, "token_invalid");
    }

    [Fact]
    public async Task A_token_without_an_end_is_refused()
    {
        var claims = Issuer.Claims();
        claims.Remove("exp");
        (await host.GetAsync(Path, host.Issuer.Token(claims))).ShouldBeProblem(401, "token_invalid");
    }

    [Theory]
    [InlineData("other")]
    [InlineData("")]
    [InlineData("../../dev/null")]
    [InlineData("/etc/passwd")]
    [InlineData("rsa-1 ")]
    [InlineData("RSA-1")]
    [InlineData("' or 1=1 --")]
    public async Task A_key_id_is_only_ever_looked_up(string keyId) =>
        (await host.GetAsync(Path, host.Issuer.Token(header: Issuer.Header(keyId: keyId)))).ShouldBeProblem(401, "token_invalid");

    [Fact]
    public async Task A_token_that_names_no_key_is_refused()
    {
        var header = Issuer.Header();
        header.Remove("kid");
        (await host.GetAsync(Path, host.Issuer.Token(header: header))).ShouldBeProblem(401, "token_invalid");
    }

    [Theory]
    [InlineData("typ", "logout+jwt")]
    [InlineData("typ", "dpop+jwt")]
    [InlineData("crit", "b64")]
    public async Task A_token_of_another_kind_is_refused(string member, string value)
    {
        var header = Issuer.Header();
        header[member] = value;
        (await host.GetAsync(Path, host.Issuer.Token(header: header))).ShouldBeProblem(401, "token_invalid");
    }

    [Fact]
    public async Task A_key_inside_the_token_counts_for_nothing()
    {
        using var stranger = new Issuer();
        var header = Issuer.Header();
        header["jwk"] = stranger.KeySet()["keys"]![0]!.DeepClone();
        (await host.GetAsync(Path, stranger.Token(header: header))).ShouldBeProblem(401, "token_invalid");
    }

    [Fact]
    public async Task A_tampered_payload_is_refused()
    {
        var parts = host.Issuer.Token().Split('.');
        var tampered = $"{parts[0]}.{Issuer.Text(Issuer.Claims(tenant: "quintus"))}.{parts[2]}";
        (await host.GetAsync(Path, tampered)).ShouldBeProblem(401, "token_invalid");
    }

    [Theory]
    [InlineData("a.b.c")]
    [InlineData("...")]
    [InlineData("....")]
    [InlineData("eyJhbGciOiJSUzI1NiJ9")]
    [InlineData("W10.e30.AA")]
    public async Task What_is_no_token_is_refused_without_an_echo(string token) =>
        (await host.GetAsync(Path, token)).ShouldBeProblem(401, "token_invalid").Text.ShouldNotContain(token);

    [Fact]
    public async Task Two_Authorization_headers_are_refused()
    {
        var good = $"Authorization: Bearer {host.Issuer.Token()}";
        (await RawHttp.GetAsync(host.Address, Path, good)).Status.ShouldBe(200);
        var (status, text) = await RawHttp.GetAsync(host.Address, Path, good, good);
        status.ShouldBe(401);
        text.ShouldContain("\"token_invalid\"");
    }

    [Fact]
    public async Task Another_scheme_is_refused()
    {
        var (status, text) = await RawHttp.GetAsync(host.Address, Path, "Authorization: Basic YTpi");
        status.ShouldBe(401);
        text.ShouldContain("\"token_invalid\"");
    }

    [Theory]
    [InlineData("notes:write", 403)]
    [InlineData("", 403)]
    [InlineData("notes:readx", 403)]
    [InlineData("NOTES:READ", 403)]
    [InlineData("notes:audit", 200)]
    [InlineData("other notes:read", 200)]
    public async Task A_scope_is_needed(string scope, int status)
    {
        var answer = await host.GetAsync(Path, host.Issuer.Token(Issuer.Claims(scope: scope)));
        if (status == 200) answer.Status.ShouldBe(200, answer.Text);
        else answer.ShouldBeProblem(403, "scope_missing").Headers["WWW-Authenticate"].ShouldContain("scope=\"notes:read notes:audit\"");
    }

    [Fact]
    public async Task An_endpoint_that_says_nothing_about_access_answers_nobody() =>
        (await host.GetAsync("/v1/forgotten")).ShouldBeProblem(500, "internal_error").Text.ShouldNotContain("open");
}
