using System.Buffers.Text;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ConsentLedger.Consent.Consents;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Decisions.Audiences;

/// <summary>How an audience ends. Without this line it is not complete.</summary>
/// <param name="Position">Of the last event that is in the answer; of a filter, in its last part.</param>
/// <param name="Listed">How many lines went before.</param>
public sealed record AudienceEnd(long? Position, string? PolicyVersion, long Listed);

/// <summary>
/// Everybody for whom something is allowed now, one line a subject; or of those whose ids are sent, one a line, the ones for whom it is. The question is a decision's, as
/// the query.
/// </summary>
public static class ListAudience
{
    private const string NdJson = "application/x-ndjson";

    private const int IdsAtOnce = 5_000, MaxIdBytes = 128, FlushAtBytes = 64 * 1024;

    /// <summary>Stands where a single question names its subject.</summary>
    private const string Nobody = "00000000-0000-4000-8000-000000000000";

    internal static readonly Problem NotReady = new(StatusCodes.Status503ServiceUnavailable, "audience_not_ready", "The audience is not there yet: its table is being built from the log.") { RetryAfterSeconds = 5 };

    internal static readonly Problem Busy = new(StatusCodes.Status503ServiceUnavailable, "audience_busy", "Other audiences are being read.") { RetryAfterSeconds = 5 };

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/v1/audiences", ListAsync).RequireScope(Scopes.AudienceRead).WithMetadata(NotReady, Busy);
        api.MapPost("/v1/audiences", FilterAsync).RequireScope(Scopes.ConsentDecide).WithBodyLimit(null);
    }

    private static async Task<IResult> ListAsync(HttpRequest request, HttpResponse response, Caller caller, AudienceReader reader, TimeProvider clock, CancellationToken ct)
    {
        if (!TryReadQuestion(request.Query, out var question, out var problem)) return problem;
        var now = clock.GetUtcNow();
        return await WriteAsync(response, caller.Tenant, (id, person, read) => ConsentDecision.Decide(question with { Subject = SubjectId.Of(id) }, person, read.Policies, now).Allowed, reader, ct);
    }

    /// <summary>For any audience: who belongs to it is all that differs.</summary>
    public static async Task<IResult> WriteAsync(HttpResponse response, TenantId tenant, Audience audience, AudienceReader reader, CancellationToken ct)
    {
        using var turn = reader.TryTakeTurn();
        if (turn is null) return Busy;
        var lines = new Lines(response);
        var read = await reader.ReadAsync(tenant, audience, (_, found) => lines.WriteAsync(found, ct), ct);
        if (read is null) return NotReady;
        await lines.EndAsync(read, ct);
        return Results.Empty;
    }

    private static async Task<IResult> FilterAsync(HttpRequest request, HttpResponse response, Caller caller, CurrentSubjects subjects, TimeProvider clock, CancellationToken ct)
    {
        if (!TryReadQuestion(request.Query, out var question, out var problem)) return problem;
        var lines = new Lines(response);
        await using var ids = BoundedLines.ReadAsync(request.BodyReader, MaxIdBytes, ct).GetAsyncEnumerator(ct);
        SubjectsAsOf? read = null;
        for (var some = await ReadIdsAsync(ids); some.Count > 0 || read is null; some = await ReadIdsAsync(ids))
        {
            // Each part as of its own moment: whoever withdraws while a long list goes through is not in what is still to come.
            read = await subjects.ReadAsync(caller.Tenant, some, Freshness.Strict, ct, remember: false);
            var now = clock.GetUtcNow();
            await lines.WriteAsync([.. some.Where(id => ConsentDecision.Decide(question with { Subject = SubjectId.Of(id) }, SubjectConsents.PersonOf(id, read.Subjects), read.Policies, now).Allowed)], ct);
        }

        await lines.EndAsync(read, ct);
        return Results.Empty;
    }

    /// <summary>A line is an id, bare or quoted, or an object that names its subject, as the lines of an audience do. What is no subject's id is nobody's, and not in the answer.</summary>
    private static async Task<List<StreamId>> ReadIdsAsync(IAsyncEnumerator<byte[]?> lines)
    {
        var some = new List<StreamId>(IdsAtOnce);
        while (some.Count < IdsAtOnce && await lines.MoveNextAsync())
        {
            // A file may begin with the mark of its encoding.
            var id = Encoding.UTF8.GetString(lines.Current ?? []).AsSpan().TrimStart('\uFEFF').Trim();
            if (id.StartsWith("{\"subject\":")) id = id["{\"subject\":".Length..].TrimEnd('}').Trim();
            if (SubjectId.TryParse(id.Trim('"').ToString(), out var subject)) some.Add(subject.Stream);
        }

        return some;
    }

    /// <summary>Every member that a single question may have is a parameter here, and held to the same rules.</summary>
    private static bool TryReadQuestion(IQueryCollection query, out DecisionRequest question, out Problem problem)
    {
        (question, problem) = (null!, KnownProblems.RequestInvalid);
        if (query.ContainsKey("subject") || query.Any(q => q.Value is not [_])) return false;
        var body = new JsonObject(query.Select(q => KeyValuePair.Create(q.Key, (JsonNode?)q.Value[0]))) { ["subject"] = Nobody };
        if (!StrictJson.TryRead<DecisionRequest>(JsonSerializer.SerializeToUtf8Bytes(body), out var read, out var refused))
        {
            problem = refused;
            return false;
        }

        question = read;
        return true;
    }

    private sealed class Lines(HttpResponse response)
    {
        private const int LineLength = 51;

        private readonly PipeWriter _body = response.BodyWriter;
        private long _listed;
        private int _unflushed;

        public async ValueTask WriteAsync(IReadOnlyList<StreamId> subjects, CancellationToken ct)
        {
            if (!response.HasStarted) response.ContentType = NdJson;
            Write(subjects);
            _listed += subjects.Count;
            _unflushed += subjects.Count * LineLength;
            if (_unflushed < FlushAtBytes) return;
            _unflushed = 0;
            await _body.FlushAsync(ct);
        }

        public async Task EndAsync(SubjectsAsOf read, CancellationToken ct)
        {
            if (!response.HasStarted) response.ContentType = NdJson;
            await _body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(new AudienceEnd(read.Position == 0 ? null : read.Position - 1, read.Policies.Current?.Version, _listed), StrictJson.Options), ct);
            await _body.WriteAsync("\n"u8.ToArray(), ct);
        }

        private void Write(IReadOnlyList<StreamId> subjects)
        {
            foreach (var subject in subjects)
            {
                var line = _body.GetSpan(LineLength);
                "{\"subject\":\""u8.CopyTo(line);
                Utf8Formatter.TryFormat(subject.Value, line[12..], out _);
                "\"}\n"u8.CopyTo(line[48..]);
                _body.Advance(LineLength);
            }
        }
    }
}
