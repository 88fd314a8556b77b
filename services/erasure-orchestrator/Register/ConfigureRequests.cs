using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Register;

/// <summary>Says how the tenant handles requests: where its days end, how long a person may think better of an erasure, whose instructions it follows. Open requests keep what they began with.</summary>
public static class ConfigureRequests
{
    private const int LongestCoolingOffHours = 14 * 24;

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPut("/v1/request-settings", HandleAsync).RequireScope(Scopes.ErasureConfigure).RefusesWith("time_zone_unknown", "cooling_off_too_long", "word_invalid").Produces<RequestSettings>();
        api.MapGet("/v1/request-settings", ReadAsync).RequireScope(Scopes.ErasureRead, Scopes.ErasureConfigure).Produces<RequestSettings>();
    }

    public static Decision Decide(RequestSettings asked, TenantRegister register)
    {
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(asked.TimeZone, out _)) return Decision.No("time_zone_unknown", "A time zone is named as IANA does, such as Europe/Stockholm.");
        if (asked.CoolingOffHours is < 0 or > LongestCoolingOffHours) return Decision.No("cooling_off_too_long", $"The month goes on meanwhile: at most {LongestCoolingOffHours} hours.");
        if (asked.Instructor is { } instructor && !Words.AreSound(instructor)) return Decision.No("word_invalid", Words.Rule);
        return register.Settings == asked ? Decision.Unchanged : Decision.Of(new RequestsConfigured(asked));
    }

    private static async Task<IResult> HandleAsync(Body<RequestSettings> body, Caller caller, CommandOptions options, DeciderLoop ledger, StateReader reader, CancellationToken ct)
    {
        var command = caller.Command(TenantRegister.Of(caller.Tenant).Id, body, options, TenantRegister.Stream, context => Decide(body.Value, context.State<TenantRegister>()));
        return await ledger.ExecuteAsync(command, ct) is var outcome and not (Outcome.Recorded or Outcome.Unchanged) ? outcome.ToResult() : await ReadAsync(caller, reader, ct);
    }

    private static async Task<IResult> ReadAsync(Caller caller, StateReader reader, CancellationToken ct)
    {
        var (register, version) = await reader.ReadAsync(TenantRegister.Of(caller.Tenant), TenantRegister.Stream, ct);
        return TypedResults.Json(register.Settings ?? new RequestSettings(), StrictJson.Options).WithEntityTag(version);
    }
}
