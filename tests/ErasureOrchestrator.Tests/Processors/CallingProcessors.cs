using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Processors;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.EventStore;
using ConsentLedger.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConsentLedger.ErasureOrchestrator.Tests.Processors;

/// <summary>What calls processors, as the service has it, and processors to call.</summary>
internal sealed class CallingProcessors : IAsyncDisposable
{
    public const string Canary = "canary.called@example.org";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("calls-");
    private readonly List<SomeProcessor> _processors = [];
    private readonly ServiceProvider _services;

    public CallingProcessors(params IEnumerable<(string Key, string Value)> settings)
    {
        Authority.WriteRoot(Path.Combine(_folder.FullName, "roots.pem"));
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Outbound:AllowPrivateNetworks"] = "true",
            ["OpenDsr:TrustedRootsFile"] = Path.Combine(_folder.FullName, "roots.pem"),
            ["OpenDsr:Revocation"] = "NoCheck",
            ["Processors:PublicUrl"] = "https://erasure.test",
            ["Processors:Secrets:quintus:crm"] = Secret,
            ["Resilience:processor:BaseDelayMs"] = "1",
        }).AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value))).Build();
        _services = ProcessorCalls.Add(new ServiceCollection()
                .AddSingleton<IConfiguration>(configuration)
                .AddSingleton(typeof(ILogger<>), typeof(NullLogger<>)))
            .BuildServiceProvider();
    }

    public static string Secret { get; } = "whsec_" + Convert.ToBase64String(Enumerable.Range(1, 32).Select(i => (byte)i).ToArray());

    public DsrAuthority Authority { get; } = new();

    public async Task<SomeProcessor> StartProcessorAsync(string domain = "localhost")
    {
        var processor = await new SomeProcessor(Authority, domain).StartAsync();
        _processors.Add(processor);
        return processor;
    }

    public static TaskCall CallOf(Processor processor, int attempt = 1, string? reference = null, RequestType type = RequestType.Erasure, params IReadOnlyList<SubjectIdentity> identities) => new(
        TenantId.Parse("quintus"), People.Request, type, processor, attempt,
        new SubjectIdentities(new Guid("0199aa00-0000-7000-8000-00000000000a"), identities.Count > 0 ? identities : [new SubjectIdentity("email", Canary)]),
        reference, People.Noon, new DateOnly(2026, 2, 28));

    public static Processor Mailer(SomeProcessor processor, string id = "mailer", string path = "") =>
        new(id, "A mailer", ProcessorKind.OpenDsr, new Uri(processor.Url, path), null, [], "localhost");

    public static Processor Crm(SomeProcessor processor, string id = "crm", string? secret = "crm") => new(id, "A CRM", ProcessorKind.Webhook, new Uri(processor.Url, "hook"), null, [], Secret: secret);

    public Task<TaskReply> SendAsync(TaskCall call) => _services.GetRequiredService<CallProcessor>()(call, CancellationToken.None);

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    public async ValueTask DisposeAsync()
    {
        foreach (var processor in _processors) await processor.DisposeAsync();
        await _services.DisposeAsync();
        Authority.Dispose();
        _folder.Delete(recursive: true);
    }
}
