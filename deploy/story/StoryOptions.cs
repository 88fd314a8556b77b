using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace ConsentLedger.Story;

/// <param name="Subjects">Of all controllers together.</param>
internal sealed record StoryOptions(bool PoliciesOnly, int Subjects)
{
    private const int Fewest = 100;
    private const string Usage = """
        ConsentLedger.Story                   loads the policy packs and plays the story
        ConsentLedger.Story --policies-only   loads the policy packs
        ConsentLedger.Story --subjects N      with so many subjects in all (1000; at least 100)
        """;

    public static bool TryRead(string[] args, [NotNullWhen(true)] out StoryOptions? options, [NotNullWhen(false)] out string? complaint)
    {
        (options, complaint) = (new StoryOptions(PoliciesOnly: false, Subjects: 1000), null);
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] == "--policies-only")
                options = options with { PoliciesOnly = true };
            else if (args[i] == "--subjects" && i + 1 < args.Length && int.TryParse(args[++i], NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= Fewest)
                options = options with { Subjects = count };
            else
            {
                (options, complaint) = (null, Usage);
                return false;
            }
        }

        return true;
    }
}
