using System.Text.Json;
using ConsentLedger.Consent.Consents.Finding;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Consent.Receipting;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Vault;

namespace ConsentLedger.Consent.Consents.Granting;

/// <summary>A person's yes, as a product backend saw it. The same body serves HTTP, RabbitMQ and imports.</summary>
/// <param name="Evidence">What proves it and identifies the person: address, IP, user agent, the words. Sealed, never shown in clear.</param>
public sealed record GrantConsent(
    string Purpose, DateTimeOffset OccurredAt, Actor Actor, Token Method,
    string? Channel = null, string? Recipient = null, Token? Source = null, Token? Jurisdiction = null, TextShown? Text = null, JsonElement? Evidence = null)
{
    /// <summary>How far a sender's clock may run ahead of ours.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPost("/v1/subjects/{subject}/grants", HandleAsync).RequireScope(Scopes.ConsentWrite).RefusesWith(
            "subject_erased", "policy_missing", "purpose_undeclared", "channel_required", "channel_undeclared", "recipient_undeclared",
            "consent_not_the_basis", "occurred_in_future", "withdrawal_prevails");

    public static Decision Decide(GrantConsent grant, SubjectConsents subject, PolicyPack? pack, DateTimeOffset now)
    {
        var recipient = grant.Recipient ?? PolicyPack.ControllerRecipient;
        if (subject.Erasure != Erasure.None) return Decision.No("subject_erased", "This person was erased. A returning person gets a new subject id.");
        if (Declared.Check(pack, grant.Purpose, grant.Channel, recipient) is { } undeclared) return new Decision.Refuse(undeclared);
        if (!pack!.FindPurpose(grant.Purpose)!.RestsOn(LawfulBasis.Consent)) return Decision.No("consent_not_the_basis", "This purpose does not rest on consent; asking for it would mislead.");
        if (grant.OccurredAt > now + ClockSkew) return Decision.No("occurred_in_future", "occurredAt lies in the future.");

        var lane = new Lane(grant.Purpose, grant.Channel, recipient);
        var prevails = subject.Prevails(lane, grant.Actor, grant.OccurredAt);
        if (!prevails && grant.Actor is not (Actor.Subject or Actor.Guardian))
            return Decision.No("withdrawal_prevails", "Consent was withdrawn; only the subject's own later act gives it again.");
        if (prevails && subject.Lanes.TryGetValue(lane, out var state) && state.Given && state.PolicyVersion == pack.Version && state.Text == grant.Text)
            return Decision.Unchanged;

        // A late message about an act before the withdrawal is history worth keeping, and no more than that.
        var granted = new ConsentGranted(
            grant.Purpose, grant.Channel, recipient, pack.Version, grant.OccurredAt, grant.Actor, grant.Method, grant.Source, grant.Jurisdiction, grant.Text, prevails);
        return new Decision.Record([new NewEvent(granted, grant.Evidence.Bytes())], prevails ? null : "withdrawal_prevails");
    }

    private static async Task<IResult> HandleAsync(
        SubjectId subject, Body<GrantConsent> body, Caller caller, CommandOptions options, DeciderLoop ledger, SubjectKeys keys, AddressIndex index,
        ReceiptPreference preference, Receipts receipts, CancellationToken ct) =>
        await receipts.AnswerAsync(await RecordAsync(subject, body, caller, options, ledger, keys, index, ct), preference, caller.Tenant, ct);

    private static async Task<Outcome> RecordAsync(
        SubjectId subject, Body<GrantConsent> body, Caller caller, CommandOptions options, DeciderLoop ledger, SubjectKeys keys, AddressIndex index, CancellationToken ct)
    {
        using var key = await keys.KeyForAsync(new StreamKey(caller.Tenant, subject.Stream), body.Value.Evidence, ct);
        var command = caller.Command(subject, body, options, SubjectConsents.Stream, Deciding(body.Value, caller.Tenant)) with
        {
            Reads = PolicyBook.ReadBy(caller.Tenant),
        };
        await FindSubject.IndexAsync(index, body.Value.Evidence, key, ct);
        return await ledger.ExecuteAsync(command.Sealing(body.Value.Evidence, key), ct);
    }

    /// <summary>The decision with its surroundings, for whoever carries the command in.</summary>
    internal static Func<DecisionContext, Decision> Deciding(GrantConsent grant, TenantId tenant) => context =>
        Decide(grant, context.State<SubjectConsents>(), context.State<PolicyBook>(PolicyBook.Of(tenant)).Current, context.Now);
}
