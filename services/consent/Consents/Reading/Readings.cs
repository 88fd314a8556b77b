using System.Text.Json;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Consents.Reading;

/// <summary>Being read is part of a history: whatever tells one records the reading before it tells anything.</summary>
public static class Readings
{
    public static Decision Decide(HistoryRead read, long version) => version == 0 ? Decision.Unchanged : Decision.Of(read);

    /// <summary>The same key again is the same reading, if it asks for the same.</summary>
    /// <param name="told">What is read: another thing under the same key is another reading.</param>
    public static Command CommandOf(string told, Caller caller, SubjectId subject, CommandOptions options, HistoryRead read) => new(
        new StreamKey(caller.Tenant, subject.Stream), SubjectConsents.Stream, caller.IdOf(options),
        Digest.Of($"GET {told} {subject.Stream}", JsonSerializer.Serialize(read, StrictJson.Options)), context => Decide(read, context.Version));

    /// <summary>The reading as recorded, or the answer where it was not: then nothing may be told. What lies beyond its version was never recorded as read.</summary>
    public static async Task<(Outcome.Recorded? Recorded, IResult Refusal)> RecordAsync(
        this DeciderLoop ledger, string told, Caller caller, SubjectId subject, CommandOptions options, HistoryRead read, CancellationToken ct) =>
        read.Disclosed && !caller.Scopes.Contains(Scopes.ConsentDisclose) ? (null, KnownProblems.ScopeMissing) : await ledger.RecordAllowedAsync(told, caller, subject, options, read, ct);

    /// <summary>The same for what a scope of its own lets its bearer open.</summary>
    public static async Task<(Outcome.Recorded? Recorded, IResult Refusal)> RecordAllowedAsync(
        this DeciderLoop ledger, string told, Caller caller, SubjectId subject, CommandOptions options, HistoryRead read, CancellationToken ct)
    {
        return await ledger.ExecuteAsync(CommandOf(told, caller, subject, options, read), ct) switch
        {
            Outcome.Recorded recorded => (recorded, Results.Empty),
            Outcome.Unchanged => (null, KnownProblems.NotFound),
            var outcome => (null, outcome.ToResult()),
        };
    }
}
