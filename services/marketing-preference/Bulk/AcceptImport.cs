using System.Security.Cryptography;
using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;
using Microsoft.Net.Http.Headers;

namespace ConsentLedger.MarketingPreference.Bulk;

/// <summary>A list comes, of any length, and is read to its end and kept. What it would do can be looked at then, and it does nothing before somebody says so.</summary>
public static class AcceptImport
{
    private static readonly Problem Busy = new(StatusCodes.Status503ServiceUnavailable, "import_busy", "Other lists are being uploaded.") { RetryAfterSeconds = 10 };

    private static readonly TenantTurns Turns = new(ofOneTenant: 2, ofAll: 4);

    public static void Map(IEndpointRouteBuilder api) => api.MapPost("/v1/imports", HandleAsync).RequireScope(Scopes.PreferencesImport).WithBodyLimit(null).Accepts<ImportLine>("application/x-ndjson", "text/csv")
        .RefusesWith("source_required", "list_empty", "list_malformed", "column_unknown", "import_not_utf8").WithMetadata(Busy, KnownProblems.MediaTypeUnsupported);

    /// <param name="source">Where the list comes from (GDPR art. 14(2)(f)), as a word.</param>
    private static async Task<IResult> HandleAsync(string? source, HttpRequest request, Caller caller, ImportParts parts, DeciderLoop ledger, TimeProvider clock, CancellationToken ct)
    {
        if (FormatOf(request.ContentType) is not { } format) return KnownProblems.MediaTypeUnsupported;
        if (Word.TryParse(source ?? "") is not { } from) return KnownProblems.Refused("source_required", "What is imported names where it comes from: a word of letters, digits and . _ -");
        using var turn = Turns.TryTake(caller.Tenant);
        if (turn is null) return Busy;
        try
        {
            var (import, now) = (new StreamKey(caller.Tenant, Address.NewId()), clock.GetUtcNow());
            using var digest = SHA256.Create();
            await using var body = new CryptoStream(request.Body, digest, CryptoStreamMode.Read);
            var (lines, invalid, count) = await parts.WriteAsync(import, NotEmpty(ReadingLists.ReadAsync(format, body, ct)), now, ct);

            // A crash before this leaves lines that nobody can ask for, until they are forgotten.
            var accepted = new ImportAccepted(from, format, Convert.ToHexStringLower(digest.Hash!), lines, invalid, count);
            await ledger.ExecuteAsync(new Command(import, Import.Stream, new Digest(Guid.CreateVersion7(now)), default, _ => Decision.Of(accepted)), ct);
            return TypedResults.Json(ImportAnswer.Of(import.Id, Import.Unknown with { State = ImportState.Accepted, Accepted = accepted, AcceptedAt = now }), StrictJson.Options, statusCode: StatusCodes.Status201Created);
        }
        catch (ListRefusedException refused)
        {
            return refused.Problem;
        }
    }

    private static async IAsyncEnumerable<ReadLine> NotEmpty(IAsyncEnumerable<ReadLine> list)
    {
        var isEmpty = true;
        await foreach (var line in list)
        {
            isEmpty = false;
            yield return line;
        }

        if (isEmpty) throw new ListRefusedException(KnownProblems.Refused("list_empty", "There is no line in it."));
    }

    private static ImportFormat? FormatOf(string? contentType) =>
        !MediaTypeHeaderValue.TryParse(contentType, out var type) || (type.Charset.HasValue && !type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)) ? null
        : type.MediaType.Equals("text/csv", StringComparison.OrdinalIgnoreCase) ? ImportFormat.Csv
        : type.MediaType.Equals("application/x-ndjson", StringComparison.OrdinalIgnoreCase) ? ImportFormat.NdJson
        : null;
}
