using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.OpenDsr;
using ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;
using ConsentLedger.ErasureOrchestrator.Register;

namespace ConsentLedger.ErasureOrchestrator.Processors;

/// <summary>
/// An OpenDSR processor calls back (section 8.5). Nobody signs in here: only a processor of the tenant's register counts, by the signature of its domain, and that is looked at
/// before the body is. Not proven to be its own: 403; not to be told now: 503; its own and not what a callback is: 400; taken: 202.
/// </summary>
public static class ReceiveDsrCallback
{
    private const string AskAgainSeconds = "60";

    private static readonly DsrResult Unsigned = Answer(StatusCodes.Status403Forbidden, new DsrFault("signature_invalid", "The callback is not signed by a processor that was agreed on."));

    public static void Map(IEndpointRouteBuilder api) => api.MapPost(CallbackUrls.OpenDsrPath, HandleAsync).AllowAnonymous().ExcludeFromDescription();

    private static async Task<IResult> HandleAsync(
        string tenant, Guid request, string system, HttpRequest http, StateReader reader, Registers registers, KnownProcessors known, CallbackUrls urls, ErasureLookup lookup, RecordReply replies, CancellationToken ct)
    {
        if (!TenantId.TryParse(tenant, out var whose)
            || !DsrHeaders.TryRead(name => http.Headers[name], out var domain, out var signature)
            || (await registers.ReadAsync(whose, ct)).Find(system) is not { Kind: ProcessorKind.OpenDsr, Endpoint: not null } processor)
            return Unsigned;
        var body = await DsrReceive.ReadAsync(http, ct);
        switch (await IsTheirsAsync(known, whose, processor, domain, signature, body, ct))
        {
            case false:
                return Unsigned;
            case null:
                http.HttpContext.Response.Headers.RetryAfter = AskAgainSeconds;
                return Answer(StatusCodes.Status503ServiceUnavailable, new DsrFault("certificate_unavailable", "The processor's certificate cannot be had now, so nobody can say whose the callback is. The same again finds out."));
        }

        var (callback, faults) = DsrCallback.Read(body);
        if (callback is null) return Answer(StatusCodes.Status400BadRequest, [.. faults]);
        if (callback.StatusCallbackUrl != urls.OpenDsr(whose, request, system)) return Answer(StatusCodes.Status400BadRequest, DsrFault.Invalid(DsrWords.CallbackUrl, "is not this one"));
        var id = CallbackUrls.DsrIdOf(whose, request, system);
        if (callback.SubjectRequestId != id) return Answer(StatusCodes.Status400BadRequest, DsrFault.Invalid(DsrWords.RequestId, "is not that of the task"));

        // Late, repeated or contradicting: the request's own stream says what it counts for.
        var subject = await lookup.FindAsync(whose, request, ct);
        var type = subject is { } person ? (await reader.ReadAsync(person, SubjectRequests.Stream, ct)).State.Find(request)?.Type : null;
        var reply = OpenDsrClient.ReplyOf(callback.Status, type ?? RequestType.Erasure, id, callback.ExpectedCompletionTime, callback.ResultsUrl, callback.ResultsCount);
        if (reply is null) return Answer(StatusCodes.Status400BadRequest, DsrFault.Invalid(DsrWords.ResultsUrl, "is no https URL"));
        return await replies.ExecuteAsync(whose, request, system, reply, Digest.Of([.. "dsr callback "u8, .. body]), ct) is Outcome.Refused { Refusal: var no }
            ? Answer(StatusCodes.Status400BadRequest, new DsrFault(no.Code, no.Reason))
            : TypedResults.Accepted((string?)null);
    }

    /// <returns>Null where its certificate cannot be had: a last word that is refused for that would be lost.</returns>
    private static async Task<bool?> IsTheirsAsync(KnownProcessors known, TenantId tenant, Processor processor, string domain, string signature, byte[] body, CancellationToken ct)
    {
        try
        {
            return await known.SignedAsync(tenant, processor, domain, signature, body, ct);
        }
        catch (Exception e) when (ProcessorCalls.CodeOf(e) is not null)
        {
            return e is ProcessorLiedException ? false : null;
        }
    }

    private static DsrResult Answer(int status, params IReadOnlyList<DsrFault> faults) => DsrResult.Of(status, DsrError.Of(status, faults));
}
