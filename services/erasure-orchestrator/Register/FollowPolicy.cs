using ConsentLedger.Contracts;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.Messaging;

namespace ConsentLedger.ErasureOrchestrator.Register;

/// <summary>The consent service put a policy in force: whom it names as processors, what it keeps and how soon it answers. Each message brings the whole of it.</summary>
public sealed class FollowPolicy(DeciderLoop ledger) : ICloudEventConsumer
{
    public static Decision Decide(PolicyPack pack, long version, TenantRegister register) =>
        version <= register.PolicyVersion ? Decision.Unchanged : Decision.Of(new PolicyFollowed(pack, version));

    public async Task ConsumeAsync(CloudEvent message, CancellationToken ct)
    {
        var tenant = message.TenantOf();
        var version = message.StreamVersion ?? throw new ParkException("stream_version_missing", "Without its streamversion an event cannot be put in order.");
        if (PolicyPack.Parse(message.DataAs<PolicyPublishedV1>().Pack) is not PolicyPackReading.Accepted { Pack: var pack })
            throw new ParkException("policy_invalid", "The pack breaks the rules for packs.");
        if (pack.Tenant != tenant.ToString()) throw new ParkException("policy_tenant_mismatch", "The pack belongs to another tenant.");
        await ledger.ExecuteAsync(new Command(TenantRegister.Of(tenant), TenantRegister.Stream, Id: null, default, context => Decide(pack, version, context.State<TenantRegister>())), ct);
    }
}
