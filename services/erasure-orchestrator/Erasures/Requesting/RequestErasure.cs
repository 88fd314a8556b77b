using ConsentLedger.ErasureOrchestrator.Deadlines;
using ConsentLedger.ErasureOrchestrator.Erasures.Reading;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Requesting;

/// <summary>Someone asks to be forgotten. Whoever asks again hears of the same request, running or completed.</summary>
public sealed record RequestErasure(SubjectId Subject, ErasureReason? Reason = null)
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPost("/v1/erasures", HandleAsync).RequireScope(Scopes.ErasureRequest)
            .Produces<ErasureAnswer>(StatusCodes.Status202Accepted).Produces<ErasureAnswer>(StatusCodes.Status200OK);

    /// <param name="id">The request's, should this be the first for the person.</param>
    public static Decision Decide(RequestErasure asked, Guid id, SubjectErasure subject, DateTimeOffset now) =>
        subject.Request is not null
            ? Decision.Unchanged
            : Decision.Of([
                new ErasureRequested(id, asked.Reason, CalendarMonth.DueOn(now)),
                .. ErasedSystems.All.Select(system => new ErasureTaskDispatched(id, system, Attempt: 1))]);

    private static async Task<IResult> HandleAsync(
        Body<RequestErasure> body, Caller caller, CommandOptions options, HttpResponse response, DeciderLoop ledger, StateReader reader, TimeProvider clock, CancellationToken ct)
    {
        var (asked, id) = (body.Value, Guid.CreateVersion7(clock.GetUtcNow()));
        var command = caller.Command(
            asked.Subject, body, options, SubjectErasure.Stream, context => Decide(asked, id, context.State<SubjectErasure>(), context.Now));
        if (await ledger.ExecuteAsync(command, ct) is var outcome and not (Outcome.Recorded or Outcome.Unchanged)) return outcome.ToResult();

        var (state, version) = await reader.ReadAsync(command.Stream, SubjectErasure.Stream, ct);
        var answer = ErasureAnswer.Of(asked.Subject.Value, state.Request!);
        response.Headers.Location = $"/v1/erasures/{answer.Id}";
        var status = answer.State == ErasureState.Running ? StatusCodes.Status202Accepted : StatusCodes.Status200OK;
        return TypedResults.Json(answer, StrictJson.Options, statusCode: status).WithEntityTag(version);
    }
}
