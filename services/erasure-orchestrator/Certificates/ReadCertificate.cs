using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Certificates;

/// <summary>The certificate of a request: as the file that proves it, or, where a browser asks, as a page to be printed.</summary>
public static class ReadCertificate
{
    /// <summary>Whoever waits for the end asks soon after it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static Problem NotYet { get; } = new(StatusCodes.Status409Conflict, "certificate_not_yet", "Only a request that was completed has a certificate.");

    public static void Map(IEndpointRouteBuilder api) => api.MapGet("/v1/erasures/{id:guid}/certificate", HandleAsync).RequireScope(Scopes.ErasureRead)
        .Produces(StatusCodes.Status200OK, contentType: "application/json").WithMetadata(NotYet, KnownProblems.CheckpointPending);

    /// <returns>The certificate, or why there is none.</returns>
    public static async Task<(byte[]? Certificate, Problem? Problem)> FindAsync(TenantId tenant, Guid id, ErasureLookup lookup, StateReader reader, Certificates certificates, CancellationToken ct)
    {
        if (await lookup.FindAsync(tenant, id, ct) is not { } subject) return (null, KnownProblems.NotFound);
        var (state, _) = await reader.ReadAsync(subject, SubjectRequests.Stream, ct);
        if (state.Find(id) is not { CompletedAt: not null } request) return (null, NotYet);
        return await certificates.IssueAsync(subject, request, Patience, ct) is { } certificate ? (certificate, null) : (null, KnownProblems.CheckpointPending);
    }

    private static async Task<IResult> HandleAsync(Guid id, Caller caller, HttpRequest request, ErasureLookup lookup, StateReader reader, Certificates certificates, CancellationToken ct)
    {
        var (certificate, problem) = await FindAsync(caller.Tenant, id, lookup, reader, certificates, ct);
        if (certificate is null) return problem!;
        return request.Headers.Accept.ToString().StartsWith("text/html", StringComparison.OrdinalIgnoreCase) ? CertificatePage.Of(certificate) : TypedResults.Bytes(certificate, "application/json", $"certificate-{id:D}.json");
    }
}
