using System.IO.Pipelines;
using System.Reflection;
using System.Text.Json;
using System.Threading.Channels;
using ConsentLedger.ServiceDefaults;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Metadata;

namespace ConsentLedger.MarketingPreference.Sending;

/// <param name="DecisionId">Names this answer in whatever log the sender keeps.</param>
/// <param name="ListUnsubscribe">The value of the header of that name (RFC 2369), to be covered by the DKIM signature.</param>
/// <param name="ListUnsubscribePost">The value of <c>List-Unsubscribe-Post</c> (RFC 8058), likewise.</param>
/// <param name="NotBefore">When asking again may bring another answer by itself.</param>
public sealed record SendAnswer(
    bool Allowed, string Rule, Guid DecisionId, long? Position, ConsentGround? Consent, string? PolicyVersion, string? ListUnsubscribe, string? ListUnsubscribePost, DateTimeOffset? NotBefore = null);

/// <summary>What the consent service said, and the event it rests on there.</summary>
public sealed record ConsentGround(string Code, long? Position);

/// <summary>What is wrong with one line of a stream. Nothing is allowed by it, and those after it are answered all the same.</summary>
/// <param name="Line">From 1, blank ones included.</param>
public sealed record LineFault(bool Allowed, string Rule, long Line, string? Member);

/// <summary>One decision or many, or a stream of them without an end: a line for a line, in order.</summary>
public static class DecideToSend
{
    private const string NdJson = "application/x-ndjson";
    private const int MaxBytes = 4 * 1024 * 1024, MaxQuestions = 10_000;

    /// <summary>
    /// A stream is answered in parts. While one is taken by the caller the next is decided, and none beyond it: a yes ages while it waits for a slow reader. Whoever sends more than is answered waits.
    /// </summary>
    private const int LinesAtOnce = 1_000, PartsAhead = 1, MaxLineBytes = 8 * 1024;

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPost("/v1/send-decisions", HandleAsync).RequireScope(Scopes.SendDecide).WithBodyLimit(MaxBytes).Produces<OneOrMany<SendAnswer>>().RefusesWith("too_many_questions");

    private static async Task<IResult> HandleAsync(Asked asked, HttpRequest request, Caller caller, SendGate gate, CancellationToken ct)
    {
        if (asked.Questions is not { } questions)
            return TypedResults.Stream(answers => AnswerAsync(request.BodyReader, answers, lines => gate.AnswerAsync(caller.Tenant, lines, ct), ct), NdJson);
        if (questions.Items.Count > MaxQuestions) return KnownProblems.Refused("too_many_questions", $"At most {MaxQuestions} questions a request.");
        return TypedResults.Json(questions.InKind(await gate.AnswerAsync(caller.Tenant, questions.Items, ct)), StrictJson.Options);
    }

    internal static async Task AnswerAsync(PipeReader lines, Stream answers, Func<IReadOnlyList<SendQuestion>, Task<IReadOnlyList<SendAnswer>>> answer, CancellationToken ct)
    {
        // Whatever ends the writing ends the reading: nobody reads on for a caller who has gone.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var parts = Channel.CreateBounded<Task<byte[]>>(PartsAhead);
        var reading = ReadAsync(lines, DecideAsync, ending.Token)
            .ContinueWith(done => parts.Writer.Complete(done.IsCanceled ? new OperationCanceledException() : done.Exception?.InnerException), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        try
        {
            await foreach (var part in parts.Reader.ReadAllAsync(ct))
            {
                await answers.WriteAsync(await part, ct);
                await answers.FlushAsync(ct);
            }
        }
        finally
        {
            await ending.CancelAsync();
            await reading;
        }

        // Decided when there is room for it, and not before: only this writes, so the room stays.
        async ValueTask DecideAsync(List<Line> part)
        {
            if (await parts.Writer.WaitToWriteAsync(ending.Token)) parts.Writer.TryWrite(Task.Run(() => AnswerAsync(part, answer), ending.Token));
        }
    }

    /// <summary>As many lines as are there already, and never more than fit: whoever waits for an answer before they send the next line gets it.</summary>
    private static async Task ReadAsync(PipeReader reader, Func<List<Line>, ValueTask> handle, CancellationToken ct)
    {
        await using var lines = BoundedLines.ReadAsync(reader, MaxLineBytes, ct).GetAsyncEnumerator(ct);
        var (part, number) = (new List<Line>(), 0L);
        while (true)
        {
            var next = lines.MoveNextAsync();
            if (part.Count > 0 && (part.Count == LinesAtOnce || !next.IsCompleted))
            {
                await handle(part);
                part = [];
            }

            if (!await next) break;
            number++;
            if (lines.Current is { } bytes && bytes.AsSpan().Trim(" \t\r"u8).IsEmpty) continue;
            part.Add(new Line(number, lines.Current));
        }

        if (part.Count > 0) await handle(part);
    }

    private static async Task<byte[]> AnswerAsync(List<Line> part, Func<IReadOnlyList<SendQuestion>, Task<IReadOnlyList<SendAnswer>>> answer)
    {
        var read = part.Select(Read).ToList();
        var answers = await answer([.. read.Select(r => r.Question).OfType<SendQuestion>()]);
        var written = new MemoryStream(part.Count * 512);
        using var json = new Utf8JsonWriter(written, new JsonWriterOptions { Encoder = StrictJson.Options.Encoder, SkipValidation = true });
        var next = 0;
        foreach (var (question, fault) in read)
        {
            if (question is not null) JsonSerializer.Serialize(json, answers[next++], StrictJson.Options);
            else JsonSerializer.Serialize(json, fault, StrictJson.Options);
            json.Flush();
            json.Reset();
            written.WriteByte((byte)'\n');
        }

        return written.ToArray();
    }

    private static (SendQuestion? Question, LineFault? Fault) Read(Line line) =>
        line.Bytes is null ? (null, new LineFault(false, "line_too_long", line.Number, null))
        : StrictJson.TryRead<SendQuestion>(line.Bytes, out var question, out var problem) ? (question, null)
        : (null, new LineFault(false, problem.Code, line.Number, problem.Member));

    /// <param name="Bytes">Null for one that is too long.</param>
    private readonly record struct Line(long Number, byte[]? Bytes);

    /// <summary>A JSON body, which is read beforehand; or lines, which are read as they come and have no limit.</summary>
    /// <param name="Questions">Null for lines.</param>
    internal sealed record Asked(OneOrMany<SendQuestion>? Questions) : IBindableFromHttpContext<Asked>, IEndpointParameterMetadataProvider
    {
        public static async ValueTask<Asked?> BindAsync(HttpContext context, ParameterInfo parameter)
        {
            if (context.Request.GetTypedHeaders().ContentType?.MediaType != NdJson) return new Asked((await BindBodyAsync<Body<OneOrMany<SendQuestion>>>(context, parameter)).Value);
            if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = null;
            return new Asked(Questions: null);
        }

        public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) =>
            builder.Metadata.Add(new AcceptsMetadata(["application/json", NdJson], typeof(OneOrMany<SendQuestion>)));

        private static async ValueTask<TBody> BindBodyAsync<TBody>(HttpContext context, ParameterInfo parameter)
            where TBody : class, IBindableFromHttpContext<TBody> => (await TBody.BindAsync(context, parameter))!;
    }
}
