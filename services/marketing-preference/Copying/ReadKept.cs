using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.MarketingPreference.Preferences.Reading;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Copying;

/// <summary>
/// What this service keeps about a person, for the copy that somebody hands out to them (GDPR art. 15, 20). Reading is recorded before anything is answered. Of who was never seen it is empty,
/// which is an answer, too.
/// </summary>
public static class ReadKept
{
    private const string Path = "/v1/subjects/{subject}/kept";

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet(Path, HandleAsync).RequireScope(Scopes.PreferencesAudit).Produces<KeptHere>();

        // Whether there will be an answer, for whoever asks before anybody takes the copy: nothing is read, so nothing is recorded.
        api.MapMethods(Path, [HttpMethods.Head], (SubjectId subject) => TypedResults.Ok()).RequireScope(Scopes.PreferencesAudit).ExcludeFromDescription();
    }

    private static async Task<IResult> HandleAsync(SubjectId subject, Caller caller, CommandOptions options, DeciderLoop ledger, StateReader reader, HttpContext context, CancellationToken ct)
    {
        var stream = new StreamKey(caller.Tenant, subject.Stream);
        await ledger.ExecuteAsync(
            new Command(stream, SubjectPreferences.Stream, options.FreshId, default, decided => ReadPreferences.Decide(caller.ClientId, decided.State<SubjectPreferences>(), decided.Version)), ct);
        var events = await reader.ReadEventsAsync(stream, ct);
        return TypedResults.Json(await KeptHere.ReadAsync(stream, events, SubjectPreferences.Stream.Replay(events, MarketingCatalog.Events), context.RequestServices, ct), StrictJson.Options);
    }
}
