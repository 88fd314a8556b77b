namespace ConsentLedger.Contracts.Policies;

/// <summary>Texts by BCP 47 tag.</summary>
public static class Localised
{
    /// <summary>Every text of a pack exists in this locale.</summary>
    public const string Fallback = "en";

    /// <summary>The text in the locale, in its language, or in English (RFC 4647, lookup).</summary>
    public static string In(this IReadOnlyDictionary<string, string> texts, string locale)
    {
        for (var tag = locale; tag.Length > 0; tag = tag[..Math.Max(tag.LastIndexOf('-'), 0)])
        {
            if (texts.TryGetValue(tag, out var text))
                return text;
        }

        return texts[Fallback];
    }
}
