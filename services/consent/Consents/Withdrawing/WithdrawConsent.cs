using System.Text.Json;
using ConsentLedger.Consent.Consents.Finding;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Consent.Receipting;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Vault;

namespace ConsentLedger.Consent.Consents.Withdrawing;

/// <summary>A person's no, as easy as the yes (GDPR art. 7(3)): naming the purpose alone withdraws it everywhere.</summary>
public sealed record WithdrawConsent(
    string Purpose, DateTimeOffset OccurredAt, Actor Actor, Token Method,
    string? Channel = null, string? Recipient = null, Token? Source = null, JsonElement? Evidence = null)
{
    /// <summary>What happened elsewhere that this follows from. Never part of a request body.</summary>
    internal (string Cause, Guid Event)? CausedBy { get; init; }

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPost("/v1/subjects/{subject}/withdrawals", HandleAsync).RequireScope(Scopes.ConsentWrite).RefusesWith(
            "subject_erased", "policy_missing", "purpose_undeclared", "channel_undeclared", "recipient_undeclared", "consent_not_the_basis");

    public static Decision Decide(WithdrawConsent withdrawal, SubjectConsents subject, PolicyPack? pack, DateTimeOffset now)
    {
        if (subject.Erasure != Erasure.None) return Decision.No("subject_erased", "This person was erased; nothing is left to withdraw.");

        // What was once given can be withdrawn, whatever the policy declares today.
        var given = subject.Lanes.Keys.Where(withdrawal.Covers).ToHashSet();
        if (given.Count == 0)
        {
            var channel = pack?.FindPurpose(withdrawal.Purpose)?.Channels is [var first, ..] ? withdrawal.Channel ?? first : withdrawal.Channel;
            if (Declared.Check(pack, withdrawal.Purpose, channel, withdrawal.Recipient ?? PolicyPack.ControllerRecipient) is { } undeclared) return new Decision.Refuse(undeclared);
        }

        var purpose = pack?.FindPurpose(withdrawal.Purpose);
        if (purpose is not null && !purpose.RestsOn(LawfulBasis.Consent) && given.Count == 0)
            return Decision.No("consent_not_the_basis", "This purpose does not rest on consent: object to it instead (GDPR art. 21).");

        var lanes = given.Union(withdrawal.NamedLanes(purpose)).Where(lane => subject.Hears(lane, withdrawal.OccurredAt < now ? withdrawal.OccurredAt : now))
            .OrderBy(lane => lane.Channel, StringComparer.Ordinal).ThenBy(lane => lane.Recipient, StringComparer.Ordinal).ToList();
        if (lanes.Count == 0) return Decision.Unchanged;

        var evidence = withdrawal.Evidence.Bytes();
        return new Decision.Record([.. lanes.Select((lane, i) => new NewEvent(
            new ConsentWithdrawn(
                lane.Purpose, lane.Channel, lane.Recipient, pack?.Version ?? subject.Lanes[lane].PolicyVersion, withdrawal.OccurredAt, withdrawal.Actor, withdrawal.Method,
                withdrawal.Source, withdrawal.CausedBy?.Cause, withdrawal.CausedBy?.Event),
            i == 0 ? evidence : default))]);
    }

    /// <summary>The decision with its surroundings, for whoever carries the command in.</summary>
    internal static Func<DecisionContext, Decision> Deciding(WithdrawConsent withdrawal, TenantId tenant) => context =>
        Decide(withdrawal, context.State<SubjectConsents>(), context.State<PolicyBook>(PolicyBook.Of(tenant)).Current, context.Now);

    private static async Task<IResult> HandleAsync(
        SubjectId subject, Body<WithdrawConsent> body, Caller caller, CommandOptions options, DeciderLoop ledger, SubjectKeys keys, AddressIndex index,
        ReceiptPreference preference, Receipts receipts, CancellationToken ct) =>
        await receipts.AnswerAsync(await RecordAsync(subject, body, caller, options, ledger, keys, index, ct), preference, caller.Tenant, ct);

    private static async Task<Outcome> RecordAsync(
        SubjectId subject, Body<WithdrawConsent> body, Caller caller, CommandOptions options, DeciderLoop ledger, SubjectKeys keys, AddressIndex index, CancellationToken ct)
    {
        using var key = await keys.KeyForAsync(new StreamKey(caller.Tenant, subject.Stream), body.Value.Evidence, ct);
        var command = caller.Command(subject, body, options, SubjectConsents.Stream, Deciding(body.Value, caller.Tenant)) with
        {
            Reads = PolicyBook.ReadBy(caller.Tenant),
        };
        await FindSubject.IndexAsync(index, body.Value.Evidence, key, ct);
        return await ledger.ExecuteAsync(command.Sealing(body.Value.Evidence, key), ct);
    }

    private bool Covers(Lane lane) =>
        lane.Purpose == Purpose && (Channel is null || lane.Channel == Channel) && (Recipient is null || lane.Recipient == Recipient);

    // "No" to what was never asked is an answer too, and must not read as "unknown" later.
    private IEnumerable<Lane> NamedLanes(Purpose? purpose)
    {
        if (purpose is null) return [];
        string?[] channels = Channel is not null || purpose.Channels.Count == 0 ? [Channel] : [.. purpose.Channels];
        string[] recipients = Recipient is not null ? [Recipient] : [PolicyPack.ControllerRecipient, .. purpose.Recipients];
        return channels.SelectMany(_ => recipients, (channel, recipient) => new Lane(Purpose, channel, recipient)).Distinct();
    }
}
