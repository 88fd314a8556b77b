using System.CommandLine;
using System.Globalization;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Auditor.Policies;

/// <summary><c>ledger policy check</c>: whether packs keep the rules for packs, each by itself.</summary>
internal static class CheckPolicy
{
    public static Command Verb(Surroundings surroundings)
    {
        var files = new Argument<string[]>("FILE") { Description = "Policy packs.", Arity = ArgumentArity.OneOrMore };
        var verb = new Verb(
            "check", "Holds policy packs against the rules for them. Every fault is told with its line.", surroundings,
            "ledger policy check deploy/policies/*.json")
        {
            Under = PolicyCommand.Name,
        };
        verb.Arguments.Add(files);
        return verb.Runs(async (parsed, ct) =>
        {
            var packs = new List<PackFile>();
            foreach (var file in parsed.GetRequiredValue(files)) packs.Add(await PackFile.ReadAsync(file, ct));
            return Tell(packs);
        });
    }

    private static Report Tell(IReadOnlyList<PackFile> packs)
    {
        var errors = packs.Sum(p => p.Errors.Count);
        return new Report(
            errors == 0,
            [
                .. packs.SelectMany(p => p.Pack is { } pack ? [Line(p.Name, pack)] : p.Errors.Select(e => e.ToString())),
                string.Create(CultureInfo.InvariantCulture, $"{(errors == 0 ? "SOUND" : $"NOT SOUND: {errors} errors")}, {packs.Count} files"),
            ],
            new { files = packs.Select(p => new { file = p.Name, p.Pack?.Tenant, p.Pack?.Version, p.Errors }) });
    }

    private static string Line(string name, PolicyPack pack) => string.Create(
        CultureInfo.InvariantCulture,
        $"{name}: {pack.Tenant} {pack.Version}, {pack.Purposes.Count} purposes, {pack.Purposes.Count(p => p.RestsOn(LawfulBasis.Consent))} by consent, in {string.Join(", ", pack.Locales)}");
}
