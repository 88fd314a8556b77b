using ConsentLedger.EventStore;

namespace ConsentLedger.ServiceDefaults;

public static class CommandsOfCallers
{
    /// <summary>By the caller's key, so that a retry is carried out once.</summary>
    public static Digest IdOf(this Caller caller, CommandOptions options) => options.IdempotencyKey is { } key ? caller.CommandId(key) : options.FreshId;

    /// <summary>The command that a request asks for, named by its idempotency key so that a retry is carried out once.</summary>
    public static Command Command<T>(
        this Caller caller, SubjectId subject, Body<T> body, CommandOptions options, StreamType type, Func<DecisionContext, Decision> decide) =>
        caller.Command(subject.Stream, body, options, type, decide);

    /// <inheritdoc cref="Command{T}(Caller, SubjectId, Body{T}, CommandOptions, StreamType, Func{DecisionContext, Decision})"/>
    public static Command Command<T>(
        this Caller caller, StreamId stream, Body<T> body, CommandOptions options, StreamType type, Func<DecisionContext, Decision> decide) =>
        new(new StreamKey(caller.Tenant, stream), type, caller.IdOf(options), body.Digest, decide)
        {
            ExpectedVersion = options.ExpectedVersion,
        };
}
