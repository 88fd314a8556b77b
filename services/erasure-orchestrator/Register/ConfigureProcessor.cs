using System.Text.RegularExpressions;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Register;

/// <summary>Says how a processor is told, or that it has no part any more. Requests that have begun keep their plan, and reach it where it is now.</summary>
public sealed partial record ConfigureProcessor(
    string Name,
    ProcessorKind Kind,
    Uri? Endpoint = null,
    string? Assignee = null,
    IReadOnlyList<string>? Purposes = null,
    string? Domain = null,
    string? Secret = null,
    IReadOnlyList<RequestType>? Types = null,
    IReadOnlyList<KeepReason>? Keeps = null)
{
    private const int MostProcessors = 500, LongestName = 200;

    private static readonly string[] Codes = ["processor_id_invalid", "processor_is_ours", "endpoint_required", "endpoint_invalid", "assignee_required", "word_invalid", "name_invalid", "too_many_processors"];

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPut("/v1/processors/{id}", HandleAsync).RequireScope(Scopes.ErasureConfigure).RefusesWith(Codes).Produces<Processor>();
        api.MapDelete("/v1/processors/{id}", RemoveAsync).RequireScope(Scopes.ErasureConfigure).Produces<CommandAnswer>();
        api.MapGet("/v1/processors", ListAsync).RequireScope(Scopes.ErasureRead, Scopes.ErasureConfigure).Produces<RegisterAnswer>();
    }

    public static Decision Decide(ConfigureProcessor asked, string id, TenantRegister register)
    {
        if (!Id().IsMatch(id)) return Decision.No("processor_id_invalid", "An id is 1 to 60 of a-z, 0-9 and dashes, and begins with a letter.");
        if (OwnSystems.Has(id) || asked.Kind == ProcessorKind.Service) return Decision.No("processor_is_ours", "Our own systems take part by themselves.");
        if (asked.Name.Length is 0 or > LongestName) return Decision.No("name_invalid", $"A name has 1 to {LongestName} characters.");
        var isCalled = asked.Kind is ProcessorKind.OpenDsr or ProcessorKind.Webhook;
        if (isCalled && asked.Endpoint is null) return Decision.No("endpoint_required", "A processor that is called has an endpoint.");
        if (asked.Endpoint is { } endpoint && !IsSound(endpoint)) return Decision.No("endpoint_invalid", "An endpoint is an absolute https address without user, query or fragment; http only on this machine.");
        if (asked.Kind == ProcessorKind.Manual && asked.Assignee is null) return Decision.No("assignee_required", "What is done by hand is somebody's to do.");
        if (new[] { asked.Assignee, asked.Secret, asked.Domain }.Concat(asked.Purposes ?? []).Any(w => w is not null && !Words.AreSound(w))) return Decision.No("word_invalid", Words.Rule);
        if (register.Configured.Count >= MostProcessors && !register.Configured.ContainsKey(id)) return Decision.No("too_many_processors", $"A tenant has at most {MostProcessors} processors.");

        // Where the policy names it, what it is for needs not be said again.
        var purposes = asked.Purposes ?? register.Policy?.Processors.FirstOrDefault(p => p.Id == id)?.Purposes ?? [];
        var processor = new Processor(id, asked.Name, asked.Kind, asked.Endpoint, asked.Assignee, purposes, asked.Domain, asked.Secret, asked.Types, asked.Keeps);
        return register.Configured.TryGetValue(id, out var before) && Same(before, processor) ? Decision.Unchanged : Decision.Of(new ProcessorConfigured(processor));
    }

    private static bool Same(Processor one, Processor other) => System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(one).AsSpan().SequenceEqual(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(other));

    private static bool IsSound(Uri endpoint) =>
        endpoint.IsAbsoluteUri && (endpoint.Scheme == Uri.UriSchemeHttps || (endpoint.Scheme == Uri.UriSchemeHttp && endpoint.IsLoopback))
        && endpoint.UserInfo.Length == 0 && endpoint.Query.Length == 0 && endpoint.Fragment.Length == 0;

    private static async Task<IResult> HandleAsync(string id, Body<ConfigureProcessor> body, Caller caller, CommandOptions options, DeciderLoop ledger, StateReader reader, CancellationToken ct)
    {
        var stream = TenantRegister.Of(caller.Tenant);
        var command = caller.Command(stream.Id, body, options, TenantRegister.Stream, context => Decide(body.Value, id, context.State<TenantRegister>()));
        if (await ledger.ExecuteAsync(command, ct) is var outcome and not (Outcome.Recorded or Outcome.Unchanged)) return outcome.ToResult();
        var (register, version) = await reader.ReadAsync(stream, TenantRegister.Stream, ct);
        return TypedResults.Json(register.Find(id), StrictJson.Options).WithEntityTag(version);
    }

    private static async Task<IResult> RemoveAsync(string id, Caller caller, CommandOptions options, DeciderLoop ledger, CancellationToken ct)
    {
        var command = new Command(TenantRegister.Of(caller.Tenant), TenantRegister.Stream, caller.IdOf(options), Digest.Of("remove", id), context =>
            context.State<TenantRegister>().Configured.ContainsKey(id) ? Decision.Of(new ProcessorRemoved(id)) : Decision.Unchanged)
        {
            ExpectedVersion = options.ExpectedVersion,
        };
        return (await ledger.ExecuteAsync(command, ct)).ToResult();
    }

    private static async Task<IResult> ListAsync(Caller caller, StateReader reader, CancellationToken ct)
    {
        var (register, version) = await reader.ReadAsync(TenantRegister.Of(caller.Tenant), TenantRegister.Stream, ct);
        return TypedResults.Json(new RegisterAnswer([.. register.Processors.Select(p => new RegisterEntry(p, register.Configured.ContainsKey(p.Id)))], register.Policy?.Version), StrictJson.Options).WithEntityTag(version);
    }

    [GeneratedRegex(@"^[a-z][a-z0-9-]{0,59}\z")]
    private static partial Regex Id();
}

/// <param name="PolicyVersion">The policy in force, which names processors too; null where none was heard of.</param>
public sealed record RegisterAnswer(IReadOnlyList<RegisterEntry> Processors, string? PolicyVersion);

/// <param name="Configured">False for one that only the policy names.</param>
public sealed record RegisterEntry(Processor Processor, bool Configured);
