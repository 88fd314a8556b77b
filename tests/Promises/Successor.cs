using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using ConsentLedger.Support;

namespace ConsentLedger.Promises;

/// <summary>Whoever takes a controller's business over, with the command line of an auditor and a key of their own.</summary>
public sealed class Successor(Controller controller) : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("successor-");
    private RSA _key = RSA.Create(3072);
    private string _logKey = "";

    public HttpClient HandsOver { get; } = controller.Here.Client(controller.Here.Consent, controller.Tenant, "hand-over");

    public string PublicKey => _key.ExportSubjectPublicKeyInfoPem();

    /// <summary>The file beside the log.</summary>
    public string HandedOver
    {
        get => File.ReadAllText(InFolder("all/hand-over.ndjson"));
        set => File.WriteAllText(InFolder("all/hand-over.ndjson"), value);
    }

    /// <summary>What outsiders have of the log so far.</summary>
    /// <param name="position">Of an entry that it has to cover.</param>
    public async Task KeepCheckpointAsync(long position = 0)
    {
        await Acts.EventuallyAsync("a checkpoint is published", async () =>
        {
            using var answer = await HandsOver.GetAsync(new Uri($"/log/{controller.Tenant}/checkpoint", UriKind.Relative), controller.Ct);
            if (!answer.IsSuccessStatusCode) return false;
            var note = await answer.Content.ReadAsStringAsync(controller.Ct);
            if (long.Parse(note.Split('\n')[1], CultureInfo.InvariantCulture) <= position) return false;
            await File.WriteAllTextAsync(InFolder("old.checkpoint"), note, controller.Ct);
            return true;
        }, controller.Ct);
        _logKey = (await HandsOver.GetStringAsync(new Uri($"/log/{controller.Tenant}/key", UriKind.Relative), controller.Ct)).Trim();
    }

    /// <summary>Their key got lost, and they try another one.</summary>
    public void ExchangeKey()
    {
        _key.Dispose();
        _key = RSA.Create(3072);
    }

    /// <summary><c>ledger hand-over</c>, and what it answers.</summary>
    public async Task<JsonElement> RunAsync(int code, string verb)
    {
        await File.WriteAllTextAsync(InFolder("successor.pub"), PublicKey, controller.Ct);
        await File.WriteAllTextAsync(InFolder("successor.pem"), _key.ExportPkcs8PrivateKeyPem(), controller.Ct);
        string[] told = verb == "fetch"
            ? [$"{controller.Here.Consent.Url}", "--tenant", controller.Tenant, "--successor", "new-owner", "--public-key", InFolder("successor.pub"), "--to", InFolder("all")]
            : [InFolder("all"), "--private-key", InFolder("successor.pem"), "--since", InFolder("old.checkpoint")];
        var build = Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd('/'))!);
        var start = new ProcessStartInfo("dotnet", [Path.Combine(Servers.Checkout, "services", "auditor", "bin", build, "net10.0", "ledger.dll"), "hand-over", verb, .. told, "--key", _logKey, "--json"])
        {
            RedirectStandardOutput = true,
        };
        start.Environment["LEDGER_TOKEN"] = HandsOver.DefaultRequestHeaders.Authorization!.Parameter;
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync(controller.Ct);
        await process.WaitForExitAsync(controller.Ct);
        process.ExitCode.ShouldBe(code, output);
        return JsonDocument.Parse(output).RootElement;
    }

    public void Dispose()
    {
        _key.Dispose();
        _folder.Delete(recursive: true);
    }

    private string InFolder(string file) => Path.Combine(_folder.FullName, file);
}
