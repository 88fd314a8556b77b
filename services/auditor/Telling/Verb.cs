using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace ConsentLedger.Auditor.Telling;

/// <summary>One verb of the command line: its options come from whoever makes it, and how it answers from here.</summary>
/// <param name="examples">Whole command lines, below its help.</param>
internal sealed class Verb(string name, string description, Surroundings surroundings, params string[] examples) : Command(name, description)
{
    private readonly Option<bool> _json = new("--json") { Description = "Answer with one JSON object, for machines." };

    public IReadOnlyList<string> Examples => examples;

    /// <summary>The command it belongs to, where that is not <c>ledger</c> itself.</summary>
    public string? Under { get; init; }

    private string Called => Under is null ? Name : $"{Under} {Name}";

    /// <summary>Says what <paramref name="run"/> reports, or why it could not: the three ways of <see cref="ExitCode"/>.</summary>
    public Verb Runs(Func<ParseResult, CancellationToken, Task<Report>> run)
    {
        Options.Add(_json);
        SetAction(async (parsed, ct) =>
        {
            var json = parsed.GetValue(_json);
            try
            {
                var report = await run(parsed, ct);
                await surroundings.Output.WriteAsync(json ? report.ToJson(Called) : report.ToText());
                return report.Holds ? ExitCode.Holds : ExitCode.Wrong;
            }
            catch (Exception e) when (UnansweredException.Of(e) is { } unanswered)
            {
                await (json ? surroundings.Output.WriteAsync(unanswered.ToJson(Called)) : surroundings.Error.WriteAsync($"ledger {Called}: {Report.OneLine(unanswered.Message)}\n"));
                return ExitCode.Unanswered;
            }
        });
        return this;
    }
}

/// <summary>What System.CommandLine says of a verb, and how one uses it.</summary>
internal sealed class HelpWithExamples(HelpAction usual) : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        var code = usual.Invoke(parseResult);
        if (parseResult.CommandResult.Command is not Verb { Examples: { Count: > 0 } examples }) return code;
        var output = parseResult.InvocationConfiguration.Output;
        output.Write("Examples:\n");
        foreach (var example in examples) output.Write($"  {example}\n");
        output.Write("\n");
        return code;
    }
}
