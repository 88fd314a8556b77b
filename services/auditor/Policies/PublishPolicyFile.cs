using System.CommandLine;
using ConsentLedger.Auditor.Telling;

namespace ConsentLedger.Auditor.Policies;

/// <summary><c>ledger policy publish</c>: puts a pack in force.</summary>
internal static class PublishPolicyFile
{
    public static Command Verb(Surroundings surroundings)
    {
        var file = new Argument<string>("FILE") { Description = "The policy pack." };
        var server = new PolicyServerOptions(surroundings, required: true);
        var verb = new Verb(
            "publish", "Puts a version of a controller's policy in force, after holding it against the rules and the version in force. The same version again changes nothing.", surroundings,
            "ledger policy publish quintus-2026.json --server https://ledger.example --token-file operator.token")
        {
            Under = PolicyCommand.Name,
        };
        verb.Arguments.Add(file);
        server.AddTo(verb);
        return verb.Runs(async (parsed, ct) =>
        {
            var pack = await PackFile.ReadAsync(parsed.GetRequiredValue(file), ct);
            if (pack.Pack is null) return NotPublished(pack, pack.Errors);

            using var client = RemoteOptions.NewClient();
            var service = (await server.OpenAsync(parsed, client, ct))!;
            return await PublishAsync(pack, service, ct);
        });
    }

    private static async Task<Report> PublishAsync(PackFile file, PolicyServer service, CancellationToken ct)
    {
        // The service decides; this finds the lines first.
        var pack = file.Pack!;
        var current = await service.ReadAsync("current", pack.Tenant, ct) is { } bytes ? PackFile.Of("current", bytes).Pack : null;
        if (current is not null && current.Version != pack.Version && file.CheckAfter(current) is { Count: > 0 } errors) return NotPublished(file, errors);

        var answer = await service.PublishAsync(pack, file.Bytes, ct);
        return answer.Refusal is { } refusal
            ? NotPublished(file, [new PackError(file.Name, Line: null, "", refusal.Reason, refusal.Code)])
            : new Report(
                true,
                [answer.Outcome == "recorded" ? $"PUBLISHED: {pack.Tenant} {pack.Version} is in force" : $"UNCHANGED: {pack.Tenant} {pack.Version} was published before"],
                new { file = file.Name, pack.Tenant, pack.Version, answer.Outcome, answer.Position });
    }

    private static Report NotPublished(PackFile file, IReadOnlyList<PackError> errors) =>
        new(false, [.. errors.Select(e => e.ToString()), "NOT PUBLISHED"], new { file = file.Name, file.Pack?.Tenant, file.Pack?.Version, errors });
}
