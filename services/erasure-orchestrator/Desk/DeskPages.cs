using System.Reflection;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Desk;

/// <summary>The pages below <c>/desk</c>, for the privacy team. They show what the API answers and do what it does, by the same decisions and under the same scopes.</summary>
public static class DeskPages
{
    internal static TokenSignIn SignIn { get; } = new(
        "/desk", "consentledger-desk",
        new SignInWords(
            $"""<p>Paste a bearer token of the privacy team. It needs the scope <code>{Scopes.ErasureRead}</code>; <code>{Scopes.ErasureDecide}</code> to confirm, refuse and extend, to answer tasks and to hand out copies, <code>{Scopes.ErasureRequest}</code> to withdraw, <code>{Scopes.ErasureInstruct}</code> for a controller's instruction, <code>{Scopes.SubjectFind}</code> to see whom it is about, and <code>{Scopes.ErasureHold}</code> for legal holds.</p>""",
            Whom: "the privacy team", Place: "The desk", Whose: "one of its members", Back: "Back to the desk", Note: "The token stays in this browser, out of reach of scripts, until you sign out or close it."),
        page => new DeskPage(page.Title, page.Main, Status: page.Status) { Code = page.Code, RetryAfterSeconds = page.RetryAfterSeconds });

    public static void Map(IEndpointRouteBuilder app)
    {
        SignIn.Map(app);
        ShowBoard.Map(app);
        ShowRequest.Map(app);
        ShowCase.Map(app);
        DeskActs.Map(app);
        var style = Read("desk.css");
        app.MapGet("/desk/desk.css", () => TypedResults.Bytes(style, "text/css; charset=utf-8")).AllowAnonymous().ForBrowsers(SignIn.Pages);
    }

    private static byte[] Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"desk/{name}")!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
