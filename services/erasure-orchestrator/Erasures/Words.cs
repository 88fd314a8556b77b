using System.Text.RegularExpressions;

namespace ConsentLedger.ErasureOrchestrator.Erasures;

/// <summary>What goes into the facts in clear has no room for an address, a number or a sentence.</summary>
public static partial class Words
{
    public const string Rule = "A word is a letter and at most 99 more of letters, digits and / . _ -";

    public static bool AreSound(string text) => Form().IsMatch(text);

    [GeneratedRegex(@"^[A-Za-z][A-Za-z0-9/._-]{0,99}\z")]
    private static partial Regex Form();
}
