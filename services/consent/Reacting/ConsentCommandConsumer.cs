using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Granting;
using ConsentLedger.Consent.Consents.Withdrawing;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Contracts;
using ConsentLedger.Messaging;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Reacting;

/// <summary>
/// The same commands as over HTTP, from backends in any language. Each is answered on <c>consent.replies</c> before it is acknowledged, so
/// a crash in between repeats the answer and never the act.
/// </summary>
public sealed class ConsentCommandConsumer(DeciderLoop ledger, ReplyPublisher replies, TimeProvider clock) : ICommandConsumer
{
    private const string Us = "https://consentledger/consent";

    public async Task ConsumeAsync(CloudEvent message, CancellationToken ct)
    {
        var stream = message.SubjectStream();
        var command = new Command(stream, SubjectConsents.Stream, Digest.Of($"amqp:{stream.Tenant}:{message.Source}", message.Id), BodyOf(message), Deciding(message, stream.Tenant))
        {
            Reads = PolicyBook.ReadBy(stream.Tenant),
        };
        var reply = await ledger.ExecuteAsync(command, ct) switch
        {
            Outcome.Recorded recorded => Recorded(new CommandRecordedV1(message.Id, message.Source, "recorded", recorded.Position, recorded.Version)),
            Outcome.Unchanged unchanged => Recorded(new CommandRecordedV1(message.Id, message.Source, "unchanged", null, unchanged.Version)),
            Outcome.Refused { Refusal: var refusal } => Refused(refusal.Code, refusal.Reason, message.Id, message.Source),
            Outcome.IdReused => Refused("command_id_reused", "The same source and id came before, with another command.", message.Id, message.Source),
            var outcome => throw new InvalidOperationException($"A command without an expected version ended as {outcome.GetType().Name}."),
        };
        await replies.PublishAsync(reply with { Tenant = message.Tenant, Subject = message.Subject }, message.Source, ct);
    }

    public Task RefuseAsync(ParkedCommand command, CancellationToken ct) =>
        command.Source is { } source
            ? replies.PublishAsync(Refused(command.Code, command.Reason, command.Id, source) with { Tenant = command.Tenant }, source, ct)
            : Task.CompletedTask;

    // The id names the command; subject and type belong to what it asks for.
    private static Digest BodyOf(CloudEvent message) => Digest.Of($"{message.Type} {message.Subject}", Convert.ToHexString(message.Data.Span));

    private static Func<DecisionContext, Decision> Deciding(CloudEvent message, TenantId tenant) => message.Type switch
    {
        GrantConsentV1.Type => GrantConsent.Deciding(Read<GrantConsent>(message, grant => grant.Evidence is null), tenant),
        WithdrawConsentV1.Type => WithdrawConsent.Deciding(Read<WithdrawConsent>(message, withdrawal => withdrawal.Evidence is null), tenant),
        _ => throw new ParkException("command_unknown", "There is no such command."),
    };

    private static T Read<T>(CloudEvent message, Func<T, bool> withoutEvidence)
    {
        if (!StrictJson.TryRead<T>(message.Data, out var body, out var problem))
            throw new ParkException(problem.Code, problem.Member is { } member ? $"{problem.Title} ({member})" : problem.Title);
        return withoutEvidence(body) ? body : throw new ParkException("evidence_not_on_bus", "Evidence identifies a person and never travels on the bus. Send it over HTTP.");
    }

    private CloudEvent Recorded(CommandRecordedV1 answer) => Envelope(CommandRecordedV1.Type, CloudEvent.DataFrom(answer));

    private CloudEvent Refused(string code, string reason, string? id, string source) =>
        Envelope(CommandRefusedV1.Type, CloudEvent.DataFrom(new CommandRefusedV1(source, "refused", code, reason, id)));

    private CloudEvent Envelope(string type, ReadOnlyMemory<byte> data)
    {
        var now = clock.GetUtcNow();
        return new CloudEvent { Id = Guid.CreateVersion7(now).ToString(), Source = Us, Type = type, Time = now, Data = data };
    }
}
