using System.IO.Pipelines;
using System.Reflection;
using System.Text.Json;
using System.Threading.Channels;
using ConsentLedger.ServiceDefaults;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

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
            return TypedResults.Stream(answers => AnswerAsync(request.BodyReader, answers, lines => gate.AnswerAsync(caller.Tenant, lines, isMailing: true, ct), ct), NdJson);
        if (questions.Items.Count > MaxQuestions) return KnownProblems.Refused("too_many_questions", $"At most {MaxQuestions} questions a request.");
        return TypedResults.Json(questions.InKind(await gate.AnswerAsync(caller.Tenant, questions.Items, isMailing: false, ct)), StrictJson.Options);
    }

    internal static async Task AnswerAsync(PipeReader lines, Stream answers, Func<IReadOnlyList<SendQuestion>, Task<IReadOnlyList<SendAnswer>>> answer, CancellationToken ct)
    {
        // Whatever ends the writing ends the reading: nobody reads on for a caller who has gone.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var parts = Channel.CreateBounded<Task<PooledBytes>>(PartsAhead);
        var reading = LinesPart.ReadAsync(lines, LinesAtOnce, MaxLineBytes, DecideAsync, ending.Token)
            .ContinueWith(done => parts.Writer.Complete(done.IsCanceled ? new OperationCanceledException() : done.Exception?.InnerException), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        try
        {
            await foreach (var part in parts.Reader.ReadAllAsync(ct))
            {
                using var written = await part;
                await answers.WriteAsync(written.Memory, ct);
                await answers.FlushAsync(ct);
            }
        }
        finally
        {
            await ending.CancelAsync();
            await reading;
        }

        // Decided when there is room for it, and not before: only this writes, so the room stays.
        async ValueTask DecideAsync(LinesPart part)
        {
            if (await parts.Writer.WaitToWriteAsync(ending.Token)) parts.Writer.TryWrite(Task.Run(() => AnswerAsync(part, answer), ending.Token));
        }
    }

    private static async Task<PooledBytes> AnswerAsync(LinesPart part, Func<IReadOnlyList<SendQuestion>, Task<IReadOnlyList<SendAnswer>>> answer)
    {
        using var lines = part;
        var (questions, faults) = Read(part);
        var answers = await answer(questions);
        var written = new PooledBytes(part.Count * 256);
        using var json = new Utf8JsonWriter(written, new JsonWriterOptions { Encoder = StrictJson.Options.Encoder, SkipValidation = true });
        for (var (line, next) = (0, 0); line < part.Count; line++)
        {
            if (faults.TryGetValue(line, out var fault)) JsonSerializer.Serialize(json, fault, StrictJson.Options);
            else AnswerWriter.Write(json, answers[next++]);
            json.Flush();
            json.Reset();
            written.Write((byte)'\n');
        }

        return written;
    }

    private static (List<SendQuestion> Questions, Dictionary<int, LineFault> Faults) Read(LinesPart part)
    {
        var (reader, questions, faults) = (new QuestionReader(), new List<SendQuestion>(part.Count), new Dictionary<int, LineFault>());
        for (var line = 0; line < part.Count; line++)
        {
            if (!part.TryGet(line, out var bytes)) faults.Add(line, new LineFault(false, "line_too_long", part.NumberOf(line), null));
            else if (reader.TryRead(bytes, out var question, out var problem)) questions.Add(question!);
            else faults.Add(line, new LineFault(false, problem!.Code, part.NumberOf(line), problem.Member));
        }

        return (questions, faults);
    }

    /// <summary>A JSON body, which is read beforehand; or lines, which are read as they come and have no limit.</summary>
    /// <param name="Questions">Null for lines.</param>
    internal sealed record Asked(OneOrMany<SendQuestion>? Questions) : IBindableFromHttpContext<Asked>, IEndpointParameterMetadataProvider
    {
        public static async ValueTask<Asked?> BindAsync(HttpContext context, ParameterInfo parameter)
        {
            if (context.Request.GetTypedHeaders().ContentType?.MediaType != NdJson) return new Asked((await BindBodyAsync<Body<OneOrMany<SendQuestion>>>(context, parameter)).Value);
            if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = null;

            // Whoever sends a mail between two lines, or two answers, is not to be cut off for it.
            if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } sending) sending.MinDataRate = null;
            if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } reading) reading.MinDataRate = null;
            return new Asked(Questions: null);
        }

        public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) =>
            builder.Metadata.Add(new AcceptsMetadata(["application/json", NdJson], typeof(OneOrMany<SendQuestion>)));

        private static async ValueTask<TBody> BindBodyAsync<TBody>(HttpContext context, ParameterInfo parameter)
            where TBody : class, IBindableFromHttpContext<TBody> => (await TBody.BindAsync(context, parameter))!;
    }
}
