using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;
using ConsentLedger.ErasureOrchestrator.Outbound;

namespace ConsentLedger.ErasureOrchestrator.Processors;

/// <summary>We are the controller: submits a task to a processor that speaks OpenDSR, or asks how one stands that it has. Nothing unsigned counts.</summary>
public sealed class OpenDsrClient(OutboundHttp http, ProcessorLanes lanes, KnownProcessors processors, ProcessorSecrets secrets, CallbackUrls callbacks)
{
    public async Task<TaskReply> SendAsync(TaskCall call, CancellationToken ct)
    {
        var known = await processors.ReadAsync(call.Tenant, call.Processor, ct);
        if (TypeOf(call.Type) is not { } type || !known.Discovery.SupportedSubjectRequestTypes.Contains(type)) return new TaskReply.Refused("type-unsupported");
        var id = CallbackUrls.DsrIdOf(call.Tenant, call.Request, call.Processor.Id);

        // Whoever was told before may have it, even where its answer was lost.
        if ((call.Reference is not null || call.Attempt > 1) && await AskAsync(call, known, id, ct) is { } told) return told;

        var identities = Choose(call.Identities, known.Discovery);
        if (identities.Count > 0) return await SubmitAsync(call, known, id, type, identities, ct);

        // Under this id it cannot know the person, and under the one that was asked for it is told by a request of its own. Otherwise nobody says no but people.
        return call.IsFurtherId ? new TaskReply.Done(TaskOutcome.NothingHeld, "told-under-other-id") : new TaskReply.NotTold("identity-unsupported");
    }

    /// <summary>Only what its discovery takes: an address is handed to nobody who could do nothing with it. A hash is of the address trimmed and in lower case.</summary>
    internal static IReadOnlyList<SubjectIdentity> Choose(SubjectIdentities identities, DsrDiscovery discovery)
    {
        IEnumerable<SubjectIdentity> all = [.. identities.All, new SubjectIdentity(DsrWords.ControllerCustomerId, identities.Subject.ToString("D"))];
        return [.. all.Select(identity => Fit(identity, discovery)).OfType<SubjectIdentity>().Distinct()];
    }

