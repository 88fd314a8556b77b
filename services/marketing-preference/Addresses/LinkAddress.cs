using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Addresses;

/// <summary>A person is reached at an address, or is not any more. What they chose is theirs and stays; what became of the address is the address's, and stays too.</summary>
public sealed record LinkAddress(DateTimeOffset OccurredAt, Actor Actor, Word Method)
{
    private static readonly Refusal SubjectErased = new("subject_erased", "This person was erased. A returning person gets a new subject id.");

    private const string Path = "/v1/subjects/{subject}/addresses/{tag}";

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPut(Path, LinkAsync).RequireScope(Scopes.AddressWrite).Produces<CommandAnswer>().RefusesWith("subject_erased", "occurred_in_future").WithMetadata(AddressTag.Invalid);
        api.MapDelete(Path, UnlinkAsync).RequireScope(Scopes.AddressWrite).Produces<CommandAnswer>().WithMetadata(AddressTag.Invalid);
    }

    public static Decision Decide(LinkAddress link, AddressTag tag, Guid linked, Address address, SubjectPreferences person, DateTimeOffset now)
    {
        // Whoever was erased is not to be found by an address again.
        if (person.IsErased) return new Decision.Refuse(SubjectErased);
        if (link.OccurredAt > now + Preferences.Changing.ChangePreference.ClockSkew) return Decision.No("occurred_in_future", "occurredAt lies in the future.");
        return address.Links.Contains(linked) ? Decision.Unchanged : Decision.Of(new AddressLinked(tag, linked, link.Actor, link.Method.Value, link.OccurredAt));
    }

    public static Decision DecideUnlink(AddressTag tag, Guid linked, Address address, DateTimeOffset now)
    {
        if (!address.Links.Contains(linked)) return Decision.Unchanged;
        var unlinked = new AddressUnlinked(tag, linked, Actor.System, "unlinked", now);
        return address.StopsWithout(linked) ? Decision.Of(unlinked, new AddressSuppressed(tag, SuppressionCause.Erased, Actor.System, "unlinked", now)) : Decision.Of(unlinked);
    }

    private static async Task<IResult> LinkAsync(
        SubjectId subject, AddressTag tag, Body<LinkAddress> body, Caller caller, CommandOptions options, AddressReader addresses, StateReader states, DeciderLoop ledger, CancellationToken ct)
    {
        var person = new StreamKey(caller.Tenant, subject.Stream);
        if ((await states.ReadAsync(person, SubjectPreferences.Stream, ct)).State.IsErased) return new Outcome.Refused(SubjectErased).ToResult();
        var stream = await addresses.FindOrBeginAsync(caller.Tenant, tag, ct);

        // The row is written before the event. Whoever goes away from here on leaves none behind of a person who is erased meanwhile.
        var linked = await addresses.FindOrBeginLinkAsync(person, stream, CancellationToken.None);
        var command = caller.Command(stream.Id, body, options, Address.Stream, context =>
            Decide(body.Value, tag, linked, context.State<Address>(), context.State<SubjectPreferences>(person), context.Now)) with
        {
            Reads = [(person, SubjectPreferences.Stream)],
            TraceParent = null,
        };
        var outcome = await ledger.ExecuteAsync(command, CancellationToken.None);
        if (outcome is Outcome.Refused { Refusal.Code: "subject_erased" }) await addresses.ForgetAsync(person, CancellationToken.None);
        return outcome.ToResult();
    }

    private static async Task<IResult> UnlinkAsync(SubjectId subject, AddressTag tag, Caller caller, CommandOptions options, AddressReader addresses, DeciderLoop ledger, CancellationToken ct)
    {
        if (await addresses.FindAsync(caller.Tenant, tag, ct) is not { } stream) return new Outcome.Unchanged(0).ToResult();
        var linked = (await addresses.OfAddressAsync(stream, ct)).FirstOrDefault(l => l.Subject == subject.Value)?.Link ?? Guid.Empty;
        var command = new Command(stream, Address.Stream, caller.IdOf(options), Digest.Of($"unlink {subject}", $"{tag}"), context => DecideUnlink(tag, linked, context.State<Address>(), context.Now))
        {
            ExpectedVersion = options.ExpectedVersion,
            TraceParent = null,
        };
        return (await ledger.ExecuteAsync(command, ct)).ToResult();
    }
}
