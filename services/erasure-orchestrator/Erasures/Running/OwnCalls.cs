namespace ConsentLedger.ErasureOrchestrator.Erasures.Running;

/// <summary>What our own systems are asked over HTTP. Nothing yet.</summary>
public sealed class OwnCalls
{
    public Task<TaskReply> SendAsync(TaskCall call, CancellationToken ct) => Task.FromResult<TaskReply>(new TaskReply.Unreachable("no-client", RetryAfter: null));
}
