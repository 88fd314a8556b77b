using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Addresses;

/// <summary>Lifts whatever stops an address: bounces, a complaint, a suppression. Whoever does so is named, and says why.</summary>
public sealed record ReleaseAddress(DateTimeOffset OccurredAt, Actor Actor, Word Reason)
{
    public static void Map(IEndpointRouteBuilder api) => api.MapPost("/v1/addresses/{tag}/releases", HandleAsync).RequireScope(Scopes.AddressWrite)
        .Produces<CommandAnswer>().RefusesWith("occurred_in_future", "release_needs_person").WithMetadata(AddressTag.Invalid);

    public static Decision Decide(ReleaseAddress release, AddressTag tag, Address address, DateTimeOffset now)
    {
        if (release.OccurredAt > now + Preferences.Changing.ChangePreference.ClockSkew) return Decision.No("occurred_in_future", "occurredAt lies in the future.");
        if (release.Actor == Actor.System) return Decision.No("release_needs_person", "No program releases an address by itself: a person does, or an agent who takes it on themselves.");
        return address.Standing.Standing is AddressStanding.Deliverable or AddressStanding.Released
            ? Decision.Unchanged
            : Decision.Of(new AddressReleased(tag, release.Actor, release.Reason.Value, release.OccurredAt));
    }

    private static async Task<IResult> HandleAsync(AddressTag tag, Body<ReleaseAddress> body, Caller caller, CommandOptions options, AddressReader addresses, DeciderLoop ledger, CancellationToken ct)
    {
        // Of what nobody has heard of there is nothing to release, and no stream is begun for it.
        if (await addresses.FindAsync(caller.Tenant, tag, ct) is not { } stream) return new Outcome.Unchanged(0).ToResult();
        return (await ledger.ExecuteAsync(caller.Command(stream.Id, body, options, Address.Stream, context => Decide(body.Value, tag, context.State<Address>(), context.Now)) with { TraceParent = null }, ct)).ToResult();
    }
}
