using System.Text.Json;
using ConsentLedger.Contracts;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.OpenDsr;
using ConsentLedger.ErasureOrchestrator.Register;

namespace ConsentLedger.ErasureOrchestrator.Publishing;

/// <summary>From what this service records to what it tells the others. The only file that sees both.</summary>
public static class ErasurePublisher
{
    /// <summary>What systems say to each other about a task stays between them, and so does what a request waits for from its person.</summary>
    public static CloudEvent? Translate(StoredEvent e) => ErasureCatalog.Events.Decode(e) switch
    {
        // Our systems erase whenever they hear of a task, so no other right may look like one.
        ErasureRequested { Type: { } right } r => Envelope(e, RightRequestedV1.Type, new RightRequestedV1(r.Request, NameOf(right))),
        ErasureTaskDispatched { Type: not null } or ErasureTaskCompleted { Type: not null } => null,
        ErasureCompleted { Type: { } right } c => Envelope(e, RightCompletedV1.Type, new RightCompletedV1(c.Request, NameOf(right), NameOf(c.Outcome ?? RequestOutcome.Fully), c.Reason, Systems(c))),

        ErasureRequested r => Envelope(e, ErasureRequestedV1.Type, new ErasureRequestedV1(r.Request, r.Reason is { } reason ? NameOf(reason) : null)),
        ErasurePlanned p => Envelope(e, ErasurePlannedV1.Type, new ErasurePlannedV1(
            p.Request, [.. p.Steps.Select(s => s.System)], [.. p.Kept.Select(k => new KeptV1(NameOf(k.Reason), k.System, k.Purpose))], p.PolicyVersion)),
        ErasureTaskDispatched d => Envelope(e, ErasureTaskDispatchedV1.Type, new ErasureTaskDispatchedV1(d.Request, d.System)),
        ErasureTaskCompleted c => Envelope(e, ErasureTaskCompletedV1.Type, new ErasureTaskCompletedV1(c.Request, c.System, NameOf(c.Outcome), c.Reason)),
        ErasureTaskContradicted c => Envelope(e, ErasureTaskContradictedV1.Type, new ErasureTaskContradictedV1(c.Request, c.System, NameOf(c.Outcome), c.Reason)),
        ErasureForwarded f => Envelope(e, ErasureForwardedV1.Type, new ErasureForwardedV1(f.Request, f.Instructor)),
        ErasureHeld h => Envelope(e, ErasureHeldV1.Type, new ErasureHeldV1(h.Request, h.Holds, h.Told)),
        ErasureResumed r => Envelope(e, ErasureResumedV1.Type, new ErasureResumedV1(r.Request)),
        ErasureWithdrawn w => Envelope(e, ErasureWithdrawnV1.Type, new ErasureWithdrawnV1(w.Request)),
        ErasureExtended x => Envelope(e, ErasureExtendedV1.Type, new ErasureExtendedV1(x.Request, NameOf(x.Reason), x.DueOn)),
        ErasureEscalated x => Envelope(e, ErasureEscalatedV1.Type, new ErasureEscalatedV1(x.Request, x.DaysLeft, x.DueOn)),
        ErasureOverdue o => Envelope(e, ErasureOverdueV1.Type, new ErasureOverdueV1(o.Request, o.DueOn, o.WaitsFor is { } waits ? NameOf(waits) : null)),
        ErasureCompleted c => Envelope(e, ErasureCompletedV1.Type, new ErasureCompletedV1(c.Request, c.Outcome is { } outcome ? NameOf(outcome) : null, c.Reason, Systems(c))),
        ErasureIdentityAsked or ErasureIdentityMailed or ErasureIdentityVerified or ErasureWithdrawsAll or ErasureInstructed or ErasureCooledOff or ErasureTaskAccepted or ErasureTaskFailed or ErasureTaskHandedOver or ErasureCertified or ErasureCopyHandedOut => null,
        ErasureAskedAgain or ErasureAskedNoMore or ErasureIdentitiesAdded or ErasureIdentitiesDestroyed or IdentitiesSealed or ResultsSealed or HoldPlaced or HoldLifted or SubjectJoined or SubjectParted or RetentionSet or RetentionOver or RetentionConsentEnded or RetentionCancelled => null,
        ProcessorConfigured or ProcessorRemoved or RequestsConfigured or PolicyFollowed => null,
        DsrEscalated x => Envelope(e, DsrEscalatedV1.Type, new DsrEscalatedV1(x.Id, x.DaysLeft, x.DueOn)),
        DsrOverdue o => Envelope(e, DsrOverdueV1.Type, new DsrOverdueV1(o.Id, o.DueOn)),
        DsrReceived or DsrMatched or DsrUnmatched or DsrFoundNobody or DsrCancelled or DsrTold or DsrNotTold or DsrForgotten => null,
        var unknown => throw new InvalidOperationException($"{unknown.GetType().Name} has no contract."),
    };

    private static IReadOnlyList<SystemOutcomeV1>? Systems(ErasureCompleted completed) => completed.Systems is { } systems ? [.. systems.Select(s => new SystemOutcomeV1(s.System, NameOf(s.Outcome), s.Reason))] : null;

    private static CloudEvent Envelope<T>(StoredEvent e, string type, T data)
        where T : notnull => new()
        {
            Id = e.Id.ToString(),
            Source = "https://consentledger/erasure-orchestrator",
            Type = type,
            Time = e.Place.RecordedAt,
            Subject = e.Stream.Id.ToString(),
            Tenant = e.Stream.Tenant.ToString(),
            Position = e.Place.Position,
            StreamVersion = e.Place.Version,
            TraceParent = e.TraceParent,
            Data = CloudEvent.DataFrom(data),
        };

    private static string NameOf(Enum value) => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
}
