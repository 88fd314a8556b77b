using System.Collections.Concurrent;
using ConsentLedger.ErasureOrchestrator.Identities;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.Resilience;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Running;

/// <summary>
/// Makes the calls that requests owe. What is owed lies in the database, written with the event that dispatched it, so whoever is killed leaves it to the next; a call that
/// was made and whose answer was not recorded is made again, and the processor knows the request. One process at a time does so, and no call waits for another system's.
/// </summary>
public sealed partial class CallProcessors(
    ErasureLookup lookup, IEventEngine engine, StateReader reader, IdentityVault vault, RecordReply replies, IServiceProvider services, Remotes remotes, TimeProvider clock, ErasureMetrics metrics,
    ILogger<CallProcessors> log) : BackgroundService
{
    public const string Remote = "processor-calls";

    /// <summary>Of each system of a tenant at a time.</summary>
    private const int OfEach = 16;

    private static readonly TimeSpan Breath = TimeSpan.FromSeconds(1), Unheard = TimeSpan.FromSeconds(10), MeasureEvery = TimeSpan.FromSeconds(5);

    // Longer than any pipeline lets a call take: what passes this hangs.
    private static readonly TimeSpan LongestCall = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<(Guid Request, string System), Task> _calling = [];
    private long _measuredAt;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => remotes.KeepGoingAsync(Remote, "call", TakeTurnsAsync, retry => Stopped(retry.Exception?.GetType().Name ?? "", retry.Delay.TotalMilliseconds), stoppingToken);

    private async Task TakeTurnsAsync(CancellationToken ct)
    {
        while (true)
        {
            await using var lease = await engine.TryLeaseAsync(Remote, ct);
            if (lease is null)
            {
                await Task.Delay(Breath, clock, ct);
                continue;
            }

            using var turn = CancellationTokenSource.CreateLinkedTokenSource(ct);
            try
            {
                while (true)
                {
                    // Throws where the lease has gone with its connection.
                    await lease.ReadCheckpointsAsync(ct);

                    // Asked before looking, so an append between the look and the wait ends the wait.
                    using var awake = CancellationTokenSource.CreateLinkedTokenSource(ct);
                    var appended = engine.WaitForAppendAsync(Unheard, awake.Token);
                    var began = await BeginAsync(turn.Token);
                    await MeasureAsync(ct);
                    if (!began) await Task.WhenAny([appended, .. _calling.Values.Count > 0 ? [Task.WhenAny(_calling.Values)] : Array.Empty<Task>()]);
                    await awake.CancelAsync();
                    ct.ThrowIfCancellationRequested();
                }
            }
            finally
            {
                // From here on another one looks.
                metrics.Saw(null);
                _measuredAt = 0;
                await turn.CancelAsync();
                await Task.WhenAll(_calling.Values).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
    }

    private async Task MeasureAsync(CancellationToken ct)
    {
        if (_measuredAt != 0 && clock.GetElapsedTime(_measuredAt) < MeasureEvery) return;
        _measuredAt = clock.GetTimestamp();
        metrics.Saw(await lookup.ReadWaitingAsync(clock.GetUtcNow(), ct));
    }

    /// <summary>Begins what is owed and not under way here.</summary>
    /// <returns>Whether there was any.</returns>
    private async Task<bool> BeginAsync(CancellationToken ct)
    {
        var began = false;
        await foreach (var call in lookup.ReadCallsAsync(OfEach, ct))
        {
            var key = (call.Request, call.System);
            if (_calling.ContainsKey(key)) continue;
            began = true;
            var gate = new TaskCompletionSource();
            _calling[key] = Task.Run(
                async () =>
                {
                    await gate.Task;
                    try
                    {
                        await MakeAsync(call, ct);
                    }
                    catch (Exception e) when (e is not OperationCanceledException)
                    {
                        // Still owed; looked at again in a while.
                        NotMade(e.GetType().Name);
                        await Task.Delay(Unheard, clock, ct);
                    }
                    finally
                    {
                        _calling.TryRemove(key, out _);
                    }
                },
                CancellationToken.None); // With the turn's it might never begin, and never be taken off the list.
            gate.SetResult();
        }

        return began;
    }

    /// <summary>Makes one call and records its answer. Public for whoever wants it made now.</summary>
    public async Task MakeAsync(OpenCall owed, CancellationToken ct)
    {
        // Looked at once more, strictly: a hold may have come, or an answer, or another replica.
        var (subject, _) = await reader.ReadAsync(owed.Subject, SubjectRequests.Stream, ct);
        if (subject.Find(owed.Request) is not { IsOpen: true } request || request.IsHeldAt(owed.System) || !request.Tasks.TryGetValue(owed.System, out var task)) return;
        if (task is not { Stage: TaskStage.Calling } || task.Attempts != owed.Attempt) return;

        var reply = await AnswerAsync(owed, request, task, ct);
        metrics.Called(task.Kind, reply);
        await replies.ExecuteAsync(owed.Subject, owed.Request, owed.System, reply, id: null, ct, owed.Attempt);
    }

    private async Task<TaskReply> AnswerAsync(OpenCall owed, PersonRequest request, RequestTask task, CancellationToken ct)
    {
        var (register, _) = await reader.ReadAsync(TenantRegister.Of(owed.Subject.Tenant), TenantRegister.Stream, ct);
        var processor = OwnSystems.Has(owed.System)
            ? new Processor(owed.System, owed.System, ProcessorKind.Service, Endpoint: null, Assignee: null, [])
            : register.Find(owed.System);
        if (processor is null || processor.Kind is ProcessorKind.Manual) return new TaskReply.Unreachable("not-in-register", RetryAfter: null);
        CallProcessor? call = processor switch
        {
            { Id: OwnSystems.MarketingPreference } => services.GetService<PreferenceCalls>() is { } preferences ? preferences.SendAsync : null,
            { Kind: ProcessorKind.Service } => services.GetService<OwnCalls>() is { } own ? own.SendAsync : null,
            _ => services.GetService<CallProcessor>(),
        };
        if (call is null) return new TaskReply.Unreachable("no-client", RetryAfter: null);

        var known = request.HasIdentities ? await vault.OpenAsync(owed.Subject.Tenant, request.Id, ct) : null;

        // Whoever is told without that would find nobody and say so. Our own systems know the subject by its id.
        if (request.HasIdentities && known is null && !OwnSystems.Has(owed.System)) return new TaskReply.NotTold("identities-lost");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(LongestCall);
        try
        {
            return await call(
                new TaskCall(
                    owed.Subject.Tenant, request.Id, request.Type, processor, owed.Attempt, new SubjectIdentities(owed.Subject.Id.Value, known?.Identities ?? []), task.Reference, request.ReceivedAt,
                    request.Deadline.DueOn, request.With is not null),
                limit.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return new TaskReply.Unreachable("timeout", RetryAfter: null);
        }
        catch (Exception e) when (e is not (OperationCanceledException or StoreUnavailableException))
        {
            // A bug of the client's must not leave the task without an answer, nor be lost. What it says may hold what was sent.
            Failed(e.GetType().Name);
            return new TaskReply.Unreachable("failed", RetryAfter: null);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A call to a processor could not be made or recorded now ({Error}). It is still owed.")]
    private partial void NotMade(string error);

    [LoggerMessage(Level = LogLevel.Error, Message = "A call to a processor failed in an unexpected way ({Error}). It is made again later.")]
    private partial void Failed(string error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Calls to processors stopped ({Error}). They go on in {DelayMs} ms.")]
    private partial void Stopped(string error, double delayMs);
}
