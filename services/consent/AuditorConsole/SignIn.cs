using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.AuditorConsole;

/// <summary>How auditors sign in to the console.</summary>
internal static class SignIn
{
    private static readonly TokenSignIn Auditors = new(
        "/console", "consentledger-console",
        new SignInWords(
            $"""<p>Paste an auditor's bearer token. It needs the scope <code>{Scopes.ConsentAudit}</code>, and <code>{Scopes.ConsentDisclose}</code> to open sealed evidence.</p>""",
            Whom: "auditors", Place: "The console", Whose: "one auditor", Back: "Back to the console",
            Note: "The token stays in this browser, out of reach of scripts, until you sign out or close it. What you open here is recorded in the history you open."),
        page => new ConsolePage(page.Title, page.Main, Status: page.Status) { Code = page.Code, RetryAfterSeconds = page.RetryAfterSeconds });

    public static BrowserPages Pages => Auditors.Pages;

    public static void Map(IEndpointRouteBuilder pages) => Auditors.Map(pages);
}
