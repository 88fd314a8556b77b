using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Requesting;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Holds;
using ConsentLedger.ErasureOrchestrator.Identities;
using ConsentLedger.ErasureOrchestrator.OpenDsr;
using ConsentLedger.ErasureOrchestrator.Processors;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.EventStore;
using ConsentLedger.Resilience;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Support;
using ConsentLedger.Timers;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>One process's worth of the service, without its edges: on a real database, with its timers and its calls, and a clock that is moved by hand.</summary>
internal sealed class Replica : IAsyncDisposable
{
    public static readonly TenantId Tenant = TenantId.Parse("assutech");

    private readonly IHost _host;

    private Replica(IHost host) => _host = host;

    public DeciderLoop Ledger => Get<DeciderLoop>();

    public RecordReply Replies => Get<RecordReply>();

    public Aliases Aliases => Get<Aliases>();

    public static async Task<Replica> StartAsync(PostgresDatabase database, TimeProvider clock, CallProcessor call, params IEnumerable<(string Key, string Value)> settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(settings: null);
        builder.Configuration["ConnectionStrings:Ledger"] = $"{database.ConnectionString};Maximum Pool Size=20";
        foreach (var (key, value) in settings) builder.Configuration[key] = value;
        var patience = Patience.From(builder.Configuration);
        var timers = new TimerTable(ByTime.Requests(patience));
        builder.Services.AddLogging().AddMetrics().AddSingleton(clock).AddSingleton<IConfiguration>(builder.Configuration);
        builder.Services.AddLedger(builder.Configuration, ErasureCatalog.Events, new ErasureTables(), timers, new DsrTables());
        builder.Services.AddTimers(timers);
        builder.Services.AddSingleton<ErasureLookup>().AddSingleton<ErasureMetrics>().AddSingleton(patience).AddSingleton<Aliases>().AddSingleton<RecordReply>().AddSingleton<ReceiveRequests>();
        builder.Services.AddIdentityVault(builder.Configuration).AddSingleton(call);
        OwnCalls.Add(ProcessorLanes.Add(builder.Services));
        builder.Services.AddRemote(CallProcessors.Remote, remote => (remote.BaseDelayMs, remote.MaxDelayMs) = (50, 200));
        builder.Services.AddHostedService<CallProcessors>();
        var host = builder.Build();
        await host.StartAsync();
        return new Replica(host);
    }

    public T Get<T>()
        where T : notnull => _host.Services.GetRequiredService<T>();

    public async Task<Guid> ReceiveAsync(StreamKey subject, ReceiveRequest? asked = null)
    {
        var received = await Get<ReceiveRequests>().ReceiveAsync(
            subject.Tenant, (asked ?? People.Asking) with { Subject = SubjectId.Of(subject.Id) }, new Digest(People.NewId()), default, CancellationToken.None);
        return received.Request.ShouldNotBeNull($"{received.Outcome}").Id;
    }

    public async Task RegisterAsync(TenantId tenant, params IEnumerable<Processor> processors)
    {
        foreach (var processor in processors)
        {
            var command = new Command(TenantRegister.Of(tenant), TenantRegister.Stream, Id: null, default, _ => Decision.Of(new ProcessorConfigured(processor)));
            (await Ledger.ExecuteAsync(command, CancellationToken.None)).ShouldBeOfType<Outcome.Recorded>();
        }
    }

    public Task<Outcome> ReplyAsync(StreamKey subject, Guid request, string system, TaskReply? reply = null) =>
        Replies.ExecuteAsync(subject.Tenant, request, system, reply ?? new TaskReply.Done(TaskOutcome.Erased, Reason: null), id: null, CancellationToken.None);

    /// <summary>Both of our own systems erase.</summary>
    public async Task ReplyOfOursAsync(StreamKey subject, Guid request)
    {
        foreach (var system in OwnSystems.All) (await ReplyAsync(subject, request, system)).ShouldBeOfType<Outcome.Recorded>();
    }

    public async Task<SubjectRequests> StateAsync(StreamKey subject) => (await Get<StateReader>().ReadAsync(subject, SubjectRequests.Stream, CancellationToken.None)).State;

    public async Task<IReadOnlyList<object>> FactsAsync(StreamKey subject) =>
        [.. (await Get<StateReader>().ReadEventsAsync(subject, CancellationToken.None)).Select(Get<StateReader>().Facts)];

    public async Task<PersonRequest> UntilAsync(StreamKey subject, Guid request, Func<PersonRequest, bool> holds)
    {
        PersonRequest? found = null;
        await Eventually.HoldsAsync(async () =>
        {
            found = (await StateAsync(subject)).Find(request).ShouldNotBeNull();
            holds(found).ShouldBeTrue($"{found.State}: {string.Join(", ", found.Tasks.Select(t => $"{t.Key} {t.Value.Stage} {t.Value.Attempts} {t.Value.Failure}"))}");
        });
        return found!;
    }

    /// <summary>An append somewhere: whoever sleeps looks at the clock again.</summary>
    public async Task WakeAsync() => await ReceiveAsync(new StreamKey(TenantId.Parse("elsewhere"), People.NewSubject().Stream));

    public static StreamKey NewPerson() => new(Tenant, People.NewSubject().Stream);

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}

internal sealed class MovedClock : TimeProvider
{
    private TimeSpan _ahead;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + _ahead;

    public void Pass(TimeSpan time) => _ahead += time;
}
