using System.Globalization;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Answering;
using ConsentLedger.ErasureOrchestrator.Erasures.Extending;
using ConsentLedger.ErasureOrchestrator.Erasures.Instructing;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Erasures.Withdrawing;
using ConsentLedger.ErasureOrchestrator.Holds;
using ConsentLedger.ErasureOrchestrator.Identities;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Desk;

/// <summary>What the desk's forms do: the acts of the API. Done, the page is shown anew, so that a reload repeats nothing; refused, it says why.</summary>
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

    private static async Task<IResult> ExtendAsync(
        Guid id, HttpRequest request, Caller caller, ErasureLookup lookup, DeciderLoop ledger, StateReader reader, Patience patience, TimeProvider clock, CancellationToken ct)
    {
        var form = await request.ReadFormAsync(ct);
        if (!TryRead<ExtensionReason>(form["reason"], out var reason)
            || !DateTimeOffset.TryParse(form["noticeSentAt"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at))
            return await ShowRequest.PageAsync(id, caller, lookup, reader, patience, clock, ct, Malformed);
        return await CarryOutAsync(id, new ExtendRequest(reason, at, form["noticeMethod"].ToString().Trim()), caller, lookup, ledger, reader, patience, clock, ct);
    }

    private static Task<IResult> VerifyAsync(Guid id, Caller caller, ErasureLookup lookup, DeciderLoop ledger, StateReader reader, Patience patience, TimeProvider clock, CancellationToken ct) =>
        CarryOutAsync(id, new VerifyIdentity(), caller, lookup, ledger, reader, patience, clock, ct);

    private static Task<IResult> WithdrawAsync(Guid id, Caller caller, ErasureLookup lookup, DeciderLoop ledger, StateReader reader, Patience patience, TimeProvider clock, CancellationToken ct) =>
        CarryOutAsync(id, new WithdrawRequest(), caller, lookup, ledger, reader, patience, clock, ct);

    private static async Task<IResult> InstructAsync(
        Guid id, HttpRequest request, Caller caller, ErasureLookup lookup, DeciderLoop ledger, StateReader reader, Patience patience, TimeProvider clock, CancellationToken ct) =>
        TryRead<Instruction>((await request.ReadFormAsync(ct))["instruction"], out var instruction)
            ? await CarryOutAsync(id, new InstructRequest(instruction), caller, lookup, ledger, reader, patience, clock, ct)
            : await ShowRequest.PageAsync(id, caller, lookup, reader, patience, clock, ct, Malformed);

    private static async Task<IResult> RefuseAsync(
        Guid id, HttpRequest request, Caller caller, ErasureLookup lookup, DeciderLoop ledger, StateReader reader, Patience patience, TimeProvider clock, CancellationToken ct) =>
        TryRead<RefusalReason>((await request.ReadFormAsync(ct))["reason"], out var reason)
            ? await CarryOutAsync(id, new RefuseRequest(reason), caller, lookup, ledger, reader, patience, clock, ct)
            : await ShowRequest.PageAsync(id, caller, lookup, reader, patience, clock, ct, Malformed);

    private static async Task<IResult> AnswerAsync(
        Guid id, string system, HttpRequest request, Caller caller, ErasureLookup lookup, DeciderLoop ledger, StateReader reader, Patience patience, TimeProvider clock, CancellationToken ct)
    {
        var form = await request.ReadFormAsync(ct);
        var reason = default(KeepReason);
        var hasReason = form["reason"].ToString().Length > 0;
        if (!TryRead<TaskOutcome>(form["outcome"], out var outcome) || (hasReason && !TryRead(form["reason"], out reason))) return await ShowRequest.PageAsync(id, caller, lookup, reader, patience, clock, ct, Malformed);
        var act = new AnswerTask(outcome, hasReason ? reason : null);
        return await CarryOutAsync(id, (found, person, _, now) => act.Decide(found, system, person, now), caller, lookup, ledger, reader, patience, clock, ct);
    }

    /// <summary>The one act whose answer is no page, but what the browser saves.</summary>
    private static async Task<IResult> CopyAsync(Guid id, HttpRequest request, Caller caller, Copies copies, ErasureLookup lookup, StateReader reader, Patience patience, TimeProvider clock, CancellationToken ct)
    {
        if (await lookup.FindAsync(caller.Tenant, id, ct) is not { } subject) return await ShowRequest.PageAsync(id, caller, lookup, reader, patience, clock, ct);
        var (copy, refusal) = await copies.MakeAsync(subject, id, (await request.ReadFormAsync(ct))["partial"] == "true", caller.ClientId, ct);
        return copy is not null
            ? copy with { FileName = $"copy-{id:D}.json" }
            : await ShowRequest.PageAsync(id, caller, lookup, reader, patience, clock, ct, refusal ?? new Refusal(HandOutCopy.CopyUnavailable.Code, HandOutCopy.CopyUnavailable.Title));
    }

    private static async Task<IResult> HoldAsync(Guid id, HttpRequest request, Caller caller, ErasureLookup lookup, Aliases aliases, StateReader reader, Patience patience, TimeProvider clock, CancellationToken ct)
    {
        var form = await request.ReadFormAsync(ct);
        if (!TryRead<HoldAuthority>(form["authority"], out var authority)) return await ShowRequest.PageAsync(id, caller, lookup, reader, patience, clock, ct, Malformed);
        if (await lookup.FindAsync(caller.Tenant, id, ct) is not { } subject) return await ShowRequest.PageAsync(id, caller, lookup, reader, patience, clock, ct);
        var (act, hold) = (new PlaceHold(authority, form["reference"].ToString().Trim()), Guid.CreateVersion7(clock.GetUtcNow()));
        var outcome = await aliases.ExecuteAsync([subject], Fresh(clock), default, persons => PlaceHold.Decide(act, hold, subject, persons), ct);
        return await AfterAsync(outcome, id, caller, lookup, reader, patience, clock, ct);
    }

    private static async Task<IResult> LiftAsync(Guid id, Guid hold, Caller caller, ErasureLookup lookup, Aliases aliases, StateReader reader, Patience patience, TimeProvider clock, CancellationToken ct)
    {
        var covered = await lookup.ReadHeldAsync(caller.Tenant, hold, ct);
        var outcome = covered.Count == 0 ? new Outcome.Unchanged(0) : await aliases.ExecuteAsync(covered, Fresh(clock), default, persons => LiftHold.Decide(hold, persons), ct);
        return await AfterAsync(outcome, id, caller, lookup, reader, patience, clock, ct);
    }

    private static Task<IResult> CarryOutAsync(
        Guid id, IRequestAct act, Caller caller, ErasureLookup lookup, DeciderLoop ledger, StateReader reader, Patience patience, TimeProvider clock, CancellationToken ct) =>
        CarryOutAsync(id, (found, _, register, now) => act.Decide(found, register, now), caller, lookup, ledger, reader, patience, clock, ct);

    private static async Task<IResult> CarryOutAsync(
        Guid id, Func<PersonRequest, SubjectRequests, Register.TenantRegister, DateTimeOffset, Decision> decide, Caller caller, ErasureLookup lookup, DeciderLoop ledger, StateReader reader, Patience patience, TimeProvider clock,
        CancellationToken ct)
    {
        if (await lookup.FindAsync(caller.Tenant, id, ct) is not { } subject) return await ShowRequest.PageAsync(id, caller, lookup, reader, patience, clock, ct);
        var outcome = await ledger.ExecuteAsync(subject.Commanding(patience, (person, register, now) => decide(person.Find(id)!, person, register, now)), ct);
        return await AfterAsync(outcome, id, caller, lookup, reader, patience, clock, ct);
    }

    private static async Task<IResult> AfterAsync(Outcome outcome, Guid id, Caller caller, ErasureLookup lookup, StateReader reader, Patience patience, TimeProvider clock, CancellationToken ct) =>
        outcome is Outcome.Refused { Refusal: var refusal }
            ? await ShowRequest.PageAsync(id, caller, lookup, reader, patience, clock, ct, refusal)
            : new SeeOther($"/desk/requests/{id:D}");

    private static Refusal Malformed { get; } = new(KnownProblems.RequestInvalid.Code, "The form was not filled in as it is.");

    private static Digest Fresh(TimeProvider clock) => new(Guid.CreateVersion7(clock.GetUtcNow()));

    private static bool TryRead<T>(string? word, out T value)
        where T : struct, Enum
    {
        value = Enum.GetValues<T>().FirstOrDefault(v => DeskWords.Kebab(v) == word);
        return DeskWords.Kebab(value) == word;
    }
}
