using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.AskingConsent;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.MarketingPreference.Unsubscribing;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Sending;

/// <param name="DecisionId">Names this answer in whatever log the sender keeps.</param>
/// <param name="ListUnsubscribe">The value of the header of that name (RFC 2369), to be covered by the DKIM signature.</param>
/// <param name="ListUnsubscribePost">The value of <c>List-Unsubscribe-Post</c> (RFC 8058), likewise.</param>
public sealed record SendAnswer(
    bool Allowed, string Rule, Guid DecisionId, long? Position, ConsentGround? Consent, string? PolicyVersion, string? ListUnsubscribe, string? ListUnsubscribePost);

/// <summary>What the consent service said, and the event it rests on there.</summary>
public sealed record ConsentGround(string Code, long? Position);

/// <summary>One decision or many, each on what every replica of both services had acknowledged when the request came in.</summary>
public static class DecideToSend
{
    private const int MaxBytes = 4 * 1024 * 1024;
    private const int MaxQuestions = 10_000;

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPost("/v1/send-decisions", HandleAsync).RequireScope(Scopes.SendDecide).WithBodyLimit(MaxBytes).Produces<OneOrMany<SendAnswer>>().RefusesWith("too_many_questions");

    private static async Task<IResult> HandleAsync(
        Body<OneOrMany<SendQuestion>> body, Caller caller, PreferenceReader reader, ConsentClient consent, UnsubscribeLinks links, DecisionMetrics metrics, TimeProvider clock, CancellationToken ct)
    {
        var questions = body.Value.Items;
        if (questions.Count > MaxQuestions) return KnownProblems.Refused("too_many_questions", $"At most {MaxQuestions} questions a request.");

        var (policies, subjects) = await reader.ReadAsync(caller.Tenant, [.. questions.Select(question => question.Subject.Stream)], ct);
        var verdicts = questions.Zip(subjects, (question, subject) => SendDecision.DecideHere(question, subject.State, policies.Current)).ToArray();
        var open = Enumerable.Range(0, verdicts.Length).Where(i => verdicts[i] is null).ToList();
        foreach (var (i, answer) in open.Zip(await AskAsync([.. open.Select(i => questions[i])])))
            verdicts[i] = SendDecision.DecideOn(answer, questions[i], subjects[i].State, policies.Current!);

        foreach (var verdict in verdicts) metrics.Answered(verdict!.Allowed, verdict.Rule);

        var now = clock.GetUtcNow();
        var answers = questions.Zip(verdicts, (question, verdict) => AnswerOf(question, verdict!, caller.Tenant, policies.Current, links, now)).ToList();
        return TypedResults.Json(body.Value.InKind(answers), StrictJson.Options);

        // All in one call.
        async Task<IReadOnlyList<ConsentDecision?>> AskAsync(IReadOnlyList<SendQuestion> asked)
        {
            if (asked.Count == 0) return [];
            try
            {
                return await consent.DecideAsync(caller.Tenant, [.. asked.Select(q => new ConsentQuestion(q.Subject, policies.Current!.FindTopic(q.Topic)!.Purpose, q.Channel, q.Recipient))], ct);
            }
            catch (ConsentUnavailableException)
            {
                return new ConsentDecision?[asked.Count];
            }
        }
    }

    private static SendAnswer AnswerOf(SendQuestion question, Verdict verdict, TenantId tenant, PolicyPack? pack, UnsubscribeLinks links, DateTimeOffset now)
    {
        var messageClass = verdict.Allowed ? pack!.FindTopic(question.Topic)!.MessageClass : MessageClass.Transactional;
        var bearsLink = messageClass != MessageClass.Transactional && (question.Headers ?? messageClass == MessageClass.Marketing);
        var link = new UnsubscribeLink(tenant, question.Subject, question.Topic, question.Channel, question.DeliveryId, question.RecipientRef, now + UnsubscribeLinks.Lifetime);
        return new SendAnswer(
            verdict.Allowed, verdict.Rule, Guid.CreateVersion7(now), verdict.Position, verdict.Consent is { } consent ? new ConsentGround(consent.Code, consent.Position) : null,
            pack?.Version, bearsLink ? $"<{links.AddressOf(link)}>" : null, bearsLink ? "List-Unsubscribe=One-Click" : null);
    }
}
