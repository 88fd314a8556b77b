using System.Text.Json;
using System.Text.RegularExpressions;
using ConsentLedger.Support;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>The mail that asks who somebody is, handed over to a mail server that others wrote.</summary>
public sealed partial class SmtpTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("smtp-");
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(2));
    private readonly Orchestrator _orchestrator = new();
    private readonly string _subject = People.NewSubject().ToString();

    private const string Address = "canary.mailed@example.org", Password = "what only the two of us know";

    public Task InitializeAsync()
    {
        using var authority = new DsrAuthority();
        authority.WriteTo(_folder.FullName, "localhost");
        File.WriteAllText(InFolder("password"), Password);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _orchestrator.DisposeAsync();
        _patience.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task The_mail_is_handed_over_with_STARTTLS_to_a_server_that_signs_us_in_and_its_link_confirms()
    {
        await using var server = NodeClient.StartAlone([("USER", "privacy"), ("PASSWORD", Password)], "mailbox/server.mjs", InFolder("opendsr.key"), InFolder("opendsr.pem"));
        await StartAsync(await PortOfAsync(server), startTls: true, ("Mail__User", "privacy"), ("Mail__PasswordFile", InFolder("password")));
        var asked = await _orchestrator.PostAsync("/v1/erasures", new { subject = _subject, confirmAt = Address });
        var mail = (await server.ReadUntilAsync(line => line.TryGetProperty("mail", out _), _patience.Token))[^1].GetProperty("mail");
        (mail.GetProperty("secure").GetBoolean(), mail.GetProperty("user").GetString(), mail.GetProperty("to")[0].GetString()).ShouldBe((true, "privacy", Address));
        (await _orchestrator.GetPageAsync(LinkIn(mail), HttpMethod.Post)).Status.ShouldBe(200);
        (await _orchestrator.GetAsync(asked.Location!)).State.ShouldBe("running");
        _orchestrator.Log.ShouldNotContain(Address);
        _orchestrator.Log.ShouldNotContain(Password);
    }

    [Fact]
    public async Task A_server_that_should_offer_STARTTLS_and_does_not_hears_of_nobody_and_another_one_later_does()
    {
        int port;
        await using (var clear = NodeClient.StartAlone([], "mailbox/server.mjs"))
        {
            port = await PortOfAsync(clear);
            await StartAsync(port, startTls: true);
            await _orchestrator.PostAsync("/v1/erasures", new { subject = _subject, confirmAt = Address });
            await Eventually.HoldsAsync(() =>
            {
                _orchestrator.Log.ShouldContain("A mail could not be handed over");
                return Task.CompletedTask;
            });
        }

        // What was owed is handed over as soon as there is somebody to take it.
        await using var server = NodeClient.StartAlone([("USER", ""), ("PASSWORD", ""), ("PORT", $"{port}"), ("NO_AUTH", "yes")], "mailbox/server.mjs", InFolder("opendsr.key"), InFolder("opendsr.pem"));
        var lines = await server.ReadUntilAsync(line => line.TryGetProperty("mail", out _), _patience.Token);
        lines[^1].GetProperty("mail").GetProperty("secure").GetBoolean().ShouldBeTrue();
    }

    [Fact]
    public async Task On_this_machine_it_is_handed_over_as_it_is()
    {
        await using var server = NodeClient.StartAlone([], "mailbox/server.mjs");
        await StartAsync(await PortOfAsync(server), startTls: null);
        await _orchestrator.PostAsync("/v1/erasures", new { subject = _subject, confirmAt = Address });
        var mail = (await server.ReadUntilAsync(line => line.TryGetProperty("mail", out _), _patience.Token))[^1].GetProperty("mail");
        mail.GetProperty("secure").GetBoolean().ShouldBeFalse();
        LinkIn(mail).ShouldStartWith("/identity/");
    }

    private Task StartAsync(int port, bool? startTls, params IEnumerable<(string, string?)> more) => _orchestrator.StartAsync(
        "00:10:00",
        [("Mail__Folder", null), ("Mail__Smtp", $"smtp://localhost:{port}"), .. startTls is { } tls ? [("Mail__StartTls", $"{tls}")] : Array.Empty<(string, string?)>(), ("SSL_CERT_FILE", InFolder("opendsr-roots.pem")), .. more]);

    private async Task<int> PortOfAsync(NodeClient server) => (await server.ReadUntilAsync(line => line.TryGetProperty("listening", out _), _patience.Token))[^1].GetProperty("listening").GetInt32();

    /// <summary>The path of the link, as a reader of the mail finds it: lines may be broken by the encoding.</summary>
    private static string LinkIn(JsonElement mail)
    {
        var text = mail.GetProperty("text").GetString()!;
        if (text.Contains("quoted-printable", StringComparison.Ordinal)) text = SoftBreak().Replace(text, "").Replace("=3D", "=", StringComparison.Ordinal);
        if (text.Contains("Content-Transfer-Encoding: base64", StringComparison.OrdinalIgnoreCase))
            text = System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(text[(text.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..].ReplaceLineEndings("")));
        return Link().Match(text).Groups[1].Value;
    }

    private string InFolder(string file) => Path.Combine(_folder.FullName, file);

    [GeneratedRegex("=\r?\n")]
    private static partial Regex SoftBreak();

    [GeneratedRegex(@"https://privacy\.example(/identity/\S+)")]
    private static partial Regex Link();
}
