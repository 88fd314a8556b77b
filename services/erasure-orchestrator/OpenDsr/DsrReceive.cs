using ConsentLedger.ErasureOrchestrator.Identities;
using ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Vault;

namespace ConsentLedger.ErasureOrchestrator.OpenDsr;

/// <summary>A controller submits a request (section 7). It is sealed and answered for at once; who it is about is found out afterwards, so that nothing is lost while the consent service is away.</summary>
public static class DsrReceive
{
    public static void Map(IEndpointRouteBuilder api)
    {
        foreach (var path in (string[])["/v2/requests", "/v1/opengdpr_requests"])
            api.MapPost(path, HandleAsync).RequireScope(Scopes.ErasureRequest).ExcludeFromDescription();
    }

    /// <summary>We have the time that the request will have which it becomes: the month of the law (GDPR art. 12(3)), counted where the tenant is.</summary>
    public static Decision Decide(DsrRequest asked, SealedCase personal, bool instructs, DsrCase before, TenantRegister register, DateTimeOffset now)
    {
        if (before.Received is not null) return Decision.Unchanged;
        var deadline = register.DeadlineOf(now);
        var received = new DsrReceived(
            asked.Id, asked.Type, asked.Regulation, Whole(asked.SubmittedAt), deadline.LapsesAt.AddSeconds(-1), personal.Callbacks.Count, instructs ? true : null, deadline.DueOn);
        return new Decision.Record([new NewEvent(received, personal.ToBytes())]);
    }

    private static async Task<IResult> HandleAsync(
        HttpRequest request, Caller caller, DsrOffer offer, CallbackHosts hosts, IdentityVault vault, DeciderLoop ledger, StateReader reader, TimeProvider clock, CancellationToken ct)
    {
        if (offer.Signer is null || !vault.IsThere) return DsrResult.NotFound;
        var body = await ReadAsync(request, ct);
        var (asked, faults) = DsrRequest.Read(body, clock.GetUtcNow());
        if (asked is null) return DsrResult.Refused(faults);
        if (!asked.Identities.Any(IsSupported)) return DsrResult.Refused(new DsrFault("identity_unsupported", "None of the identities is of a type and format that our discovery names."));
        if (asked.Callbacks.Any(url => !hosts.Allow(caller.Tenant, url))) return DsrResult.Refused(new DsrFault("callback_not_allowed", "status_callback_urls holds a host that was not agreed on."));

        var stream = DsrCase.KeyOf(caller.Tenant, asked.Id);
        if (await SealAsync(asked, caller.Scopes.Contains(Scopes.ErasureInstruct), stream, body, vault, ledger, ct) is Outcome.IdReused)
            return DsrResult.Refused(new DsrFault("subject_request_id_reused", "The same subject_request_id came before, with another body."));
        var (state, _) = await reader.ReadAsync(stream, DsrCase.Stream, ct);
        return DsrResult.Of(StatusCodes.Status201Created, new DsrReceipt(caller.Tenant.ToString(), state.Received!.ExpectedBy, state.ReceivedAt, Convert.ToBase64String(body), asked.Id));
    }

    private static async Task<Outcome> SealAsync(DsrRequest asked, bool instructs, StreamKey stream, byte[] body, IdentityVault vault, DeciderLoop ledger, CancellationToken ct)
    {
        SubjectKey key;
        try
        {
            key = await vault.KeyForAsync(stream, ct);
        }
        catch (SubjectErasedException)
        {
            // A case that is over: what it was is known, and what it held is not.
            return new Outcome.Unchanged(0);
        }

        using (key)
        {
            var personal = new SealedCase([.. asked.Identities.Where(IsSupported)], asked.Callbacks);
            return await ledger.ExecuteAsync(
                new Command(stream, DsrCase.Stream, Digest.Of("opendsr received", $"{stream.Tenant} {asked.Id}"), key.Mask(Digest.Of(body)), context => Decide(
                    asked, personal, instructs, context.State<DsrCase>(), context.State<TenantRegister>(TenantRegister.Of(stream.Tenant)), context.Now))
                {
                    Reads = TenantRegister.ReadBy(stream.Tenant),
                    Seal = key.Seal,
                },
                ct);
        }
    }

    private static bool IsSupported(DsrIdentity identity) => DsrDiscover.Supported.Contains(new DsrSupportedIdentity(identity.Type, DsrWords.NameOf(identity.Format)));

    /// <remarks>The server itself ends the reading at the endpoint's limit.</remarks>
    internal static async Task<byte[]> ReadAsync(HttpRequest request, CancellationToken ct)
    {
        var body = new MemoryStream();
        await request.Body.CopyToAsync(body, ct);
        return body.ToArray();
    }

    private static DateTimeOffset Whole(DateTimeOffset moment) => DateTimeOffset.FromUnixTimeMilliseconds(moment.ToUnixTimeMilliseconds());
}
