using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Holds;

/// <summary>A court, an authority or a claim wants everything of a person kept (GDPR art. 17(3)(b), (e)), whatever ids the person has. Requests to erase wait until it is lifted.</summary>
/// <param name="Reference">The case, in a word that names nobody.</param>
public sealed record PlaceHold(HoldAuthority Authority, string Reference)
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/v1/subjects/{subject}/holds", HandleAsync).RequireScope(Scopes.ErasureHold).RefusesWith("word_invalid").Produces<HoldsAnswer>();
        api.MapGet("/v1/subjects/{subject}/holds", ReadAsync).RequireScope(Scopes.ErasureRead).Produces<HoldsAnswer>();
    }

    public static Decision Decide(PlaceHold asked, Guid hold, StreamKey subject, IReadOnlyDictionary<StreamKey, SubjectRequests> persons)
    {
        if (!Words.AreSound(asked.Reference)) return Decision.No("word_invalid", Words.Rule);

        // One that reaches this id from another goes when the two part. Placed on this one as well, it is this one's own.
        if (persons[subject].Holds.Values.Any(h => h.On is null && h.Authority == asked.Authority && h.Reference == asked.Reference)) return Decision.Unchanged;
        return new Decision.Record([.. persons.Keys.Select(person =>
            new NewEvent(new HoldPlaced(hold, asked.Authority, asked.Reference, person == subject ? null : subject.Id.Value)) { Stream = person })]);
    }

    private static async Task<IResult> HandleAsync(
        SubjectId subject, Body<PlaceHold> body, Caller caller, CommandOptions options, Aliases aliases, StateReader reader, TimeProvider clock, CancellationToken ct)
    {
        var (stream, hold) = (new StreamKey(caller.Tenant, subject.Stream), Guid.CreateVersion7(clock.GetUtcNow()));
        var outcome = await aliases.ExecuteAsync([stream], caller.IdOf(options), body.Digest, persons => Decide(body.Value, hold, stream, persons), ct);
        return outcome is Outcome.Recorded or Outcome.Unchanged ? await AnswerAsync(stream, reader, ct) : outcome.ToResult();
    }

    private static Task<IResult> ReadAsync(SubjectId subject, Caller caller, StateReader reader, CancellationToken ct) => AnswerAsync(new StreamKey(caller.Tenant, subject.Stream), reader, ct);

    private static async Task<IResult> AnswerAsync(StreamKey subject, StateReader reader, CancellationToken ct)
    {
        var (state, version) = await reader.ReadAsync(subject, SubjectRequests.Stream, ct);
        return TypedResults.Json(new HoldsAnswer(subject.Id.Value, [.. state.Holds.Values], [.. state.Aliases]), StrictJson.Options).WithEntityTag(version);
    }
}

/// <param name="Holds">In force.</param>
/// <param name="Aliases">Other subjects who are the same person.</param>
public sealed record HoldsAnswer(Guid Subject, IReadOnlyList<HoldPlaced> Holds, IReadOnlyList<Guid> Aliases);
