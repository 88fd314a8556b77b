using System.Text.RegularExpressions;

namespace ConsentLedger.Support;

/// <summary>A form of a person's page, with what it carries: what a browser sends when its button is pressed.</summary>
/// <param name="Action">Where it is sent to; empty where that is the page itself.</param>
public sealed partial record PageForm(string Action, IReadOnlyDictionary<string, string> Fields)
{
    public static IReadOnlyList<PageForm> In(string page) =>
        [.. Forms().Matches(page).Select(form => new PageForm(Actions().Match(form.Value).Groups[1].Value, Inputs().Matches(form.Value).ToDictionary(i => i.Groups[1].Value, i => i.Groups[2].Value)))];

    public bool Carries(string field, string value) => Fields.GetValueOrDefault(field) == value;

    [GeneratedRegex("<form .*?</form>", RegexOptions.Singleline)]
    private static partial Regex Forms();

    [GeneratedRegex("action=\"([^\"]+)\"")]
    private static partial Regex Actions();

    [GeneratedRegex("<input type=\"hidden\" name=\"([^\"]+)\" value=\"([^\"]*)\">")]
    private static partial Regex Inputs();
}
