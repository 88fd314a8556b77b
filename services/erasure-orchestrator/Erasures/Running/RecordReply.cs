using System.Text.RegularExpressions;
using ConsentLedger.ErasureOrchestrator.Identities;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.Vault;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Running;

/// <summary>
/// A system answered: at once, later, twice, or otherwise than before. The first word on how its part ended stands; another one is recorded beside it and
/// undoes nothing.
/// </summary>
public sealed partial class RecordReply(DeciderLoop ledger, ErasureLookup lookup, IdentityVault vault, Patience patience)
{
    private static readonly TimeSpan AskWithin = TimeSpan.FromDays(1), AskNotBefore = TimeSpan.FromMinutes(1), AskNotAfter = TimeSpan.FromDays(7);

    /// <param name="attempt">The one that is answered, where that is known; then a failure of another one is passed over.</param>
    /// <param name="results">Where it is sealed where its data lies, or by what others know the person: the request's own stream. Null where nothing can be.</param>
    public static Decision Decide(Guid request, string system, TaskReply reply, int? attempt, SubjectRequests subject, DateTimeOffset now, StreamKey? results = null)
    {
        // Somewhere a person was erased whom nobody here asked to erase: not to be recorded, and not to be passed over either.
        if (subject.Find(request) is not { } found) return Decision.No("erasure_unknown", "No request of this person was received under this id.");
        if (!found.Tasks.TryGetValue(system, out var task)) return Decision.No("task_unknown", "The system has no part in this request.");

        // What cannot be is as good as no answer: a call is made again, and whoever else says so hears why not.
        if (reply is TaskReply.Done said && WhyNot(found.Type, system, said.Outcome, Word(said.Reason)) is { } why)
        {
            if (attempt is null) return new Decision.Refuse(why);
            reply = new TaskReply.Unreachable(why.Code.Replace('_', '-'), RetryAfter: null);
        }

        return reply switch
        {
            TaskReply.Done { Results: { } given } done => results is { } place
                ? Close(found, system, task, done.Outcome, Word(done.Reason), new NewEvent(new ResultsSealed(request, system), SealedIdentities.Of(system, given).ToBytes()) { Stream = place })
                : Close(found, system, task, done.Outcome, Word(done.Reason) ?? "results-not-kept"),
            TaskReply.Done done => Close(found, system, task, done.Outcome, Word(done.Reason)),
            TaskReply.Identified known => Identify(found, system, task, known.Identities, results),
            TaskReply.Refused refused => Close(found, system, task, TaskOutcome.Refused, Word(refused.Code) ?? "unspecified"),

            // Nobody takes on, or fails at, what they were not told.
            _ when !task.IsOpen || task.Stage == TaskStage.Planned => Decision.Unchanged,
            TaskReply.Accepted accepted => Accept(found, system, task, accepted, now),
            TaskReply.NotTold not when task.Stage == TaskStage.Calling && (attempt is null || attempt == task.Attempts) =>
                Decision.Of(new ErasureTaskHandedOver(request, system, task.Attempts, Word(not.Code) ?? "unspecified")),
            TaskReply.Unreachable failed when task.Stage == TaskStage.Calling && (attempt is null || attempt == task.Attempts) => Decision.Of(new ErasureTaskFailed(
                request, system, task.Attempts, Word(failed.Code) ?? "unspecified", Whole(now + Patience.Retry(request, system, task.Attempts, failed.RetryAfter)))),
            _ => Decision.Unchanged,
        };
    }

    /// <summary>Why a system's part cannot have ended so; null where it can.</summary>
    internal static Refusal? WhyNot(RequestType type, string system, TaskOutcome outcome, string? reason) =>
        !Applies(outcome, type, system) ? new Refusal("outcome_not_applicable", "A request of this type does not end so.")
        : NeedsReason(outcome) && reason is null ? new Refusal("reason_required", "What is kept or refused has a reason.")
        : null;

    internal static bool NeedsReason(TaskOutcome outcome) => outcome is TaskOutcome.PartlyErased or TaskOutcome.Kept or TaskOutcome.Refused;

    /// <param name="id">Names the answer, so that the same one again is one; null where the state says all.</param>
    public async Task<Outcome> ExecuteAsync(TenantId tenant, Guid request, string system, TaskReply reply, Digest? id, CancellationToken ct, int? attempt = null) =>
        await lookup.FindAsync(tenant, request, ct) is { } subject
            ? await ExecuteAsync(subject, request, system, reply, id, ct, attempt)
            : new Outcome.Refused(new Refusal("erasure_unknown", "No request of this person was received under this id."));

    /// <inheritdoc cref="ExecuteAsync(TenantId, Guid, string, TaskReply, Digest?, CancellationToken, int?)"/>
    public async Task<Outcome> ExecuteAsync(StreamKey subject, Guid request, string system, TaskReply reply, Digest? id, CancellationToken ct, int? attempt = null)
    {
        var place = subject with { Id = new StreamId(request) };
        using var key = reply is TaskReply.Done { Results: not null } or TaskReply.Identified { Identities.Count: > 0 } && vault.IsThere ? await KeyAsync(place, ct) : null;
        var command = CommandOf(subject, request, system, reply, attempt, key is null ? null : place) with { Id = id, Body = Digest.Of($"{request} {system}", $"{reply}") };
        return await ledger.ExecuteAsync(key is null ? command : command with { Reads = [.. command.Reads, (place, SealedIdentities.Stream)], Seal = key.Seal }, ct);
    }

