using System.Text;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Policies;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Transparency;
using ConsentLedger.Vault;

namespace ConsentLedger.Consent.HandingOver;

/// <param name="Successor">A word for whoever takes over, such as <c>new-owner</c>.</param>
/// <param name="Key">Their RSA public key as PEM (<c>PUBLIC KEY</c>).</param>
public sealed record HandOverRequest(Token Successor, string Key);

/// <summary>
/// Hands a tenant over to whoever takes the business over, where its policy says that data may pass on (GDPR art. 13, 14): every sealed part, and every living person's key, wrapped for
/// the successor alone. The log that proves them is exported beside it. It is recorded, and published in a checkpoint, before the first key leaves.
/// </summary>
public static partial class HandOverTenant
{
    private const string NdJson = "application/x-ndjson";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPost("/v1/hand-over", HandleAsync).RequireScope(Scopes.ConsentHandOver).RefusesWith("policy_missing", "hand_over_undeclared", "successor_key_invalid")
            .Produces<string>(contentType: NdJson).WithMetadata(KnownProblems.CheckpointPending);

    public static Decision Decide(TenantHandedOver handedOver, PolicyBook policies) => policies.Current switch
    {
        null => Decision.No("policy_missing", "The controller has published no policy."),
        { HandOver: null } => Decision.No("hand_over_undeclared", "The policy in force does not say that data passes to a successor."),
        _ => Decision.Of(handedOver),
    };

    private static async Task<IResult> HandleAsync(
        Body<HandOverRequest> body, HttpResponse response, Caller caller, CommandOptions options, DeciderLoop ledger, Checkpoints checkpoints, LogKeys log, HandOverWriter writer,
        ILoggerFactory logging, CancellationToken ct)
    {
        if (!SuccessorKey.TryRead(body.Value.Key, out var successor, out var hash)) return SuccessorKey.Refused;
        using var _ = successor;
        var handedOver = new TenantHandedOver(body.Value.Successor, hash);
        var stream = HandOvers.Of(caller.Tenant);
        var command = caller.Command(stream.Id, body, options, HandOvers.Stream, context => Decide(handedOver, context.State<PolicyBook>(PolicyBook.Of(caller.Tenant)))) with
        {
            Reads = PolicyBook.ReadBy(caller.Tenant),
        };
        var outcome = await ledger.ExecuteAsync(command, ct);
        if (outcome is not Outcome.Recorded recorded) return outcome.ToResult();
        if (await checkpoints.WaitForAsync(caller.Tenant, recorded.Position + 1, Patience, ct) is not { } checkpoint) return KnownProblems.CheckpointPending;

        using var transport = TransportKey.Create();
        var head = new HandOverHead(
            HandOverFile.Format, log.OriginOf(caller.Tenant), caller.Tenant.ToString(), handedOver.Successor.Value, recorded.Position, Encoding.UTF8.GetString(checkpoint.Note),
            HandOverAlgorithms.Known, transport.WrapFor(successor));
        response.ContentType = NdJson;
        response.Headers.CacheControl = "no-store";
        var end = await writer.WriteAsync(response.BodyWriter, caller.Tenant, head, checkpoint.Head.Size, transport, ct);
        Written(logging.CreateLogger(typeof(HandOverTenant)), caller.Tenant, handedOver.Successor.Value, recorded.Position, end.Keys, end.Envelopes);
        return Results.Empty;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Tenant} was handed over to {Successor}, as recorded at position {Position}: {Keys} keys and {Envelopes} envelopes")]
    private static partial void Written(ILogger logger, TenantId tenant, string successor, long position, long keys, long envelopes);
}
