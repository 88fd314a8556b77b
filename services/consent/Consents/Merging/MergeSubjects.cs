using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Consents.Merging;

/// <summary>
/// Two subjects turn out to be one person, or not to be one after all. Neither stream is rewritten: both are told in one transaction, and decisions about either look at both.
/// </summary>
/// <param name="Other">The other subject.</param>
/// <remarks>It has no evidence: that would speak of both, and could be erased with one only.</remarks>
public sealed record MergeSubjects(SubjectId Other, DateTimeOffset OccurredAt, Actor Actor, Token Method, Token? Source = null)
{
    /// <summary>So many ids may be one person: every decision about one of them reads all.</summary>
    public const int MaxOthers = SubjectConsents.MostIds - 1;

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/v1/subjects/{subject}/merges", (SubjectId subject, Body<MergeSubjects> body, Caller caller, CommandOptions options, DeciderLoop ledger, CancellationToken ct) =>
            HandleAsync(Merge, subject, body, caller, options, ledger, ct)).RequireScope(Scopes.ConsentWrite).RefusesWith("subject_erased", "merge_with_itself", "too_many_merged");
        api.MapPost("/v1/subjects/{subject}/unmerges", (SubjectId subject, Body<MergeSubjects> body, Caller caller, CommandOptions options, DeciderLoop ledger, CancellationToken ct) =>
            HandleAsync(Unmerge, subject, body, caller, options, ledger, ct)).RequireScope(Scopes.ConsentWrite).RefusesWith("subject_erased");
    }

    public static Decision Merge(MergeSubjects merge, StreamKey subject, SubjectConsents one, StreamKey otherSubject, SubjectConsents other)
    {
        if (subject == otherSubject) return Decision.No("merge_with_itself", "A subject is one with itself already.");
        if (one.Erasure != Erasure.None || other.Erasure != Erasure.None) return Decision.No("subject_erased", "One of them was erased; nothing is left to merge.");
        if (one.Others.Contains(otherSubject.Id)) return Decision.Unchanged;
        if (one.Others.Count >= MaxOthers || other.Others.Count >= MaxOthers) return Decision.No("too_many_merged", $"At most {MaxOthers} other subjects are the same person.");
        return new Decision.Record(
        [
            new NewEvent(new SubjectMerged(otherSubject.Id.Value, merge.OccurredAt, merge.Actor, merge.Method, merge.Source)),
            new NewEvent(new SubjectMerged(subject.Id.Value, merge.OccurredAt, merge.Actor, merge.Method, merge.Source)) { Stream = otherSubject },
        ]);
    }

    public static Decision Unmerge(MergeSubjects merge, StreamKey subject, SubjectConsents one, StreamKey otherSubject, SubjectConsents other)
    {
        if (!one.Others.Contains(otherSubject.Id)) return Decision.Unchanged;
        if (one.Erasure != Erasure.None || other.Erasure != Erasure.None) return Decision.No("subject_erased", "One of them was erased; nothing is left to part.");
        return new Decision.Record(
        [
            new NewEvent(new SubjectUnmerged(otherSubject.Id.Value, merge.OccurredAt, merge.Actor, merge.Method, merge.Source)),
            new NewEvent(new SubjectUnmerged(subject.Id.Value, merge.OccurredAt, merge.Actor, merge.Method, merge.Source)) { Stream = otherSubject },
        ]);
    }

    private static async Task<IResult> HandleAsync(
        Func<MergeSubjects, StreamKey, SubjectConsents, StreamKey, SubjectConsents, Decision> decide,
        SubjectId subject, Body<MergeSubjects> body, Caller caller, CommandOptions options, DeciderLoop ledger, CancellationToken ct)
    {
        var (stream, other) = (new StreamKey(caller.Tenant, subject.Stream), new StreamKey(caller.Tenant, body.Value.Other.Stream));
        var command = caller.Command(
            subject, body, options, SubjectConsents.Stream, context => decide(body.Value, stream, context.State<SubjectConsents>(), other, context.State<SubjectConsents>(other))) with
        {
            Reads = [(other, SubjectConsents.Stream)],
        };
        return (await ledger.ExecuteAsync(command, ct)).ToResult();
    }
}
