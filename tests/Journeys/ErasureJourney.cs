using System.Net;
using System.Text.Json;
using ConsentLedger.Support;
using Npgsql;

namespace ConsentLedger.Journeys;

/// <summary>An erasure while the key store goes away, and after it came back from a backup. Each test has the product to itself.</summary>
public sealed class ErasureJourney : IAsyncLifetime
{
    private const string Tenant = "vms", Canary = "canary.erased@example.org";

    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(3));
    private readonly RunningProduct _product = new();
    private HttpClient _backend = null!, _auditor = null!, _privacy = null!;

    private Installation Here => _product.Installation;

    private string Vault => new NpgsqlConnectionStringBuilder(Here.ConnectionString("consent_vault")).Database!;

    private string Requests => new NpgsqlConnectionStringBuilder(Here.ConnectionString("erasure_vault")).Database!;

    private string Ledger => new NpgsqlConnectionStringBuilder(Here.ConnectionString("consent")).Database!;

    private CancellationToken Ct => _patience.Token;

    public async Task InitializeAsync()
    {
        await _product.InitializeAsync();
        (_backend, _auditor, _privacy) = (Here.Client(Here.Consent, Tenant, "backend"), Here.Client(Here.Consent, Tenant, "auditor"), Here.Client(Here.Erasure, Tenant, "privacy"));
    }

    public async Task DisposeAsync()
    {
        await _product.DisposeAsync();
        _patience.Dispose();
    }

    [Fact]
    public async Task A_vault_restored_from_before_an_erasure_brings_nobody_back_before_the_first_answer()
    {
        var (erased, other) = (await PersonAsync(), await PersonAsync());
        await Here.Consent.KillAsync();
        await EveryoneLeavesTheVaultAsync();
        await OnServerAsync($"create database {Vault}_backup template {Vault}");
        await Here.Consent.StartAsync(Ct);
        (await LookUpAsync()).ShouldBe([erased, other], ignoreOrder: true);
        await EraseAsync(erased);
        (await LookUpAsync()).ShouldBe([other]);
        (await LivingKeysAsync()).ShouldBe([other]);

        await Here.Consent.KillAsync();
        await OnServerAsync($"drop database {Vault} with (force)");
        await OnServerAsync($"alter database {Vault}_backup rename to {Vault}");
        (await LivingKeysAsync()).ShouldBe([erased, other], ignoreOrder: true);

        var starting = Here.Consent.StartAsync(Ct);
        await FirstAnswerAsync(Here.Consent);
        (await LivingKeysAsync()).ShouldBe([other]);
        await starting;
        (await LookUpAsync()).ShouldBe([other]);
        (await DisclosedAsync(erased)).ShouldNotContain(Canary);
        (await DisclosedAsync(other)).ShouldContain(Canary);
        (await File.ReadAllTextAsync(Here.Consent.LogFile, Ct)).ShouldContain("had 1 keys of people who were erased");
    }

    [Fact]
    public async Task A_vault_of_requests_restored_from_before_an_end_gives_back_nobody_before_the_first_answer()
    {
        await Here.Client(Here.Erasure, Tenant, "operator").PutOkAsync("/v1/processors/archive", new { name = "An archive", kind = "manual", assignee = "archivist" }, Ct);
        var (ended, open) = (await RequestWithIdentitiesAsync(), await RequestWithIdentitiesAsync());
        await Here.Erasure.KillAsync();
        await EveryoneLeavesAsync(Requests);
        await OnServerAsync($"create database {Requests}_backup template {Requests}");
        await Here.Erasure.StartAsync(Ct);
        (await LivingKeysAsync("erasure_vault")).ShouldBe([ended, open], ignoreOrder: true);
        (await IdentitiesAsync(ended)).ShouldContain(Canary);
        await _privacy.PostOkAsync($"/v1/erasures/{ended}/tasks/archive/outcome", new { outcome = "erased" }, Ct);
        await Acts.EventuallyAsync("the erasure is completed", async () => await StateAsync(ended) == "completed", Ct);
        await Acts.EventuallyAsync("what it knew is destroyed", async () => await LivingKeysAsync("erasure_vault") is [var living] && living == open, Ct);

        await Here.Erasure.KillAsync();
        await OnServerAsync($"drop database {Requests} with (force)");
        await OnServerAsync($"alter database {Requests}_backup rename to {Requests}");
        (await LivingKeysAsync("erasure_vault")).ShouldBe([ended, open], ignoreOrder: true);

        var starting = Here.Erasure.StartAsync(Ct);
        await FirstAnswerAsync(Here.Erasure);
        (await LivingKeysAsync("erasure_vault")).ShouldBe([open]);
        await starting;
        (await IdentitiesAsync(ended)).ShouldNotContain(Canary);
        (await IdentitiesAsync(open)).ShouldContain(Canary);
    }

    [Fact]
    public async Task A_ledger_restored_from_before_an_erasure_forgets_the_person_again_when_it_is_told_to()
    {
        var person = await PersonAsync();
        await Here.Consent.KillAsync();
        await EveryoneLeavesAsync(Ledger);
        await OnServerAsync($"create database {Ledger}_backup template {Ledger}");
        await Here.Consent.StartAsync(Ct);
        var erasure = await EraseAsync(person);
        (await MayAsync(person)).ShouldBe("subject_erased");

        await Here.Consent.KillAsync();
        await OnServerAsync($"drop database {Ledger} with (force)");
        await OnServerAsync($"alter database {Ledger}_backup rename to {Ledger}");
        await Here.Consent.StartAsync(Ct);
        (await MayAsync(person)).ShouldBe("consent_given", "it knows nothing of the erasure");
        (await _privacy.PostOkAsync("/v1/erasures", new { subject = person }, Ct)).GetProperty("id").GetString().ShouldBe(erasure, "whoever asks hears of what was done");

        // As docs/operations.md says.
        foreach (var id in await ErasedAsync()) await _privacy.PostOkAsync($"/v1/erasures/{id}/again", new { }, Ct);
        await Acts.EventuallyAsync("the person is forgotten again", async () => (await EventsOfAsync(person)).Contains("subject.erased.v1"), Ct);
        (await MayAsync(person)).ShouldBe("subject_erased");
        (await LookUpAsync()).ShouldBeEmpty();
        (await StateAsync(erasure)).ShouldBe("completed");
    }

    [Fact]
    public async Task A_vault_that_is_away_delays_an_erasure_which_nobody_hears_of_as_done_before_it_is()
    {
        var person = await PersonAsync();
        await OnServerAsync($"alter database {Vault} allow_connections false");
        await EveryoneLeavesTheVaultAsync();
        var id = await RequestErasureAsync(person);
        await Acts.EventuallyAsync("the destruction was tried", async () => (await File.ReadAllTextAsync(Here.Consent.LogFile, Ct)).Contains("consent.from-erasure"), Ct);
        (await EventsOfAsync(person)).ShouldBe(["consent.granted.v1", "subject.erasure-started.v1"]);

        // Killed as well; the broker has the task still, and the vault comes back only after the service has.
        await Here.Consent.KillAsync();
        await OnServerAsync($"alter database {Vault} allow_connections true");
        (await LivingKeysAsync()).ShouldBe([person]);
        (await StateAsync(id)).ShouldBe("running");
        await Here.Consent.StartAsync(Ct);

        await Acts.EventuallyAsync("the erasure is completed", async () => await StateAsync(id) == "completed", Ct);
        (await EventsOfAsync(person)).ShouldBe(["consent.granted.v1", "subject.erasure-started.v1", "subject.erased.v1"]);
        (await LivingKeysAsync()).ShouldBeEmpty();
        (await DisclosedAsync(person)).ShouldNotContain(Canary);
    }

    private async Task<string> PersonAsync()
    {
        var person = Acts.NewSubject();
        await _backend.PostOkAsync($"/v1/subjects/{person}/grants", Acts.Grant("newsletter", evidence: new { address = Canary }), Ct);
        (await LivingKeysAsync()).ShouldContain(person);
        return person;
    }

    private async Task<string> RequestErasureAsync(string subject) =>
        (await _privacy.PostAsync("/v1/erasures", new { subject }, HttpStatusCode.Accepted, Ct)).GetProperty("id").GetString()!;

    /// <summary>Whom the address leads to.</summary>
    private async Task<List<string?>> LookUpAsync() =>
        [.. (await Here.Client(Here.Consent, Tenant, "privacy").PostOkAsync("/v1/subjects/lookup", new { kind = "email", value = Canary.ToUpperInvariant() }, Ct))
            .GetProperty("subjects").EnumerateArray().Select(subject => subject.GetString())];

    private async Task<string> EraseAsync(string subject)
    {
        var id = await RequestErasureAsync(subject);
        await Acts.EventuallyAsync("the erasure is completed", async () => await StateAsync(id) == "completed", Ct);
        return id;
    }

    private async Task<string?> MayAsync(string subject) =>
        (await _backend.PostOkAsync("/v1/decisions", new { subject, purpose = "newsletter", channel = "email" }, Ct)).GetProperty("code").GetString();

    /// <summary>Every erasure that had come to its end.</summary>
    private async Task<List<string?>> ErasedAsync()
    {
        using var report = await _privacy.GetAsync(new Uri("/v1/erasures/report", UriKind.Relative), Ct);
        return [.. (await report.Content.ReadAsStringAsync(Ct)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.GetProperty("type").GetString() == "erasure" && line.TryGetProperty("endedAt", out _)).Select(line => line.GetProperty("id").GetString())];
    }

    private async Task<string?> StateAsync(string erasure) => (await _privacy.GetOkAsync($"/v1/erasures/{erasure}", Ct)).GetProperty("state").GetString();

    private async Task<string> DisclosedAsync(string subject) => (await _auditor.GetOkAsync($"/v1/subjects/{subject}/history?disclose=true", Ct)).ToString();

    /// <summary>Returns with the first answer that the service gives to anybody.</summary>
    private async Task FirstAnswerAsync(ServiceProcess service)
    {
        using var http = new HttpClient { BaseAddress = service.Url };
        while (true)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri("/healthz/live", UriKind.Relative), Ct);
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(1, Ct);
            }
        }
    }

    private Task<List<string>> LivingKeysAsync(string vault = "consent_vault") => ReadAsync(Here.ConnectionString(vault), "select stream_id::text from subject_keys where destroyed_at is null");

    private Task<List<string>> EventsOfAsync(string subject) =>
        ReadAsync(Here.ConnectionString("consent"), $"select type from mt_events where stream_id = '{subject}' order by version");

    private async Task<List<string>> ReadAsync(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(database + ";Pooling=false");
        await connection.OpenAsync(Ct);
        await using var select = new NpgsqlCommand(sql, connection);
        await using var reader = await select.ExecuteReaderAsync(Ct);
        var rows = new List<string>();
        while (await reader.ReadAsync(Ct)) rows.Add(reader.GetString(0));
        return rows;
    }

    /// <summary>A request that says by what others know the person, and that waits for somebody to tell one of them by hand.</summary>
    private async Task<string> RequestWithIdentitiesAsync()
    {
        var asked = new { subject = Acts.NewSubject(), identities = new[] { new { type = "email", value = Canary, format = "raw" } } };
        return (await _privacy.PostAsync("/v1/erasures", asked, HttpStatusCode.Accepted, Ct)).GetProperty("id").GetString()!;
    }

    private async Task<string> IdentitiesAsync(string erasure) => (await _privacy.GetOkAsync($"/v1/erasures/{erasure}/identities", Ct)).ToString();

    private Task EveryoneLeavesTheVaultAsync() => EveryoneLeavesAsync(Vault);

    private Task EveryoneLeavesAsync(string database) => Acts.EventuallyAsync($"nobody is connected to {database}", async () =>
    {
        await OnServerAsync($"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}'");
        return await OnServerAsync($"select count(*) from pg_stat_activity where datname = '{database}'") is 0L;
    }, Ct);

    private async Task<object?> OnServerAsync(string sql)
    {
        await using var connection = new NpgsqlConnection($"{Servers.Postgres};Database=postgres;Pooling=false");
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Ct);
    }
}
