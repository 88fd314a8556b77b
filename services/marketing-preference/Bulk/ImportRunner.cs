using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.Policies;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.Resilience;

namespace ConsentLedger.MarketingPreference.Bulk;

/// <summary>
/// Carries out what was started, one import after the other, on one replica at a time. The log is the queue: its place moves when an import is over. Killed at any point it goes on with the part that
/// was not finished; lines of it that were carried out are found by the names of their commands, and hear their first outcome again.
/// </summary>
public sealed partial class ImportRunner(
    IEventEngine engine, DeciderLoop ledger, StateReader reader, ImportParts parts, AddressReader addresses, Remotes remotes, TimeProvider clock, ILogger<ImportRunner> log) : BackgroundService
{
    private const string Name = "imports";

    // All that is recorded passes here, and hardly any of it starts an import.
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan BetweenSweeps = TimeSpan.FromHours(1);

    /// <summary>A list is swept when it has lapsed for so long that nobody is starting it at this moment.</summary>
    private static readonly TimeSpan AfterItLapsed = TimeSpan.FromHours(1);

    private long? _sweptAt;

    public static IServiceCollection Add(IServiceCollection services) => services
        .AddRemote(Name, running => (running.BaseDelayMs, running.MaxDelayMs) = (500, 30_000))
        .AddSingleton<ImportParts>()
        .AddHostedService<ImportRunner>();

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => remotes.KeepGoingAsync(
        Name, "run", ct => new Subscription(engine, Name, clock, BetweenLooks).RunAsync(RunAsync, ct), retry => Stopped(retry.Exception?.GetType().Name ?? "", retry.Delay.TotalMilliseconds), stoppingToken);

    private async Task RunAsync(IReadOnlyList<StoredEvent> events, CancellationToken ct)
    {
        if (_sweptAt is not { } at || clock.GetElapsedTime(at) > BetweenSweeps)
        {
            await parts.ForgetAsync(clock.GetUtcNow() - Import.Lifetime - AfterItLapsed, ct);
            _sweptAt = clock.GetTimestamp();
        }

        foreach (var started in events.Where(e => e.Type == MarketingCatalog.Events.NameOf(new ImportStarted("")))) await RunAsync(started.Stream, ct);
    }

    private async Task RunAsync(StreamKey import, CancellationToken ct)
    {
        // An event a part: who read them all before each would read a long list's for ever.
        for (var state = await ReadAsync(); state.State == ImportState.Running;)
        {
            var part = state.NextPart;
            var (lines, results) = await parts.ReadAsync(import, part, ct);
            if (results is null)
            {
                // It would be missing the next time, too, and others wait behind it.
                if (lines is null)
                {
                    await parts.ForgetRestAsync(import, part, ct);
                    await ledger.ExecuteAsync(new Command(import, Import.Stream, Id: null, default, context => Fail(context.State<Import>(), part)), ct);
                    state = await ReadAsync();
                    continue;
                }

                results = await CarryOutAsync(import, lines, ct);
                await parts.SettleAsync(import, part, results, ct);
            }

            var outcome = await ledger.ExecuteAsync(new Command(import, Import.Stream, Id: null, default, context => Advance(context.State<Import>(), part, Counts.Of(results))), ct);
            state = outcome is Outcome.Recorded && part + 1 < state.Accepted!.Parts ? state with { NextPart = part + 1 } : await ReadAsync();
        }

        async Task<Import> ReadAsync() => (await reader.ReadAsync(import, Import.Stream, ct)).State;
    }

    /// <summary>Of a part that another replica has told of meanwhile there is nothing to tell.</summary>
    public static Decision Advance(Import import, int part, Counts counts) =>
        import.State != ImportState.Running || import.NextPart != part ? Decision.Unchanged
        : part + 1 < import.Accepted!.Parts ? Decision.Of(new ImportAdvanced(part, counts))
        : Decision.Of(new ImportAdvanced(part, counts), new ImportCompleted(import.Counts + counts));

    public static Decision Fail(Import import, int part) =>
        import.State != ImportState.Running || import.NextPart != part ? Decision.Unchanged : Decision.Of(new ImportFailed(part, "import_part_missing"));

    private async Task<IReadOnlyList<LineResult>> CarryOutAsync(StreamKey import, IReadOnlyList<ReadLine> lines, CancellationToken ct)
    {
        // All of a part at once, in their order: the ledger takes them as they come, and writes many together.
        return await Task.WhenAll(lines.Select(async line =>
            line.Line is null ? LineResult.Invalid(line) : ResultOf(line, await ledger.ExecuteAsync(await CommandOfAsync(import, line.Number, line.Line, ct), ct))));
    }

    private async ValueTask<Command> CommandOfAsync(StreamKey import, long number, ImportLine line, CancellationToken ct)
    {
        var id = Digest.Of($"import:{import.Id}", $"{number}");
        if (line.Subject is not { } subject)
            return new Command(await addresses.FindOrBeginAsync(import.Tenant, line.AddressTag!.Value, ct), Address.Stream, id, default, context => ImportRules.Decide(line, context.State<Address>(), context.Now));
        return new Command(new StreamKey(import.Tenant, subject.Stream), SubjectPreferences.Stream, id, default, context =>
            ImportRules.Decide(line, context.State<SubjectPreferences>(), context.State<PolicyBook>(PolicyBook.Of(import.Tenant)), context.Now))
        {
            Reads = PolicyBook.ReadBy(import.Tenant),
        };
    }

    private static LineResult ResultOf(ReadLine line, Outcome outcome) => outcome switch
    {
        Outcome.Recorded recorded => new(line.Number, LineOutcome.Recorded, Position: recorded.Position),
        Outcome.Refused { Refusal: var refusal } => new(line.Number, LineOutcome.Refused, refusal.Code),
        _ => new(line.Number, LineOutcome.Unchanged),
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "Imports stopped ({Reason}); they go on in {DelayMs} ms.")]
    private partial void Stopped(string reason, double delayMs);
}
