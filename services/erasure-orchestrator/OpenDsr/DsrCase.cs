using System.Collections.Immutable;
using System.Text.Json;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;

namespace ConsentLedger.ErasureOrchestrator.OpenDsr;

/// <summary>A controller's request.</summary>
/// <param name="ReceivedAt">When it came.</param>
/// <param name="Told">What each callback URL was told last.</param>
public sealed record DsrCase(
    DsrReceived? Received, DateTimeOffset ReceivedAt, DsrMatched? Matched, Unmatched? Unmatched, bool FoundNobody, DateTimeOffset? CancelledAt, bool Forgotten, ImmutableSortedDictionary<int, Telling> Told)
{
    public static readonly StreamType<DsrCase> Stream = new(
        new DsrCase(null, default, null, null, false, null, false, ImmutableSortedDictionary<int, Telling>.Empty), (state, e, place) => state.Evolve(e, place));

    /// <summary>A stream of its own, never one that a subject's id, or a request's, could name: the controller chooses the id.</summary>
    public static StreamKey KeyOf(TenantId tenant, Guid id) => new(tenant, new StreamId(Digest.Of("opendsr case", id.ToString("D")).Value));

    /// <summary>Nobody has said yet whose request it is, nor that it is nobody's. Once that is known, the request that it became has deadlines of its own.</summary>
    public bool AwaitsMatch => this is { Received: not null, Matched: null, FoundNobody: false, CancelledAt: null };

    /// <summary>When the day is over by which the controller was told it would be done.</summary>
    public DateTimeOffset LapsesAt => Received!.ExpectedBy.AddSeconds(1);

    public DateOnly DueOn => Received!.DueOn ?? DateOnly.FromDateTime(Received.ExpectedBy.UtcDateTime);

    /// <summary>The last reminder that was given of that day.</summary>
    public int? DaysLeftSaid { get; init; }

    public bool Overdue { get; init; }

    public bool IsPending => StatusBy(null) == DsrStatus.Pending;

    /// <summary>Section 8, by what became of the request. Whatever waits before it begins can still be taken back.</summary>
    public DsrStatus StatusBy(PersonRequest? request) => this switch
    {
        { CancelledAt: not null } => DsrStatus.Cancelled,
        { FoundNobody: true } => DsrStatus.Completed,
        { Matched: null } => DsrStatus.Pending,
        _ => request switch
        {
            null => DsrStatus.Pending,
            { WithdrawnAt: not null } => DsrStatus.Cancelled,

            // The protocol has no word for refused; that it is done, nobody may say of it.
            { Outcome: RequestOutcome.Refused } => DsrStatus.Cancelled,
            { CompletedAt: not null } => DsrStatus.Completed,

            // The copy is there to be fetched, and with that alone the request ends.
            { HasCopyReady: true } => DsrStatus.Completed,
            { HasBegun: true } => DsrStatus.InProgress,
            _ => DsrStatus.Pending,
        },
    };

    /// <summary>Whom to tell now: the URLs that have not heard this status, and are not waited for.</summary>
    public IReadOnlyList<int> ToTell(DsrStatus status, DateTimeOffset now) => Received is null || Forgotten
        ? []
        : [.. Enumerable.Range(0, Received.Callbacks).Where(n => !Told.TryGetValue(n, out var told) ? status != DsrStatus.Pending : told.Status != status || (!told.IsOver && told.RetryAt <= now))];

    /// <summary>When the first URL is told again that did not take this status; null where nobody is waited for.</summary>
    public DateTimeOffset? NextAt(DsrStatus status) => Told.Values.Where(t => t.Status == status && !t.IsOver).Min(t => t.RetryAt);

    /// <summary>Nothing is left to be done, and nobody to be told. A copy that is there is waited for until it was fetched, or the request's last day is over: from then on it is the privacy team that sees to it.</summary>
    public bool IsOver(DsrStatus status, PersonRequest? request = null) => (status == DsrStatus.Cancelled || (status == DsrStatus.Completed && request is not { IsOpen: true, Overdue: false }))
        && Enumerable.Range(0, Received?.Callbacks ?? 0).All(n => Told.TryGetValue(n, out var told) && told.Status == status && told.IsOver);

    private DsrCase Evolve(object e, EventPlace place) => e switch
    {
        DsrReceived received => this with { Received = received, ReceivedAt = place.RecordedAt },
        DsrMatched matched => this with { Matched = matched, Unmatched = null },
        DsrUnmatched unmatched => this with { Unmatched = unmatched.Reason },
        DsrFoundNobody => this with { FoundNobody = true, Unmatched = null },
        DsrCancelled => this with { CancelledAt = place.RecordedAt },
        DsrTold told => this with { Told = Told.SetItem(told.Callback, new Telling(told.Status, 0, RetryAt: null, IsOver: true)) },
        DsrNotTold not => this with { Told = Told.SetItem(not.Callback, new Telling(not.Status, FailuresOf(not) + 1, not.RetryAt, IsOver: not.RetryAt is null)) },
        DsrEscalated escalated => this with { DaysLeftSaid = escalated.DaysLeft },
        DsrOverdue => this with { Overdue = true },
        DsrForgotten => this with { Forgotten = true },
        _ => this,
    };

    private int FailuresOf(DsrNotTold not) => Told.TryGetValue(not.Callback, out var before) && before.Status == not.Status ? before.Failures : 0;
}

/// <param name="Failures">In a row, for this status.</param>
/// <param name="RetryAt">When it is told again.</param>
/// <param name="IsOver">It was told, or it is given up.</param>
public sealed record Telling(DsrStatus Status, int Failures, DateTimeOffset? RetryAt, bool IsOver);

/// <summary>What is personal in a case. It leaves this process sealed, or towards whoever is asked who it is.</summary>
public sealed record SealedCase(IReadOnlyList<DsrIdentity> Identities, IReadOnlyList<Uri> Callbacks)
{
    public const long Version = 1;

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, JsonSerializerOptions.Web);

    public static SealedCase Read(ReadOnlySpan<byte> bytes) => JsonSerializer.Deserialize<SealedCase>(bytes, JsonSerializerOptions.Web)!;

    public override string ToString() => "sealed";
}
