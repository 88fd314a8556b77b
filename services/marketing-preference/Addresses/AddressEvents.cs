using ConsentLedger.MarketingPreference.Preferences;

namespace ConsentLedger.MarketingPreference.Addresses;

// What became of an address. It is known by its tag only, which stays when the persons who had it are erased. So nothing here leads from the tag to a person: neither their id nor
// the reference of a delivery, which their own stream may name. Who has the address says a row (AddressTable), and that is forgotten with them.

/// <summary>Somebody can be reached at this address. Several may be, as at a shared mailbox.</summary>
/// <param name="Link">Stands for the person as long as its row does.</param>
public sealed record AddressLinked(AddressTag Tag, Guid Link, Actor Actor, string Method, DateTimeOffset OccurredAt);

/// <summary>Somebody is not reached at this address any more: they changed it, or were erased.</summary>
/// <inheritdoc cref="AddressLinked"/>
/// <param name="NoStays">They were erased and had left something, and others have the address still: what they said no to waits until those are gone.</param>
public sealed record AddressUnlinked(AddressTag Tag, Guid Link, Actor Actor, string Method, DateTimeOffset OccurredAt, bool NoStays = false);

/// <summary>What was sent came back.</summary>
/// <param name="Code">As the provider says it, such as the status <c>5.1.1</c> (RFC 3463).</param>
public sealed record AddressBounced(AddressTag Tag, BounceKind Kind, string Method, DateTimeOffset OccurredAt, Word? Code = null);

/// <summary>Something reached an address from which things had come back.</summary>
public sealed record AddressDelivered(AddressTag Tag, string Method, DateTimeOffset OccurredAt);

/// <summary>Whoever reads there marked a mail as unwanted.</summary>
public sealed record AddressComplained(AddressTag Tag, string Method, DateTimeOffset OccurredAt);

/// <summary>Nothing goes to this address, whoever has it and whatever they agree to, until it is released.</summary>
/// <param name="Everything">Not even what a contract or the law owes somebody: the address is a stranger's, say.</param>
public sealed record AddressSuppressed(AddressTag Tag, SuppressionCause Cause, Actor Actor, string Method, DateTimeOffset OccurredAt, bool Everything = false);

/// <summary>Somebody took it on themselves that mail may go there again.</summary>
/// <param name="Reason">A word, such as <c>mailbox-repaired</c>.</param>
public sealed record AddressReleased(AddressTag Tag, Actor Actor, string Reason, DateTimeOffset OccurredAt);

/// <summary>Whether it is worth trying again.</summary>
public enum BounceKind
{
    Soft,
    Hard,
}

public enum SuppressionCause
{
    /// <summary>Somebody said so: the person, an agent who talked to them, the email system.</summary>
    Asked,

    /// <summary>An older list of such addresses.</summary>
    Imported,

    /// <summary>A person who had it was erased, and had left something: their "no" is all that stays.</summary>
    Erased,
}
