using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Auditor.Policies;

/// <summary><c>ledger policy diff</c>: what a version changes, for whom that is material, and whether it may be published.</summary>
internal static class DiffPolicies
{
    public static Command Verb(Surroundings surroundings)
    {
        var older = new Argument<string>("OLD") { Description = "The version before: a file, or with --server a published version, or current." };
        var newer = new Argument<string>("NEW") { Description = "The version after, likewise." };
        var server = new PolicyServerOptions(surroundings, required: false);
        var verb = new Verb(
            "diff", "Shows what a version of a policy changes and which purposes' older consents do not cover it. Fails where it could not be published as it stands.", surroundings,
            "ledger policy diff quintus-2018.json quintus-2026.json",
            "ledger policy diff current quintus-2026.json --server https://ledger.example --token-file operator.token")
        {
            Under = PolicyCommand.Name,
        };
        verb.Arguments.Add(older);
        verb.Arguments.Add(newer);
        server.AddTo(verb);
        return verb.Runs(async (parsed, ct) =>
        {
            using var client = RemoteOptions.NewClient();
            var service = await server.OpenAsync(parsed, client, ct);
            return Tell(await ReadAsync(parsed.GetRequiredValue(older)), await ReadAsync(parsed.GetRequiredValue(newer)));

            async Task<PackFile> ReadAsync(string named) =>
                service is null || File.Exists(named) ? await PackFile.ReadAsync(named, ct)
                : await service.ReadAsync(named, tenant: null, ct) is { } bytes ? PackFile.Of($"version {named}", bytes)
                : throw new UnansweredException("not_found", $"{named} is neither a file nor a published version.");
        });
    }

    internal static Report Tell(PackFile older, PackFile newer)
    {
        if (older.Pack is not { } before || newer.Pack is not { } after) return Unsound([.. older.Errors, .. newer.Errors]);
        if (before.Tenant != after.Tenant) throw new UnansweredException("policy_tenant_mismatch", $"{older.Name} is a policy of {before.Tenant}, and {newer.Name} of {after.Tenant}.");

        var difference = ComparePolicies.Between(before, after, [before, after]);
        PackError[] errors =
        [
            .. before.Version == after.Version && difference.Changes.Count > 0
                ? (PackError[])[newer.Wrong("policy_version_exists", "/version", $"Version {after.Version} has other contents already. Give the change a version of its own.")] : [],
            .. newer.CheckAfter(before),
        ];
        var material = difference.Changes.SelectMany(c => c.Material).Select(m => m.Purpose).Distinct().ToArray();
        return new Report(
            errors.Length == 0,
            [
                $"from       {before.Version} ({older.Name})",
                $"to         {after.Version} ({newer.Name})",
                .. difference.Changes.SelectMany(Lines),
                .. after.Changes.Material.Select(m => m.Purpose).Except(material).Select(p => $"! {p} is declared to change in substance"),
                .. errors.Select(e => e.ToString()),
                string.Create(CultureInfo.InvariantCulture, $"{(errors.Length == 0 ? "MAY" : "MAY NOT")} be published: {difference.Changes.Count} changes, in substance for {material.Length} purposes"),
            ],
            new { difference.Version, difference.Since, difference.Changes, declared = after.Changes.Material.Select(m => m.Purpose), errors });
    }

    private static Report Unsound(PackError[] errors) => new(false, [.. errors.Select(e => e.ToString()), "NOT SOUND: only packs without faults are compared"], new { errors });

    private static IEnumerable<string> Lines(PolicyChange change)
    {
        yield return change.Kind switch
        {
            ChangeKind.Added => $"+ {change.Place}{Beside(change.Place, change.Is)}",
            ChangeKind.Removed => $"- {change.Place}{Beside(change.Place, change.Was)}",
            _ => $"~ {change.Place}: {Value(change.Was)} -> {Value(change.Is)}",
        };
        foreach (var m in change.Material) yield return $"    in substance for {m.Purpose}: {m.Rule.Name()} ({m.Source}){(m.Declared ? ", declared" : ", NOT DECLARED")}";
    }

    // A thing that is only its name has said it already.
    private static string Beside(string place, JsonElement? value) =>
        value is { ValueKind: JsonValueKind.String } text && place.EndsWith($"/{text.GetString()}", StringComparison.Ordinal) ? "" : $": {Value(value)}";

    private static string Value(JsonElement? value) => value switch
    {
        { ValueKind: JsonValueKind.String } text => $"\"{Short(text.GetString()!)}\"",
        { ValueKind: JsonValueKind.Object or JsonValueKind.Array } => "...",
        { } other => other.GetRawText(),
        null => "",
    };

    private static string Short(string text) => text.Length <= 60 ? text : $"{text[..57]}...";
}
