using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Addresses;

/// <summary>Stops an address for everybody who has it or will have it. Nothing that anybody agrees to, and no list, opens it again: only <see cref="ReleaseAddress"/> does.</summary>
/// <param name="Everything">Transactional mail as well.</param>
public sealed record SuppressAddress(DateTimeOffset OccurredAt, Actor Actor, Word Method, SuppressionCause Cause = SuppressionCause.Asked, bool Everything = false)
{
    public static void Map(IEndpointRouteBuilder api) => api.MapPost("/v1/addresses/{tag}/suppressions", HandleAsync).RequireScope(Scopes.AddressWrite)
        .Produces<CommandAnswer>().RefusesWith("occurred_in_future").WithMetadata(AddressTag.Invalid);

    public static Decision Decide(SuppressAddress suppress, AddressTag tag, Address address, DateTimeOffset now)
    {
        if (suppress.OccurredAt > now + Preferences.Changing.ChangePreference.ClockSkew) return Decision.No("occurred_in_future", "occurredAt lies in the future.");
        return address.Suppressed is not null && (address.SuppressesEverything || !suppress.Everything)
            ? Decision.Unchanged
            : Decision.Of(new AddressSuppressed(tag, suppress.Cause, suppress.Actor, suppress.Method.Value, suppress.OccurredAt, suppress.Everything));
    }

    private static async Task<IResult> HandleAsync(AddressTag tag, Body<SuppressAddress> body, Caller caller, CommandOptions options, AddressReader addresses, DeciderLoop ledger, CancellationToken ct)
    {
        var stream = await addresses.FindOrBeginAsync(caller.Tenant, tag, ct);
        return (await ledger.ExecuteAsync(caller.Command(stream.Id, body, options, Address.Stream, context => Decide(body.Value, tag, context.State<Address>(), context.Now)) with { TraceParent = null }, ct)).ToResult();
    }
}
