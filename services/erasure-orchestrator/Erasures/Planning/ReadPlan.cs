using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Planning;

/// <summary>What a request does, before it does it.</summary>
/// <param name="Recorded">Whether it has begun: then nothing changes the plan any more.</param>
/// <param name="MayBeKept">The reasons for which the policy says that something may stay.</param>
public sealed record PlanAnswer(Guid Request, bool Recorded, IReadOnlyList<PlannedStep> Steps, IReadOnlyList<KeptAnswer> Kept, IReadOnlyList<string> MayBeKept, string? PolicyVersion);

/// <param name="Words">The policy's own, where it says why.</param>
public sealed record KeptAnswer(KeepReason Reason, string? System, string? Purpose, string? Words);

public static class ReadPlan
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/v1/erasures/{id:guid}/plan", HandleAsync).RequireScope(Scopes.ErasureRead).Produces<PlanAnswer>();

    private static async Task<IResult> HandleAsync(Guid id, Caller caller, ErasureLookup lookup, StateReader reader, Patience patience, CancellationToken ct)
    {
        if (await lookup.FindAsync(caller.Tenant, id, ct) is not { } subject) return KnownProblems.NotFound;
        var (state, version) = await reader.ReadAsync(subject, SubjectRequests.Stream, ct);
        var (register, _) = await reader.ReadAsync(TenantRegister.Of(caller.Tenant), TenantRegister.Stream, ct);
        var request = state.Find(id)!;
        var plan = request.Plan ?? MakePlan.Of(request, register, patience.AsksForAddresses);
        return TypedResults.Json(
            new PlanAnswer(
                id, request.Plan is not null, plan.Steps,
                [.. plan.Kept.Select(k => new KeptAnswer(k.Reason, k.System, k.Purpose, k.Purpose is { } purpose ? register.Policy?.FindPurpose(purpose)?.Retention.Reason : null))],
                [.. register.Policy?.Erasure.Exceptions.Select(ErasureTables.NameOf) ?? []], plan.PolicyVersion),
            StrictJson.Options).WithEntityTag(version);
    }
}
