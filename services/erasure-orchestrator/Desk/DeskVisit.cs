using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Holds;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Desk;

/// <summary>Somebody at the desk with one request before them. What they do is answered with its page: shown anew where it was done, so that a reload repeats nothing, and with the reason where it was refused.</summary>
internal sealed record DeskVisit(
    Guid Id, HttpRequest Request, Caller Caller, ErasureLookup Lookup, DeciderLoop Ledger, StateReader Reader, Aliases Aliases, Patience Patience, TimeProvider Clock, CancellationToken Ct)
{
    /// <summary>Without a field where it is none of the desk's, so that every act finds it filled in otherwise.</summary>
    public static async Task<IFormCollection> FormAsync(HttpRequest request, CancellationToken ct) => await OwnForm.ReadAsync(request, fields: 3, maxBytes: 16 * 1024, ct) ?? FormCollection.Empty;

    public Task<IFormCollection> FormAsync() => FormAsync(Request, Ct);

    public Task<StreamKey?> SubjectAsync() => Lookup.FindAsync(Caller.Tenant, Id, Ct);

    public Task<IResult> ShowAsync(Refusal? refusal = null) => ShowRequest.PageAsync(this, refusal);

    public Task<IResult> CarryOutAsync(IRequestAct act) => CarryOutAsync((found, _, register, now) => act.Decide(found, register, now));

    public async Task<IResult> CarryOutAsync(Func<PersonRequest, SubjectRequests, TenantRegister, DateTimeOffset, Decision> decide) => await SubjectAsync() is { } subject
        ? await AfterAsync(await Ledger.ExecuteAsync(subject.Commanding(Patience, (person, register, now) => decide(person.Find(Id)!, person, register, now)), Ct))
        : await ShowAsync();

    public async Task<IResult> AfterAsync(Outcome outcome) => outcome is Outcome.Refused { Refusal: var refusal } ? await ShowAsync(refusal) : new SeeOther($"/desk/requests/{Id:D}");

    /// <summary>Of a command that nobody sends twice.</summary>
    public Digest Fresh() => new(Guid.CreateVersion7(Clock.GetUtcNow()));
}
