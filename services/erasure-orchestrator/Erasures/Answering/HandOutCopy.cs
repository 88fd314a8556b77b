using System.Text.Json;
using System.Text.Json.Nodes;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Holds;
using ConsentLedger.ErasureOrchestrator.Identities;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Answering;

/// <summary>
/// The copy that the person asked for, handed out when every system has answered; with that our own systems' parts are done, and so is the request. It is read afresh as it is handed out,
/// and kept nowhere. What processors answered is in it, and where their data lies. Before that there is a part of it, for whoever asks for no more.
/// </summary>
public static class HandOutCopy
{
    public static Problem CopyUnavailable { get; } = new(StatusCodes.Status503ServiceUnavailable, "copy_unavailable", "One of our own systems cannot be asked for its part of the copy. Nothing was handed out.") { RetryAfterSeconds = 5 };

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPost("/v1/erasures/{id:guid}/copy", HandleAsync).RequireScope(Scopes.ErasureDecide).RefusesWith("copy_not_ready", "copy_handed_out", "copy_not_whole").Produces<object>().WithMetadata(CopyUnavailable);

    /// <param name="partial">What there is will do for now.</param>
    /// <param name="empty">Those of our own systems that never saw the person: the copy says so.</param>
    /// <param name="by">Whoever gets it.</param>
    public static Decision Decide(PersonRequest request, bool partial = false, IReadOnlyCollection<string>? empty = null, string? by = null) => request switch
    {
        { IsForCopy: false } or { WithdrawnAt: not null } or { Outcome: RequestOutcome.Refused } => NotReady,
        { CopyHandedOut: true } => Decision.No("copy_handed_out", "The copy was handed out. Another request makes another one."),

        // Somebody said by hand that it was provided, or it was completed when a copy could still be read after that.
        { CompletedAt: not null } => Decision.Of(new ErasureCopyHandedOut(request.Id, By: by)),
        _ when !request.Tasks.TryGetValue(OwnSystems.Consent, out var part) || part is not { IsOpen: true, Stage: not TaskStage.Planned } => NotReady,
        _ when request.Tasks.Any(t => !OwnSystems.All.Contains(t.Key) && t.Value.IsOpen) => partial
            ? Decision.Of(new ErasureCopyHandedOut(request.Id, Partial: true, by))
            : Decision.No("copy_not_whole", "Not every system has answered yet. With partial=true there is a copy of what there is; the whole one follows."),
        _ => Decision.Of([
            new ErasureCopyHandedOut(request.Id, By: by),
            .. OwnSystems.All.Where(request.IsOpenAt).Select(system => new ErasureTaskCompleted(request.Id, system, empty?.Contains(system) == true ? TaskOutcome.NothingHeld : TaskOutcome.Provided, Type: request.Type))]),
    };

    /// <summary>What was sent, as what it was: a part has not in it what systems have answered since, and of two copies that were sent at once one completes the request.</summary>
    public static Decision Handed(PersonRequest request, bool isPart, IReadOnlyCollection<string>? empty = null, string? by = null) => (isPart, request) switch
    {
        (false, _) => Decide(request, empty: empty, by: by),
        (true, { IsOpen: true, CopyHandedOut: false }) => Decision.Of(new ErasureCopyHandedOut(request.Id, Partial: true, by)),
        _ => Decision.Unchanged,
    };

    /// <summary>The consent service's copy with what marketing-preference keeps and the others' answers in it, and what both have under other ids of the person, under names that are none of its own.</summary>
    public static byte[] Add(PersonRequest request, TenantRegister register, IReadOnlyList<SealedResults> results, params IReadOnlyList<OwnPart> ids)
    {
        var whole = ids[0].ToJson();
        if (ids.Count > 1) whole["otherIds"] = new JsonArray([.. ids.Skip(1).Select(other => other.ToJson())]);

        // Where the copy has not in it what marketing-preference keeps, it says so with the others that have not answered.
        var others = request.Tasks.Where(t => t.Key != OwnSystems.Consent && !(t.Key == OwnSystems.MarketingPreference && ids[0].Kept is not null)).ToList();
        if (others.Count > 0) whole["processors"] = JsonSerializer.SerializeToNode(others.Select(t => ProcessorAnswer.Of(t.Key, t.Value, register.Find(t.Key)?.Name, results.LastOrDefault(r => r.System == t.Key))), StrictJson.Options);
        return JsonSerializer.SerializeToUtf8Bytes(whole, StrictJson.Options);
    }

    private static Decision NotReady => Decision.No("copy_not_ready", "The request is not for a copy, was not followed, or waits.");

