using System.Net;
using System.Text;
using System.Text.Json;
using ConsentLedger.Ledger;
using ConsentLedger.Support;
using Npgsql;

namespace ConsentLedger.Journeys;

/// <summary>A backup put back takes what was acknowledged since with it, and the database itself cannot know. A witness does.</summary>
public sealed class RolledBackJourney : IAsyncLifetime
{
    private const string Tenant = "quintus", Origin = $"ledger.test/consent/{Tenant}";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("consentledger-rolled-back-");
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(3));
    private Installation _installation = null!;
    private WitnessProcess _witness = null!;
    private ServiceProcess _consent = null!;

    public async Task InitializeAsync()
    {
        _installation = await Installation.PrepareAsync();
        using var key = new SigningKey(Origin, SignatureType.Ed25519, await File.ReadAllBytesAsync(_installation.InFolder("log"), Ct));
        _witness = (await WitnessProcess.CreateAsync(_folder.FullName, "witness.test/one", Ct)).Knows(key.Verifier.ToString());
        await _witness.StartAsync(Ct);
        _consent = ServiceProcess.Of("consent/ConsentLedger.Consent", _installation.InFolder("witnessed.log"), new Dictionary<string, string>(_installation.Consent.Settings)
        {
            ["Ledger__Witnesses__0__Url"] = _witness.Url.ToString(),
            ["Ledger__Witnesses__0__Key"] = _witness.VerifierKey,
        });
    }

    public async Task DisposeAsync()
    {
        await _consent.DisposeAsync();
        await _witness.DisposeAsync();
        await DropBackupAsync();
        await _installation.DisposeAsync();
        _folder.Delete(recursive: true);
        _patience.Dispose();
    }

    [Fact]
    public async Task A_service_whose_database_was_put_back_does_not_serve()
    {
        await _consent.StartAsync(Ct);
        await PublishPolicyAsync();
        await CosignedAsync(1);
        await _consent.KillAsync();
        await CopyAsync(Ledger, Backup);

        await _consent.StartAsync(Ct);
        await _installation.Client(_consent, Tenant, "backend").PostOkAsync($"/v1/subjects/{Acts.NewSubject()}/grants", Acts.Grant("newsletter"), Ct);
        await CosignedAsync(2);
        await _consent.KillAsync();
        await CopyAsync(Backup, Ledger);

        var refused = await Should.ThrowAsync<InvalidOperationException>(() => _consent.StartAsync(Ct));
        refused.Message.ShouldNotContain("ended with 0");
        refused.Message.ShouldContain("A witness has seen a larger tree of this log. (log_known_larger)");

        // While nobody says so, it cannot know; it serves, and says what it does not know.
        await _witness.KillAsync();
        await _consent.StartAsync(Ct);
        (await File.ReadAllTextAsync(_consent.LogFile, Ct)).ShouldContain("No witness says how much");
    }

    private CancellationToken Ct => _patience.Token;

    private string Ledger => new NpgsqlConnectionStringBuilder(_installation.ConnectionString("consent")).Database!;

    private string Backup => $"{Ledger}_backup";

    private async Task PublishPolicyAsync()
    {
        var pack = await File.ReadAllTextAsync(Path.Combine(Servers.Checkout, "deploy", "policies", $"{Tenant}.json"), Ct);
        var version = JsonDocument.Parse(pack).RootElement.GetProperty("version").GetString();
        using var content = new StringContent(pack, Encoding.UTF8, "application/json");
        using var answer = await _installation.Client(_consent, Tenant, "operator").PutAsync(new Uri($"/v1/policies/{version}", UriKind.Relative), content, Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    private Task CosignedAsync(int size) => Acts.EventuallyAsync($"a cosigned checkpoint of {size}", async () =>
    {
        using var http = new HttpClient();
        using var answer = await http.GetAsync(new Uri(_consent.Url, $"/log/{Tenant}/checkpoint"), Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        return answer.StatusCode == HttpStatusCode.OK && text.StartsWith($"{Origin}\n{size}\n", StringComparison.Ordinal) && text.Contains("witness.test/one", StringComparison.Ordinal);
    }, Ct);

    /// <summary>The second database becomes what the first is now.</summary>
    private async Task CopyAsync(string from, string to)
    {
        await SqlAsync($"drop database if exists {to} with (force)");
        await SqlAsync($"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{from}'");
        await SqlAsync($"create database {to} template {from}");
    }

    private Task DropBackupAsync() => SqlAsync($"drop database if exists {Backup} with (force)");

    private async Task SqlAsync(string sql)
    {
        await using var connection = new NpgsqlConnection($"{Servers.Postgres};Database=postgres;Pooling=false");
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Ct);
    }
}
