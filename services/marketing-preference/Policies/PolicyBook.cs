using System.Collections.Immutable;
using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.MarketingPreference.Policies;

/// <summary>A policy that the consent service put in force was heard of here.</summary>
/// <param name="Version">Of the consent service's own policy stream.</param>
public sealed record PolicyFollowed(PolicyPack Pack, long Version);

/// <summary>Every policy of a controller that was heard of, in the order of their publication; the last one is in force.</summary>
/// <param name="Version">The last version of the consent service's policy stream heard here.</param>
public sealed record PolicyBook(ImmutableList<PolicyPack> Packs, long Version)
{
    public static readonly PolicyBook Empty = new(ImmutableList<PolicyPack>.Empty, 0);

    public static readonly StreamType<PolicyBook> Stream = new(Empty, (book, e, _) => book.Evolve(e));

    public PolicyPack? Current => Packs is [.., var last] ? last : null;

    /// <summary>One stream a tenant, under a version 8 UUID, which no subject can have.</summary>
    public static StreamKey Of(TenantId tenant) => new(tenant, new StreamId(new Guid("70006f6c-6963-8000-8000-000000000001")));

    /// <summary>For commands whose decision depends on the policy in force.</summary>
    public static IReadOnlyList<(StreamKey, StreamType)> ReadBy(TenantId tenant) => [(Of(tenant), Stream)];

    /// <summary>The newest policy with this topic: who once got a mail may leave its topic, even when the policy has dropped it since.</summary>
    public PolicyPack? LastDeclaring(string topic, string channel) => Packs.FindLast(pack => pack.FindTopic(topic)?.Channels.Contains(channel) == true);

    internal PolicyBook Evolve(object e) => e is PolicyFollowed followed ? new PolicyBook(Packs.Add(followed.Pack), followed.Version) : this;
}
