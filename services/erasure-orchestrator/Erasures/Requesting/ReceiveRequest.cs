using ConsentLedger.Contracts.Policies;
using ConsentLedger.ErasureOrchestrator.Erasures.Reading;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Identities;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Requesting;

/// <summary>A person asks to be forgotten, or for another right. Whoever asks for the same again hears of the same request, and of an erasure also when it is completed; but of one that nobody has confirmed only who would confirm it at the same address.</summary>
/// <param name="Type">Erasure where it does not say.</param>
/// <param name="WithdrawAll">Every consent is withdrawn first, so that those the data went to are told.</param>
/// <param name="Purpose">Of the policy, where the request is about data that the tenant has for it only: a processor waits for its controller's instruction.</param>
/// <param name="Identities">How processors know the person. Sealed, and destroyed at the request's end.</param>
/// <param name="ConfirmAt">The address to which a link is mailed that only the person can confirm; absent where the caller answers for who asks.</param>
public sealed record ReceiveRequest(
    SubjectId Subject,
    ErasureReason? Reason = null,
    RequestType? Type = null,
    bool WithdrawAll = false,
    string? Purpose = null,
    IReadOnlyList<SubjectIdentity>? Identities = null,
    string? ConfirmAt = null)
{
    internal const int MostIdentities = 50;

    /// <summary>The controller's case that asks; null for the person, or whoever speaks for them.</summary>
    internal Guid? Case { get; init; }

    private const int LongestValue = 400;

    public static void Map(IEndpointRouteBuilder api)
    {
        foreach (var path in (string[])["/v1/erasures", "/v1/requests"])
        {
            api.MapPost(path, HandleAsync).RequireScope(Scopes.ErasureRequest).RefusesWith("vault_missing", "mail_missing", "identities_too_many", "identity_invalid", "purpose_undeclared", "confirm_address_invalid")
                .Produces<ErasureAnswer>(StatusCodes.Status202Accepted).Produces<ErasureAnswer>(StatusCodes.Status200OK);
        }
    }

    /// <summary>What time asks for: by itself and without further ado.</summary>
    public static ReceiveRequest Of(SubjectId subject, ErasureReason reason) => new(subject, reason);

    /// <param name="id">The request's, should it be a new one; or the one's that answers, where it is given identities.</param>
    /// <param name="identities">Where they are sealed: the request's own stream.</param>
    /// <param name="receivedAt">When it came, where that was before now.</param>
    public static Decision Decide(
        ReceiveRequest asked, Guid id, SubjectRequests subject, TenantRegister register, DateTimeOffset now, StreamKey? identities = null, DateTimeOffset? receivedAt = null)
    {
        var type = asked.Type ?? RequestType.Erasure;
        if (asked.Purpose is not null && register.Policy?.FindPurpose(asked.Purpose) is null) return Decision.No("purpose_undeclared", "The policy in force declares no such purpose.");
        var answering = subject.Answering(type);
        if (asked.ConfirmAt is not null && answering is null && subject.Find(id) is { IsUnconfirmed: true } waiting) return AskWhoItIs.AskAgain(waiting, now);

        // What identifies the person is sealed under the key of the request that answers, and of no other.
        if (answering?.Id != id && (subject.Find(id) is not null || (identities is not null && asked.MayJoin && answering is { IsOpen: true }))) return new Decision.Refuse(Moved);
        if (answering is not null) return Add(asked, answering, identities);

        var settings = register.Settings ?? new RequestSettings();
        var deadline = register.DeadlineOf(receivedAt ?? now);
        var instructor = InstructorOf(asked, settings, register.Policy);
        var isErasure = type == RequestType.Erasure;
        var requested = new ErasureRequested(
            id, asked.Reason, deadline.DueOn, isErasure ? null : type, deadline.LapsesAt, deadline.ReceivedOn,
            asked.ConfirmAt is null ? null : IdentityCheck.MailedLink,
            isErasure && settings.CoolingOffHours > 0 ? now.AddHours(settings.CoolingOffHours) : null,
            instructor, isErasure && asked.WithdrawAll ? true : null, identities is null ? null : true, receivedAt, Case: asked.Case);
        var events = new List<NewEvent> { new(requested) };
        if (identities is { } place) events.Add(new NewEvent(new IdentitiesSealed(id), SealedIdentities.Of(asked).ToBytes()) { Stream = place });
        if (instructor is not null) events.Add(new NewEvent(new ErasureForwarded(id, instructor)));
        return new Decision.Record(events);
    }

    /// <summary>
    /// What goes before an erasure can be asked for until it begins, and whoever asks again may say by what else others know the person. Whoever may be a stranger adds nothing.
    /// </summary>
    private static Decision Add(ReceiveRequest asked, PersonRequest answering, StreamKey? identities)
    {
        if (asked.ConfirmAt is not null || !answering.IsOpen) return Decision.Unchanged;
        var events = new List<NewEvent>();
        if (!answering.HasBegun && !answering.AskedBy.Contains(asked.Case ?? PersonRequest.ByPerson)) events.Add(new NewEvent(new ErasureAskedAgain(answering.Id, asked.Case)));
        if (asked.WithdrawAll && answering is { Type: RequestType.Erasure, HasBegun: false, WithdrawsAll: false }) events.Add(new NewEvent(new ErasureWithdrawsAll(answering.Id)));
        if (identities is { } place && asked.MayJoin)
        {
            events.Add(new NewEvent(new ErasureIdentitiesAdded(answering.Id)));
            events.Add(new NewEvent(new IdentitiesSealed(answering.Id), SealedIdentities.Of(asked).ToBytes()) { Stream = place });
        }

        return events.Count == 0 ? Decision.Unchanged : new Decision.Record(events);
    }

    /// <summary>Which request answers has changed since it was looked up where identities are to be sealed.</summary>
    internal static Refusal Moved { get; } = new("request_moved", "Which request answers has just changed.");

    /// <summary>A processor acts on its controller's instruction only (GDPR art. 28(3)(a)).</summary>
    private static string? InstructorOf(ReceiveRequest asked, RequestSettings settings, PolicyPack? policy)
    {
        if (settings.Instructor is { } instructor) return instructor;
        if (policy is null) return null;
        if (policy.Role == Role.Processor) return PolicyPack.ControllerRecipient;
        return asked.Purpose is { } purpose && policy.FindPurpose(purpose)?.Role == Role.Processor ? purpose : null;
    }

    private static async Task<IResult> HandleAsync(Body<ReceiveRequest> body, Caller caller, CommandOptions options, HttpResponse response, ReceiveRequests requests, CancellationToken ct)
    {
        var received = await requests.ReceiveAsync(caller.Tenant, body.Value, caller.IdOf(options), body.Digest, ct, options.ExpectedVersion);
        if (received.Request is not { } request) return received.Outcome.ToResult();

        var answer = ErasureAnswer.Of(body.Value.Subject.Value, request) with { Identities = received.Identities };
        response.Headers.Location = $"/v1/erasures/{answer.Id}";
        var status = answer.CompletedAt is null ? StatusCodes.Status202Accepted : StatusCodes.Status200OK;
        return TypedResults.Json(answer, StrictJson.Options, statusCode: status).WithEntityTag(received.Version);
    }

    /// <summary>It gives what could be added to a request that runs.</summary>
    internal bool MayJoin => Identities is { Count: > 0 } && ConfirmAt is null;

    internal bool NeedsVault => Identities is { Count: > 0 } || ConfirmAt is not null;

    internal static Refusal? Fault(ReceiveRequest asked, IdentityVault vault)
    {
        if (asked.NeedsVault && !vault.IsThere) return new("vault_missing", "This installation has no vault, so it takes nothing that identifies a person.");
        if (asked.ConfirmAt is not null && !vault.CanAsk) return new("mail_missing", "This installation sends no mail, so nobody can be asked who they are.");
        if (asked.Identities is { Count: > MostIdentities }) return new("identities_too_many", $"At most {MostIdentities} identities are taken.");
        if (asked.Identities?.Any(i => i is not { Type.Length: > 0 and <= 60, Value.Length: > 0 and <= LongestValue, Format: "raw" or "sha1" or "md5" or "sha256" }) == true)
            return new("identity_invalid", "An identity has a type, a value and the format raw, sha1, md5 or sha256.");
        return asked.ConfirmAt is { } address && !MailAddress.IsSound(address) ? new("confirm_address_invalid", "The link can be mailed to one plain address only.") : null;
    }
}
