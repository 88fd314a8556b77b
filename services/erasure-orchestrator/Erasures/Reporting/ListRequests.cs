using System.Text.Json;
using ConsentLedger.ErasureOrchestrator.OpenDsr;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Reporting;

/// <summary>A request against its deadline.</summary>
/// <param name="InTime">Whether it ended, or still can end, by its last day.</param>
/// <param name="DaysLeft">Until the last day is over; less than zero once it is. Absent for what has ended.</param>
/// <param name="Subject">Absent for a controller's request of which nobody has said yet whose it is.</param>
public sealed record ReportLine(
    Guid Id, Guid? Subject, string Type, string State, string? WaitsFor, DateTimeOffset ReceivedAt, DateOnly DueOn, bool Extended, bool Overdue, bool InTime, int? DaysLeft, DateTimeOffset? EndedAt, string? Outcome)
{
    public static ReportLine Of(RequestRow row, DateTimeOffset now) => new(
        row.Id, row.Subject, row.Type, row.State, row.WaitsFor, row.ReceivedAt, row.DueOn, row.Extended, row.Overdue, (row.EndedAt ?? now) < row.LapsesAt,
        row.EndedAt is null ? (int)Math.Floor((row.LapsesAt - now).TotalDays) : null, row.EndedAt, row.Outcome);

    public static ReportLine Of(DsrCase waiting, DateTimeOffset now) => new(
        waiting.Received!.Id, Subject: null, ErasureTables.NameOf(waiting.Received.Type), "unmatched", "match", waiting.ReceivedAt, waiting.DueOn, Extended: false, waiting.Overdue, now < waiting.LapsesAt,
        (int)Math.Floor((waiting.LapsesAt - now).TotalDays), EndedAt: null, Outcome: null);
}

/// <param name="Next">For <c>after</c>, where there may be more.</param>
public sealed record RequestPage(IReadOnlyList<ReportLine> Requests, string? Next);

/// <summary>The desk's list, what is due first at its head; and the whole of it as NDJSON, a line for every request there ever was, and for those of controllers whose person is still looked for.</summary>
public static class ListRequests
{
    private const int MostAtOnce = 500;

    private static readonly string[] States = [.. Enum.GetValues<RequestState>().Select(ErasureTables.NameOf)], Types = [.. Enum.GetValues<RequestType>().Select(ErasureTables.NameOf)];

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/v1/erasures", HandleAsync).RequireScope(Scopes.ErasureRead).Produces<RequestPage>();
        api.MapGet("/v1/erasures/report", ReportAsync).RequireScope(Scopes.ErasureRead).Produces<ReportLine>(StatusCodes.Status200OK, "application/x-ndjson");
    }

    private static async Task<IResult> HandleAsync(
        Caller caller, ErasureLookup lookup, TimeProvider clock, CancellationToken ct, string[]? state = null, string? type = null, DateOnly? dueBy = null, bool? held = null, bool? open = null, string? after = null,
        int limit = 100)
    {
        if (limit is < 1 or > MostAtOnce || state?.Except(States).Any() == true || (type is not null && !Types.Contains(type)) || !TryReadPlace(after, out var place)) return KnownProblems.RequestInvalid;
        var rows = await lookup.ListAsync(caller.Tenant, new RequestFilter(state is { Length: > 0 } ? state : null, type, dueBy, held, open, place, limit), ct);
        var now = clock.GetUtcNow();
        return TypedResults.Json(new RequestPage([.. rows.Select(r => ReportLine.Of(r, now))], rows.Count == limit ? $"{rows[^1].LapsesAt.ToUnixTimeMilliseconds()}.{rows[^1].Id:D}" : null), StrictJson.Options);
    }

    private static async Task ReportAsync(Caller caller, ErasureLookup lookup, DsrLookup cases, StateReader reader, TimeProvider clock, HttpResponse response, CancellationToken ct)
    {
        response.ContentType = "application/x-ndjson";
        foreach (var waiting in await DsrUnmatchedCases.ReadWaitingAsync(caller.Tenant, cases, reader, ct)) await WriteAsync(ReportLine.Of(waiting, clock.GetUtcNow()));
        (DateTimeOffset, Guid)? after = null;
        while (true)
        {
            var rows = await lookup.ListAsync(caller.Tenant, new RequestFilter(After: after, Limit: MostAtOnce), ct);
            foreach (var row in rows) await WriteAsync(ReportLine.Of(row, clock.GetUtcNow()));
            if (rows.Count < MostAtOnce) return;
            after = (rows[^1].LapsesAt, rows[^1].Id);
        }

        async Task WriteAsync(ReportLine line)
        {
            await response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(line, StrictJson.Options), ct);
            await response.Body.WriteAsync("\n"u8.ToArray(), ct);
        }
    }

    private static bool TryReadPlace(string? text, out (DateTimeOffset, Guid)? place)
    {
        place = null;
        if (text is null) return true;
        if (text.Split('.') is not [var ms, var id] || !long.TryParse(ms, out var at) || at is < 0 or > 253402300799999 || !Guid.TryParseExact(id, "D", out var request)) return false;
        place = (DateTimeOffset.FromUnixTimeMilliseconds(at), request);
        return true;
    }
}
