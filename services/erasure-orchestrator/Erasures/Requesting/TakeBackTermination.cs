using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Requesting;

/// <summary>The person is back, or the end was reported by mistake: what data is kept for goes on, and no erasure follows by itself.</summary>
public static class TakeBackTermination
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapDelete("/v1/subjects/{subject}/terminations", HandleAsync).RequireScope(Scopes.ErasureRequest).RefusesWith("erasure_requested").Produces<CommandAnswer>();

    public static Decision Decide(SubjectRequests subject) => subject.Retention switch
    {
        null => Decision.Unchanged,
        { Erased: true } => Decision.No("erasure_requested", "The time was over and the erasure was requested. As long as no system was told, that request can be withdrawn."),
        var kept => Decision.Of(new RetentionCancelled(kept.Request)),
    };

    private static async Task<IResult> HandleAsync(SubjectId subject, Caller caller, CommandOptions options, DeciderLoop ledger, CancellationToken ct)
    {
        var stream = new StreamKey(caller.Tenant, subject.Stream);
        var command = new Command(stream, SubjectRequests.Stream, caller.IdOf(options), Digest.Of("take back terminations", $"{stream.Id}"), context => Decide(context.State<SubjectRequests>()))
        {
            ExpectedVersion = options.ExpectedVersion,
        };
        return (await ledger.ExecuteAsync(command, ct)).ToResult();
    }
}
