using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Answering;
using ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.OpenDsr;

/// <summary>
/// Where a controller fetches the copy that its case led to (section 8.3, <c>results_url</c>): the one that the desk would hand out, once. Whoever gets the URL alone gets nothing: it takes the controller's token.
/// </summary>
public static class DsrFetch
{
    public static void Map(IEndpointRouteBuilder api) => api.MapGet("/v2/requests/{id:guid}/results", HandleAsync).RequireScope(Scopes.ErasureResults).ExcludeFromDescription();

    /// <summary>Null where there is nothing to fetch: not yet, not any more, or not from here.</summary>
    public static string? UrlOf(DsrCase state, PersonRequest? request, DsrOffer offer) =>
        offer.Signer is { } signer && state is { CancelledAt: null, Received.Id: var id } && request?.HasCopyReady == true ? new Uri(signer.PublicUrl, $"/v2/requests/{id}/results").ToString() : null;

    private static async Task<IResult> HandleAsync(Guid id, Caller caller, Copies copies, StateReader reader, HttpContext context, CancellationToken ct)
    {
        var (state, _) = await reader.ReadAsync(DsrCase.KeyOf(caller.Tenant, id), DsrCase.Stream, ct);
        if (state is not { Received: not null, CancelledAt: null }) return DsrResult.NotFound;
        if (state.Matched is not { } matched) return NotReady;
        var (copy, refusal) = await copies.MakeAsync(new StreamKey(caller.Tenant, new StreamId(matched.Subject)), matched.Request, partial: false, caller.ClientId, ct);
        if (copy is not null) return new SignedCopy(copy);
        if (refusal is not null) return refusal.Code == "copy_handed_out" ? DsrResult.Refused(new DsrFault("results_fetched", "The results were fetched. Another request makes others.")) : NotReady;
        context.Response.Headers.RetryAfter = $"{HandOutCopy.CopyUnavailable.RetryAfterSeconds}";
        return DsrResult.Of(StatusCodes.Status503ServiceUnavailable, DsrError.Of(StatusCodes.Status503ServiceUnavailable, new DsrFault("results_unavailable", "The results cannot be read now. They wait.")));
    }

    private static DsrResult NotReady => DsrResult.Refused(new DsrFault("results_not_ready", "There are no results, or not yet."));

    /// <summary>Signed like any answer to a controller.</summary>
    private sealed record SignedCopy(CopyResult Copy) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            DsrResult.Sign(httpContext, Copy.Body);
            return Copy.ExecuteAsync(httpContext);
        }
    }
}
