using ConsentLedger.Contracts;
using ConsentLedger.ErasureOrchestrator.Erasures.Requesting;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.Messaging;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Reacting;

/// <summary>
/// Ends of services and contracts, from backends in any language, as over HTTP. Each is answered on <c>erasure.replies</c> before it is acknowledged, so a crash in between repeats the
/// answer and never the act.
/// </summary>
public sealed class ErasureCommandConsumer(DeciderLoop ledger, ReplyPublisher replies, Patience patience, TimeProvider clock) : ICommandConsumer
{
    private const string Us = "https://consentledger/erasure-orchestrator";

    public async Task ConsumeAsync(CloudEvent message, CancellationToken ct)
    {
        var outcome = Read(message, out var refusal) is { } command ? await ledger.ExecuteAsync(command, ct) : new Outcome.Refused(refusal);
        await replies.AnswerAsync(message, outcome, Us, ct);
    }

    public Task RefuseAsync(ParkedCommand command, CancellationToken ct) => replies.RefuseAsync(command, Us, ct);

    private Command? Read(CloudEvent message, out Refusal refusal)
    {
        // The broker and the routing key vouch for the tenant.
        var tenant = TenantId.Parse(message.Tenant!);
        refusal = new("command_unknown", "There is no such command.");
        if (message.Type != TerminateServiceV1.Type) return null;
        refusal = new(KnownProblems.SubjectIdInvalid.Code, KnownProblems.SubjectIdInvalid.Title);
        if (!SubjectId.TryParse(message.Subject, out var subject)) return null;
        if (!StrictJson.TryRead<TerminateService>(message.Data, out var ended, out var problem))
        {
            refusal = new(problem.Code, problem.Member is { } member ? $"{problem.Title} ({member})" : problem.Title);
            return null;
        }

        return ended.CommandFor(new StreamKey(tenant, subject.Stream), patience, clock) with
        {
            Id = Digest.Of($"amqp:{tenant}:{message.Source}", message.Id),
            Body = Digest.Of($"{message.Type} {message.Subject}", Convert.ToHexString(message.Data.Span)),
        };
    }
}
