using ConsentLedger.ErasureOrchestrator.OpenDsr;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Desk;

/// <summary>A controller's request whose person was not found: what there is to look by, and a place to say who it is.</summary>
internal static class ShowCase
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/desk/cases/{id:guid}", HandleAsync).RequireScope(Scopes.SubjectFind).ForBrowsers(DeskPages.SignIn.Pages);
        app.MapPost("/desk/cases/{id:guid}/match", MatchAsync).RequireScope(Scopes.ErasureRequest).ForBrowsers(DeskPages.SignIn.Pages);
    }

    private static async Task<IResult> HandleAsync(Guid id, Caller caller, DsrVault vault, StateReader reader, CancellationToken ct) => await PageAsync(id, caller, vault, reader, ct);

    private static async Task<IResult> MatchAsync(Guid id, HttpRequest request, Caller caller, DsrVault vault, DsrMatching matching, StateReader reader, CancellationToken ct)
    {
        var form = await DeskVisit.FormAsync(request, ct);
        var nobody = form["nobody"] == "yes";
        var subject = default(SubjectId);
        var (state, _) = await reader.ReadAsync(DsrCase.KeyOf(caller.Tenant, id), DsrCase.Stream, ct);
        if (state.Received is null) return await PageAsync(id, caller, vault, reader, ct);
        if (!nobody && !SubjectId.TryParse(form["subject"].ToString().Trim(), out subject))
            return await PageAsync(id, caller, vault, reader, ct, new Refusal(KnownProblems.SubjectIdInvalid.Code, KnownProblems.SubjectIdInvalid.Title));
        var outcome = await matching.RecordAsync(caller.Tenant, state, nobody ? null : subject, ct);
        return outcome is Outcome.Refused { Refusal: var refusal } ? await PageAsync(id, caller, vault, reader, ct, refusal) : new SeeOther("/desk");
    }

    private static async Task<IResult> PageAsync(Guid id, Caller caller, DsrVault vault, StateReader reader, CancellationToken ct, Refusal? refusal = null)
    {
        var place = DsrCase.KeyOf(caller.Tenant, id);
        var (state, _) = await reader.ReadAsync(place, DsrCase.Stream, ct);
        if (state.Received is not { } received) return new DeskPage("Not found", $"""<h1>There is no such case</h1><p><a href="/desk">Back to the desk</a></p>""", caller, StatusCodes.Status404NotFound);
        var opened = caller.Scopes.Contains(Scopes.SubjectFind) ? await vault.OpenAsync(place, ct) : null;
        return new DeskPage($"Case {id:D}", $"""
            <p><a href="/desk">All requests</a></p>
            {(refusal is null ? Html.Empty : (Html)$"""<p class="alert" role="alert">{refusal.Reason} <code>{refusal.Code}</code></p>""")}
            <h1>Who is it? <span class="state">{(state.Unmatched is { } why ? $"the address led to {DeskWords.Plain(why)}" : DeskWords.Plain(state.StatusBy(null)))}</span></h1>
            <dl>
            <dt>Case</dt><dd><code>{id:D}</code></dd>
            <dt>Asks for</dt><dd>{DeskWords.Plain(received.Type)}</dd>
            <dt>Received</dt><dd>{DeskWords.Time(state.ReceivedAt)}</dd>
            {(opened?.Identities ?? []).Select(i => (Html)$"<dt>{DeskWords.Plain(i.Type.Replace('_', ' '))}</dt><dd>{i.Value}</dd>")}
            </dl>
            {(state is { Unmatched: not null, CancelledAt: null } && caller.Scopes.Contains(Scopes.ErasureRequest) ? Forms(id) : Html.Empty)}
            """, caller, refusal is null ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }

    private static Html Forms(Guid id) => $"""
        <section><h2>Say who it is</h2><div class="acts">
        <form method="post" action="/desk/cases/{id:D}/match"><h3>A person here</h3>
        <label>Subject id <input name="subject" required maxlength="36" autocomplete="off" spellcheck="false"></label>
        <button>This is the person</button></form>
        <form method="post" action="/desk/cases/{id:D}/match"><h3>Nobody here</h3>
        <p class="note">The controller hears that it is completed: nothing is held.</p>
        <input type="hidden" name="nobody" value="yes">
        <button>Nobody here is the one</button></form>
        </div></section>
        """;
}

/// <summary>303: whatever was sent, the next thing asked for is a page.</summary>
internal sealed record SeeOther(string Path) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        (httpContext.Response.StatusCode, httpContext.Response.Headers.Location) = (StatusCodes.Status303SeeOther, Path);
        return Task.CompletedTask;
    }
}
