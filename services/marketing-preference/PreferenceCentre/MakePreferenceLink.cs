using System.Text.RegularExpressions;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.PreferenceCentre;

/// <summary>A backend that has signed a person in, or that writes to them, asks for the way to their page.</summary>
/// <param name="Purpose">How far the link goes.</param>
/// <param name="Lang">What the person reads; else their browser says.</param>
/// <param name="LifetimeSeconds">How long it lasts; the longest where it does not say.</param>
public sealed partial record MakePreferenceLink(LinkScope Purpose, string? Lang = null, long? LifetimeSeconds = null)
{
    public static void Map(IEndpointRouteBuilder api) => api.MapPost("/v1/subjects/{subject}/preference-links", Handle).RequireScope(Scopes.PreferencesLink, Scopes.PreferencesSession)
        .Produces<LinkAnswer>().RefusesWith("lang_invalid", "lifetime_invalid").WithMetadata(KnownProblems.ScopeMissing);

    private static IResult Handle(SubjectId subject, Body<MakePreferenceLink> body, Caller caller, PreferenceLinks links, TimeProvider clock)
    {
        var asked = body.Value;

        // Whoever may write to people must not be able to sign in as them.
        if (asked.Purpose == LinkScope.Session && !caller.Scopes.Contains(Scopes.PreferencesSession)) return KnownProblems.ScopeMissing;
        if (asked.Lang is { } lang && !IsLang(lang)) return KnownProblems.Refused("lang_invalid", "lang is a language tag, such as en or sv-SE.");
        var longest = PreferenceLinks.LongestOf(asked.Purpose);
        if (asked.LifetimeSeconds is { } seconds && (seconds < 1 || seconds > longest.TotalSeconds))
            return KnownProblems.Refused("lifetime_invalid", $"Such a link lasts from 1 to {(long)longest.TotalSeconds} seconds.");

        var until = clock.GetUtcNow() + (asked.LifetimeSeconds is { } wanted ? TimeSpan.FromSeconds(wanted) : longest);
        var link = new PreferenceLink(caller.Tenant, subject, asked.Purpose, asked.Lang, DateTimeOffset.FromUnixTimeSeconds(until.ToUnixTimeSeconds()));
        return TypedResults.Json(new LinkAnswer(links.AddressOf(link), link.ExpiresAt), StrictJson.Options);
    }

    internal static bool IsLang(string lang) => LangForm().IsMatch(lang);

    [GeneratedRegex(@"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}\z")]
    private static partial Regex LangForm();
}

/// <param name="Url">To be given to the person, and to nobody else: whoever has it acts as the person.</param>
public sealed record LinkAnswer(Uri Url, DateTimeOffset ExpiresAt);
