using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Instructing;

/// <summary>The controller says what its processor is to do. Nothing is done before (GDPR art. 28(3)(a)).</summary>
public sealed record InstructRequest(Instruction Instruction) : IRequestAct
{
    public static void Map(IEndpointRouteBuilder api) => api.MapRequestAct<InstructRequest>("instruction", Scopes.ErasureInstruct, "request_ended", "instruction_not_needed", "instructed_already");

    public Decision Decide(PersonRequest request, TenantRegister register, DateTimeOffset now) => request switch
    {
        { Instruction: { } given } => given == Instruction ? Decision.Unchanged : Decision.No("instructed_already", "Another instruction was given before."),
        { IsOpen: false } => Decision.No("request_ended", "The request has ended."),
        { Instructor: null } => Decision.No("instruction_not_needed", "The tenant decides on this request itself."),
        _ => Decision.Of(new ErasureInstructed(request.Id, Instruction)),
    };
}
