namespace ConsentLedger.MarketingPreference.Pages;

/// <summary>How a language counts: under which of the forms it has, as CLDR names them, a whole number falls. Of the languages that there is a wording in.</summary>
public static class Plural
{
    public const string Other = "other";

    public static string Of(string tag, long count) => tag switch
    {
        "ar" => (count, count % 100) switch
        {
            (0, _) => "zero",
            (1, _) => "one",
            (2, _) => "two",
            (_, >= 3 and <= 10) => "few",
            (_, >= 11) => "many",
            _ => Other,
        },
        "fr" => count is 0 or 1 ? "one" : Other,
        _ => count == 1 ? "one" : Other,
    };
}
