using System.Text.Json;

namespace ConsentLedger.Contracts.Policies;

/// <summary>
/// What a change does to a consent-based purpose that its older consents do not cover. What can be compared by code or id counts; wording (names, titles,
/// descriptions, texts, translations) is for people to judge, who may declare more than is found. docs/policies.md has the table.
/// </summary>
public enum MaterialRule
{
    BasisChanged,
    ControllerChanged,
    DataAdded,
    RecipientAdded,
    RecipientChanged,
    DestinationAdded,
    SafeguardWeakened,
    RetentionLonger,
    ValidityLonger,
    MarketingAdded,
    ProfilingAdded,
    TrackingAdded,
    ExpressRequired,
    PurposeWidened,
    SaleAllowed,
    MoreOften,
}

public static class MaterialRules
{
    /// <summary>As others read it: <c>recipient-added</c>.</summary>
    public static string Name(this MaterialRule rule) => JsonNamingPolicy.KebabCaseLower.ConvertName(rule.ToString());

    /// <summary>The law behind a rule. All of them rest on art. 4(11) and 7: consent is specific and informed, so it covers what was said and no more.</summary>
    public static string Source(this MaterialRule rule) => rule switch
    {
        MaterialRule.BasisChanged => "GDPR art. 6(1), 13(1)(c)",
        MaterialRule.ControllerChanged => "GDPR art. 13(1)(a), recital 42",
        MaterialRule.DataAdded => "GDPR art. 4(11), 5(1)(c)",
        MaterialRule.RecipientAdded or MaterialRule.RecipientChanged or MaterialRule.SaleAllowed => "GDPR art. 13(1)(e)",
        MaterialRule.DestinationAdded or MaterialRule.SafeguardWeakened => "GDPR art. 13(1)(f), 44 to 49",
        MaterialRule.RetentionLonger => "GDPR art. 5(1)(e), 13(2)(a)",
        MaterialRule.ValidityLonger => "GDPR art. 5(1)(e), 7(1)",
        MaterialRule.MarketingAdded => "GDPR art. 13(1)(c), 21(2)",
        MaterialRule.ProfilingAdded => "GDPR art. 4(4), 13(2)(f)",
        MaterialRule.TrackingAdded => "Directive 2002/58/EC art. 5(3)",
        MaterialRule.ExpressRequired => "GDPR art. 7(1), 9(2)(a)",
        MaterialRule.PurposeWidened => "GDPR art. 5(1)(b), 6(4)",
        MaterialRule.MoreOften => "GDPR art. 4(11)",
        _ => throw new ArgumentOutOfRangeException(nameof(rule), rule, null),
    };
}