    private static SubjectIdentity? Fit(SubjectIdentity identity, DsrDiscovery discovery)
    {
        if (!DsrWords.Formats.TryGetValue(identity.Format, out var format)) return null;
        if (discovery.Takes(identity.Type, format)) return identity;
        return format == DsrFormat.Raw && discovery.Takes(identity.Type, DsrFormat.Sha256)
            ? new SubjectIdentity(identity.Type, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity.Value.Trim().ToLowerInvariant()))), DsrWords.NameOf(DsrFormat.Sha256))
            : null;
    }

    private async Task<TaskReply> SubmitAsync(TaskCall call, KnownProcessor known, Guid id, string type, IReadOnlyList<SubjectIdentity> identities, CancellationToken ct)
    {
        var body = DsrJson.Write(new Submission(
            "gdpr", id, type, call.ReceivedAt, [.. identities.Select(i => new SubmittedIdentity(i.Type, i.Value, i.Format))], DsrWords.ApiVersion,
            callbacks.OpenDsr(call.Tenant, call.Request, call.Processor.Id) is { } url ? [url] : null));
        var answer = await CallAsync(call, () => new HttpRequestMessage(HttpMethod.Post, known.Requests) { Content = Json(body) }, ct);
        await EnsureSignedAsync(call, answer, ct);

        // It may have taken the same submission before, and its answer was lost on the way or with whoever was killed: then this one is refused for being the second.
        if (IsRefusal(answer)) return await AskAsync(call, known, id, ct) ?? new TaskReply.Refused($"status-{(int)answer.Status}");
        if (answer.Status != HttpStatusCode.Created) throw new ProcessorLiedException("answer-unexpected");
        var (receipt, _) = DsrReceipt.Read(answer.Body);
        if (receipt is null) throw new ProcessorLiedException("answer-malformed");
        if (receipt.SubjectRequestId != id) throw new ProcessorLiedException("answer-of-another");

        // It signed for what it got, and that is what we sent: no more of it is kept.
        if (receipt.EncodedRequest != Convert.ToBase64String(body)) throw new ProcessorLiedException("receipt-differs");
        return new TaskReply.Accepted(id.ToString("D"), receipt.ExpectedCompletionTime);
    }

    private async Task<TaskReply?> AskAsync(TaskCall call, KnownProcessor known, Guid id, CancellationToken ct)
    {
        try
        {
            var answer = await CallAsync(call, () => new HttpRequestMessage(HttpMethod.Get, new Uri($"{known.Requests}/{id:D}")), ct);
            if (answer.Status == HttpStatusCode.BadRequest) return null;
            await EnsureSignedAsync(call, answer, ct);
            var (state, _) = DsrState.Read(answer.Body);
            if (state is null) throw new ProcessorLiedException("answer-malformed");
            return state.SubjectRequestId == id ? ReplyOf(state.Status, call.Type, id, state.ExpectedCompletionTime, state.ResultsUrl, state.ResultsCount) ?? throw new ProcessorLiedException("results-unfit") : throw new ProcessorLiedException("answer-of-another");
        }
        catch (HttpRequestException e) when (e.StatusCode is HttpStatusCode.NotFound)
        {
            // It never had it, or has forgotten it.
            return null;
        }
    }

    /// <summary>What a status comes to for the task. The protocol has no word for "nothing was there" nor for "we keep it".</summary>
    /// <returns>Null where it says that the data lies where nobody should look.</returns>
    internal static TaskReply? ReplyOf(DsrStatus status, RequestType type, Guid id, DateTimeOffset expected, string? resultsUrl = null, int? resultsCount = null) => status switch
    {
        DsrStatus.Completed when type is RequestType.Erasure => new TaskReply.Done(TaskOutcome.Erased, Reason: null),
        DsrStatus.Completed when resultsUrl is not null => SystemResults.Of(resultsUrl, resultsCount) is { } results ? new TaskReply.Done(TaskOutcome.Provided, Reason: null, results) : null,
        DsrStatus.Completed => new TaskReply.Done(TaskOutcome.Provided, Reason: null),
        DsrStatus.Cancelled => new TaskReply.Refused("cancelled"),
        _ => new TaskReply.Accepted(id.ToString("D"), expected),
    };

    private Task<OutboundAnswer> CallAsync(TaskCall call, Func<HttpRequestMessage> request, CancellationToken ct) => lanes.CallAsync(
        call.Tenant, call.Processor.Id,
        async limited =>
        {
            using var message = request();
            message.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));

            // How a controller shows who it is, the specification leaves to the processor.
            if (secrets.Find(call.Tenant, call.Processor.Secret) is { } token) message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            var answer = await http.SendAsync(message, limited);
            if (!IsRefusal(answer)) lanes.EnsureAnswered(answer);
            return answer;
        },
        ct);

    // Final, and so believed only with a signature.
    private static bool IsRefusal(OutboundAnswer answer) => answer.Status is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity;

    private async Task EnsureSignedAsync(TaskCall call, OutboundAnswer answer, CancellationToken ct)
    {
        if (!DsrHeaders.TryRead(name => answer.Headers.TryGetValues(name, out var values) ? values.ToArray() : default, out var domain, out var signature)) throw new ProcessorLiedException("signature-missing");
        if (!await processors.SignedAsync(call.Tenant, call.Processor, domain, signature, answer.Body, ct)) throw new ProcessorLiedException("signature-invalid");
    }

    private static string? TypeOf(RequestType type) => type switch
    {
        RequestType.Erasure => DsrWords.NameOf(DsrType.Erasure),
        RequestType.Access => DsrWords.NameOf(DsrType.Access),
        RequestType.Portability => DsrWords.NameOf(DsrType.Portability),
        _ => null,
    };

    private static ByteArrayContent Json(byte[] body) => new(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };

    private sealed record Submission(
        string Regulation, Guid SubjectRequestId, string SubjectRequestType, DateTimeOffset SubmittedTime, IReadOnlyList<SubmittedIdentity> SubjectIdentities, string ApiVersion,
        IReadOnlyList<string>? StatusCallbackUrls);

    private sealed record SubmittedIdentity(string IdentityType, string IdentityValue, string IdentityFormat);
}
