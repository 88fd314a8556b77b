using System.Globalization;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Answering;
using ConsentLedger.ErasureOrchestrator.Erasures.Extending;
using ConsentLedger.ErasureOrchestrator.Erasures.Instructing;
using ConsentLedger.ErasureOrchestrator.Erasures.Withdrawing;
using ConsentLedger.ErasureOrchestrator.Holds;
using ConsentLedger.ErasureOrchestrator.Identities;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Desk;

/// <summary>What the desk's forms do: the acts of the API.</summary>
internal static class DeskActs
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/desk/requests/{id:guid}/extension", ExtendAsync).RequireScope(Scopes.ErasureDecide).ForBrowsers(DeskPages.SignIn.Pages);
        app.MapPost("/desk/requests/{id:guid}/identity", VerifyAsync).RequireScope(Scopes.ErasureDecide).ForBrowsers(DeskPages.SignIn.Pages);
        app.MapPost("/desk/requests/{id:guid}/instruction", InstructAsync).RequireScope(Scopes.ErasureInstruct).ForBrowsers(DeskPages.SignIn.Pages);
        app.MapPost("/desk/requests/{id:guid}/withdrawal", WithdrawAsync).RequireScope(Scopes.ErasureRequest).ForBrowsers(DeskPages.SignIn.Pages);
        app.MapPost("/desk/requests/{id:guid}/refusal", RefuseAsync).RequireScope(Scopes.ErasureDecide).ForBrowsers(DeskPages.SignIn.Pages);
        app.MapPost("/desk/requests/{id:guid}/tasks/{system}", AnswerAsync).RequireScope(Scopes.ErasureDecide).ForBrowsers(DeskPages.SignIn.Pages);
        app.MapPost("/desk/requests/{id:guid}/copy", CopyAsync).RequireScope(Scopes.ErasureDecide).ForBrowsers(DeskPages.SignIn.Pages);
        app.MapPost("/desk/requests/{id:guid}/holds", HoldAsync).RequireScope(Scopes.ErasureHold).ForBrowsers(DeskPages.SignIn.Pages);
        app.MapPost("/desk/requests/{id:guid}/holds/{hold:guid}/lifting", LiftAsync).RequireScope(Scopes.ErasureHold).ForBrowsers(DeskPages.SignIn.Pages);
    }

    private static async Task<IResult> ExtendAsync([AsParameters] DeskVisit visit)
    {
        var form = await visit.FormAsync();
        return TryRead<ExtensionReason>(form["reason"], out var reason)
            && DateTimeOffset.TryParse(form["noticeSentAt"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at)
            ? await visit.CarryOutAsync(new ExtendRequest(reason, at, form["noticeMethod"].ToString().Trim()))
            : await visit.ShowAsync(Malformed);
    }

    private static Task<IResult> VerifyAsync([AsParameters] DeskVisit visit) => visit.CarryOutAsync(new VerifyIdentity());

    private static Task<IResult> WithdrawAsync([AsParameters] DeskVisit visit) => visit.CarryOutAsync(new WithdrawRequest());

    private static async Task<IResult> InstructAsync([AsParameters] DeskVisit visit) =>
        TryRead<Instruction>((await visit.FormAsync())["instruction"], out var instruction) ? await visit.CarryOutAsync(new InstructRequest(instruction)) : await visit.ShowAsync(Malformed);

    private static async Task<IResult> RefuseAsync([AsParameters] DeskVisit visit) =>
        TryRead<RefusalReason>((await visit.FormAsync())["reason"], out var reason) ? await visit.CarryOutAsync(new RefuseRequest(reason)) : await visit.ShowAsync(Malformed);

    private static async Task<IResult> AnswerAsync([AsParameters] DeskVisit visit, string system)
    {
        var form = await visit.FormAsync();
        var reason = default(KeepReason);
        var hasReason = form["reason"].ToString().Length > 0;
        if (!TryRead<TaskOutcome>(form["outcome"], out var outcome) || (hasReason && !TryRead(form["reason"], out reason))) return await visit.ShowAsync(Malformed);
        var act = new AnswerTask(outcome, hasReason ? reason : null);
        return await visit.CarryOutAsync((found, person, _, now) => act.Decide(found, system, person, now));
    }

    /// <summary>The one act whose answer is no page, but what the browser saves.</summary>
    private static async Task<IResult> CopyAsync([AsParameters] DeskVisit visit, Copies copies)
    {
        if (!bool.TryParse((await visit.FormAsync())["partial"], out var partial)) return await visit.ShowAsync(Malformed);
        if (await visit.SubjectAsync() is not { } subject) return await visit.ShowAsync();
        var (copy, refusal) = await copies.MakeAsync(subject, visit.Id, partial, visit.Caller.ClientId, visit.Ct);
        return copy is not null
            ? copy with { FileName = $"copy-{visit.Id:D}.json" }
            : await visit.ShowAsync(refusal ?? new Refusal(HandOutCopy.CopyUnavailable.Code, HandOutCopy.CopyUnavailable.Title));
    }

    private static async Task<IResult> HoldAsync([AsParameters] DeskVisit visit)
    {
        var form = await visit.FormAsync();
        if (!TryRead<HoldAuthority>(form["authority"], out var authority)) return await visit.ShowAsync(Malformed);
        if (await visit.SubjectAsync() is not { } subject) return await visit.ShowAsync();
        var (act, hold) = (new PlaceHold(authority, form["reference"].ToString().Trim()), Guid.CreateVersion7(visit.Clock.GetUtcNow()));
        return await visit.AfterAsync(await visit.Aliases.ExecuteAsync([subject], visit.Fresh(), default, persons => PlaceHold.Decide(act, hold, subject, persons), visit.Ct));
    }

    private static async Task<IResult> LiftAsync([AsParameters] DeskVisit visit, Guid hold)
    {
        var covered = await visit.Lookup.ReadHeldAsync(visit.Caller.Tenant, hold, visit.Ct);
        var outcome = covered.Count == 0 ? new Outcome.Unchanged(0) : await visit.Aliases.ExecuteAsync(covered, visit.Fresh(), default, persons => LiftHold.Decide(hold, persons), visit.Ct);
        return await visit.AfterAsync(outcome);
    }

    private static Refusal Malformed { get; } = new(KnownProblems.RequestInvalid.Code, "The form was not filled in as it is.");

    private static bool TryRead<T>(string? word, out T value)
        where T : struct, Enum
    {
        value = Enum.GetValues<T>().FirstOrDefault(v => DeskWords.Kebab(v) == word);
        return DeskWords.Kebab(value) == word;
    }
}
