using ConsentLedger.Consent.Consents.Reading;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Decisions;

/// <summary>One decision or many, each on what every replica had acknowledged when the request came in.</summary>
public static class DecideForSubjects
{
    private const int MaxBytes = 4 * 1024 * 1024;
    private const int MaxQuestions = 10_000;

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPost("/v1/decisions", HandleAsync).RequireScope(Scopes.ConsentDecide).WithBodyLimit(MaxBytes).RefusesWith("too_many_questions");

    private static async Task<IResult> HandleAsync(Body<OneOrMany<DecisionRequest>> body, Caller caller, ConsentReader reader, TimeProvider clock, DecisionMetrics metrics, CancellationToken ct)
    {
        var questions = body.Value.Items;
        if (questions.Count > MaxQuestions) return KnownProblems.Refused("too_many_questions", $"At most {MaxQuestions} questions a request.");
        var (policies, people) = await reader.ReadAsync(caller.Tenant, [.. questions.Select(q => q.Subject.Stream)], ct);
        var answers = questions.Zip(people, (question, person) => ConsentDecision.Decide(question, person, policies, clock.GetUtcNow())).ToList();
        foreach (var answer in answers) metrics.Answered(answer.Allowed, answer.Code);
        return TypedResults.Json(body.Value.InKind(answers), StrictJson.Options);
    }
}
