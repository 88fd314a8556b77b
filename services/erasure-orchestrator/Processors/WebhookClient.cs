using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.RegularExpressions;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Outbound;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Processors;

/// <summary>What a webhook is told.</summary>
/// <param name="CallbackUrl">Where its answer goes that does not come at once; signed as this call is.</param>
/// <param name="Reference">What it called the task when it accepted: now it is asked how that stands.</param>
public sealed record WebhookTask(
    Guid Request, RequestType Type, string System, int Attempt, Guid Subject, IReadOnlyList<SubjectIdentity> Identities, DateTimeOffset ReceivedAt, DateOnly DueOn, string? Reference, string? CallbackUrl);

/// <summary>What a webhook answers, at once or by callback: an outcome, that it began, or that it will not.</summary>
/// <param name="Outcome">Done, and how.</param>
/// <param name="Refused">Why not, in a word.</param>
/// <param name="Reference">Begun: what it calls the task.</param>
/// <param name="ResultsUrl">Where the data lies, of which a copy was asked; and how many things lie there.</param>
public sealed partial record WebhookReply(
    TaskOutcome? Outcome = null, string? Reason = null, string? Refused = null, string? Reference = null, DateTimeOffset? ExpectedBy = null, string? ResultsUrl = null, int? ResultsCount = null)
{
    /// <summary>For a log that should never have it: no URL.</summary>
    public override string ToString() => $"{Outcome} {Refused}";

    /// <summary>Null where it says two things at once, or words that are none.</summary>
    public TaskReply? ToReply() => this switch
    {
        { ResultsUrl: null, ResultsCount: not null } => null,
        { ResultsUrl: { } url, Outcome: TaskOutcome.Provided, Refused: null, Reference: null, ExpectedBy: null } when IsWord(Reason) =>
            SystemResults.Of(url, ResultsCount) is { } results ? new TaskReply.Done(TaskOutcome.Provided, Reason, results) : null,
        { ResultsUrl: not null } => null,
        { Outcome: { } outcome, Refused: null, Reference: null, ExpectedBy: null } when IsWord(Reason) => new TaskReply.Done(outcome, Reason),
        { Outcome: null, Refused: { } code, Reason: null, Reference: null, ExpectedBy: null } when IsWord(code) => new TaskReply.Refused(code),
        { Outcome: null, Refused: null, Reason: null } when IsReference(Reference) => new TaskReply.Accepted(Reference, ExpectedBy?.ToUniversalTime()),
        _ => null,
    };

    // What comes back is kept as a fact, and no fact may hold an address.
    private static bool IsWord(string? text) => text is null || Word().IsMatch(text);

    private static bool IsReference(string? text) => text is null || Reference_().IsMatch(text);

    [GeneratedRegex(@"^[a-z][a-z0-9]*(-[a-z0-9]+){0,5}\z")]
    private static partial Regex Word();

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}\z")]
    private static partial Regex Reference_();
}

/// <summary>Tells a processor that has no OpenDSR: a JSON body, signed with the secret that both know, the same id for every attempt.</summary>
public sealed class WebhookClient(OutboundHttp http, ProcessorLanes lanes, ProcessorSecrets secrets, CallbackUrls callbacks, TimeProvider clock)
{
    public async Task<TaskReply> SendAsync(TaskCall call, CancellationToken ct)
    {
        // Without a secret it could not tell our call from anybody's, and an erasure is not done at anybody's word.
        if (secrets.Find(call.Tenant, call.Processor.Secret) is not { } secret) return new TaskReply.Unreachable("secret-missing", null);
        if (ProcessorSecrets.KeyOf(secret) is not { } key) return new TaskReply.Unreachable("secret-unfit", null);

        var id = CallbackUrls.DsrIdOf(call.Tenant, call.Request, call.Processor.Id).ToString("D");
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new WebhookTask(
                call.Request, call.Type, call.Processor.Id, call.Attempt, call.Identities.Subject, call.Identities.All, call.ReceivedAt, call.DueOn, call.Reference,
                callbacks.Webhook(call.Tenant, call.Request, call.Processor.Id)),
            StrictJson.Options);
        var answer = await lanes.CallAsync(call.Tenant, call.Processor.Id, async limited =>
        {
            using var message = Sign(new HttpRequestMessage(HttpMethod.Post, call.Processor.Endpoint), key, id, body);
            var answered = await http.SendAsync(message, limited);
            if (answered.Status != HttpStatusCode.UnprocessableEntity) lanes.EnsureAnswered(answered);
            return answered;
        }, ct);
        return ReplyOf(answer);
    }

    // Silence is no outcome: a 200 without a word says that the call arrived, and nothing of the person's data.
    private static TaskReply ReplyOf(OutboundAnswer answer)
    {
        if (answer.Body.Length == 0 && answer.IsSuccess) return new TaskReply.Accepted(null, null);
        if (!StrictJson.TryRead<WebhookReply>(answer.Body, out var said, out _) || said.ToReply() is not { } reply)
            return answer.IsSuccess ? throw new ProcessorLiedException("answer-malformed") : new TaskReply.Unreachable($"status-{(int)answer.Status}", null);
        return answer.IsSuccess || reply is TaskReply.Refused ? reply : throw new ProcessorLiedException("answer-malformed");
    }

    private HttpRequestMessage Sign(HttpRequestMessage message, byte[] key, string id, byte[] body)
    {
        // The real time: that of the call, and both sides' clocks have a say in it.
        var now = clock.Unmoved().GetUtcNow().ToUnixTimeSeconds();
        message.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        message.Headers.Add(WebhookSignature.IdHeader, id);
        message.Headers.Add(WebhookSignature.TimeHeader, now.ToString(CultureInfo.InvariantCulture));
        message.Headers.Add(WebhookSignature.SignatureHeader, WebhookSignature.Sign(key, id, now, body));
        return message;
    }
}
