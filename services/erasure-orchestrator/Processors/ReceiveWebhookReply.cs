using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.OpenDsr;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Processors;

/// <summary>
/// A webhook answers later, with the signature that our call had: the same secret, over id, time and body. Its id begins with that of our call, so that an answer to one
/// task, sent to another's URL, is an answer to none.
/// </summary>
public static class ReceiveWebhookReply
{
    private static readonly Problem Unsigned = new(StatusCodes.Status403Forbidden, "signature_invalid", "The call is not signed by the processor it speaks for, or is too old.");

    public static void Map(IEndpointRouteBuilder api) => api.MapPost(CallbackUrls.WebhookPath, HandleAsync).AllowAnonymous().ExcludeFromDescription();

    private static async Task<IResult> HandleAsync(
        string tenant, Guid request, string system, HttpRequest http, Registers registers, ProcessorSecrets secrets, RecordReply replies, TimeProvider clock, CancellationToken ct)
    {
        if (!TenantId.TryParse(tenant, out var whose)
            || http.Headers[WebhookSignature.IdHeader] is not [{ Length: > 0 and <= 200 } id] || http.Headers[WebhookSignature.TimeHeader] is not [{ } time] || http.Headers[WebhookSignature.SignatureHeader] is not [{ } signatures]
            || !id.StartsWith($"{CallbackUrls.DsrIdOf(whose, request, system):D}", StringComparison.Ordinal)
            || (await registers.ReadAsync(whose, ct)).Find(system) is not { Kind: ProcessorKind.Webhook } processor
            || secrets.Find(whose, processor.Secret) is not { } secret || ProcessorSecrets.KeyOf(secret) is not { } key)
            return Unsigned;
        var body = await DsrReceive.ReadAsync(http, ct);
        if (!WebhookSignature.Verifies(key, id, time, signatures, body, clock.Unmoved().GetUtcNow())) return Unsigned;

        if (!StrictJson.TryRead<WebhookReply>(body, out var said, out var problem)) return problem;
        if (said.ToReply() is not { } reply) return KnownProblems.BodyInvalid;
        return await replies.ExecuteAsync(whose, request, system, reply, Digest.Of($"webhook reply {whose} {system}", id), ct) switch
        {
            Outcome.Refused { Refusal: var no } => KnownProblems.Refused(no.Code, no.Reason),
            Outcome.IdReused => KnownProblems.IdempotencyKeyReused,
            _ => TypedResults.Accepted((string?)null),
        };
    }
}
