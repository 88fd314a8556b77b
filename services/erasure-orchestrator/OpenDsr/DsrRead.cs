using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.OpenDsr;

/// <summary>How a case stands (section 8.1), also under <c>/status</c>, which section 3.1 demands and no section describes.</summary>
public static class DsrRead
{
    public static void Map(IEndpointRouteBuilder api)
    {
        foreach (var path in (string[])["/v2/requests/{id:guid}", "/v2/status/{id:guid}", "/v1/opengdpr_requests/{id:guid}", "/v1/status/{id:guid}"])
            api.MapGet(path, HandleAsync).RequireScope(Scopes.ErasureRead).ExcludeFromDescription();
    }

    /// <summary>The request that the case became; null before that.</summary>
    public static async Task<PersonRequest?> RequestOfAsync(TenantId tenant, DsrCase state, StateReader reader, CancellationToken ct) => state.Matched is { } matched
        ? (await reader.ReadAsync(new StreamKey(tenant, new StreamId(matched.Subject)), SubjectRequests.Stream, ct)).State.Find(matched.Request)
        : null;

    /// <summary>When the case is expected to end: as was said at first, unless the request may take longer by now.</summary>
    public static DateTimeOffset ExpectedBy(DsrCase state, PersonRequest? request) =>
        request?.Extension is null ? state.Received!.ExpectedBy : request.Deadline.LapsesAt.AddSeconds(-1);

    private static async Task<IResult> HandleAsync(Guid id, Caller caller, DsrOffer offer, StateReader reader, CancellationToken ct)
    {
        var (state, _) = await reader.ReadAsync(DsrCase.KeyOf(caller.Tenant, id), DsrCase.Stream, ct);
        if (state.Received is null) return DsrResult.NotFound;
        var request = await RequestOfAsync(caller.Tenant, state, reader, ct);
        return DsrResult.Of(
            StatusCodes.Status200OK,
            new DsrState(caller.Tenant.ToString(), ExpectedBy(state, request), id, DsrWords.NameOf(state.StatusBy(request)), DsrWords.ApiVersion, DsrFetch.UrlOf(state, request, offer)));
    }
}
