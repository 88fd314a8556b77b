using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace ConsentLedger.Auditor.Telling;

/// <summary>The <c>ledger</c> command: verbs, one file each, and what they have in common.</summary>
internal static class CommandLine
{
    private static RootCommand RootOf(Surroundings surroundings)
    {
        var root = new RootCommand("Checks a consent ledger, and believes nobody.")
        {
            // The log.
            Verify.Verb(surroundings),
            Export.Verb(surroundings),
            Fsck.Verb(surroundings),
            FetchCheckpoint.Verb(surroundings),
            Prove.Verb(surroundings),
            Witnessing.WitnessCommand.Build(),

            // One subject.
            VerifyCertificate.Verb(surroundings),
            Replay.Verb(surroundings),
            Diff.Verb(surroundings),

            // A controller's policy.
            Policies.PolicyCommand.Build(surroundings),

            // A whole tenant.
            HandingOver.HandOverCommand.Build(surroundings),
        };
        if (root.Options.OfType<HelpOption>().Single() is { Action: HelpAction usual } help) help.Action = new HelpWithExamples(usual);
        return root;
    }

    /// <returns>See <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(string[] args, Surroundings surroundings, CancellationToken ct)
    {
        var parsed = RootOf(surroundings).Parse(args);
        var configuration = new InvocationConfiguration { Output = surroundings.Output, Error = surroundings.Error, EnableDefaultExceptionHandler = false };
        var code = await parsed.InvokeAsync(configuration, ct);
        return parsed.Action is ParseErrorAction ? ExitCode.Unanswered : code;
    }
}

internal static class ExitCode
{
    /// <summary>Verified, or done.</summary>
    public const int Holds = 0;

    /// <summary>Something is wrong with the ledger; the output says what and where.</summary>
    public const int Wrong = 1;

    /// <summary>The question is wrong, or nobody answered. Says nothing about the ledger.</summary>
    public const int Unanswered = 2;
}
