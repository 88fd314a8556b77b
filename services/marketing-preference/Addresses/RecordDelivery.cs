namespace ConsentLedger.MarketingPreference.Addresses;

/// <summary>What became of one delivery, as far as it says something about the address.</summary>
public static class RecordDelivery
{
    public static Decision Bounced(AddressBounced bounced, Address address) =>
        address.HardBounced is not null ? Decision.Unchanged : Decision.Of(bounced);

    /// <summary>Nearly everything is delivered, and that is worth an event only where something had come back.</summary>
    public static Decision Delivered(AddressDelivered delivered, Address address) => address.SoftBounces == 0 ? Decision.Unchanged : Decision.Of(delivered);

    public static Decision Complained(AddressComplained complained, Address address) => address.Complained is not null ? Decision.Unchanged : Decision.Of(complained);
}
