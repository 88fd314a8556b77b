using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Withdrawing;

/// <summary>The person thinks better of it. That is possible until the first system is told.</summary>
public sealed record WithdrawRequest : IRequestAct
{
    public static void Map(IEndpointRouteBuilder api) => api.MapRequestAct<WithdrawRequest>("withdrawal", Scopes.ErasureRequest, "request_ended", "request_begun");

    public Decision Decide(PersonRequest request, TenantRegister register, DateTimeOffset now) => request switch
    {
        { WithdrawnAt: not null } => Decision.Unchanged,
        { IsOpen: false } => Decision.No("request_ended", "The request has ended."),
        { HasBegun: true } when request.Tasks.Values.Any(t => t.Stage != TaskStage.Planned) => Decision.No("request_begun", "Systems were told already, and what they have done is not undone."),
        _ => Decision.Of(new ErasureWithdrawn(request.Id)),
    };
}
