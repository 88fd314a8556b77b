using System.Text.Json;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Reading;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Decisions;

/// <summary>One decision or many, all as of one moment: the one when the request came in, unless its <see cref="Freshness"/> allows an earlier one.</summary>
public static class DecideForSubjects
{
    private const int MaxBytes = 4 * 1024 * 1024;
    private const int MaxQuestions = 10_000;

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPost("/v1/decisions", HandleAsync).RequireScope(Scopes.ConsentDecide).WithBodyLimit(MaxBytes).RefusesWith("too_many_questions").WithMetadata(KnownProblems.PositionUnknown);

    private static async Task<IResult> HandleAsync(
        Body<OneOrMany<DecisionRequest>> body, Freshness freshness, ReplayQuery query, Caller caller, CurrentSubjects subjects, ConsentReader past, TimeProvider clock, DecisionMetrics metrics,
        HttpResponse response)
    {
        var questions = body.Value.Items;
        if (questions.Count > MaxQuestions) return KnownProblems.Refused("too_many_questions", $"At most {MaxQuestions} questions a request.");
        if (query.Replay.Latest is { } then) return TypedResults.Json(body.Value.InKind(await DecideThenAsync(questions, query.Replay, then, caller.Tenant, past, response.HttpContext.RequestAborted)), StrictJson.Options);

        // A round ends by itself, and soon: to be able to leave it costs each caller more than to stay.
        var read = await subjects.ReadAsync(caller.Tenant, [.. questions.Select(q => q.Subject.Stream)], freshness, CancellationToken.None);
        if (read.Position <= freshness.AtLeast) return KnownProblems.PositionUnknown;

        var now = clock.GetUtcNow();
        var answers = questions.Select(question => ConsentDecision.Decide(question, SubjectConsents.PersonOf(question.Subject.Stream, read.Subjects), read.Policies, now)).ToList();
        foreach (var answer in answers) metrics.Answered(answer.Allowed, answer.Code);
        read.TellPosition(response);

        // One leaves in one piece, with its length: that is most of the requests, and half of what a piecemeal answer costs.
        return body.Value.AreMany
            ? TypedResults.Json(answers, StrictJson.Options)
            : new OnePiece(JsonSerializer.SerializeToUtf8Bytes(answers[0], StrictJson.Options));
    }

    /// <summary>What would have been decided: by what was in force at one time, as it was known at another, under the policy of then.</summary>
    private static async Task<IReadOnlyList<DecisionAnswer>> DecideThenAsync(
        IReadOnlyList<DecisionRequest> questions, Replay replay, DateTimeOffset then, TenantId tenant, ConsentReader past, CancellationToken ct)
    {
        var (policies, people) = await past.ReadAsync(tenant, [.. questions.Select(q => q.Subject.Stream)], replay, ct);
        return [.. questions.Zip(people, (question, person) => ConsentDecision.Decide(question, person, policies, then))];
    }

    private sealed class OnePiece(byte[] json) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            var response = httpContext.Response;
            (response.ContentType, response.ContentLength) = ("application/json; charset=utf-8", json.Length);
            await response.BodyWriter.WriteAsync(json, CancellationToken.None);
        }
    }
}
