using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ConsentLedger.Ledger;
using ConsentLedger.Support;

namespace ConsentLedger.Journeys;

/// <summary>An auditor with a program of their own (<c>tests/clients/auditor</c>, which shares no code with the services) against a running service.</summary>
public sealed class AuditJourney(RunningConsent running) : IClassFixture<RunningConsent>, IDisposable
{
    private const string Tenant = "vms";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("consentledger-audit-");
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(3));

    private CancellationToken Ct => _patience.Token;

    private Installation Here => running.Installation;

    private string Log => new Uri(Here.Consent.Url, $"/log/{Tenant}").ToString();

    public void Dispose()
    {
        _folder.Delete(recursive: true);
        _patience.Dispose();
    }

    [Fact]
    public async Task A_stranger_s_program_finds_the_log_whole_and_every_change_of_it()
    {
        var backend = Here.Client(Here.Consent, Tenant, "backend");
        var first = await RecordAsync(backend, 3);
        await ShouldBeServedAsync(first + 1);
        var key = (await ReadAsync("key")).Trim();
        var before = Path.Combine(_folder.FullName, "before.checkpoint");
        await File.WriteAllTextAsync(before, await ReadAsync("checkpoint"), Ct);

        var size = await ShouldBeServedAsync(await RecordAsync(backend, 300) + 1);
        var all = await VerifyAsync(Auditor, "--key", key, "--since", before, Log);
        all.Said.ShouldBe((0, true), all.Why);
        all.Told.GetProperty("size").GetInt32().ShouldBe(size);
        all.Told.GetProperty("facts").GetInt32().ShouldBe(size);

        // Without a token: hashes only, and they are those that were signed.
        (await VerifyAsync(null, "--key", key, "--since", before, Log)).Said.ShouldBe((0, true));

        var export = await DownloadAsync(size);
        (await VerifyAsync(null, "--key", key, "--since", before, export)).Said.ShouldBe((0, true));
        using var other = SigningKey.Generate(Origin(await ReadAsync("checkpoint")), SignatureType.Ed25519);
        (await VerifyAsync(null, "--key", other.Verifier.ToString(), export)).Said.ShouldBe((1, false));
        foreach (var file in Directory.EnumerateFiles(export, "*", SearchOption.AllDirectories).ToList())
        {
            var bytes = await File.ReadAllBytesAsync(file, Ct);
            var at = bytes.Length / 2;
            bytes[at] ^= 1;
            await File.WriteAllBytesAsync(file, bytes, Ct);
            var (said, told) = await VerifyAsync(null, "--key", key, export);
            said.ShouldBe((1, false), $"{file} at {at}: {told}");
            bytes[at] ^= 1;
            await File.WriteAllBytesAsync(file, bytes, Ct);
        }
    }

    private static string Origin(string checkpoint) => checkpoint.Split('\n')[0];

    private HttpClient Auditor => Here.Client(Here.Consent, Tenant, "auditor");

    /// <returns>The last one's position.</returns>
    private async Task<int> RecordAsync(HttpClient backend, int count)
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, count).Select(_ =>
            backend.PostOkAsync($"/v1/subjects/{Acts.NewSubject()}/grants", Acts.Grant("newsletter", evidence: new { ip = "192.0.2.7" }), Ct)));
        return answers.Max(a => a.GetProperty("position").GetInt32());
    }

    private async Task<int> ShouldBeServedAsync(int atLeast)
    {
        var size = 0;
        await Acts.EventuallyAsync($"a checkpoint of {atLeast}", async () =>
            int.TryParse((await ReadAsync("checkpoint")).Split('\n').ElementAtOrDefault(1), NumberStyles.None, CultureInfo.InvariantCulture, out size) && size >= atLeast, Ct);
        return size;
    }

    private async Task<string> ReadAsync(string path) => System.Text.Encoding.UTF8.GetString(await BytesAsync(path));

    private async Task<byte[]> BytesAsync(string path)
    {
        using var answer = await Auditor.GetAsync(new Uri($"{Log}/{path}"), Ct);
        return await answer.Content.ReadAsByteArrayAsync(Ct);
    }

    private async Task<string> DownloadAsync(int size)
    {
        var export = Path.Combine(_folder.FullName, "export");
        var bundles = TileId.OfLevel(TileId.Entries, size).Select(t => t.ToString()).ToList();
        foreach (var path in (string[])["checkpoint", .. TileId.OfTree(size).Select(t => t.ToString()), .. bundles, .. bundles.Select(b => b.Replace("tile/entries", "facts", StringComparison.Ordinal))])
        {
            var file = Path.Combine(export, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllBytesAsync(file, await BytesAsync(path), Ct);
        }

        return export;
    }

    private async Task<Verdict> VerifyAsync(HttpClient? with, params string[] arguments)
    {
        var start = new ProcessStartInfo("node", ["auditor/verify.mjs", .. arguments])
        {
            WorkingDirectory = Path.Combine(Servers.Checkout, "tests", "clients"),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (with is not null) start.Environment["TOKEN"] = with.DefaultRequestHeaders.Authorization!.Parameter;
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(Ct), process.StandardError.ReadToEndAsync(Ct));
        await process.WaitForExitAsync(Ct);
        var told = await output;
        told.ShouldNotBeEmpty(await error);
        var json = JsonDocument.Parse(told).RootElement;
        var holds = json.GetProperty("holds");
        return new Verdict((process.ExitCode, holds.ValueKind == JsonValueKind.Null ? null : holds.GetBoolean()), json);
    }

    private sealed record Verdict((int Code, bool? Holds) Said, JsonElement Told)
    {
        public string Why => Told.ToString();
    }
}
