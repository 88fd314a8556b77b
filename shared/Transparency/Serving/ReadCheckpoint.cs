using ConsentLedger.EventStore;
using ConsentLedger.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ConsentLedger.Transparency;

/// <summary>The newest published checkpoint, and the key to check it with. For everybody.</summary>
internal static class ReadCheckpoint
{
    private const string Text = "text/plain; charset=utf-8";

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/log/{tenant}/checkpoint", HandleAsync).ForEverybody().Produces<string>(contentType: "text/plain").WithMetadata(LogProblems.CheckpointMissing)
            .WithSummary("The newest published checkpoint, a signed note (C2SP tlog-checkpoint); 404 before the first.");
        api.MapGet("/log/{tenant}/key", HandleKeyAsync).ForEverybody().Produces<string>(contentType: "text/plain").WithMetadata(LogProblems.CheckpointMissing)
            .WithSummary("The log's verifier key, name+id+base64 (C2SP signed-note). Whoever relies on it compares it with what they were given otherwise.");
    }

    private static async Task<IResult> HandleAsync(string tenant, Checkpoints checkpoints, HttpResponse response, CancellationToken ct)
    {
        if (!TenantId.TryParse(tenant, out var log)) return KnownProblems.NotFound;
        if (await checkpoints.FindAsync(log, ct) is not { } newest) return LogProblems.CheckpointMissing;
        response.Headers.CacheControl = "no-cache";
        return TypedResults.Bytes(newest.Note, Text);
    }

    private static async Task<IResult> HandleKeyAsync(string tenant, Checkpoints checkpoints, LogKeys keys, CancellationToken ct)
    {
        if (!TenantId.TryParse(tenant, out var log)) return KnownProblems.NotFound;

        // Of a log that is none, a key could be made all the same, and somebody would wait for its checkpoints.
        return await checkpoints.FindAsync(log, ct) is null ? LogProblems.CheckpointMissing : TypedResults.Text($"{keys.VerifierOf(log)}\n", Text);
    }
}
