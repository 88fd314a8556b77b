using System.Text;

namespace ConsentLedger.ServiceDefaults.Tests;

public sealed class SubjectIdTests(EdgeHost host) : IClassFixture<EdgeHost>
{
    [Theory]
    [InlineData("01890a5d-ac96-774b-bcce-b302099a8057")]
    [InlineData("f47ac10b-58cc-4372-a567-0e02b2c3d479")]
    public async Task A_random_or_time_ordered_UUID_is_taken(string id) =>
        ((string?)(await host.GetAsync($"/v1/subjects/{id}/notes")).Json["subject"]).ShouldBe(id);

    [Theory]
    [InlineData("F47AC10B-58CC-4372-A567-0E02B2C3D479")] // upper case
    [InlineData("f47ac10b58cc4372a5670e02b2c3d479")]
    [InlineData("{f47ac10b-58cc-4372-a567-0e02b2c3d479}")]
    [InlineData("f47ac10b-58cc-4372-a567-0e02b2c3d479%20")]
    [InlineData("c232ab00-9414-11ec-b3c8-9f6bdeced846")] // version 1
    [InlineData("5df41881-3aed-3515-88a7-2f4a814cf09e")] // version 3, of a name
    [InlineData("2ed6657d-e927-568b-95e1-2665a8aea6a2")] // version 5, of a name
    [InlineData("320c3d4d-cc00-875b-8ec9-32d5f69181c0")] // version 8
    [InlineData("f47ac10b-58cc-4372-0567-0e02b2c3d479")] // another variant
    [InlineData("00000000-0000-0000-0000-000000000000")]
    [InlineData("anna@example.com")]
    [InlineData("größe")]
    [InlineData("%F0%9F%91%8B")]
    [InlineData("%C3%28")]
    [InlineData("..%2f..%2fetc%2fpasswd")]
    [InlineData("1' or '1'='1")]
    public async Task Anything_else_is_refused_without_an_echo(string id) =>
        (await host.GetAsync($"/v1/subjects/{id}/notes")).ShouldBeProblem(400, "subject_id_invalid").Text.ShouldNotContain(id);

    [Fact]
    public async Task An_id_of_ten_thousand_characters_hears_the_same()
    {
        (await host.GetAsync($"/v1/subjects/{new string('a', 10_000)}/notes")).ShouldBeProblem(400, "subject_id_invalid").Text.Length.ShouldBeLessThan(400);
        (await host.GetAsync($"/v1/subjects/{string.Concat(Enumerable.Repeat("%C3%A4", 5_000))}/notes")).ShouldBeProblem(400, "subject_id_invalid");
    }

    [Fact]
    public async Task A_NUL_is_refused_by_the_server_itself() => (await host.GetAsync("/v1/subjects/%00/notes")).Status.ShouldBe(400);

    [Fact]
    public async Task A_request_line_beyond_all_measure_ends_with_a_4xx()
    {
        var (status, _) = await RawHttp.GetAsync(
            host.Address, $"/v1/subjects/{new string('a', 100_000)}/notes", $"Authorization: Bearer {host.Issuer.Token()}");
        status.ShouldBe(414);
    }

    [Fact]
    public async Task Raw_bytes_in_the_path_are_no_bug()
    {
        var rest = $"/notes HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {host.Issuer.Token()}\r\n\r\n";
        byte[] request = [.. "GET /v1/subjects/"u8, 0xFF, 0xFE, .. Encoding.ASCII.GetBytes(rest)];
        (await RawHttp.SendAsync(host.Address, request)).Status.ShouldBe(400);
    }
}
