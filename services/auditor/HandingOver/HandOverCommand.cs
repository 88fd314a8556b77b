using System.CommandLine;
using ConsentLedger.Auditor.Telling;

namespace ConsentLedger.Auditor.HandingOver;

/// <summary><c>ledger hand-over</c>: how a tenant passes from one operator to the next.</summary>
internal static class HandOverCommand
{
    public const string Name = "hand-over";

    /// <summary>What lies in the folder of a hand-over: the log as it was exported, and what opens it.</summary>
    public const string Log = "log", File = "hand-over.ndjson";

    public static Command Build(Surroundings surroundings) =>
        new(Name, "Brings a whole tenant home for its successor, and checks that it is all of it.") { FetchHandOver.Verb(surroundings), CheckHandOver.Verb(surroundings) };
}
