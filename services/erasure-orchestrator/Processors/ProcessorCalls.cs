using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Outbound;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.Resilience;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace ConsentLedger.ErasureOrchestrator.Processors;

/// <summary>Sends a task to its processor by the way the register says, and turns whatever happens into an answer.</summary>
public sealed partial class ProcessorCalls(OpenDsrClient openDsr, WebhookClient webhook, ILogger<ProcessorCalls> log)
{
    /// <summary>A lane that is full is free again soon.</summary>
    private static readonly TimeSpan Busy = TimeSpan.FromSeconds(5);

    public static IServiceCollection Add(IServiceCollection services) => ProcessorLanes.Add(services)
        .AddSingleton<OutboundHttp>()
        .AddSingleton<ProcessorSecrets>()
        .AddSingleton<CallbackUrls>()
        .AddSingleton<TrustedRoots>()
        .AddSingleton<KnownProcessors>()
        .AddSingleton<OpenDsrClient>()
        .AddSingleton<WebhookClient>()
        .AddSingleton<ProcessorCalls>()
        .AddSingleton<CallProcessor>(provider => provider.GetRequiredService<ProcessorCalls>().SendAsync);

    /// <inheritdoc cref="CallProcessor"/>
    public async Task<TaskReply> SendAsync(TaskCall call, CancellationToken ct)
    {
        try
        {
            var reply = call.Processor switch
            {
                { Kind: ProcessorKind.OpenDsr, Endpoint: not null } => await openDsr.SendAsync(call, ct),
                { Kind: ProcessorKind.Webhook, Endpoint: not null } => await webhook.SendAsync(call, ct),
                _ => new TaskReply.Unreachable("endpoint-missing", null),
            };
            Answered(call.Processor.Id, reply.GetType().Name);
            return reply;
        }
        catch (Exception e) when (CodeOf(e) is { } code)
        {
            // A bare status may be a proxy's. What is refused for good, the processor says in its own words.
            Silent(call.Processor.Id, code);
            return new TaskReply.Unreachable(code, RetryAfter(e));
        }
    }

    /// <summary>What the outside did; null where the exception is a bug of ours, or we are told to stop.</summary>
    internal static string? CodeOf(Exception e) => e switch
    {
        ProcessorLiedException lied => lied.Code,
        LaneFullException => "busy",
        BrokenCircuitException => "circuit-open",
        TimeoutRejectedException => "timeout",
        AddressRefusedException or HttpRequestException { InnerException: AddressRefusedException } => "address-refused",
        AnswerTooLongException => "answer-too-long",
        HttpRequestException { StatusCode: { } status } => $"status-{(int)status}",
        HttpRequestException or IOException => "no-answer",
        _ => null,
    };

    internal static TimeSpan? RetryAfter(Exception e) => e switch
    {
        LaneFullException => Busy,
        BrokenCircuitException broken => broken.RetryAfter,
        _ => HttpAnswers.RetryAfter(e),
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "Processor {Processor} answered a task: {Reply}.")]
    private partial void Answered(string processor, string reply);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Processor {Processor} gave no answer to rely on: {Code}.")]
    private partial void Silent(string processor, string code);
}

/// <summary>The processor answered, and the answer is not to be believed. Nothing rests on it.</summary>
/// <param name="code">What is wrong with it, in a word.</param>
public sealed class ProcessorLiedException(string code) : Exception(code)
{
    public string Code { get; } = code;
}
