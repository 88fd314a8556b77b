using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Instructing;

/// <summary>The request is not followed (GDPR art. 12(4), 12(5), 17(3)). Only before anything was begun: what was begun ends with what became of it.</summary>
public sealed record RefuseRequest(RefusalReason Reason) : IRequestAct
{
    public static void Map(IEndpointRouteBuilder api) => api.MapRequestAct<RefuseRequest>("refusal", Scopes.ErasureDecide, "request_ended", "request_begun");

    public Decision Decide(PersonRequest request, TenantRegister register, DateTimeOffset now) => request switch
    {
        { Outcome: RequestOutcome.Refused } when request.RefusedFor == ErasureTables.NameOf(Reason) => Decision.Unchanged,
        { IsOpen: false } => Decision.No("request_ended", "The request has ended."),
        { HasBegun: true } => Decision.No("request_begun", "Systems were told already, and what they have done is not undone."),

        // A withdrawal of consents is nothing that can be refused, so it comes to its end first.
        _ when request.Tasks.Values.Any(t => t.IsOpen) => Decision.No("request_begun", "The person's consents are being withdrawn. The rest of the request can be refused after that."),
        _ => Decision.Of(new ErasureCompleted(request.Id, RequestOutcome.Refused, ErasureTables.NameOf(Reason), Advance.TypeOf(request), Advance.SystemsOf(request))),
    };
}

public enum RefusalReason
{
    LegalObligation,
    LegalClaims,
    FreedomOfExpression,
    PublicInterest,

    /// <summary>GDPR art. 12(5)(b).</summary>
    ManifestlyUnfounded,
    Excessive,

    /// <summary>Nobody could say who asks (GDPR art. 12(2), 12(6)).</summary>
    IdentityNotShown,
}
