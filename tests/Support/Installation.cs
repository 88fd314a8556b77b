using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Security.Cryptography;

namespace ConsentLedger.Support;

/// <summary>The whole product for one test: databases, a virtual host, keys, and the three services as processes. Nothing of it is left afterwards.</summary>
public sealed class Installation : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("consentledger-");
    private readonly Dictionary<string, PostgresDatabase> _databases = [];
    private readonly List<ServiceProcess> _services = [];
    private readonly ConcurrentBag<HttpClient> _clients = [];

    private MovableClock? _clock;

    private Installation(Broker broker)
    {
        Broker = broker;
        Issuer = new Issuer(_folder.FullName);
    }

    public Broker Broker { get; }

    public Issuer Issuer { get; }

    /// <summary>That of all its services, where the test asked for one that moves.</summary>
    public MovableClock Clock => _clock ?? throw new InvalidOperationException("These services run on the system's clock.");

    public ServiceProcess Consent { get; private set; } = null!;

    public ServiceProcess Preference { get; private set; } = null!;

    public ServiceProcess Erasure { get; private set; } = null!;

    public IReadOnlyList<ServiceProcess> Services => _services;

    public IEnumerable<string> LogFiles => _services.Select(s => s.LogFile);

    /// <param name="consentAlone">For tests that need no more; the others can be started later.</param>
    /// <param name="movableClock">Its services' clock is <see cref="Clock"/>.</param>
    public static async Task<Installation> StartAsync(CancellationToken ct, bool consentAlone = false, bool movableClock = false)
    {
        var installation = await PrepareAsync(movableClock);
        await Task.WhenAll((consentAlone ? [installation.Consent] : installation._services).Select(s => s.StartAsync(ct)));
        return installation;
    }

    /// <summary>Everything but the processes.</summary>
    public static async Task<Installation> PrepareAsync(bool movableClock = false)
    {
        var installation = new Installation(await Broker.CreateAsync("journey"));
        if (movableClock) installation._clock = new MovableClock(installation.InFolder("clock"));
        await installation.Broker.AddUsersAsync("consent", "marketing-preference", "erasure-orchestrator", "outside");
        foreach (var name in (string[])["consent", "consent_vault", "preference", "erasure", "erasure_vault"])
            installation._databases[name] = await PostgresDatabase.CreateAsync($"j_{name}");
        foreach (var service in (string[])["marketing-preference", "erasure-orchestrator"])
            File.WriteAllText(installation.InFolder($"{service}.token"), installation.Issuer.Token("*", service));
        using (var authority = new DsrAuthority()) authority.WriteTo(installation._folder.FullName, "localhost");
        installation.WriteKey("kek");
        installation.WriteKey("links");
        installation.WriteKey("log");
        installation.Consent = installation.Add("consent/ConsentLedger.Consent", "consent", "consent_vault");
        installation.Erasure = installation.Add("erasure-orchestrator/ConsentLedger.ErasureOrchestrator", "erasure", "erasure_vault");
        installation.Preference = installation.Add("marketing-preference/ConsentLedger.MarketingPreference", "preference", null);

        // Each asks the other.
        installation.Erasure.Settings["Preference__Url"] = installation.Preference.Url.ToString();
        return installation;
    }

    /// <summary>Another process of the same service, on the same databases and queues.</summary>
    /// <param name="engine">Its event store's engine; null for the build's default.</param>
    public async Task<ServiceProcess> StartConsentReplicaAsync(CancellationToken ct, string? engine = null)
    {
        var replica = Add("consent/ConsentLedger.Consent", "consent", "consent_vault", engine);
        await replica.StartAsync(ct);
        return replica;
    }

    /// <summary>Another gate.</summary>
    /// <param name="consent">The replica that it asks.</param>
    public async Task<ServiceProcess> StartPreferenceReplicaAsync(ServiceProcess consent, CancellationToken ct)
    {
        var replica = Add("marketing-preference/ConsentLedger.MarketingPreference", "preference", vault: null, consent: consent);
        await replica.StartAsync(ct);
        return replica;
    }

    /// <summary>A client of a service with a token of this role, for this tenant.</summary>
    public HttpClient Client(ServiceProcess service, string tenant, string role)
    {
        var client = new HttpClient { BaseAddress = service.Url, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", Issuer.Token(tenant, role)) } };
        _clients.Add(client);
        return client;
    }

    public string ConnectionString(string database) => _databases[database].ConnectionString;

    public string InFolder(string file) => Path.Combine(_folder.FullName, file);

    public async ValueTask DisposeAsync()
    {
        await LeaveServersAsync();
        foreach (var database in _databases.Values) await database.DisposeAsync();
        await Broker.DisposeAsync();
    }

    /// <summary>As <see cref="DisposeAsync"/>, but for what it made on servers, where those are about to go themselves.</summary>
    public async Task LeaveServersAsync()
    {
        foreach (var client in _clients) client.Dispose();
        foreach (var service in _services) await service.DisposeAsync();
        await Broker.LeaveAsync();
        Issuer.Dispose();
        _folder.Delete(recursive: true);
    }

    private ServiceProcess Add(string project, string ledger, string? vault, string? engine = null, ServiceProcess? consent = null)
    {
        var settings = new Dictionary<string, string>
        {
            ["ConnectionStrings__Ledger"] = ConnectionString(ledger) + ";Maximum Pool Size=20",
            ["Broker__Uri"] = Broker.UriOf(project.Split('/')[0]).ToString(),
            ["Auth__Issuer"] = Issuer.Name,
            ["Auth__Audience"] = Issuer.Audience,
            ["Auth__JwksFile"] = Issuer.JwksFile,
            ["Ledger__Origin"] = $"ledger.test/{project.Split('/')[0]}",
            ["Ledger__SigningKeyFile"] = InFolder("log"),
            ["Links__KeyFile"] = InFolder("links"),
            ["Links__PublicUrl"] = "https://preferences.example",
            ["Consent__Url"] = (consent ?? Consent)?.Url.ToString() ?? "http://127.0.0.1:1",
            ["Consent__TokenFile"] = InFolder($"{project.Split('/')[0]}.token"),
            ["Erasure__Url"] = Erasure?.Url.ToString() ?? "http://127.0.0.1:1",

            // Whoever asks, asks once. However busy the machine is, the first answer, for which everything is still being compiled, comes in time.
            ["Resilience__consent__TimeoutMs"] = "60000",
            ["Resilience__consent__AttemptTimeoutMs"] = "20000",
            ["Resilience__erasure__TimeoutMs"] = "60000",
            ["Resilience__erasure__AttemptTimeoutMs"] = "20000",
        };
        foreach (var (name, value) in OpenDsr) settings[name] = value;
        _clock?.AddTo(settings);
        if (engine is not null) settings["EventStore__Engine"] = engine;
        if (vault is not null)
        {
            settings["ConnectionStrings__Vault"] = ConnectionString(vault) + ";Maximum Pool Size=10";
            settings["Vault__KekFile"] = InFolder("kek");
        }

        // Its settings name its own address, which it has only now.
        var service = ServiceProcess.Of(project, InFolder($"{project.Split('/')[0]}-{_services.Count}.log"), settings);
        settings["OpenDsr__PublicUrl"] = settings["Processors__PublicUrl"] = $"http://localhost:{service.Url.Port}";
        _services.Add(service);
        return service;
    }

    /// <summary>What the erasure service needs to speak with controllers and processors on this machine.</summary>
    private IEnumerable<(string Name, string Value)> OpenDsr =>
    [
        ("OpenDsr__CertificateFile", InFolder("opendsr.pem")),
        ("OpenDsr__KeyFile", InFolder("opendsr.key")),
        ("OpenDsr__TrustedRootsFile", InFolder("opendsr-roots.pem")),
        ("OpenDsr__Revocation", "NoCheck"),
        ("OpenDsr__LookAgainAfter", "00:00:00.200"),
        ("Erasure__AskConsentsAfter", "00:00:01"),
        ("OpenDsr__CallbackHosts__vms", "localhost"),
        ("Outbound__AllowPrivateNetworks", "true"),
        .. RunningServices.Tenants.SelectMany(t => (string[])[t, $"{t}-told"]).Select(t => ($"Processors__Secrets__{t}__webhook", WebhookProcessor.Secret)),
    ];

    private void WriteKey(string name)
    {
        File.WriteAllBytes(InFolder(name), RandomNumberGenerator.GetBytes(32));
        File.SetUnixFileMode(InFolder(name), UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}
