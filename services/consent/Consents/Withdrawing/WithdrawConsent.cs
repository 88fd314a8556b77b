using System.Text.Json;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Consent.Consents.Withdrawing;

/// <summary>A person's no, as easy as the yes (GDPR art. 7(3)): naming the purpose alone withdraws it everywhere.</summary>
/// <param name="Jurisdiction">The law it is said under; without one it is said under each.</param>
public sealed record WithdrawConsent(
    string Purpose, DateTimeOffset OccurredAt, Actor Actor, Token Method,
    string? Channel = null, string? Recipient = null, Token? Source = null, JsonElement? Evidence = null, Token? Jurisdiction = null, IReadOnlyList<string>? Scopes = null) : ISubjectAct
{
    /// <summary>What happened elsewhere that this follows from. Never part of a request body.</summary>
    internal (string Cause, Guid Event)? CausedBy { get; init; }

    /// <inheritdoc cref="Granting.GrantConsent.Imported"/>
    internal bool Imported { get; init; }

    bool ISubjectAct.Restricts => true;

    public static void Map(IEndpointRouteBuilder api) => api.MapAct<WithdrawConsent>(
        "withdrawals", "policy_missing", "purpose_undeclared", "channel_undeclared", "recipient_undeclared", "scope_undeclared", "consent_not_the_basis");

    public Decision Decide(SubjectConsents subject, PolicyBook policies, DateTimeOffset now)
    {
        var pack = policies.Current;
        var purpose = pack?.FindPurpose(Purpose);
        var law = pack?.LawFor(Jurisdiction);

        // What was once given can be withdrawn, whatever the policy declares today.
        var given = subject.Lanes.Keys.Where(lane => Covers(lane, law)).ToHashSet();
        if (given.Count == 0)
        {
            var channel = purpose?.Channels is [var first, ..] ? Channel ?? first : Channel;
            if (Declared.Check(pack, new Named(Purpose, channel, Recipient, Jurisdiction, Scopes ?? Declared.ScopesOf(pack, Purpose))) is { } undeclared) return new Decision.Refuse(undeclared);
            if (!purpose!.RestsOn(LawfulBasis.Consent)) return Decision.No("consent_not_the_basis", "This purpose does not rest on consent: object to it instead (GDPR art. 21).");
        }

        var lanes = given.Union(NamedLanes(pack, purpose, law)).Where(lane => subject.Hears(lane, this.HeardAt(now)) && !WasHeard(subject, lane))
            .OrderBy(lane => lane.Channel, StringComparer.Ordinal).ThenBy(lane => lane.Recipient, StringComparer.Ordinal)
            .ThenBy(lane => lane.Law, StringComparer.Ordinal).ThenBy(lane => lane.Scope, StringComparer.Ordinal).ToList();
        return lanes.Count == 0
            ? Decision.Unchanged
            : this.Recording(lanes.Select(lane => new ConsentWithdrawn(
                lane, pack?.Version ?? subject.Lanes[lane].PolicyVersion, OccurredAt, Actor, Method, Source, CausedBy?.Cause, CausedBy?.Event, Imported: Imported)));
    }

    // What follows from an unsubscribe comes twice: at once over HTTP, and over the bus. A person who took it back in between must not lose their yes to the echo of the no before it,
    // under whichever law they said it.
    private bool WasHeard(SubjectConsents subject, Lane lane) => CausedBy is not null && subject.Answers(lane).Any(answer => answer.LastNo == OccurredAt);

    private bool Covers(Lane lane, string? law) =>
        lane.Purpose == Purpose && (Channel is null || lane.Channel == Channel) && (Recipient is null || lane.Recipient == Recipient)
        && (law is null || lane.Law == law) && (Scopes is null || Scopes.Contains(lane.Scope));

    // "No" to what was never asked is an answer too, and must not read as "unknown" later.
    private IEnumerable<Lane> NamedLanes(PolicyPack? pack, Purpose? purpose, string? law)
    {
        if (purpose is null) return [];
        string?[] channels = Channel is not null || purpose.Channels.Count == 0 ? [Channel] : [.. purpose.Channels];
        string[] recipients = Recipient is not null ? [Recipient] : [PolicyPack.ControllerRecipient, .. purpose.Recipients];
        var declared = Declared.ScopesOf(pack, Purpose);
        IReadOnlyList<string?> scopes = declared is null ? [null] : [.. declared.Where(scope => Scopes?.Contains(scope) ?? true)];
        return from channel in channels from recipient in recipients from scope in scopes select new Lane(Purpose, channel, recipient, law, scope);
    }
}
