using System.Text.Json;
using ConsentLedger.Consent.Consents.Finding;
using ConsentLedger.Consent.Consents.Telling;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Consent.Receipting;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Vault;

namespace ConsentLedger.Consent.Consents;

/// <summary>Something done by or for a person, as its sender tells it: the same body over HTTP, RabbitMQ and in imports.</summary>
public interface ISubjectAct
{
    DateTimeOffset OccurredAt { get; }

    Actor Actor { get; }

    /// <summary>What proves it and identifies the person: address, IP, user agent, the words. Sealed, never shown in clear.</summary>
    JsonElement? Evidence { get; }

    /// <summary>Whether it only ever takes something away. That is heard even from a clock that runs ahead.</summary>
    bool Restricts { get; }

    /// <summary>Pure. The erased and the future are kept out before.</summary>
    Decision Decide(SubjectConsents subject, PolicyBook policies, DateTimeOffset now);
}

/// <summary>How acts reach a subject's stream.</summary>
public static class SubjectActs
{
    /// <summary>How far a sender's clock may run ahead of ours.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    /// <summary>No yes is older: what is reckoned from one stays within the calendar.</summary>
    public static readonly DateTimeOffset Earliest = new(1900, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>POST /v1/subjects/{subject}/{what}</summary>
    /// <param name="codes">What it may be refused with, besides what any act may.</param>
    public static void MapAct<TAct>(this IEndpointRouteBuilder api, string what, params string[] codes)
        where TAct : ISubjectAct =>
        api.MapPost($"/v1/subjects/{{subject}}/{what}", HandleAsync<TAct>).RequireScope(Scopes.ConsentWrite).RefusesWith(["subject_erased", "occurred_in_future", "occurred_too_early", .. codes]);

    /// <summary>The decision on an act, whoever brings it.</summary>
    public static Decision Decide(ISubjectAct act, SubjectConsents subject, PolicyBook policies, DateTimeOffset now)
    {
        if (subject.Erasure != Erasure.None) return Decision.No("subject_erased", "This person was erased. A returning person gets a new subject id.");
        if (!act.Restricts && act.OccurredAt > now + ClockSkew) return Decision.No("occurred_in_future", "occurredAt lies in the future.");
        if (!act.Restricts && act.OccurredAt < Earliest) return Decision.No("occurred_too_early", "occurredAt lies before anything that can be remembered.");
        return act.Decide(subject, policies, now);
    }

    /// <summary>When something that restricts was said, as far as that counts: at the latest when it is heard.</summary>
    public static DateTimeOffset HeardAt(this ISubjectAct act, DateTimeOffset now) => EventPlace.HeardAt(act.OccurredAt, now);

    /// <summary>These facts, and beside the first of them, sealed, the act's evidence.</summary>
    public static Decision.Record Recording(this ISubjectAct act, params IEnumerable<object> facts)
    {
        var evidence = act.Evidence.Bytes();
        return new Decision.Record([.. facts.Select((fact, i) => new NewEvent(fact, i == 0 ? evidence : default))]);
    }

    /// <summary>The act as a command. One without evidence needs no more; of one with, <see cref="SubjectVault.Sealing"/> makes the command that seals it.</summary>
    public static Command CommandOf(this ISubjectAct act, StreamKey subject, Digest? id, Digest body) => new(
        subject, SubjectConsents.Stream, id, body, context =>
        {
            var (state, policies) = (context.State<SubjectConsents>(), context.State<PolicyBook>(PolicyBook.Of(subject.Tenant)));
            return Decide(act, state, policies, context.Now).TellingRecipients(state, policies);
        })
    {
        Reads = PolicyBook.ReadBy(subject.Tenant),
    };

    private static async Task<IResult> HandleAsync<TAct>(
        SubjectId subject, Body<TAct> body, Caller caller, CommandOptions options, DeciderLoop ledger, SubjectKeys keys, AddressIndex index,
        ReceiptPreference preference, Receipts receipts, CancellationToken ct)
        where TAct : ISubjectAct
    {
        var (act, stream) = (body.Value, new StreamKey(caller.Tenant, subject.Stream));
        using var key = await keys.KeyForAsync(stream, act.Evidence, ct);
        await FindSubject.IndexAsync(index, act.Evidence, key, ct);
        var command = act.CommandOf(stream, caller.IdOf(options), body.Digest) with { ExpectedVersion = options.ExpectedVersion };
        return await receipts.AnswerAsync(await ledger.ExecuteAsync(command.Sealing(act.Evidence, key), ct), preference, caller.Tenant, ct);
    }
}
