using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using ConsentLedger.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Npgsql;
using RabbitMQ.Client;

namespace ConsentLedger.Chaos;

/// <summary>People are erased, and then everything that lies on any disk is searched for them.</summary>
[Collection(nameof(OwnServers))]
public sealed partial class CanaryTests : IAsyncLifetime
{
    private const string Tenant = "vms", Backend = "https://shop.example/backend";

    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(8));
    private readonly DirectoryInfo _found = Directory.CreateTempSubdirectory("consentledger-canary-"), _mail = Directory.CreateTempSubdirectory("consentledger-mail-");
    private OwnServers _servers = null!;
    private Installation _here = null!;
    private Telemetry _telemetry = null!;

    private CancellationToken Ct => _patience.Token;

    public async Task InitializeAsync()
    {
        try
        {
            _servers = await OwnServers.StartAsync();
            _telemetry = new Telemetry(_found.CreateSubdirectory("telemetry").FullName);
            _here = await Installation.PrepareAsync();

            // What a person is sent is theirs, and no file of any part.
            (_here.Erasure.Settings["Mail__Folder"], _here.Erasure.Settings["Mail__From"]) = (_mail.FullName, "privacy@controller.example");
            await Task.WhenAll(_here.Services.Select(service => service.StartAsync(Ct)));
        }
        catch
        {
            // The runner disposes of nothing that did not start whole.
            await DisposeAsync();
            throw;
        }
    }

    public async Task DisposeAsync()
    {
        if (_here is not null) await _here.DisposeAsync();
        if (_telemetry is not null) await _telemetry.DisposeAsync();
        if (_servers is not null) await _servers.DisposeAsync();
        _found.Delete(recursive: true);
        _mail.Delete(recursive: true);
        _patience.Dispose();
    }

    [Fact]
    public async Task After_an_erasure_no_file_of_any_part_has_the_person_in_it()
    {
        await PublishPolicyAsync();
        await using var controller = await ListenAsync();
        await using var processor = new WebhookProcessor(_ => new { outcome = "erased" });
        await RegisterAsync(processor);
        string[] people = [await OverHttpAsync(), await ByImportAsync(), await ByLinkAsync(), await ByMistakesAsync()];
        var (identified, confirming, submitted) = (await ByIdentitiesAsync(), await ByConfirmingAsync(), await ByControllerAsync(controller));

        // Already sealed before it is stored: not even now does any disk have it.
        (await SearchAsync()).ShouldBeEmpty();
        foreach (var person in people[..2])
            (await _here.Client(_here.Consent, Tenant, "auditor").GetStringAsync(new Uri($"/v1/subjects/{person}/history?disclose=true", UriKind.Relative), Ct)).ShouldContain(Canaries.Mark);

        var found = await PostAsync(_here.Client(_here.Consent, Tenant, "privacy"), "/v1/subjects/lookup", new { kind = "email", value = Canaries.Mail("http") });
        found.GetProperty("subjects").EnumerateArray().Select(s => s.GetString()).ShouldBe([people[0]]);

        // Evidence in a command is refused, but by then the broker has written it down. What an operator can do about that is in docs/operations.md.
        var sixth = await ByCommandAsync();
        foreach (var person in people.Append(sixth)) await EraseAsync(person);
        await LiftAsync(identified);
        await ConfirmAsync();
        await LiftAsync(submitted);
        foreach (var person in (string[])[identified, confirming, submitted]) await EraseAsync(person);

        // The processor was told by what it knows them, also of who asked without saying so; what was sealed for that ended with the requests.
        foreach (var (person, who) in ((string, string)[])[(people[0], "http"), (people[1], "import"), (identified, "named"), (confirming, "confirming"), (submitted, "submitted")])
            processor.Told.First(task => task.GetProperty("subject").GetString() == person).GetProperty("identities").EnumerateArray().Select(i => i.GetProperty("value").GetString()).ShouldContain(Canaries.Mail(who));
        await EventuallyAsync(async () => await LivingKeysAsync() == 0);
        (await SearchAsync()).ShouldAllBe(file => file.Contains("/rabbitmq/mnesia/") && file.Contains("/quorum/"));
        await TakeTheCommandsQueueAwayAsync();
        (await SearchAsync()).ShouldBeEmpty();

        // Had they been anywhere, they would have been found.
        await HideAsync();
        var hidden = string.Join('\n', await SearchAsync());
        foreach (var place in (string[])["/base/", "/pg_wal/", ".dump", "/quorum/", ".log"]) hidden.ShouldContain(place);
        Directory.EnumerateFiles(Path.Combine(_found.FullName, "telemetry")).Select(f => f.Split('-')[^1]).Distinct().ShouldBe(["traces", "metrics"], ignoreOrder: true);
    }

    private async Task<string> OverHttpAsync()
    {
        var (person, backend) = (NewSubject(), _here.Client(_here.Consent, Tenant, "backend"));
        var body = JsonSerializer.Serialize(new { purpose = "newsletter", channel = "email", occurredAt = Ago(60), actor = "subject", method = "web-form", evidence = Canaries.Evidence("http") });
        Canaries.SeekDigestOf($"POST /v1/subjects/{person}/grants {body}");
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using (var answer = await backend.PostAsync(new Uri($"/v1/subjects/{person}/grants", UriKind.Relative), content, Ct)) answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        await PostAsync(backend, $"/v1/subjects/{person}/withdrawals", new { purpose = "newsletter", channel = "email", occurredAt = Ago(1), actor = "subject", method = "web-form", evidence = Canaries.Evidence("gone") });
        return person;
    }

    private async Task<string> ByImportAsync()
    {
        var person = NewSubject();
        var line = JsonSerializer.Serialize(new
        {
            subject = person,
            id = Canaries.Mail("line"),
            grant = new { purpose = "newsletter", channel = "email", occurredAt = Ago(9999), actor = "agent", method = "import", source = "old-crm", evidence = Canaries.Evidence("import") },
        });
        using var content = new StringContent($"{line}\n{{ \"subject\": \"{Canaries.Mail("broken")}\"\n", Encoding.UTF8, "application/x-ndjson");
        using var answer = await _here.Client(_here.Consent, Tenant, "operator").PostAsync(new Uri("/v1/imports", UriKind.Relative), content, Ct);
        (await answer.Content.ReadAsStringAsync(Ct)).ShouldContain("recorded");
        return person;
    }

    /// <summary>A mail client, or a page, that says more than it should.</summary>
    private async Task<string> ByLinkAsync()
    {
        var (person, backend, sending) = (NewSubject(), _here.Client(_here.Consent, Tenant, "backend"), _here.Client(_here.Preference, Tenant, "email"));
        await PostAsync(backend, $"/v1/subjects/{person}/grants", new { purpose = "newsletter", channel = "email", occurredAt = Ago(60), actor = "subject", method = "web-form", evidence = Canaries.Evidence("link") });
        JsonElement decision = default;
        await EventuallyAsync(async () =>
            (decision = await PostAsync(sending, "/v1/send-decisions", new { subject = person, topic = "newsletter", channel = "email", deliveryId = "mail-1", recipientRef = "r-1" })).GetProperty("allowed").GetBoolean());
        var link = new Uri(decision.GetProperty("listUnsubscribe").GetString()!.Trim('<', '>')).AbsolutePath;
        using var person1 = new HttpClient { BaseAddress = _here.Preference.Url };
        Gossip(person1);
        using (await person1.GetAsync(new Uri($"{link}?email={Canaries.Mail("query")}", UriKind.Relative), Ct)) { }
        using (await person1.GetAsync(new Uri($"/u/{Canaries.Mail("path")}", UriKind.Relative), Ct)) { }
        using var click = new StringContent("List-Unsubscribe=One-Click", Encoding.ASCII, "application/x-www-form-urlencoded");
        using var answer = await person1.PostAsync(new Uri(link, UriKind.Relative), click, Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        return person;
    }

    /// <summary>A backend that puts people where they do not belong.</summary>
    private async Task<string> ByMistakesAsync()
    {
        var (person, backend) = (NewSubject(), _here.Client(_here.Consent, Tenant, "backend"));
        Gossip(backend);
        foreach (var (path, body) in ((string, object)[])[
            ($"/v1/subjects/{Canaries.Mail("id")}/grants", new { purpose = "newsletter" }),
            ($"/v1/subjects/{person}/grants", new { purpose = Canaries.Mail("purpose"), channel = "email", occurredAt = Ago(1), actor = "subject", method = "web-form" }),
            ($"/v1/subjects/{person}/grants", new { purpose = "newsletter", email = Canaries.Mail("member") }),
            ($"/v1/subjects/{person}/grants", new { purpose = "newsletter", channel = "email", occurredAt = Ago(1), actor = "subject", method = Canaries.Mail("method") })])
        {
            using var answer = await backend.PostAsJsonAsync(path, body, Ct);
            answer.IsSuccessStatusCode.ShouldBeFalse();
        }

        using (await backend.GetAsync(new Uri($"/v1/subjects/{person}/consents?email={Canaries.Mail("query")}", UriKind.Relative), Ct)) { }
        return person;
    }

    private async Task<string> ByCommandAsync()
    {
        var person = NewSubject();
        await using var channel = await _here.Broker.OpenChannelAsync();
        await channel.QueueDeclareAsync("backend", durable: false, exclusive: true, autoDelete: true, cancellationToken: Ct);
        await channel.QueueBindAsync("backend", "consent.replies", Backend, cancellationToken: Ct);
        var command = JsonSerializer.SerializeToUtf8Bytes(new
        {
            specversion = "1.0",
            id = "1",
            source = Backend,
            type = "consent.grant.v1",
            subject = person,
            tenant = Tenant,
            time = Ago(0),
            datacontenttype = "application/json",
            data = new { purpose = "newsletter", channel = "email", occurredAt = Ago(60), actor = "subject", method = "web-form", evidence = Canaries.Evidence("command") },
        });
        await channel.BasicPublishAsync(
            "consent.commands", $"{Tenant}.consent.grant.v1", mandatory: true, new BasicProperties { Persistent = true, ContentType = "application/cloudevents+json" }, command, Ct);
        BasicGetResult? reply = null;
        await EventuallyAsync(async () => (reply = await channel.BasicGetAsync("backend", autoAck: true, Ct)) is not null);
        Encoding.UTF8.GetString(reply!.Body.Span).ShouldContain("evidence_not_on_bus");
        return person;
    }

    /// <summary>Whoever asks says by what others know the person. A hold keeps what was said for a while.</summary>
    private async Task<string> ByIdentitiesAsync()
    {
        var person = NewSubject();
        await PlaceHoldAsync(person);
        var identities = new[] { new { type = "email", value = Canaries.Mail("named"), format = "raw" }, new { type = "customer-number", value = Canaries.Mark, format = "raw" } };
        var body = JsonSerializer.Serialize(new { subject = person, identities });
        Canaries.SeekDigestOf($"POST /v1/erasures {body}");
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await Privacy.PostAsync(new Uri("/v1/erasures", UriKind.Relative), content, Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        return person;
    }

    /// <summary>Who asks may be anybody, until a link is confirmed that went to the address.</summary>
    private async Task<string> ByConfirmingAsync()
    {
        var (person, address) = (NewSubject(), Canaries.Mail("confirming"));
        await PostAsync(_here.Client(_here.Consent, Tenant, "backend"), $"/v1/subjects/{person}/grants", new { purpose = "newsletter", channel = "email", occurredAt = Ago(60), actor = "subject", method = "web-form", evidence = Canaries.Evidence("confirming") });
        using var answer = await Privacy.PostAsJsonAsync("/v1/erasures", new { subject = person, confirmAt = address }, Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync(Ct));
        await EventuallyAsync(() => Task.FromResult(_mail.GetFiles("*.eml").Length == 1));
        (await File.ReadAllTextAsync(_mail.GetFiles("*.eml").Single().FullName, Ct)).ShouldContain(address);
        return person;
    }

    /// <summary>A controller over OpenDSR, whose callbacks have the person in their path, and that says more than anybody asked.</summary>
    private async Task<string> ByControllerAsync(WebApplication controller)
    {
        var person = NewSubject();
        await PlaceHoldAsync(person);
        await PostAsync(_here.Client(_here.Consent, Tenant, "backend"), $"/v1/subjects/{person}/grants", new { purpose = "newsletter", channel = "email", occurredAt = Ago(60), actor = "subject", method = "web-form", evidence = Canaries.Evidence("submitted") });
        var id = new Guid("a7551968-d5d6-44b2-9831-815ac9017798");
        var body = JsonSerializer.Serialize(new
        {
            regulation = "gdpr",
            subject_request_id = id,
            subject_request_type = "erasure",
            submitted_time = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            subject_identities = new[] { new { identity_type = "email", identity_value = Canaries.Mail("submitted"), identity_format = "raw" } },
            api_version = "2.0",
            status_callback_urls = new[] { $"{controller.Urls.Single().Replace("127.0.0.1", "localhost", StringComparison.Ordinal)}/{Canaries.Mail("callback")}" },
            extensions = new Dictionary<string, object> { ["example.com"] = new { note = Canaries.Mail("note") } },
        });
        Canaries.SeekDigestOf($"POST /v2/requests {body}");
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await Privacy.PostAsync(new Uri("/v2/requests", UriKind.Relative), content, Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.Created, await answer.Content.ReadAsStringAsync(Ct));

        // Its person is found, and the case is the request that the hold keeps.
        await EventuallyAsync(async () => (await Privacy.GetFromJsonAsync<JsonElement>("/v1/erasures?held=true&open=true", Ct)).GetProperty("requests").EnumerateArray().Any(r => r.GetProperty("subject").GetString() == person));
        return person;
    }

    private HttpClient Privacy => _here.Client(_here.Erasure, Tenant, "privacy");

    /// <summary>A controller that takes every callback.</summary>
    private static async Task<WebApplication> ListenAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var controller = builder.Build();
        controller.Run(context =>
        {
            context.Response.StatusCode = StatusCodes.Status202Accepted;
            return Task.CompletedTask;
        });
        await controller.StartAsync();
        return controller;
    }

    private async Task RegisterAsync(WebhookProcessor processor)
    {
        using var answer = await _here.Client(_here.Erasure, Tenant, "operator").PutAsJsonAsync("/v1/processors/crm", new { name = "A CRM", kind = "webhook", endpoint = processor.Endpoint, secret = "webhook" }, Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync(Ct));
    }

    private Task PlaceHoldAsync(string subject) => PostAsync(Privacy, $"/v1/subjects/{subject}/holds", new { authority = "court-order", reference = "T-1" });

    private async Task LiftAsync(string subject)
    {
        var held = await Privacy.GetFromJsonAsync<JsonElement>($"/v1/subjects/{subject}/holds", Ct);
        await PostAsync(Privacy, $"/v1/holds/{held.GetProperty("holds")[0].GetProperty("hold").GetString()}/lifting", new { });
    }

    private async Task ConfirmAsync()
    {
        var link = Link().Match(await File.ReadAllTextAsync(_mail.GetFiles("*.eml").Single().FullName, Ct)).Value;
        using var person = new HttpClient { BaseAddress = _here.Erasure.Url };
        Gossip(person);
        using var form = new FormUrlEncodedContent([]);
        using var answer = await person.PostAsync(new Uri(link, UriKind.Relative), form, Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    /// <summary>Of requests and cases.</summary>
    private async Task<long> LivingKeysAsync()
    {
        await using var connection = new NpgsqlConnection(_here.ConnectionString("erasure_vault") + ";Pooling=false");
        await connection.OpenAsync(Ct);
        await using var count = new NpgsqlCommand("select count(*) from subject_keys where destroyed_at is null", connection);
        return (long)(await count.ExecuteScalarAsync(Ct))!;
    }

    [GeneratedRegex(@"/identity/[A-Za-z0-9_-]+")]
    private static partial Regex Link();

    /// <summary>Or hears of the request that is there.</summary>
    private async Task EraseAsync(string subject)
    {
        var privacy = _here.Client(_here.Erasure, Tenant, "privacy");
        using var accepted = await privacy.PostAsJsonAsync("/v1/erasures", new { subject }, Ct);
        var id = (await accepted.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("id").GetString();
        await EventuallyAsync(async () => (await privacy.GetFromJsonAsync<JsonElement>($"/v1/erasures/{id}", Ct)).GetProperty("state").GetString() == "completed");
    }

    /// <summary>Data files, write-ahead logs, logs of servers and services, dumps of all databases, traces and metrics.</summary>
    private async Task<IReadOnlyList<string>> SearchAsync()
    {
        await using (var connection = new NpgsqlConnection($"{Servers.Postgres};Database=postgres;Pooling=false"))
        {
            await connection.OpenAsync(Ct);
            await using var checkpoint = new NpgsqlCommand("checkpoint", connection);
            await checkpoint.ExecuteNonQueryAsync(Ct);
        }

        foreach (var database in (string[])["consent", "consent_vault", "preference", "erasure", "erasure_vault"]) await DumpAsync(database);
        var before = Directory.GetFiles(Path.Combine(_found.FullName, "telemetry")).Length;
        await EventuallyAsync(() => Task.FromResult(Directory.GetFiles(Path.Combine(_found.FullName, "telemetry")).Length > before + 3));
        return await Canaries.FindInAsync([_servers.Folder, _found.FullName, Path.GetDirectoryName(_here.LogFiles.First())!], Ct);
    }

    private async Task DumpAsync(string database)
    {
        var at = new NpgsqlConnectionStringBuilder(_here.ConnectionString(database));
        var program = Directory.EnumerateFiles("/usr/lib/postgresql", "pg_dump", SearchOption.AllDirectories).Order(StringComparer.Ordinal).LastOrDefault() ?? "pg_dump";
        var start = new ProcessStartInfo(program, ["-h", at.Host!, "-p", $"{at.Port}", "-U", at.Username!, "-f", Path.Combine(_found.FullName, $"{database}.dump"), at.Database!]) { RedirectStandardError = true };
        start.Environment["PGPASSWORD"] = at.Password;
        using var process = Process.Start(start)!;
        var error = await process.StandardError.ReadToEndAsync(Ct);
        await process.WaitForExitAsync(Ct);
        process.ExitCode.ShouldBe(0, error);
    }

    /// <summary>What docs/operations.md says to do when evidence went over the bus. The queue is empty, and comes back with the service.</summary>
    private async Task TakeTheCommandsQueueAwayAsync()
    {
        await _here.Consent.KillAsync();
        await _servers.EndBrokerLogAsync(Ct);
        await using (var channel = await _here.Broker.OpenChannelAsync())
        {
            (await channel.QueueDeclarePassiveAsync("consent.commands", Ct)).MessageCount.ShouldBe(0u);
            await channel.QueueDeleteAsync("consent.commands", cancellationToken: Ct);
        }

        await _here.Consent.StartAsync(Ct);
    }

    private async Task HideAsync()
    {
        await using (var connection = new NpgsqlConnection(_here.ConnectionString("consent") + ";Pooling=false"))
        {
            await connection.OpenAsync(Ct);
            await using var write = new NpgsqlCommand("create table hidden as select $1::text as who", connection) { Parameters = { new() { Value = Canaries.Mail("hidden") } } };
            await write.ExecuteNonQueryAsync(Ct);
        }

        await using var channel = await _here.Broker.OpenChannelAsync();
        await channel.QueueDeclareAsync("hidden", durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" }, cancellationToken: Ct);
        await channel.BasicPublishAsync("", "hidden", mandatory: true, new BasicProperties { Persistent = true }, Encoding.UTF8.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes(Canaries.Mail("hidden")))), Ct);
        await File.WriteAllTextAsync(_here.InFolder("hidden.log"), Canaries.Mail("hidden"), Encoding.Unicode, Ct);
    }

    private static void Gossip(HttpClient client)
    {
        client.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", $"Mozilla/5.0 ({Canaries.Mail("agent")})");
        client.DefaultRequestHeaders.TryAddWithoutValidation("X-Forwarded-For", Canaries.Address4);
        client.DefaultRequestHeaders.TryAddWithoutValidation("Referer", $"https://shop.example/?email={Canaries.Mail("referer")}");
        client.DefaultRequestHeaders.TryAddWithoutValidation("Cookie", $"who={Canaries.Mail("cookie")}");
        client.DefaultRequestHeaders.TryAddWithoutValidation("baggage", $"who={Canaries.Mail("baggage")}");
        client.DefaultRequestHeaders.TryAddWithoutValidation("tracestate", $"who={Canaries.Mark}");
        client.DefaultRequestHeaders.TryAddWithoutValidation("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        client.DefaultRequestHeaders.TryAddWithoutValidation("Idempotency-Key", Canaries.Mail("key"));
    }

    private async Task PublishPolicyAsync()
    {
        var pack = await File.ReadAllTextAsync(Path.Combine(Servers.Checkout, "deploy", "policies", $"{Tenant}.json"), Ct);
        using var content = new StringContent(pack, Encoding.UTF8, "application/json");
        var version = JsonDocument.Parse(pack).RootElement.GetProperty("version").GetString();
        using var answer = await _here.Client(_here.Consent, Tenant, "operator").PutAsync(new Uri($"/v1/policies/{version}", UriKind.Relative), content, Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    private async Task<JsonElement> PostAsync(HttpClient client, string path, object body)
    {
        using var answer = await client.PostAsJsonAsync(path, body, Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, text);
        return JsonDocument.Parse(text).RootElement;
    }

    private async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        while (!await holds()) await Task.Delay(50, Ct);
    }

    private static string NewSubject() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString();

    private static string Ago(double seconds) => TimeProvider.System.GetUtcNow().AddSeconds(-seconds).ToString("O");
}
