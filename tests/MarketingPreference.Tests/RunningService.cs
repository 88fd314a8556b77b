using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ConsentLedger.Contracts;
using ConsentLedger.Support;
using RabbitMQ.Client;

namespace ConsentLedger.MarketingPreference.Tests;

[CollectionDefinition(nameof(RunningService))]
public sealed class RunningServiceTests : ICollectionFixture<RunningService>;

/// <summary>The service as a process of its own on a real database and broker, with a consent service that stands in for the real one.</summary>
public sealed class RunningService : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("marketing-preference-");
    private Issuer _issuer = null!;
    private PostgresDatabase _database = null!;
    private Broker _broker = null!;
    private ServiceProcess _process = null!;
    private IChannel _channel = null!;
    private HttpClient _http = null!;

    internal ConsentStandIn Consent { get; private set; } = null!;

    internal static readonly byte[] IntakeKey = [.. Enumerable.Range(100, 32).Select(i => (byte)i)];

    public string LinkKeyFile => Path.Combine(_folder.FullName, "links");

    public string LogFile => _process.LogFile;

    public async Task InitializeAsync()
    {
        _issuer = new Issuer(_folder.FullName);
        _database = await PostgresDatabase.CreateAsync("preference");
        _broker = await Broker.CreateAsync("preference");
        Consent = await ConsentStandIn.StartAsync();
        File.WriteAllBytes(LinkKeyFile, [.. Enumerable.Range(1, 32).Select(i => (byte)i)]);
        File.SetUnixFileMode(LinkKeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        foreach (var tenant in (string[])[Packs.Tenant, Packs.Other])
        {
            var keys = Path.Combine(_folder.CreateSubdirectory("intake").FullName, tenant);
            File.WriteAllLines(keys, [Convert.ToBase64String(new byte[24]), $"whsec_{Convert.ToBase64String(IntakeKey)}"]);
            File.SetUnixFileMode(keys, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        RenewServiceToken("first");
        _process = NewProcess("service");
        await _process.StartAsync(CancellationToken.None);
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = _process.Url };
        _channel = await _broker.OpenChannelAsync();
        await _channel.QueueDeclareAsync("overheard", durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
        await _channel.ExchangeDeclareAsync(Exchanges.MarketingEvents, ExchangeType.Topic, durable: true);
        await _channel.QueueBindAsync("overheard", Exchanges.MarketingEvents, "#");
        await PublishPolicyAsync(Packs.NorthwindJson(), version: 1);
    }

    public async Task DisposeAsync()
    {
        await _process.DisposeAsync();
        _http.Dispose();
        await Consent.DisposeAsync();
        await _broker.DisposeAsync();
        await _database.DisposeAsync();
        _issuer.Dispose();
        _folder.Delete(recursive: true);
    }

    /// <summary>As Kubernetes mounts a secret: what changes is where a link leads, and never the link that the service was told of.</summary>
    public void RenewServiceToken(string name)
    {
        var (token, version) = (Path.Combine(_folder.FullName, "service.token"), Path.Combine(_folder.FullName, "..version"));
        File.WriteAllText(Path.Combine(_folder.CreateSubdirectory($"..{name}").FullName, "token"), $"token-{name}\n");
        File.Delete(version);
        File.CreateSymbolicLink(version, $"..{name}");
        if (!File.Exists(token)) File.CreateSymbolicLink(token, Path.Combine("..version", "token"));
    }

    public async Task RestartAsync()
    {
        await _process.KillAsync();
        await _process.StartAsync(CancellationToken.None);
    }

    /// <summary>Another process of the service, on the same database and queues.</summary>
    internal async Task<ServiceProcess> StartReplicaAsync()
    {
        var replica = NewProcess("replica");
        await replica.StartAsync(CancellationToken.None);
        return replica;
    }

    /// <summary>As an outsider would: over HTTP, with the e-mail system's token.</summary>
    internal EmailSystem.PreferenceService AsEmailSystem() => new(_process.Url, _issuer.Token(Packs.Tenant, "email"));

    internal string Database => _database.ConnectionString;

    /// <summary>What lies in its database.</summary>
    internal async Task<long> CountAsync(string select)
    {
        await using var source = Npgsql.NpgsqlDataSource.Create(_database.ConnectionString);
        await using var command = source.CreateCommand(select);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Whoever comes next finds consent answering, and asked.</summary>
    internal async Task ConsentIsBackAsync()
    {
        Consent.IsAway = false;
        var subject = NewSubject();
        Consent.Give(subject, "newsletter");
        await EventuallyAsync("consent is asked again", async () => (await DecideAsync(subject, "newsletter")).GetProperty("allowed").GetBoolean());
    }

    internal Task<IChannel> OpenChannelAsync() => _broker.OpenChannelAsync();

    internal Task KillAsync() => _process.KillAsync();

    internal async Task PublishPolicyAsync(JsonObject pack, long version)
    {
        await SendAsync(Exchanges.ConsentEvents, new CloudEvent
        {
            Id = People.NewId().ToString(),
            Source = "https://consentledger/consent",
            Type = PolicyPublishedV1.Type,
            Tenant = pack["tenant"]!.GetValue<string>(),
            StreamVersion = version,
            Data = CloudEvent.DataFrom(new PolicyPublishedV1(pack["version"]!.GetValue<string>(), JsonSerializer.SerializeToElement(pack))),
        });
        await EventuallyAsync("the policy is followed", async () => (await DecideAsync(NewSubject(), "account-notices", tenant: pack["tenant"]!.GetValue<string>())).GetProperty("rule").GetString() == "transactional");
    }

    /// <summary>An event of the consent service, as its relay publishes it.</summary>
    internal Task ConsentSaysAsync(string subject, long version, string type, object data, string? traceParent = null, string tenant = Packs.Tenant) =>
        SendAsync(Exchanges.ConsentEvents, ConsentEvent(subject, version, type, data) with { TraceParent = traceParent, Tenant = tenant });

    internal static CloudEvent ConsentEvent(string subject, long version, string type, object data) => new()
    {
        Id = ConsentStandIn.IdOf(subject, version).ToString(),
        Source = "https://consentledger/consent",
        Type = type,
        Time = People.Noon,
        Subject = subject,
        Tenant = Packs.Tenant,
        StreamVersion = version,
        Data = CloudEvent.DataFrom(data),
    };

    internal Task SendAsync(string exchange, CloudEvent message) =>
        _channel.BasicPublishAsync(exchange, message.Type, mandatory: true, new BasicProperties { Persistent = true, ContentType = CloudEvent.MediaType }, message.ToJson()).AsTask();

    /// <summary>What the service published about this person, so far. After a confirm that was late it publishes something again.</summary>
    internal async Task<IReadOnlyList<CloudEvent>> OverheardAsync(string subject)
    {
        while (await _channel.BasicGetAsync("overheard", autoAck: true) is { } message)
            if (CloudEvent.TryRead(message.Body, out var read, out _)) _overheard.Add(read);
        return [.. _overheard.Where(e => e.Subject == subject).DistinctBy(e => e.Id)];
    }

    private readonly List<CloudEvent> _overheard = [];

    internal Task<uint> ParkedAsync(string queue) => _broker.CountReadyAsync($"{queue}.parked");

    internal static string NewSubject() => People.NewId().ToString();

    internal async Task<JsonElement> DecideAsync(
        string subject, string topic, string? deliveryId = null, string? recipientRef = null, bool? headers = null, string tenant = Packs.Tenant, string? address = null) =>
        await OkAsync(await SendAsync(HttpMethod.Post, "/v1/send-decisions", Json(new { subject, topic, channel = "email", deliveryId, recipientRef, headers, address }), "email", tenant));

    /// <summary>The path of a link that the service itself made for this person.</summary>
    internal async Task<string> LinkAsync(string subject, string topic = "module-crm", string? deliveryId = null, string? recipientRef = null)
    {
        var decision = await DecideAsync(subject, topic, deliveryId, recipientRef, headers: true);
        return new Uri(decision.GetProperty("listUnsubscribe").GetString()!.Trim('<', '>')).AbsolutePath;
    }

    internal Task<HttpResponseMessage> OneClickAsync(string path, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Post, path, Form("List-Unsubscribe=One-Click"), role: null, headers: headers);

    internal static StringContent Form(string body) => new(body, Encoding.ASCII, "application/x-www-form-urlencoded");

    internal static StringContent Json(object body) => new(JsonSerializer.Serialize(body, CamelCase), Encoding.UTF8, "application/json");

    internal async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, HttpContent? content = null, string? role = null, string tenant = Packs.Tenant, HttpClient? through = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (role is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _issuer.Token(tenant, role));
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return await (through ?? _http).SendAsync(request);
    }

    internal Uri Url => _process.Url;

    internal string Token(string role, string tenant = Packs.Tenant) => _issuer.Token(tenant, role);

    internal async Task<JsonElement> PreferencesAsync(string subject) => await OkAsync(await SendAsync(HttpMethod.Get, $"/v1/subjects/{subject}/preferences", role: "email"));

    internal async Task<string?> StateAsync(string subject, string topic, string channel = "email") =>
        (await PreferencesAsync(subject)).GetProperty("preferences").EnumerateArray()
            .Single(p => p.GetProperty("topic").GetString() == topic && p.GetProperty("channel").GetString() == channel).GetProperty("state").GetString();

    internal Task<HttpResponseMessage> ChooseAsync(string subject, string topic, bool subscribed, string channel = "email", string? key = null, string actor = "subject", string tenant = Packs.Tenant) => SendAsync(
        HttpMethod.Put, $"/v1/subjects/{subject}/preferences/{topic}/{channel}", Json(new { subscribed, occurredAt = TimeProvider.System.GetUtcNow(), actor, method = "web-form" }), "backend", tenant,
        headers: key is null ? [] : [("Idempotency-Key", key)]);

    internal static async Task<JsonElement> OkAsync(HttpResponseMessage answer)
    {
        using (answer)
        {
            var text = await answer.Content.ReadAsStringAsync();
            answer.StatusCode.ShouldBe(HttpStatusCode.OK, text);
            return JsonDocument.Parse(text).RootElement;
        }
    }

    internal static async Task<string?> CodeAsync(HttpResponseMessage answer, HttpStatusCode expected)
    {
        using (answer)
        {
            var text = await answer.Content.ReadAsStringAsync();
            answer.StatusCode.ShouldBe(expected, text);
            return JsonDocument.Parse(text).RootElement.GetProperty("code").GetString();
        }
    }

    internal static async Task EventuallyAsync(string what, Func<Task<bool>> holds)
    {
        var patience = TimeProvider.System.GetUtcNow().AddMinutes(2);
        while (!await holds())
        {
            if (TimeProvider.System.GetUtcNow() > patience) throw new TimeoutException($"Never came true: {what}.");
            await Task.Delay(50);
        }
    }

    private ServiceProcess NewProcess(string name) => ServiceProcess.Of("marketing-preference/ConsentLedger.MarketingPreference", Path.Combine(_folder.FullName, $"{name}.log"), new Dictionary<string, string>
    {
        ["ConnectionStrings__Ledger"] = _database.ConnectionString + ";Maximum Pool Size=10",
        ["Broker__Uri"] = _broker.Uri.ToString(),
        ["Auth__Issuer"] = Issuer.Name,
        ["Auth__Audience"] = Issuer.Audience,
        ["Auth__JwksFile"] = _issuer.JwksFile,
        ["Ledger__Origin"] = "ledger.test/marketing-preference",
        ["Ledger__SigningKeyFile"] = LinkKeyFile,
        ["Links__KeyFile"] = LinkKeyFile,
        ["Links__PublicUrl"] = "https://preferences.example",
        ["Intake__KeysFolder"] = Path.Combine(_folder.FullName, "intake"),
        ["Consent__Url"] = Consent.Url.ToString(),
        ["Consent__TokenFile"] = Path.Combine(_folder.FullName, "service.token"),

        // Two cores for everybody: what is slow here is not away.
        ["Resilience__consent__TimeoutMs"] = "6000",
        ["Resilience__consent__AttemptTimeoutMs"] = "1800",
        ["Resilience__imports__MaxDelayMs"] = "1000",
    });

    private static readonly JsonSerializerOptions CamelCase = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull };
}
