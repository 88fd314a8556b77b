using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Asking;
using ConsentLedger.Consent.Consents.Confirming;
using ConsentLedger.Consent.Consents.Granting;
using ConsentLedger.Consent.Consents.Objecting;
using ConsentLedger.Consent.Consents.Refusing;
using ConsentLedger.Consent.Consents.Signalling;
using ConsentLedger.Consent.Consents.Terms;
using ConsentLedger.Consent.Consents.Withdrawing;
using ConsentLedger.Contracts;
using ConsentLedger.Messaging;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Reacting;

/// <summary>
/// The same commands as over HTTP where they need no evidence, from backends in any language. Each is answered on <c>consent.replies</c> before it is acknowledged, so
/// a crash in between repeats the answer and never the act.
/// </summary>
public sealed class ConsentCommandConsumer(DeciderLoop ledger, ReplyPublisher replies) : ICommandConsumer
{
    private const string Us = "https://consentledger/consent";

    private static readonly Dictionary<string, ReadingAct> Acts = new()
    {
        [AskConsentV1.Type] = ReadAct<AskConsent>,
        [GrantConsentV1.Type] = ReadAct<GrantConsent>,
        [ConfirmConsentV1.Type] = ReadAct<ConfirmConsent>,
        [RefuseConsentV1.Type] = ReadAct<RefuseConsent>,
        [WithdrawConsentV1.Type] = ReadAct<WithdrawConsent>,
        [AnswerTermsV1.Type] = ReadAct<AnswerTerms>,
        [ReceiveSignalV1.Type] = ReadAct<ReceiveSignal>,
        [RaiseObjectionV1.Type] = ReadAct<ObjectToProcessing>,
    };

    private delegate ISubjectAct? ReadingAct(CloudEvent message, out Refusal? refusal);

    public async Task ConsumeAsync(CloudEvent message, CancellationToken ct)
    {
        // What its sender can mend is refused, not kept: a parked body would be out of reach of every erasure.
        var outcome = Read(message, out var refusal) is { } command ? await ledger.ExecuteAsync(command, ct) : new Outcome.Refused(refusal!);
        await replies.AnswerAsync(message, outcome, Us, ct);
    }

    public Task RefuseAsync(ParkedCommand command, CancellationToken ct) => replies.RefuseAsync(command, Us, ct);

    // The id names the command; subject and type belong to what it asks for.
    private static Digest BodyOf(CloudEvent message) => Digest.Of($"{message.Type} {message.Subject}", Convert.ToHexString(message.Data.Span));

    private static Command? Read(CloudEvent message, out Refusal? refusal)
    {
        // The broker and the routing key vouch for the tenant.
        var tenant = TenantId.Parse(message.Tenant!);
        ISubjectAct? act = null;
        refusal = new("command_unknown", "There is no such command.");
        if (!SubjectId.TryParse(message.Subject, out var subject))
            refusal = new(KnownProblems.SubjectIdInvalid.Code, KnownProblems.SubjectIdInvalid.Title);
        else if (Acts.TryGetValue(message.Type, out var read))
            act = read(message, out refusal);
        return act?.CommandOf(new StreamKey(tenant, subject.Stream), Digest.Of($"amqp:{tenant}:{message.Source}", message.Id), BodyOf(message));
    }

    private static ISubjectAct? ReadAct<TAct>(CloudEvent message, out Refusal? refusal)
        where TAct : class, ISubjectAct
    {
        refusal = null;
        if (!StrictJson.TryRead<TAct>(message.Data, out var act, out var problem))
            refusal = new(problem.Code, problem.Member is { } member ? $"{problem.Title} ({member})" : problem.Title);
        else if (act.Evidence is not null)
            refusal = new("evidence_not_on_bus", "Evidence identifies a person and never travels on the bus. Send it over HTTP.");
        return refusal is null ? act : null;
    }
}
