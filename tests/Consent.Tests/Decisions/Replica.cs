using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Decisions;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.EventStore;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Tests.Decisions;

/// <summary>One process of the service as far as decisions go: it records, and it decides from its own memory.</summary>
internal sealed class Replica(IEventEngine engine, TimeProvider? clock = null, int capacity = CurrentSubjects.DefaultCapacity) : IAsyncDisposable
{
    public static readonly TenantId Tenant = Story.Tenant;

    private static int _people;

    private readonly DeciderLoop _ledger = new(engine, ConsentCatalog.Events, TimeProvider.System);

    public CurrentSubjects Subjects { get; } = new(engine, ConsentCatalog.Events, clock ?? TimeProvider.System, capacity);

    public static StreamId NewPerson() => new(new Guid(Interlocked.Increment(ref _people), 7, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 1));

    public Task<long> GrantAsync(StreamId person, CancellationToken ct) => RecordAsync(person, SubjectConsents.Stream, Acts.Granted(1).Facts, ct);

    public Task<long> WithdrawAsync(StreamId person, CancellationToken ct) => RecordAsync(person, SubjectConsents.Stream, Acts.Withdrawn(2).Facts, ct);

    /// <summary>A later act of the person's own, which undoes the withdrawal.</summary>
    public Task<long> GrantAgainAsync(StreamId person, CancellationToken ct) => RecordAsync(person, SubjectConsents.Stream, Acts.Granted(3).Facts, ct);

    public Task<long> EraseAsync(StreamId person, CancellationToken ct) => RecordAsync(person, SubjectConsents.Stream, new ErasureStarted(Guid.Empty), ct);

    public Task<long> PublishAsync(PolicyPack pack, CancellationToken ct) =>
        RecordAsync(PolicyBook.Of(Tenant).Id, PolicyBook.Stream, new PolicyPublished(pack, Guid.Empty), ct);

    public async Task<DecisionAnswer> DecideAsync(StreamId person, CancellationToken ct, Freshness? freshness = null) =>
        Decide(person, await Subjects.ReadAsync(Tenant, [person], freshness ?? Freshness.Strict, ct));

    public static DecisionAnswer Decide(StreamId person, SubjectsAsOf read) => Decide(person, SubjectConsents.PersonOf(person, read.Subjects), read);

    public static DecisionAnswer Decide(StreamId id, IReadOnlyList<SubjectConsents> person, SubjectsAsOf read) =>
        ConsentDecision.Decide(new DecisionRequest(SubjectId.Of(id), Acts.Offers, "email"), person, read.Policies, TimeProvider.System.GetUtcNow());

    public ValueTask DisposeAsync() => _ledger.DisposeAsync();

    /// <returns>The event's position, once it is acknowledged.</returns>
    public async Task<long> RecordAsync(StreamId stream, StreamType type, object facts, CancellationToken ct) =>
        (await _ledger.ExecuteAsync(new Command(new StreamKey(Tenant, stream), type, null, default, _ => Decision.Of(facts)), ct)).ShouldBeOfType<Outcome.Recorded>().Position;
}
