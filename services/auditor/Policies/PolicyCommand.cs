using System.CommandLine;
using ConsentLedger.Auditor.Telling;

namespace ConsentLedger.Auditor.Policies;

/// <summary><c>ledger policy</c>: what a controller does with its policy packs before anybody is asked for anything.</summary>
internal static class PolicyCommand
{
    public const string Name = "policy";

    public static Command Build(Surroundings surroundings) =>
        new(Name, "Checks policy packs, compares their versions and publishes them.") { CheckPolicy.Verb(surroundings), DiffPolicies.Verb(surroundings), PublishPolicyFile.Verb(surroundings) };
}
