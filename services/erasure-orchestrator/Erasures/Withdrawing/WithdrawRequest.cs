using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Withdrawing;

/// <summary>The person thinks better of it. That is possible until the first system is told, and takes back what the person asked for: a controller's case that asks for the same goes on.</summary>
public sealed record WithdrawRequest : IRequestAct
{
    public static void Map(IEndpointRouteBuilder api) => api.MapRequestAct<WithdrawRequest>("withdrawal", Scopes.ErasureRequest, "request_ended", "request_begun", "asked_by_others");

    public Decision Decide(PersonRequest request, TenantRegister register, DateTimeOffset now) => Whole(request) switch
    {
        Decision.Record when !request.AskedBy.Contains(PersonRequest.ByPerson) => Decision.No("asked_by_others", "Only controllers' cases ask for this, and each is cancelled by its controller."),
        Decision.Record when request.AskedBy.Count > 1 => Decision.Of(new ErasureAskedNoMore(request.Id, PersonRequest.ByPerson)),
        var taken => taken,
    };

    /// <summary>By the last who asks for it.</summary>
    internal static Decision Whole(PersonRequest request) => request switch
    {
        { WithdrawnAt: not null } => Decision.Unchanged,
        { IsOpen: false } => Decision.No("request_ended", "The request has ended."),
        { HasBegun: true } when request.Tasks.Values.Any(t => t.Stage != TaskStage.Planned) => Decision.No("request_begun", "Systems were told already, and what they have done is not undone."),
        _ => Decision.Of(new ErasureWithdrawn(request.Id)),
    };
}
