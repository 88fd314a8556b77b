using System.Buffers;
using System.Text.Json;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Snapshot;

/// <summary>
/// The full state of a tenant to start from, one line a person and one a suppressed address, as of one position; and with <see cref="ReadChanges"/> from there on. Its size
/// does not matter: lines stream through.
/// </summary>
public static class ReadSnapshot
{
    /// <summary>Of the last event that is in the answer.</summary>
    public const string PositionHeader = "Ledger-Position";

    internal const string NdJson = "application/x-ndjson";

    private const int FlushAtBytes = 64 * 1024;

    private static readonly Problem Busy = new(StatusCodes.Status503ServiceUnavailable, "snapshot_busy", "Other snapshots are being read.") { RetryAfterSeconds = 10 };

    public static void Map(IEndpointRouteBuilder api) => api.MapGet("/v1/preferences/snapshot", HandleAsync).RequireScope(Scopes.PreferencesFollow).WithMetadata(Busy);

    private static async Task<IResult> HandleAsync(HttpRequest request, HttpResponse response, Caller caller, StateAsOf states, CancellationToken ct)
    {
        using var turn = states.TryTakeTurn(caller.Tenant);
        if (turn is null) return Busy;
        var asTable = request.GetTypedHeaders().Accept.Any(accepted => accepted.MediaType == "text/csv");
        var (position, subjects, suppressions) = (-1L, 0L, 0L);
        await foreach (var told in states.ReadAsync(caller.Tenant, Start, ct))
        {
            Write(told);
            if (told is ToldSubject) subjects++;
            else suppressions++;
            if (response.BodyWriter.UnflushedBytes >= FlushAtBytes) await response.BodyWriter.FlushAsync(ct);
        }

        Write(new ToldEnd(position, subjects, suppressions));
        await response.BodyWriter.FlushAsync(ct);
        return Results.Empty;

        void Start(long at)
        {
            position = at;
            response.ContentType = asTable ? "text/csv; charset=utf-8; header=present" : NdJson;
            response.Headers[PositionHeader] = $"{at}";
            Write(new ToldStart(caller.Tenant.ToString(), at));
        }

        void Write(Told told)
        {
            if (asTable) SnapshotTable.Write(response.BodyWriter, told);
            else WriteLine(response.BodyWriter, told);
        }
    }

    private static void WriteLine(System.IO.Pipelines.PipeWriter body, Told told)
    {
        using (var json = new Utf8JsonWriter(body)) JsonSerializer.Serialize(json, told, told.GetType(), StrictJson.Options);
        body.Write("\n"u8);
    }
}
