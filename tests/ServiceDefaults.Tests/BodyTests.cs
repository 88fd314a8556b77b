using System.Text;

namespace ConsentLedger.ServiceDefaults.Tests;

public sealed class BodyTests(EdgeHost host) : IClassFixture<EdgeHost>
{
    private const string Path = "/v1/echo";

    [Fact]
    public async Task A_body_is_read_as_it_was_meant()
    {
        var answer = await host.PostAsync(Path, $$"""{"text":"größer 👋","weight":3,"mood":"very-glad","author":{"name":"a"},"about":"{{EdgeHost.Subject}}"}""");
        answer.Status.ShouldBe(200, answer.Text);
        ((string?)answer.Json["value"]!["text"]).ShouldBe("größer 👋");
        ((string?)answer.Json["value"]!["mood"]).ShouldBe("very-glad");
        ((string?)answer.Json["value"]!["about"]).ShouldBe(EdgeHost.Subject);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"text\":\"a\",\"weight\":1")]
    [InlineData("{\"text\":\"a\",\"weight\":1,}")]
    [InlineData("{\"text\":\"a\",\"weight\":1}x")]
    [InlineData("{\"text\":\"a\",/* hi */\"weight\":1}")]
    [InlineData("{'text':'a'}")]
    [InlineData("{\"text\":\"a\",\"weight\":NaN}")]
    public async Task What_is_not_JSON_is_refused(string body) => (await host.PostAsync(Path, body)).ShouldBeProblem(400, "body_not_json");

    [Fact]
    public async Task Bytes_that_are_not_UTF8_are_refused()
    {
        var (status, text) = await RawHttp.PostAsync(host.Address, Path, host.Issuer.Token(), [.. "{\"text\":\""u8, 0xC3, 0x28, .. "\",\"weight\":1}"u8]);
        status.ShouldBe(400);
        text.ShouldContain("\"body_not_json\"");
    }

    [Fact]
    public async Task Nesting_beyond_the_limit_is_refused()
    {
        var deep = string.Concat(Enumerable.Repeat("{\"author\":", 40)) + "1" + new string('}', 40);
        (await host.PostAsync(Path, deep)).ShouldBeProblem(400, "body_not_json");
    }

    [Theory]
    [InlineData("""{"text":"a","weight":1,"colour":"red"}""", "colour")]
    [InlineData("""{"text":"a","weight":1,"author":{"name":"n","age":3}}""", "author.age")]
    [InlineData("""{"text":"a","weight":1,"readers":[{"name":"n"},{"name":"n","age":3}]}""", "readers[1].age")]
    [InlineData("""{"Text":"a","weight":1}""", "Text")]
    public async Task An_unknown_member_is_refused_and_named(string body, string member) =>
        ((string?)(await host.PostAsync(Path, body)).ShouldBeProblem(400, "body_unknown_member").Json["member"]).ShouldBe(member);

    [Theory]
    [InlineData("anna@example.com")]
    [InlineData("anna example")]
    [InlineData("<script>")]
    [InlineData("größe")]
    [InlineData("a-name-of-a-member-that-goes-on-for-longer-than-any-name-of-a-member-would")]
    [InlineData("a_name_of_a_member_that_goes_on_for_longer_than_any_name_of_a_member_would")]
    public async Task An_unknown_member_is_not_named_unless_it_looks_like_a_name(string member)
    {
        var answer = (await host.PostAsync(Path, $$"""{"text":"a","weight":1,"{{member}}":"secret-value"}""")).ShouldBeProblem(400, "body_unknown_member");
        answer.Json["member"].ShouldBeNull();
        answer.Text.ShouldNotContain("secret-value");
        answer.Text.ShouldNotContain(member);
    }

    [Theory]
    [InlineData("""{"text":5,"weight":1}""", "text")]
    [InlineData("""{"text":"a","weight":"1"}""", "weight")]
    [InlineData("""{"text":"a","weight":1.5}""", "weight")]
    [InlineData("""{"text":"a","weight":99999999999}""", "weight")]
    [InlineData("""{"text":null,"weight":1}""", "text")]
    [InlineData("""{"text":"a","weight":1,"mood":1}""", "mood")]
    [InlineData("""{"text":"a","weight":1,"mood":"1"}""", "mood")]
    [InlineData("""{"text":"a","weight":1,"mood":"Very-Glad"}""", "mood")]
    [InlineData("""{"text":"a","weight":1,"mood":"VeryGlad"}""", "mood")]
    [InlineData("""{"text":"a","weight":1,"mood":"secret-value"}""", "mood")]
    [InlineData("""{"text":"a","weight":1,"readers":[{"name":7}]}""", "readers[0].name")]
    [InlineData("""{"text":"a"}""", "weight")]
    [InlineData("""{"weight":1}""", "text")]
    [InlineData("""{"text":"a","weight":1,"author":{}}""", "author.name")]
    [InlineData("""{"text":"a","text":"b","weight":1}""", null)]
    [InlineData("""[{"text":"a","weight":1}]""", null)]
    [InlineData("null", null)]
    [InlineData("\"secret-value\"", null)]
    public async Task A_body_of_another_shape_is_refused(string body, string? member)
    {
        var answer = (await host.PostAsync(Path, body)).ShouldBeProblem(400, "body_invalid");
        if (member is not null) ((string?)answer.Json["member"]).ShouldBe(member);
        answer.Text.ShouldNotContain("secret-value");
    }

    [Theory]
    [InlineData("2026-01-02T03:04:05")]
    [InlineData("2026-01-02T03:04:05.123")]
    [InlineData("2026-01-02")]
    [InlineData("2026-01-02 03:04:05Z")]
    public async Task A_moment_without_an_offset_is_refused_and_named(string moment) =>
        ((string?)(await host.PostAsync(Path, $$"""{"text":"a","weight":1,"writtenAt":"{{moment}}"}""")).ShouldBeProblem(400, "body_invalid").Json["member"]).ShouldBe("writtenAt");

    [Theory]
    [InlineData("2026-01-02T03:04:05Z")]
    [InlineData("2026-01-02T03:04:05.123+05:30")]
    [InlineData("2026-01-02T03:04:05.123456789-08:00")]
    public async Task A_moment_with_its_offset_is_read(string moment) =>
        (await host.PostAsync(Path, $$"""{"text":"a","weight":1,"writtenAt":"{{moment}}"}""")).Status.ShouldBe(200);

    [Theory]
    [InlineData("\\u0000")]
    [InlineData("\\ud800")]
    [InlineData("\\udc00\\ud800")]
    public async Task Text_that_no_store_can_hold_is_refused(string escape) =>
        (await host.PostAsync(Path, $$"""{"text":"a{{escape}}b","weight":1}""")).ShouldBeProblem(400, "body_invalid");

    [Fact]
    public async Task Other_escapes_are_fine()
    {
        var answer = await host.PostAsync(Path, """{"text":"\u00e4 \ud83d\udc4b \\u0000","weight":1}""");
        answer.Status.ShouldBe(200, answer.Text);
        ((string?)answer.Json["value"]!["text"]).ShouldBe("ä 👋 \\u0000");
    }

    [Fact]
    public async Task An_invalid_subject_inside_a_body_is_named_as_one()
    {
        var answer = (await host.PostAsync(Path, """{"text":"a","weight":1,"about":"anna@example.com"}""")).ShouldBeProblem(400, "subject_id_invalid");
        ((string?)answer.Json["member"]).ShouldBe("about");
        answer.Text.ShouldNotContain("anna");
    }

    [Theory]
    [InlineData("""{"name":"a"}""", """{"name":"a"}""")]
    [InlineData("""[{"name":"a"}]""", """[{"name":"a"}]""")]
    [InlineData("[]", "[]")]
    public async Task One_is_answered_with_one_and_many_with_many(string body, string text) => (await host.PostAsync("/v1/authors", body)).Text.ShouldBe(text);

    [Theory]
    [InlineData("""{"name":"a","age":3}""", "body_unknown_member", "age")]
    [InlineData("""[{"name":"a"},{"name":"b","age":3}]""", "body_unknown_member", "[1].age")]
    [InlineData("""[{"name":"a"},null]""", "body_invalid", null)]
    [InlineData("""[[{"name":"a"}]]""", "body_invalid", null)]
    [InlineData("7", "body_invalid", null)]
    public async Task One_or_many_are_read_as_strictly(string body, string code, string? member)
    {
        var answer = (await host.PostAsync("/v1/authors", body)).ShouldBeProblem(400, code);
        if (member is not null) ((string?)answer.Json["member"]).ShouldBe(member);
    }

    [Fact]
    public async Task A_body_of_a_megabyte_is_refused()
    {
        var body = Encoding.ASCII.GetBytes($$"""{"text":"{{new string('a', 1024 * 1024)}}","weight":1}""");
        var (status, text) = await RawHttp.PostAsync(host.Address, Path, host.Issuer.Token(), body);
        status.ShouldBe(413);
        text.ShouldContain("\"body_too_large\"");
    }

    [Fact]
    public async Task A_body_of_a_megabyte_in_chunks_is_refused_too()
    {
        var request = new HttpRequestMessage(HttpMethod.Post, Path) { Content = new StreamContent(new MemoryStream(new byte[100 * 1024])) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        request.Headers.TransferEncodingChunked = true;
        (await host.SendAsync(request, host.Issuer.Token())).ShouldBeProblem(413, "body_too_large");
    }

    [Fact]
    public async Task The_limit_itself_is_not_too_much()
    {
        var filler = new string('a', BodyLimits.DefaultBytes - """{"text":"","weight":1}""".Length);
        (await host.PostAsync(Path, $$"""{"text":"{{filler}}","weight":1}""")).Status.ShouldBe(200);
        (await host.PostAsync(Path, $$"""{"text":"{{filler}}a","weight":1}""")).ShouldBeProblem(413, "body_too_large");
    }

    [Fact]
    public async Task An_endpoint_may_take_more() =>
        (await host.PostAsync("/v1/large", $$"""{"text":"{{new string('a', 1024 * 1024)}}","weight":1}""")).Text.ShouldBe($"{1024 * 1024}");

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/xml")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData("application/x-ndjson")]
    public async Task Another_media_type_is_refused(string contentType)
    {
        var (status, text) = await RawHttp.PostAsync(host.Address, Path, host.Issuer.Token(), "{\"text\":\"a\",\"weight\":1}"u8.ToArray(), contentType);
        status.ShouldBe(415);
        text.ShouldContain("\"media_type_unsupported\"");
    }

    [Fact]
    public async Task A_body_without_a_media_type_is_refused()
    {
        var request = new HttpRequestMessage(HttpMethod.Post, Path) { Content = new ByteArrayContent("{\"text\":\"a\",\"weight\":1}"u8.ToArray()) };
        (await host.SendAsync(request, host.Issuer.Token())).ShouldBeProblem(415, "media_type_unsupported");
    }

    [Fact]
    public async Task A_broken_chunk_is_a_bad_request_and_no_bug()
    {
        var (status, text) = await RawHttp.SendAsync(host.Address, Encoding.ASCII.GetBytes(
            $"POST {Path} HTTP/1.1\r\nHost: {host.Address.Authority}\r\nConnection: close\r\nAuthorization: Bearer {host.Issuer.Token()}\r\n"
            + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"));
        status.ShouldBe(400);
        text.ShouldContain("\"request_invalid\"");
    }
}
