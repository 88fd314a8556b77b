using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.AuditorConsole;

/// <summary>A person is found by the id that the controller's systems know them by. There is no list to leaf through.</summary>
internal static class StartPage
{
    public static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapGet("/console", (Caller caller) => Page(caller, null, null)).RequireScope(Scopes.ConsentAudit).ForBrowsers(SignIn.Pages);
        pages.MapGet("/console/subjects", Find).RequireScope(Scopes.ConsentAudit).ForBrowsers(SignIn.Pages);
    }

    private static IResult Find(HttpRequest request, Caller caller)
    {
        var text = request.Query["id"].ToString().Trim().ToLowerInvariant();
        return SubjectId.TryParse(text, out var subject) ? TypedResults.LocalRedirect($"/console/subjects/{subject}") : Page(caller, KnownProblems.SubjectIdInvalid, text);
    }

    internal static ConsolePage Page(Caller caller, Problem? problem, string? text) => new("Find a subject", $"""
        <div class="narrow">
        <h1>Find a subject</h1>
        {(problem is null ? Html.Empty : (Html)$"""<p class="alert" role="alert" id="fault">{problem.Title}</p>""")}
        <form method="get" action="/console/subjects">
        <label for="id">Subject id</label>
        <input id="id" name="id" value="{text}" required autocomplete="off" spellcheck="false" placeholder="019a2b3c-…" {(problem is null ? Html.Empty : (Html)$"""aria-invalid="true" aria-describedby="fault" """)}>
        <button class="main">Open the history</button>
        </form>
        <p class="note">A UUID, as the systems of {caller.Tenant.ToString()} know the person. Opening a history is recorded in it, with your name and the time.</p>
        </div>
        """, caller, problem?.Status ?? StatusCodes.Status200OK)
    { Code = problem?.Code };
}
