using System.Text.Json;
using System.Text.Json.Nodes;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Holds;
using ConsentLedger.ErasureOrchestrator.Identities;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Answering;

/// <summary>
/// The copy that the person asked for, handed out when every system has answered; with that the consent service's part is done, and so is the request. It is read afresh as it is handed out,
/// and kept nowhere. What processors answered is in it, and where their data lies. Before that there is a part of it, for whoever asks for no more.
/// </summary>
public static class HandOutCopy
{
    public static Problem CopyUnavailable { get; } = new(StatusCodes.Status503ServiceUnavailable, "copy_unavailable", "The consent service cannot be asked for the copy. Nothing was handed out.") { RetryAfterSeconds = 5 };

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPost("/v1/erasures/{id:guid}/copy", HandleAsync).RequireScope(Scopes.ErasureDecide).RefusesWith("copy_not_ready", "copy_handed_out", "copy_not_whole").Produces<object>().WithMetadata(CopyUnavailable);

    /// <param name="partial">What there is will do for now.</param>
    /// <param name="holdsNothing">The consent service never saw the person: the copy says that.</param>
    public static Decision Decide(PersonRequest request, bool partial = false, bool holdsNothing = false) => request switch
    {
        { Type: not (RequestType.Access or RequestType.Portability) } or { WithdrawnAt: not null } or { Outcome: RequestOutcome.Refused } => NotReady,
        { CopyHandedOut: true } => Decision.No("copy_handed_out", "The copy was handed out. Another request makes another one."),

        // Somebody said by hand that it was provided, or it was completed when a copy could still be read after that.
        { CompletedAt: not null } => Decision.Of(new ErasureCopyHandedOut(request.Id)),
        _ when !request.Tasks.TryGetValue(OwnSystems.Consent, out var part) || part is not { IsOpen: true, Stage: not TaskStage.Planned } => NotReady,
        _ when request.Tasks.Any(t => t.Key != OwnSystems.Consent && t.Value.IsOpen) => partial
            ? Decision.Of(new ErasureCopyHandedOut(request.Id, Partial: true))
            : Decision.No("copy_not_whole", "Not every system has answered yet. With partial=true there is a copy of what there is; the whole one follows."),
        _ => Decision.Of(new ErasureCopyHandedOut(request.Id), new ErasureTaskCompleted(request.Id, OwnSystems.Consent, holdsNothing ? TaskOutcome.NothingHeld : TaskOutcome.Provided, Type: request.Type)),
    };

    /// <summary>What was sent, as what it was: a part has not in it what systems have answered since, and of two copies that were sent at once one completes the request.</summary>
    public static Decision Handed(PersonRequest request, bool isPart, bool holdsNothing) => (isPart, request) switch
    {
        (false, _) => Decide(request, holdsNothing: holdsNothing),
        (true, { IsOpen: true, CopyHandedOut: false }) => Decision.Of(new ErasureCopyHandedOut(request.Id, Partial: true)),
        _ => Decision.Unchanged,
    };

    /// <summary>The consent service's copy with the others' answers in it, and what it has under other ids of the person, under names that are none of its own.</summary>
    public static byte[] Add(byte[] copy, PersonRequest request, TenantRegister register, IReadOnlyList<SealedResults> results, params IReadOnlyList<byte[]> otherIds)
    {
        var others = request.Tasks.Where(t => t.Key != OwnSystems.Consent).ToList();
        if (others.Count == 0 && otherIds.Count == 0) return copy;
        var whole = JsonNode.Parse(copy)!.AsObject();
        if (otherIds.Count > 0) whole["otherIds"] = new JsonArray([.. otherIds.Select(other => JsonNode.Parse(other))]);
        if (others.Count > 0) whole["processors"] = JsonSerializer.SerializeToNode(others.Select(t => ProcessorAnswer.Of(t.Key, t.Value, register.Find(t.Key)?.Name, results.LastOrDefault(r => r.System == t.Key))), StrictJson.Options);
        return JsonSerializer.SerializeToUtf8Bytes(whole, StrictJson.Options);
    }

    private static Decision NotReady => Decision.No("copy_not_ready", "The request is not for a copy, was not followed, or waits.");

    private static async Task<IResult> HandleAsync(
        Guid id, Caller caller, ErasureLookup lookup, StateReader reader, DeciderLoop ledger, OwnCalls own, Aliases aliases, IdentityVault vault, Patience patience, CancellationToken ct, bool partial = false)
    {
        if (await lookup.FindAsync(caller.Tenant, id, ct) is not { } subject) return KnownProblems.NotFound;
        var (state, _) = await reader.ReadAsync(subject, SubjectRequests.Stream, ct);
        var request = state.Find(id)!;
        var handing = Decide(request, partial);
        if (handing is Decision.Refuse { Refusal: var refusal }) return KnownProblems.Refused(refusal.Code, refusal.Reason);
        var copies = new List<OwnCopy>();
        foreach (var one in await aliases.ClosureAsync([subject], ct))
        {
            if (await own.ReadCopyAsync(caller.Tenant, one.Id.Value, request.Type == RequestType.Portability, ct) is not { } read) return CopyUnavailable;
            if (one == subject || !read.HoldsNothing) copies.Add(read);
        }

        var (copy, holdsNothing) = (copies[0], copies.TrueForAll(c => c.HoldsNothing));
        var known = request.HasIdentities ? await vault.OpenAsync(caller.Tenant, id, ct) : null;
        var (register, _) = await reader.ReadAsync(TenantRegister.Of(caller.Tenant), TenantRegister.Stream, ct);
        var isPart = handing is Decision.Record record && record.Events.Any(e => e.Facts is ErasureCopyHandedOut { Partial: true });
        return new CopyResult(
            Add(copy.Bytes, request, register, known?.Results ?? [], [.. copies.Skip(1).Select(c => c.Bytes)]), copy.ContentType,
            () => ledger.ExecuteAsync(subject.Commanding(patience, (current, _, _) => Handed(current.Find(id)!, isPart, holdsNothing)), CancellationToken.None));
    }
}

/// <summary>
/// A copy on its way. It is recorded as handed out when all of it was sent, and only with that the answer ends: whoever did not hear its end asks again. A crash in between leaves the request
/// open, and a second copy harms nobody.
/// </summary>
/// <param name="Record">Whoever has it all may hang up meanwhile, and it was handed out all the same.</param>
public sealed record CopyResult(byte[] Body, string ContentType, Func<Task> Record) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        // Without a length, which would say before the end that this is it.
        var response = httpContext.Response;
        response.ContentType = ContentType;
        await response.Body.WriteAsync(Body, httpContext.RequestAborted);
        await response.Body.FlushAsync(httpContext.RequestAborted);
        await Record();
    }

    public override string ToString() => "copy";
}

/// <summary>What another system said, as the person hears of it.</summary>
/// <param name="Outcome">Absent where it has not answered.</param>
/// <param name="ResultsUrl">Where its data lies.</param>
public sealed record ProcessorAnswer(string System, string? Name, TaskOutcome? Outcome, string? Reason, DateTimeOffset? AnsweredAt, Uri? ResultsUrl, int? ResultsCount)
{
    public static ProcessorAnswer Of(string system, RequestTask task, string? name, SealedResults? results) => new(system, name, task.Outcome, task.Reason, task.CompletedAt, results?.Url, results?.Count);

    public override string ToString() => System;
}
