using System.Collections.Immutable;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.ErasureOrchestrator.Deadlines;

namespace ConsentLedger.ErasureOrchestrator.Register;

/// <summary>A processor's entry as it is from here on.</summary>
public sealed record ProcessorConfigured(Processor Processor);

/// <summary>The processor has no part in requests that begin from here on.</summary>
public sealed record ProcessorRemoved(string Id);

/// <summary>How the tenant handles requests from here on.</summary>
public sealed record RequestsConfigured(RequestSettings Settings);

/// <summary>A policy that the consent service put in force was heard of here.</summary>
/// <param name="Version">Of the consent service's own policy stream.</param>
public sealed record PolicyFollowed(PolicyPack Pack, long Version);

/// <param name="TimeZone">Where the tenant's days begin and end, by its IANA name.</param>
/// <param name="CoolingOffHours">How long a person may think better of an erasure.</param>
/// <param name="PolicyProcessors">What becomes of processors that only the policy names.</param>
/// <param name="Instructor">Where the tenant is a processor for others altogether: a word for its controller (GDPR art. 28(3)(a)).</param>
public sealed record RequestSettings(string TimeZone = "UTC", int CoolingOffHours = 0, PolicyProcessors PolicyProcessors = PolicyProcessors.Named, string? Instructor = null);

/// <summary>How processors take part that the policy names and the register does not.</summary>
public enum PolicyProcessors
{
    /// <summary>Somebody tells them by hand.</summary>
    Tasks,

    /// <summary>The request says that they were not told.</summary>
    Named,
}

/// <summary>Everything a tenant's requests rest on: who holds data, how requests are handled, and the policy in force.</summary>
/// <param name="Configured">By id.</param>
/// <param name="PolicyVersion">The last version of the consent service's policy stream heard here.</param>
public sealed record TenantRegister(ImmutableSortedDictionary<string, Processor> Configured, RequestSettings? Settings, PolicyPack? Policy, long PolicyVersion)
{
    public const string PrivacyTeam = "privacy-team";

    public static readonly TenantRegister Empty = new(ImmutableSortedDictionary<string, Processor>.Empty, Settings: null, Policy: null, PolicyVersion: 0);

    public static readonly StreamType<TenantRegister> Stream = new(Empty, (register, e, _) => register.Evolve(e));

    /// <summary>One stream a tenant, under a version 8 UUID, which no subject can have.</summary>
    public static StreamKey Of(TenantId tenant) => new(tenant, new StreamId(new Guid("72656769-7374-8000-8000-000000000001")));

    /// <summary>For commands whose decision depends on the register.</summary>
    public static IReadOnlyList<(StreamKey, StreamType)> ReadBy(TenantId tenant) => [(Of(tenant), Stream)];

    public TimeZoneInfo Zone => TimeZoneInfo.FindSystemTimeZoneById((Settings ?? new RequestSettings()).TimeZone);

    /// <summary>By when what was received then is answered in time, where the tenant is.</summary>
    public Deadline DeadlineOf(DateTimeOffset receivedAt) =>
        Deadline.Of(receivedAt, Zone, Policy?.Rights.DeadlineMonths ?? Deadline.Months);

    /// <summary>Those that the register names, and of the policy's those that it does not: they are told by hand until somebody says how.</summary>
    public IEnumerable<Processor> Processors => Configured.Values.Concat(OfPolicyOnly.Select(p => new Processor(p.Id, p.Name, ProcessorKind.Manual, Endpoint: null, PrivacyTeam, p.Purposes)));

    public IEnumerable<Contracts.Policies.Processor> OfPolicyOnly => Policy?.Processors.Where(p => !Configured.ContainsKey(p.Id)) ?? [];

    public Processor? Find(string id) => Configured.TryGetValue(id, out var processor) ? processor : Processors.FirstOrDefault(p => p.Id == id);

    private TenantRegister Evolve(object e) => e switch
    {
        ProcessorConfigured configured => this with { Configured = Configured.SetItem(configured.Processor.Id, configured.Processor) },
        ProcessorRemoved removed => this with { Configured = Configured.Remove(removed.Id) },
        RequestsConfigured configured => this with { Settings = configured.Settings },
        PolicyFollowed followed => this with { Policy = followed.Pack, PolicyVersion = followed.Version },
        _ => this,
    };
}
