using System.Buffers.Binary;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Decisions.Many;

/// <summary>One question about very many: what <see cref="DecisionRequest"/> asks, once, and of whom.</summary>
/// <param name="Subjects">Their ids, 16 bytes each as RFC 9562 orders them, one after the other; base64 in JSON.</param>
public sealed record QuestionAboutMany(
    string Purpose, ReadOnlyMemory<byte> Subjects, string? Channel = null, string? Recipient = null, string? Scope = null, string? Category = null, string? Jurisdiction = null, string? Destination = null)
{
    internal AskedOfMany Asked => new(Purpose, Channel, Recipient, Scope, Category, Jurisdiction, Destination);
}

/// <param name="Rules">The answers that there were, each once and without its position.</param>
/// <param name="Rule">A byte a subject, in the order asked: which of the rules.</param>
/// <param name="Positions">Eight bytes a subject, big-endian: the event that the answer rests on, by its place in the ledger; -1 for none.</param>
public sealed record AnswersAboutMany(IReadOnlyList<DecisionAnswer> Rules, ReadOnlyMemory<byte> Rule, ReadOnlyMemory<byte> Positions);

/// <summary>Strict decisions about as many as a part of a mailing has, in some twenty bytes there and some twelve back: each as of when the request came, or later.</summary>
public static class DecideForMany
{
    private const int MaxBytes = 4 * 1024 * 1024, MaxSubjects = 10_000, IdLength = 16;

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPost("/v1/decisions/many", HandleAsync).RequireScope(Scopes.ConsentDecide).WithBodyLimit(MaxBytes).Produces<OneOrMany<AnswersAboutMany>>().RefusesWith("too_many_questions");

    private static async Task<IResult> HandleAsync(Body<OneOrMany<QuestionAboutMany>> body, Caller caller, ManyDecisions decisions, DecisionMetrics metrics, CancellationToken ct)
    {
        if (body.Value.Items.Sum(q => (long)q.Subjects.Length) > MaxSubjects * IdLength) return KnownProblems.Refused("too_many_questions", $"At most {MaxSubjects} subjects a request.");
        var asked = new List<(AskedOfMany Question, StreamId[] Subjects)>(body.Value.Items.Count);
        foreach (var question in body.Value.Items)
        {
            if (ReadIds(question.Subjects.Span) is not { } subjects) return KnownProblems.SubjectIdInvalid;
            asked.Add((question.Asked, subjects));
        }

        var answers = new List<AnswersAboutMany>(asked.Count);
        foreach (var found in await decisions.DecideAsync(caller.Tenant, asked, ct)) answers.Add(Write(found, metrics));
        return TypedResults.Json(body.Value.InKind(answers), StrictJson.Options);
    }

    /// <summary>Null where one of them is no subject's, or the last is cut short.</summary>
    private static StreamId[]? ReadIds(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length % IdLength != 0) return null;
        var ids = new StreamId[bytes.Length / IdLength];
        for (var i = 0; i < ids.Length; i++)
        {
            var id = new Guid(bytes.Slice(i * IdLength, IdLength), bigEndian: true);
            if (id.Version is not (4 or 7) || id.Variant is < 8 or > 11) return null;
            ids[i] = new StreamId(id);
        }

        return ids;
    }

    private static AnswersAboutMany Write(ReadOnlySpan<Decided> found, DecisionMetrics metrics)
    {
        var (rules, counts) = (new List<DecisionAnswer>(), new List<int>());
        var (rule, positions) = (new byte[found.Length], new byte[found.Length * sizeof(long)]);
        for (var i = 0; i < found.Length; i++)
        {
            var at = 0;
            while (at < rules.Count && !ReferenceEquals(rules[at], found[i].Rule)) at++;
            if (at == rules.Count)
            {
                rules.Add(found[i].Rule);
                counts.Add(0);
            }

            counts[at]++;
            rule[i] = checked((byte)at);
            BinaryPrimitives.WriteInt64BigEndian(positions.AsSpan(i * sizeof(long)), found[i].Position);
        }

        foreach (var (answer, count) in rules.Zip(counts)) metrics.Answered(answer.Allowed, answer.Code, count);
        return new AnswersAboutMany(rules, rule, positions);
    }
}
