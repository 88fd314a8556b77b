using System.Text.Json;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Consent.Consents.Signalling;

/// <summary>A browser of the person's sent <c>Sec-GPC: 1</c>. Only its presence is reported: its absence means nothing.</summary>
public sealed record ReceiveSignal(
    PrivacySignal Signal, DateTimeOffset OccurredAt, Actor Actor, Token Method, Token? Source = null, Token? Jurisdiction = null, JsonElement? Evidence = null) : ISubjectAct
{
    bool ISubjectAct.Restricts => true;

    public static void Map(IEndpointRouteBuilder api) => api.MapAct<ReceiveSignal>("signals", "policy_missing");

    public Decision Decide(SubjectConsents subject, PolicyBook policies, DateTimeOffset now)
    {
        if (policies.Current is not { } pack) return Decision.No("policy_missing", "The controller has not published a policy yet.");

        // Where no place is named, or none that there is, it may be one where it counts.
        var honoured = pack.Tracking is { GlobalPrivacyControl: SignalStance.Objection } tracking && (!Jurisdictions.IsKnown(Jurisdiction) || tracking.HonoursPrivacyControl(Jurisdiction));

        // It comes with every page. Worth keeping is the first, one under another policy, and one after a consent given since.
        if (subject.Others.IsEmpty && subject.Signals.TryGetValue(Jurisdiction?.Value ?? "", out var before) && before.PolicyVersion == pack.Version
            && !subject.Lanes.Any(l => l.Value.Given && l.Value.OccurredAt > before.OccurredAt && (pack.Tracking?.Purposes.Contains(l.Key.Purpose) ?? false))) return Decision.Unchanged;
        return this.Recording(new SignalReceived(Signal, honoured, pack.Version, OccurredAt, Actor, Method, Source, Jurisdiction)) with { Note = honoured ? null : "signal_not_honoured" };
    }
}