    public Command CommandOf(StreamKey subject, Guid request, string system, TaskReply reply, int? attempt = null, StreamKey? results = null) =>
        subject.Commanding(patience, (state, _, now) => Decide(request, system, reply, attempt, state, now, results));

    /// <summary>Null for a request that has ended: what it knew of the person is gone, and nothing is added to that.</summary>
    private async Task<SubjectKey?> KeyAsync(StreamKey place, CancellationToken ct)
    {
        try
        {
            return await vault.KeyForAsync(place, ct);
        }
        catch (SubjectErasedException)
        {
            return null;
        }
    }

    private static bool Applies(TaskOutcome outcome, RequestType type, string system) => outcome switch
    {
        TaskOutcome.NothingHeld or TaskOutcome.Refused => true,
        TaskOutcome.Provided => type is RequestType.Access or RequestType.Portability,
        TaskOutcome.Corrected => type == RequestType.Rectification,
        TaskOutcome.Restricted => type == RequestType.Restriction,
        TaskOutcome.Withdrawn => type == RequestType.Erasure && system == OwnSystems.Withdrawals,
        _ => type == RequestType.Erasure,
    };

    private static Decision Close(PersonRequest request, string system, RequestTask task, TaskOutcome outcome, string? reason, NewEvent? results = null)
    {
        // Consents may have been on their way out when the person thought better of the erasure.
        if (task.IsOpen && (request.IsOpen || request.WithdrawnAt is not null))
        {
            var completed = new NewEvent(new ErasureTaskCompleted(request.Id, system, outcome, reason, Advance.TypeOf(request), results is null ? null : true));
            return new Decision.Record(results is null ? [completed] : [completed, results]);
        }

        return (task.Outcome == outcome && task.Reason == reason) || task.Contradictions.Any(c => c.Outcome == outcome && c.Reason == reason)
            ? Decision.Unchanged
            : Decision.Of(new ErasureTaskContradicted(request.Id, system, outcome, reason));
    }

    /// <summary>What was found is for the processors, which are told after it; that of a call whose answer had been recorded is known already.</summary>
    private static Decision Identify(PersonRequest request, string system, RequestTask task, IReadOnlyList<SubjectIdentity> identities, StreamKey? place)
    {
        if (!task.IsOpen) return Decision.Unchanged;
        if (identities.Count == 0) return Close(request, system, task, TaskOutcome.NothingHeld, reason: null);
        if (place is not { } sealedIn) return Close(request, system, task, TaskOutcome.Provided, "identities-not-kept");
        return new Decision.Record(
        [
            new NewEvent(new ErasureTaskCompleted(request.Id, system, TaskOutcome.Provided)),
            new NewEvent(new ErasureIdentitiesAdded(request.Id)),
            new NewEvent(new IdentitiesSealed(request.Id), new SealedIdentities(identities, ConfirmAt: null).ToBytes()) { Stream = sealedIn },
        ]);
    }

    private static Decision Accept(PersonRequest request, string system, RequestTask task, TaskReply.Accepted accepted, DateTimeOffset now)
    {
        var wait = accepted.ExpectedBy - now ?? AskWithin;
        var askAt = Whole(now + (wait < AskNotBefore ? AskNotBefore : wait > AskNotAfter ? AskNotAfter : wait) * (1 + (0.05 * Patience.Spread(request.Id, system, task.Attempts))));
        var reference = Word(accepted.Reference) ?? task.Reference;

        // Word that it goes on, while nobody asked.
        if (task is { Stage: TaskStage.Waiting, Failure: null } && task.Reference == reference && (accepted.ExpectedBy is null || task.NextAt is { } next && (askAt - next).Duration() < AskNotBefore))
            return Decision.Unchanged;
        return Decision.Of(new ErasureTaskAccepted(request.Id, system, task.Attempts, reference, askAt));
    }

    // What others say goes into the facts as a word or not at all.
    private static string? Word(string? text) => text is not null && Form().IsMatch(text) ? text : null;

    private static DateTimeOffset Whole(DateTimeOffset moment) => DateTimeOffset.FromUnixTimeMilliseconds(moment.ToUnixTimeMilliseconds());

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}\z")]
    private static partial Regex Form();
}

internal static class RequestCommands
{
    /// <summary>A command of a person's stream that goes on with whatever its events make possible. Without an id: the state tells a repeat.</summary>
    public static Command Commanding(this StreamKey subject, Patience patience, Func<SubjectRequests, TenantRegister, DateTimeOffset, Decision> decide) =>
        new(subject, SubjectRequests.Stream, Id: null, default, context => decide.Advancing(subject, patience, context)) { Reads = TenantRegister.ReadBy(subject.Tenant) };

    public static Decision Advancing(this Func<SubjectRequests, TenantRegister, DateTimeOffset, Decision> decide, StreamKey subject, Patience patience, DecisionContext context)
    {
        var (state, register) = (context.State<SubjectRequests>(), context.State<TenantRegister>(TenantRegister.Of(subject.Tenant)));
        return decide(state, register, context.Now).Advancing([new Person(Stream: null, state, context.Version)], register, patience, context.Now);
    }
}
