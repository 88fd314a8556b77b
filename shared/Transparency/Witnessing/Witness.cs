using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using ConsentLedger.Ledger;
using ConsentLedger.Resilience;
using Microsoft.Extensions.Logging;
using Polly;

namespace ConsentLedger.Transparency;

/// <summary>One witness, as a log sees it: where it is, whom to believe, and what it is believed to know. Asking twice for the same is harmless, so a lost answer is asked for again.</summary>
internal sealed partial class Witness(VerifierKey key, Uri submissionPrefix, HttpClient http, Remotes remotes, TimeProvider clock, ILogger log)
{
    /// <summary>The remote's name: <c>Resilience:witness</c> says how each of them is asked.</summary>
    public const string Remote = "witness";

    /// <summary>A cosignature says when; one of another day would let an old tree pass for the newest.</summary>
    private static readonly TimeSpan MaxSkew = TimeSpan.FromMinutes(5);

    private static readonly MediaTypeHeaderValue Text = new("text/plain", "utf-8");

    private readonly Uri _addCheckpoint = new($"{submissionPrefix.ToString().TrimEnd('/')}/add-checkpoint");
    private readonly ResiliencePipeline _pipeline = remotes.Calling(Remote, HttpAnswers.IsOutage, HttpAnswers.RetryAfter, what: key.Name);
    private readonly ConcurrentDictionary<string, long> _known = [];
    private readonly ConcurrentDictionary<string, WitnessVerdict> _told = [];

    public Task<WitnessAnswer> CosignAsync(Note checkpoint, Checkpoint head, ConsistencySource prove, CancellationToken ct) => ToldAsync(
        head,
        async () =>
        {
            // A wrong guess costs one more question, and is the only way to learn the size (C2SP tlog-witness).
            var answer = await SubmitAsync(Math.Min(_known.GetValueOrDefault(head.Origin), head.Size));
            return answer is { Verdict: WitnessVerdict.KnowsOther, Known: { } known } && known <= head.Size ? await SubmitAsync(known) : answer;

            async Task<WitnessAnswer> SubmitAsync(long oldSize) =>
                await this.SubmitAsync(new AddCheckpoint(oldSize, oldSize == 0 || oldSize == head.Size ? [] : await prove(oldSize, head.Size, ct), checkpoint), head, ct);
        },
        ct);

    public Task<WitnessAnswer> ShowAgainAsync(Note last, Checkpoint head, CancellationToken ct) =>
        ToldAsync(head, () => SubmitAsync(new AddCheckpoint(head.Size, [], last), head, ct), ct);

    private async Task<WitnessAnswer> SubmitAsync(AddCheckpoint request, Checkpoint head, CancellationToken ct)
    {
        var body = request.ToBytes();
        try
        {
            var answer = await _pipeline.ExecuteAsync(
                async limited =>
                {
                    using var content = new ByteArrayContent(body) { Headers = { ContentType = Text } };
                    using var answer = await http.PostAsync(_addCheckpoint, content, limited);
                    return await ReadAsync(answer, request.Checkpoint, head, limited);
                },
                ct);
            if (answer.Known is { } known) _known[head.Origin] = known;
            return answer;
        }
        catch (RemoteAnswerException e) when (!HttpAnswers.IsOutage(e))
        {
            return new WitnessAnswer(key.Name, WitnessVerdict.Unusable);
        }
        catch (Exception e) when (e is HttpRequestException or ExecutionRejectedException or IOException)
        {
            return new WitnessAnswer(key.Name, WitnessVerdict.Silent);
        }
    }

    private async Task<WitnessAnswer> ReadAsync(HttpResponseMessage answer, Note checkpoint, Checkpoint head, CancellationToken ct)
    {
        switch (answer.StatusCode)
        {
            case HttpStatusCode.OK:
                return FindCosignature(await answer.Content.ReadAsByteArrayAsync(ct), checkpoint) is { } cosignature
                    ? new WitnessAnswer(key.Name, WitnessVerdict.Cosigned, head.Size, cosignature)
                    : new WitnessAnswer(key.Name, WitnessVerdict.Unusable);
            case HttpStatusCode.Conflict:
                return answer.Content.Headers.ContentType?.MediaType == KnownSize.MediaType && KnownSize.TryParse(Encoding.UTF8.GetString(await answer.Content.ReadAsByteArrayAsync(ct)), out var known)
                    ? new WitnessAnswer(key.Name, WitnessVerdict.KnowsOther, known)
                    : new WitnessAnswer(key.Name, WitnessVerdict.Unusable);
            case HttpStatusCode.UnprocessableEntity: return new WitnessAnswer(key.Name, WitnessVerdict.Contradicted);
            case HttpStatusCode.NotFound: return new WitnessAnswer(key.Name, WitnessVerdict.UnknownLog);
            case HttpStatusCode.Forbidden: return new WitnessAnswer(key.Name, WitnessVerdict.UnknownKey);
            default:
                answer.EnsureAnswered(clock);
                return new WitnessAnswer(key.Name, WitnessVerdict.Unusable);
        }
    }

    // Lines of other keys may be among the answer, and are nobody's word to us.
    private NoteSignature? FindCosignature(ReadOnlySpan<byte> lines, Note checkpoint)
    {
        if (!Note.TryParse([.. checkpoint.Text.Span, (byte)'\n', .. lines], out var cosigned, out _) || !cosigned.TryVerify([key], out var verified, out _)) return null;
        var cosignature = verified[0].Signature;
        return Cosignature.TryReadTime(cosignature, out var at) && (clock.GetUtcNow() - at).Duration() <= MaxSkew ? cosignature : null;
    }

    /// <summary>Tells operators when a witness begins to refuse, and when it is back: not ten times a second in between.</summary>
    private async Task<WitnessAnswer> ToldAsync(Checkpoint head, Func<Task<WitnessAnswer>> ask, CancellationToken ct)
    {
        WitnessAnswer answer;
        try
        {
            answer = await ask();
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return new WitnessAnswer(key.Name, WitnessVerdict.Late);
        }

        var before = _told.TryGetValue(head.Origin, out var told) ? told : WitnessVerdict.Cosigned;
        _told[head.Origin] = answer.Verdict;
        if (answer.Verdict != before) LogVerdict(log, answer.Verdict == WitnessVerdict.Cosigned ? LogLevel.Information : LogLevel.Warning, key.Name, head.Origin, head.Size, answer.Verdict, answer.Known);
        return answer;
    }

    [LoggerMessage(Message = "Witness {Witness} on the checkpoint of {Origin} at {Size}: {Verdict}, knowing {Known}.")]
    private static partial void LogVerdict(ILogger logger, LogLevel level, string witness, string origin, long size, WitnessVerdict verdict, long? known);
}
