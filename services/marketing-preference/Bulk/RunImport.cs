using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Bulk;

/// <summary>Somebody has looked at what a list would do, and wants it. It is carried out from here on whatever happens; asking again changes nothing.</summary>
public static class RunImport
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPost("/v1/imports/{import:guid}/runs", HandleAsync).RequireScope(Scopes.PreferencesImport).Produces<ImportAnswer>(StatusCodes.Status202Accepted).RefusesWith("import_lapsed").WithMetadata(KnownProblems.NotFound);

    public static Decision Decide(string by, Import import, DateTimeOffset now) =>
        import.State != ImportState.Accepted ? Decision.Unchanged
        : now >= import.AcceptedAt + Import.Lifetime ? Decision.No("import_lapsed", "The list was not run within a week of its upload, and is not kept any longer.")
        : Decision.Of(new ImportStarted(by));

    private static async Task<IResult> HandleAsync(Guid import, Caller caller, DeciderLoop ledger, StateReader reader, CancellationToken ct)
    {
        var stream = new StreamKey(caller.Tenant, new StreamId(import));
        if (await ReadImport.FindAsync(stream, reader, ct) is null) return KnownProblems.NotFound;
        var outcome = await ledger.ExecuteAsync(new Command(stream, Import.Stream, Id: null, default, context => Decide(caller.ClientId, context.State<Import>(), context.Now)), ct);
        if (outcome is Outcome.Refused { Refusal: var refusal }) return KnownProblems.Refused(refusal.Code, refusal.Reason);
        return TypedResults.Json(ImportAnswer.Of(stream.Id, (await ReadImport.FindAsync(stream, reader, ct))!), StrictJson.Options, statusCode: StatusCodes.Status202Accepted);
    }
}
