namespace ConsentLedger.ServiceDefaults.Tests;

public sealed class CommandTests(EdgeHost host) : IClassFixture<EdgeHost>
{
    private const string Note = """{"text":"a","weight":1}""";

    private readonly string _path = $"/v1/subjects/{Guid.CreateVersion7(TimeProvider.System.GetUtcNow())}/notes";

    [Fact]
    public async Task What_was_recorded_is_answered_with_its_version_as_ETag()
    {
        var first = await host.PostAsync(_path, Note);
        first.Status.ShouldBe(200, first.Text);
        first.Headers["ETag"].ShouldBe("\"1\"");
        ((string?)first.Json["outcome"]).ShouldBe("recorded");
        ((long?)first.Json["version"]).ShouldBe(1);
        ((long?)first.Json["position"]).ShouldNotBeNull();
        ((bool?)first.Json["inForce"]).ShouldBe(true);
        first.Json["note"].ShouldBeNull();
        ((string?)(await host.PostAsync(_path, """{"text":"a","weight":60}""")).Json["note"]).ShouldBe("heavy");
    }

    [Fact]
    public async Task What_changed_nothing_is_answered_with_the_version_it_found()
    {
        await host.PostAsync(_path, Note);
        var unchanged = await host.PostAsync(_path, """{"text":"a","weight":0}""");
        unchanged.Status.ShouldBe(200);
        unchanged.Headers["ETag"].ShouldBe("\"1\"");
        ((string?)unchanged.Json["outcome"]).ShouldBe("unchanged");
    }

    [Fact]
    public async Task A_refusal_is_a_problem_with_its_own_code() =>
        ((string?)(await host.PostAsync(_path, """{"text":"a","weight":101}""")).ShouldBeProblem(422, "note_too_heavy").Json["detail"])
            .ShouldBe("A note weighs at most 100.");

    [Fact]
    public async Task Without_a_key_each_request_is_its_own()
    {
        await host.PostAsync(_path, Note);
        (await host.PostAsync(_path, Note)).Headers["ETag"].ShouldBe("\"2\"");
    }

    [Fact]
    public async Task The_same_key_again_hears_the_first_outcome()
    {
        var first = await host.PostAsync(_path, Note, null, ("Idempotency-Key", "k-1" + _path));
        await host.PostAsync(_path, Note);
        var again = await host.PostAsync(_path, Note, null, ("Idempotency-Key", "k-1" + _path));
        again.Text.ShouldBe(first.Text);
        again.Headers["ETag"].ShouldBe("\"1\"");
    }

    [Fact]
    public async Task The_same_key_with_another_body_is_refused()
    {
        await host.PostAsync(_path, Note, null, ("Idempotency-Key", "k-2" + _path));
        (await host.PostAsync(_path, """{"text":"b","weight":1}""", null, ("Idempotency-Key", "k-2" + _path))).ShouldBeProblem(409, "idempotency_key_reused");
    }

    [Fact]
    public async Task The_same_key_and_body_for_another_subject_is_refused_and_not_taken_for_done()
    {
        await host.PostAsync(_path, Note, null, ("Idempotency-Key", "k-3" + _path));
        (await host.PostAsync($"/v1/subjects/{EdgeHost.Subject}/notes", Note, null, ("Idempotency-Key", "k-3" + _path)))
            .ShouldBeProblem(409, "idempotency_key_reused");
    }

    [Fact]
    public async Task The_same_key_of_another_client_or_tenant_is_another_command()
    {
        await host.PostAsync(_path, Note, null, ("Idempotency-Key", "k-4"));
        var client = host.Issuer.Token(Issuer.Claims(client: "importer"));
        (await host.PostAsync(_path, Note, client, ("Idempotency-Key", "k-4"))).Headers["ETag"].ShouldBe("\"2\"");
        var tenant = host.Issuer.Token(Issuer.Claims(tenant: "quintus"));
        (await host.PostAsync(_path, Note, tenant, ("Idempotency-Key", "k-4"))).Headers["ETag"].ShouldBe("\"1\"");
    }

    [Fact]
    public async Task A_key_has_at_most_200_characters()
    {
        (await host.PostAsync(_path, Note, null, ("Idempotency-Key", new string('k', 200)))).Status.ShouldBe(200);
        (await host.PostAsync(_path, Note, null, ("Idempotency-Key", new string('k', 201)))).ShouldBeProblem(400, "idempotency_key_invalid");
        (await host.PostAsync(_path, Note, null, ("Idempotency-Key", new string('k', 10_000)))).ShouldBeProblem(400, "idempotency_key_invalid");
    }

    [Theory]
    [InlineData("Idempotency-Key: ")]
    [InlineData("Idempotency-Key: gr\u00c3\u00b6\u00c3\u009fe")]
    [InlineData("Idempotency-Key: a\r\nIdempotency-Key: b")]
    public async Task A_key_that_is_none_is_refused(string headers)
    {
        var (status, text) = await RawHttp.PostAsync(
            host.Address, _path, host.Issuer.Token(), "{\"text\":\"a\",\"weight\":1}"u8.ToArray(), "application/json", headers);
        status.ShouldBe(400);
        text.ShouldContain("\"idempotency_key_invalid\"");
    }

    [Fact]
    public async Task A_stale_If_Match_changes_nothing_and_hears_the_true_version()
    {
        await host.PostAsync(_path, Note);
        await host.PostAsync(_path, Note, null, ("If-Match", "\"1\""));
        (await host.PostAsync(_path, Note, null, ("If-Match", "\"1\""))).ShouldBeProblem(412, "version_stale").Headers["ETag"].ShouldBe("\"2\"");
        (await host.PostAsync(_path, Note, null, ("If-Match", "\"2\""))).Headers["ETag"].ShouldBe("\"3\"");
    }

    [Theory]
    [InlineData("1")]
    [InlineData("*")]
    [InlineData("W/\"1\"")]
    [InlineData("\"1\", \"2\"")]
    [InlineData("\"01\"")]
    [InlineData("\"-1\"")]
    [InlineData("\"\"")]
    [InlineData("\"99999999999999999999\"")]
    public async Task An_If_Match_that_we_never_gave_is_refused(string tag) =>
        (await host.PostAsync(_path, Note, null, ("If-Match", tag))).ShouldBeProblem(400, "if_match_invalid");
}
