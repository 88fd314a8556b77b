namespace ConsentLedger.Auditor.Telling;

/// <summary>What a verb sees of the world beside files and the network.</summary>
/// <param name="Progress">Where progress is drawn; null where nobody watches.</param>
/// <param name="Variable">A variable of the environment, or null.</param>
internal sealed record Surroundings(TextWriter Output, TextWriter Error, TimeProvider Clock, TextWriter? Progress, Func<string, string?> Variable)
{
    public static Surroundings OfThisProcess() =>
        new(Console.Out, Console.Error, TimeProvider.System, Console.IsErrorRedirected ? null : Console.Error, Environment.GetEnvironmentVariable);
}
