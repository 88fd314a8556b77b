using ConsentLedger.Contracts.Policies;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Policies;

/// <summary>Puts a version of the controller's policy in force. From here on it is what decisions rest on.</summary>
public static class PublishPolicy
{
    /// <summary>A pack travels whole in one message, and a message has at most 256 KiB.</summary>
    internal const int MaxPackBytes = 192 * 1024;

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPut("/v1/policies/{version}", HandleAsync).RequireScope(Scopes.PolicyPublish).WithBodyLimit(MaxPackBytes)
            .RefusesWith(
                "policy_invalid", "policy_version_mismatch", "policy_tenant_mismatch", "policy_version_exists",
                PolicyPackErrors.MaterialChangeUndeclared, PolicyPackErrors.TextEdited);

    public static Decision Decide(PolicyPack pack, PolicyBook book) => Decide(pack, book, errors => [.. errors]);

    /// <param name="locate">Puts lines to what is wrong, where the pack was read from text.</param>
    public static Decision Decide(PolicyPack pack, PolicyBook book, Func<IEnumerable<PolicyPackError>, IReadOnlyList<PolicyPackError>> locate)
    {
        if (book.Find(pack.Version) is { } published)
        {
            return published.Policy.Holds(pack)
                ? Decision.Unchanged
                : Decision.No("policy_version_exists", "This version is published with other contents. A published policy is never edited: give the change a version of its own.");
        }

        return locate(PackSuccession.Check(pack, book.Packs)) is [var first, ..] errors
            ? Decision.No(first.Code, Told(errors))
            : Decision.Of(PolicyPublished.Of(pack));
    }

    /// <summary>The first errors, for people.</summary>
    internal static string Told(IReadOnlyList<PolicyPackError> errors)
    {
        var told = string.Join(' ', errors.Take(5).Select(e => $"{(e.Line is { } line ? $"Line {line}, " : "")}{e.Path}: {e.Message} ({e.Code})."));
        return errors.Count > 5 ? $"{told} And {errors.Count - 5} more." : told;
    }

    private static async Task<IResult> HandleAsync(string version, HttpRequest request, Caller caller, CommandOptions options, DeciderLoop ledger, CancellationToken ct)
    {
        using var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer, ct);
        var bytes = buffer.ToArray();
        var reading = PolicyPack.Parse(bytes);
        if (reading is not PolicyPackReading.Accepted { Pack: var pack } accepted) return KnownProblems.Refused("policy_invalid", Told(((PolicyPackReading.Refused)reading).Errors));
        if (pack.Version != version) return KnownProblems.Refused("policy_version_mismatch", "The pack's version is not the one in the address.");
        if (pack.Tenant != caller.Tenant.ToString()) return KnownProblems.Refused("policy_tenant_mismatch", "The pack belongs to another tenant.");

        var body = new Body<PolicyPack>(pack, null, bytes);
        var command = caller.Command(PolicyBook.Of(caller.Tenant).Id, body, options, PolicyBook.Stream, context => Decide(pack, context.State<PolicyBook>(), accepted.Locate));
        return (await ledger.ExecuteAsync(command, ct)).ToResult();
    }
}
