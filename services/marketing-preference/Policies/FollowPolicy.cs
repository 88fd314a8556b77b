using ConsentLedger.Contracts;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.Reacting;
using ConsentLedger.Messaging;

namespace ConsentLedger.MarketingPreference.Policies;

/// <summary>The consent service put a policy in force. Each message brings the whole of it, so one that was missed is not missed here.</summary>
public static class FollowPolicy
{
    public static Decision Decide(PolicyPack pack, long version, PolicyBook book) =>
        version <= book.Version ? Decision.Unchanged : Decision.Of(new PolicyFollowed(pack, version));

    /// <summary>What a message asks for. One without a sound pack of its own tenant is parked: no decision may rest on it.</summary>
    public static Command Of(CloudEvent message)
    {
        var (tenant, version) = (message.TenantOf(), message.VersionOf());
        if (PolicyPack.Parse(message.DataAs<PolicyPublishedV1>().Pack) is not PolicyPackReading.Accepted { Pack: var pack })
            throw new ParkException("policy_invalid", "The pack breaks the rules for packs.");
        if (pack.Tenant != tenant.ToString()) throw new ParkException("policy_tenant_mismatch", "The pack belongs to another tenant.");

        // The event's id names all there is to compare: told again, its texts may come in another order.
        return new Command(
            PolicyBook.Of(tenant), PolicyBook.Stream, Digest.Of(message.Source, message.Id), default,
            context => Decide(pack, version, context.State<PolicyBook>()));
    }
}