    private static async Task<IResult> HandleAsync(Guid id, Caller caller, ErasureLookup lookup, Copies copies, CancellationToken ct, bool partial = false)
    {
        if (await lookup.FindAsync(caller.Tenant, id, ct) is not { } subject) return KnownProblems.NotFound;
        var (copy, refusal) = await copies.MakeAsync(subject, id, partial, caller.ClientId, ct);
        return copy is not null ? copy : refusal is not null ? KnownProblems.Refused(refusal.Code, refusal.Reason) : CopyUnavailable;
    }
}

/// <summary>Makes copies for whoever may have them, however they ask.</summary>
public sealed class Copies(StateReader reader, DeciderLoop ledger, OwnCalls consent, PreferenceCalls preferences, Aliases aliases, IdentityVault vault, Patience patience)
{
    /// <param name="partial">What there is will do for now.</param>
    /// <param name="by">Whoever gets it.</param>
    /// <returns>The copy, or why it is refused; neither where one of our own systems has no answer now.</returns>
    public async Task<(CopyResult? Copy, Refusal? Refusal)> MakeAsync(StreamKey subject, Guid id, bool partial, string by, CancellationToken ct)
    {
        var (state, _) = await reader.ReadAsync(subject, SubjectRequests.Stream, ct);
        var request = state.Find(id)!;
        var handing = HandOutCopy.Decide(request, partial);
        if (handing is Decision.Refuse { Refusal: var refusal }) return (null, refusal);

        var (ids, type, isLacking, readsKept) = (new List<OwnPart>(), "", false, preferences.IsThere || request.Tasks.ContainsKey(OwnSystems.MarketingPreference));
        foreach (var one in await aliases.ClosureAsync([subject], ct))
        {
            if (await consent.ReadCopyAsync(subject.Tenant, one.Id.Value, request.Type == RequestType.Portability, ct) is not { } read) return (null, null);
            var kept = readsKept ? await preferences.ReadAsync(subject.Tenant, one.Id.Value, ct) : null;
            if (kept is null && readsKept)
            {
                if (!partial) return (null, null);
                isLacking = true;
            }

            if (ids.Count == 0) type = read.ContentType;
            if (one == subject || !read.HoldsNothing || kept is { HoldsNothing: false }) ids.Add(new OwnPart(read, kept));
        }

        // It is one, too, where marketing-preference alone is away and a part will do.
        var isPart = isLacking || (handing is Decision.Record record && record.Events.Any(e => e.Facts is ErasureCopyHandedOut { Partial: true }));
        if (isPart && !request.IsOpen) return (null, null);
        var empty = new List<string>();
        if (ids.TrueForAll(i => i.Consents.HoldsNothing)) empty.Add(OwnSystems.Consent);
        if (ids.TrueForAll(i => i.Kept is { HoldsNothing: true })) empty.Add(OwnSystems.MarketingPreference);
        var known = request.HasIdentities ? await vault.OpenAsync(subject.Tenant, id, ct) : null;
        var (register, _) = await reader.ReadAsync(TenantRegister.Of(subject.Tenant), TenantRegister.Stream, ct);
        return (new CopyResult(
            HandOutCopy.Add(request, register, known?.Results ?? [], ids), type,
            () => ledger.ExecuteAsync(subject.Commanding(patience, (current, _, _) => HandOutCopy.Handed(current.Find(id)!, isPart, empty, by)), CancellationToken.None)), null);
    }
}

/// <summary>What our own systems have under one id of a person.</summary>
/// <param name="Kept">Null where marketing-preference was not asked, or has no answer.</param>
public sealed record OwnPart(OwnCopy Consents, KeptPart? Kept)
{
    public JsonObject ToJson()
    {
        var copy = JsonNode.Parse(Consents.Bytes)!.AsObject();
        if (Kept is { Kept: var kept }) copy["preferences"] = kept.DeepClone();
        return copy;
    }

    public override string ToString() => "part of a copy";
}

/// <summary>
/// A copy on its way. It is recorded as handed out when all of it was sent, and only with that the answer ends: whoever did not hear its end asks again. A crash in between leaves the request
/// open, and a second copy harms nobody.
/// </summary>
/// <param name="Record">Whoever has it all may hang up meanwhile, and it was handed out all the same.</param>
public sealed record CopyResult(byte[] Body, string ContentType, Func<Task> Record) : IResult
{
    /// <summary>What a browser saves it as; null where none asked.</summary>
    public string? FileName { get; init; }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        // Without a length, which would say before the end that this is it.
        var response = httpContext.Response;
        response.ContentType = ContentType;
        if (FileName is not null) response.Headers.ContentDisposition = $"attachment; filename=\"{FileName}\"";
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
