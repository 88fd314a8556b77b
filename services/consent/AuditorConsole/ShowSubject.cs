using ConsentLedger.Consent.Consents.Reading;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Vault;
using Microsoft.AspNetCore.Mvc;

namespace ConsentLedger.Consent.AuditorConsole;

/// <summary>
/// One subject's page. Opening it records a reading and leads to an address that names it; turning clocks, asking and leafing stay under that reading, so it is
/// recorded once. The same address later on, or another reader's, opens the history anew.
/// </summary>
internal static class ShowSubject
{
    public static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapGet("/console/subjects/{subject}", HandleAsync).RequireScope(Scopes.ConsentAudit).ForBrowsers(SignIn.Pages);
        pages.MapGet("/console/subjects/{subject}/moment", MomentAsync).RequireScope(Scopes.ConsentAudit).ForBrowsers(SignIn.Pages);
        pages.MapPost("/console/subjects/{subject}/disclosures", DiscloseAsync).RequireScope(Scopes.ConsentDisclose).ForBrowsers(SignIn.Pages);
    }

    private static async Task<IResult> HandleAsync(
        SubjectId subject, [FromQuery] long? reading, HttpRequest request, Caller caller, CommandOptions options, SubjectFiles files, IEventEngine engine, SubjectKeys keys, CancellationToken ct)
    {
        if (reading is null || await files.OpenAsync(caller, subject, reading.Value, ct) is not { } file)
            return await OpenAnewAsync(subject, request, caller, options, files, ct);
        if (Moment.Read(request.Query, file.Timeline.From, file.Timeline.Until) is not { } moment) return SignIn.Pages.Refusal(request.HttpContext, KnownProblems.RequestInvalid);

        var sealedParts = await engine.ReadSealedAsync(file.Reading.Stored.Stream, ct);
        var evidence = file.IsDisclosed ? await ReadHistory.OpenAsync(file.Reading.Stored.Stream, engine, keys, ct) : null;
        return SubjectPage.Of(file, moment, Question.Read(request.Query), new EventList(file, moment, sealedParts.Keys.ToHashSet(), evidence, EventList.PageIn(request.Query)));
    }

    /// <summary>What changes with the moment, by itself, for the script.</summary>
    private static async Task<IResult> MomentAsync(SubjectId subject, [FromQuery] long? reading, HttpRequest request, Caller caller, SubjectFiles files, CancellationToken ct) =>
        reading is { } version && await files.OpenAsync(caller, subject, version, ct) is { } file && Moment.Read(request.Query, file.Timeline.From, file.Timeline.Until) is { } moment
            ? new ConsolePart(MomentView.Of(file, moment, Question.Read(request.Query)))
            : SignIn.Pages.Refusal(request.HttpContext, KnownProblems.RequestInvalid);

    private static async Task<IResult> DiscloseAsync(SubjectId subject, Caller caller, CommandOptions options, SubjectFiles files, CancellationToken ct) =>
        caller.Scopes.Contains(Scopes.ConsentAudit)
            ? Lead(caller, subject, await files.RecordReadingAsync(caller, subject, options, disclosed: true, ct), "")
            : StartPage.Page(caller, KnownProblems.ScopeMissing, null);

    private static async Task<IResult> OpenAnewAsync(SubjectId subject, HttpRequest request, Caller caller, CommandOptions options, SubjectFiles files, CancellationToken ct)
    {
        // A page fetched ahead is not read.
        if (request.Headers["Sec-Purpose"].Count > 0) return SignIn.Pages.Refusal(request.HttpContext, KnownProblems.RequestInvalid);
        var kept = string.Concat(request.Query.Where(q => q.Key is not "reading").Select(q => $"&{Uri.EscapeDataString(q.Key)}={Uri.EscapeDataString(q.Value.ToString())}"));
        return Lead(caller, subject, await files.RecordReadingAsync(caller, subject, options, disclosed: false, ct), kept);
    }

    private static IResult Lead(Caller caller, SubjectId subject, long? reading, string kept) => reading is { } version
        ? TypedResults.LocalRedirect($"/console/subjects/{subject}?reading={version}{kept}")
        : StartPage.Page(caller, KnownProblems.NotFound, subject.ToString());
}
