using System.Globalization;
using ConsentLedger.ErasureOrchestrator.Certificates;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Answering;
using ConsentLedger.ErasureOrchestrator.Erasures.Instructing;
using ConsentLedger.ErasureOrchestrator.Erasures.Planning;
using ConsentLedger.ErasureOrchestrator.Identities;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Desk;

/// <summary>One request: how it stands, what each system did, what is kept, and what can be done about it now.</summary>
internal static class ShowRequest
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/desk/requests/{id:guid}", HandleAsync).RequireScope(Scopes.ErasureRead).ForBrowsers(DeskPages.SignIn.Pages);
        app.MapGet("/desk/requests/{id:guid}/identities", IdentitiesAsync).RequireScope(Scopes.SubjectFind).ForBrowsers(DeskPages.SignIn.Pages);
        app.MapGet("/desk/requests/{id:guid}/certificate", CertificateAsync).RequireScope(Scopes.ErasureRead).ForBrowsers(DeskPages.SignIn.Pages);
        app.MapGet("/desk/requests/{id:guid}/certificate.json", FileAsync).RequireScope(Scopes.ErasureRead).ForBrowsers(DeskPages.SignIn.Pages);
    }

    /// <param name="refusal">Why the last act was not done.</param>
    public static async Task<IResult> PageAsync(DeskVisit visit, Refusal? refusal = null)
    {
        var (id, caller, reader, ct) = (visit.Id, visit.Caller, visit.Reader, visit.Ct);
        if (await visit.SubjectAsync() is not { } subject || (await reader.ReadAsync(subject, SubjectRequests.Stream, ct)).State is not { } person || person.Find(id) is not { } request)
            return Missing(caller);
        var (register, _) = await reader.ReadAsync(TenantRegister.Of(caller.Tenant), TenantRegister.Stream, ct);
        var plan = request.Plan ?? (request.IsOpen ? MakePlan.Of(request, register, visit.Patience.AsksForAddresses) : null);
        var now = visit.Clock.GetUtcNow();
        return new DeskPage($"Request {id:D}", $"""
            <p><a href="/desk">All requests</a></p>
            {(refusal is null ? Html.Empty : (Html)$"""<p class="alert" role="alert">{refusal.Reason} <code>{refusal.Code}</code></p>""")}
            <h1>{Capital(DeskWords.Plain(request.Type))} <span class="state">{DeskWords.Title(request.State)}</span></h1>
            <dl>
            <dt>Request</dt><dd><code>{id:D}</code></dd>
            <dt>Data subject</dt><dd><code>{subject.Id.ToString()}</code></dd>
            <dt>Received</dt><dd>{DeskWords.Time(request.ReceivedAt)}{(request.Reason is { } reason ? (Html)$", {DeskWords.Plain(reason)}" : Html.Empty)}</dd>
            <dt>Due</dt><dd>{DeskWords.Day(request.Deadline.DueOn)} {(request.IsOpen ? DeskWords.Left(request.Deadline.LapsesAt, now) : Html.Empty)}{(request.Extension is { } extension ? (Html)$" (extended: {DeskWords.Plain(extension.Reason)}{(request.Lengthened is { } longer ? (Html)$", on {DeskWords.Time(longer.At)}; first due {DeskWords.Day(longer.Before.DueOn)}" : Html.Empty)})" : Html.Empty)}</dd>
            {Held(request)}
            {(request.Copies.IsEmpty ? Html.Empty : (Html)$"<dt>Copies</dt><dd>{request.Copies.Select(c => (Html)$"""<span class="each">{DeskWords.Time(c.At)}{(c.By is { } by ? $", handed out to {by}" : ", handed out")}{(c.IsPart ? " (a part)" : "")}</span>""")}</dd>")}
            {(request.EndedAt is { } ended ? (Html)$"<dt>Ended</dt><dd>{DeskWords.Time(ended)}{(request.Outcome is { } outcome ? (Html)$": <strong>{DeskWords.Plain(outcome)}</strong>" : Html.Empty)}</dd>" : Html.Empty)}
            </dl>
            <section><h2>Timeline</h2>{new RequestPicture(request, now).Draw()}</section>
            <section><h2 id="systems">Systems</h2>{Systems(request, caller)}{(request.Plan is null && plan is not null ? Ahead(plan) : Html.Empty)}</section>
            {(plan is { Kept.Count: > 0 } ? Kept(plan.Kept) : Html.Empty)}
            <section><h2>What can be done</h2>{Acts(request, person, caller, now)}</section>
            """, caller, refusal is null ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }

    private static Task<IResult> HandleAsync([AsParameters] DeskVisit visit) => visit.ShowAsync();

    /// <summary>Personal: for whoever tells somebody by hand, and kept nowhere.</summary>
    private static async Task<IResult> IdentitiesAsync(Guid id, Caller caller, ErasureLookup lookup, StateReader reader, IdentityVault vault, CancellationToken ct)
    {
        if (await lookup.FindAsync(caller.Tenant, id, ct) is not { } subject || (await reader.ReadAsync(subject, SubjectRequests.Stream, ct)).State.Find(id) is not { } request) return Missing(caller);
        var known = request.HasIdentities ? (await vault.OpenAsync(caller.Tenant, id, ct))?.Identities ?? [] : [];
        return new DeskPage($"Whom request {id:D} is about", $"""
            <p><a href="/desk/requests/{id:D}">Back to the request</a></p>
            <h1>Whom it is about</h1>
            <dl>
            <dt>Data subject</dt><dd><code>{subject.Id.ToString()}</code></dd>
            {known.Select(i => (Html)$"<dt>{DeskWords.Plain(i.Type.Replace('_', ' '))}{(i.Format == "raw" ? "" : $" ({i.Format})")}</dt><dd>{i.Value}</dd>")}
            </dl>
            {(known.Count == 0 ? (Html)$"<p>Nobody said by what else others know the person.</p>" : Html.Empty)}
            """, caller);
    }

    private static DeskPage Missing(Caller caller) => new("Not found", $"""<h1>There is no such request</h1><p><a href="/desk">Back to the desk</a></p>""", caller, StatusCodes.Status404NotFound);

    private static async Task<IResult> CertificateAsync(Guid id, Caller caller, ErasureLookup lookup, StateReader reader, Certificates.Certificates certificates, HttpContext context, CancellationToken ct)
    {
        var (certificate, problem) = await ReadCertificate.FindAsync(caller.Tenant, id, lookup, reader, certificates, ct);
        return certificate is null ? DeskPages.SignIn.Pages.Refusal(context, problem!) : CertificatePage.Of(certificate);
    }

    private static async Task<IResult> FileAsync(Guid id, Caller caller, ErasureLookup lookup, StateReader reader, Certificates.Certificates certificates, HttpContext context, CancellationToken ct)
    {
        var (certificate, problem) = await ReadCertificate.FindAsync(caller.Tenant, id, lookup, reader, certificates, ct);
        return certificate is null ? DeskPages.SignIn.Pages.Refusal(context, problem!) : TypedResults.Bytes(certificate, "application/json", $"certificate-{id:D}.json");
    }

    private static Html Systems(PersonRequest request, Caller caller) => request.Tasks.Count == 0 ? (Html)$"<p>{(request.IsOpen ? "Nothing has begun, so no system was told yet." : "Nothing had begun, so no system was told.")}</p>" : $"""
        <div class="scroll" tabindex="0" role="region" aria-labelledby="systems"><table>
        <thead><tr><th scope="col">System</th><th scope="col">How it stands</th><th scope="col">Told</th><th scope="col">Answered</th><th scope="col">Outcome</th></tr></thead>
        <tbody>{request.Tasks.Select(t => (Html)$"""
        <tr><th scope="row">{t.Key}<span class="sub">{DeskWords.Plain(t.Value.Kind)}{(t.Value.Assignee is { } who ? $", {who}" : "")}</span></th>
        <td>{DeskWords.Plain(t.Value.Stage)}{(t.Value.Failure is { } failure ? (Html)$"""<span class="sub late">{DeskWords.Plain(failure)}</span>""" : Html.Empty)}</td>
        <td>{(t.Value.DispatchedAt is { } told ? DeskWords.Time(told) : Html.Empty)}{(t.Value.Attempts > 1 ? (Html)$"""<span class="sub">{t.Value.Attempts} times</span>""" : Html.Empty)}</td>
        <td>{(t.Value.CompletedAt is { } at ? DeskWords.Time(at) : Html.Empty)}</td>
        <td>{(t.Value.Outcome is { } outcome ? (Html)$"{DeskWords.Plain(outcome)}" : Html.Empty)}{(t.Value.Reason is { } why ? (Html)$"""<span class="sub">{DeskWords.Plain(why)}</span>""" : Html.Empty)}
        {t.Value.Contradictions.Select(Later)}
        {(t.Value is { IsOpen: true, Stage: TaskStage.WithPeople } && caller.Scopes.Contains(Scopes.ErasureDecide) ? Answer(request, t.Key, caller) : Html.Empty)}</td></tr>
        """)}</tbody></table></div>
        """;

    /// <summary>What begins when nothing stands in its way any more, as register and policy are now.</summary>
    private static Html Ahead(ErasurePlanned plan) => $"""
        <p>When it begins, these are told, as things are now{(plan.PolicyVersion is { } version ? $" (policy {version})" : "")}:</p>
        <ol class="plan">{plan.Steps.OrderBy(s => s.Phase).Select(s => (Html)$"<li>{s.System} <span class=\"sub\">{DeskWords.Plain(s.Kind)}{(s.Assignee is { } who ? $", {who}" : "")}</span></li>")}</ol>
        """;

    /// <summary>What a system said first stands, and somebody has to ask it which of the two is so.</summary>
    private static Html Later(Contradiction said) => $"""
        <span class="sub late">Later it said: {DeskWords.Plain(said.Outcome)}{(said.Reason is { } why ? $", {DeskWords.Plain(why)}" : "")}, {DeskWords.Time(said.At)}</span>
        """;

    private static Html Answer(PersonRequest request, string system, Caller caller) => $"""
        {(caller.Scopes.Contains(Scopes.SubjectFind) ? (Html)$"""<a href="/desk/requests/{request.Id:D}/identities">Whom it is about</a>""" : Html.Empty)}
        <form class="inline" method="post" action="/desk/requests/{request.Id:D}/tasks/{system}">
        <label>Outcome <select name="outcome">{OutcomesOf(request.Type).Select(o => (Html)$"""<option value="{DeskWords.Kebab(o)}">{DeskWords.Plain(o)}</option>""")}</select></label>
        <label>Reason <select name="reason"><option value="">none</option>{Enum.GetValues<KeepReason>().Select(r => (Html)$"""<option value="{DeskWords.Kebab(r)}">{DeskWords.Plain(r)}</option>""")}</select></label>
        <button>Record the outcome of {system}</button>
        </form>
        """;

    private static TaskOutcome[] OutcomesOf(RequestType type) => type switch
    {
        RequestType.Access or RequestType.Portability => [TaskOutcome.Provided, TaskOutcome.NothingHeld, TaskOutcome.Refused],
        RequestType.Rectification => [TaskOutcome.Corrected, TaskOutcome.NothingHeld, TaskOutcome.Refused],
        RequestType.Restriction => [TaskOutcome.Restricted, TaskOutcome.NothingHeld, TaskOutcome.Refused],
        _ => [TaskOutcome.Erased, TaskOutcome.NothingHeld, TaskOutcome.PartlyErased, TaskOutcome.Kept, TaskOutcome.Refused],
    };

    private static Html Kept(IReadOnlyList<Keeping> kept) => $"""
        <section><h2>What is kept, and why</h2>
        <ul>{kept.Select(k => (Html)$"<li>{k.System ?? "The controller"}: {DeskWords.Plain(k.Reason)}{(k.Purpose is { } purpose ? $" ({purpose})" : "")}</li>")}</ul></section>
        """;

    private static Html Acts(PersonRequest request, SubjectRequests person, Caller caller, DateTimeOffset now)
    {
        var (decides, holds) = (caller.Scopes.Contains(Scopes.ErasureDecide), caller.Scopes.Contains(Scopes.ErasureHold));
        var acts = new List<Html>();
        if (request.CompletedAt is not null)
            acts.Add($"""<p><a href="/desk/requests/{request.Id:D}/certificate">Certificate</a>, to print; <a href="/desk/requests/{request.Id:D}/certificate.json">the file that proves it</a>.</p>""");
        acts.AddRange(Beginning(request, caller));
        acts.AddRange(Copying(request, caller));
        if (request is { IsOpen: true, Extension: null } && decides)
        {
            acts.Add($"""
                <form method="post" action="/desk/requests/{request.Id:D}/extension"><h3>Extend</h3>
                <p class="note">Once, by two months, where the person was told of it and why within the first month (GDPR art. 12(3)).</p>
                <label>Why <select name="reason">{Enum.GetValues<Erasures.ExtensionReason>().Select(r => (Html)$"""<option value="{DeskWords.Kebab(r)}">{DeskWords.Plain(r)}</option>""")}</select></label>
                <label>The person was told on (UTC) <input name="noticeSentAt" type="datetime-local" required value="{now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm", CultureInfo.InvariantCulture)}"></label>
                <label>How <input name="noticeMethod" required value="email" maxlength="100"></label>
                <button>Extend the deadline</button></form>
                """);
        }

        if (holds)
        {
            acts.AddRange(person.Holds.Values.Select(h => (Html)$"""
                <form method="post" action="/desk/requests/{request.Id:D}/holds/{h.Hold:D}/lifting"><h3>Legal hold {h.Reference}</h3>
                <p class="note">{Capital(DeskWords.Plain(h.Authority))}. Nothing of this person is erased while it stands.</p>
                <button>Lift the hold {h.Reference}</button></form>
                """));
            if (request.IsOpen)
            {
                acts.Add($"""
                    <form method="post" action="/desk/requests/{request.Id:D}/holds"><h3>Place a legal hold</h3>
                    <label>By whose word <select name="authority">{Enum.GetValues<HoldAuthority>().Select(a => (Html)$"""<option value="{DeskWords.Kebab(a)}">{DeskWords.Plain(a)}</option>""")}</select></label>
                    <label>Case, in a word that names nobody <input name="reference" required maxlength="100"></label>
                    <button>Place the hold</button></form>
                    """);
            }
        }

        return acts.Count == 0 ? (Html)$"<p>Nothing more, with this token.</p>" : (Html)$"""<div class="acts">{acts}</div>""";
    }

    /// <summary>Under what, and for how long, it stood still.</summary>
    private static Html Held(PersonRequest request)
    {
        List<Html> held = [.. request.HeldBefore.Select(h => (Html)$"""<span class="each">{DeskWords.Time(h.From)} to {DeskWords.Time(h.Until)}</span>""")];
        if (request.HeldSince is { } since) held.Add($"""<span class="each">since {DeskWords.Time(since)}</span>""");
        return held.Count == 0 ? Html.Empty : (Html)$"<dt>On legal hold</dt><dd>{held}</dd>";
    }

    /// <summary>The copy, as soon as there is a part of it.</summary>
    private static IEnumerable<Html> Copying(PersonRequest request, Caller caller)
    {
        if (!caller.Scopes.Contains(Scopes.ErasureDecide) || HandOutCopy.Decide(request, partial: true) is not Decision.Record) yield break;
        yield return HandOutCopy.Decide(request) is Decision.Record
            ? (Html)$"""
                <form method="post" action="/desk/requests/{request.Id:D}/copy"><h3>Hand out the copy</h3>
                <p class="note">A file with everything that is known of the person, read as it is made and kept nowhere here. It goes out once, to you, which is recorded, and with that the request is completed.</p>
                <button name="partial" value="false" class="main">Hand out the copy</button></form>
                """
            : $"""
                <form method="post" action="/desk/requests/{request.Id:D}/copy"><h3>Hand out a part of the copy</h3>
                <p class="note">Not every system has answered yet. This is what there is so far; that it went out, to you, is recorded, and the whole copy follows.</p>
                <button name="partial" value="true">Hand out what there is</button></form>
                """;
    }

    /// <summary>What can be said of a request that has not begun.</summary>
    private static IEnumerable<Html> Beginning(PersonRequest request, Caller caller)
    {
        if (request is not { IsOpen: true, HasBegun: false }) yield break;
        if (request.IsUnconfirmed && caller.Scopes.Contains(Scopes.ErasureDecide))
        {
            yield return $"""
                <form method="post" action="/desk/requests/{request.Id:D}/identity"><h3>Confirm who asks</h3>
                <p class="note">Where you have seen to it otherwise than by the mailed link that the person asks.</p>
                <button>It is the person who asks</button></form>
                """;
        }

        if (request is { Instructor: { } instructor, Instruction: null } && caller.Scopes.Contains(Scopes.ErasureInstruct))
        {
            yield return $"""
                <form method="post" action="/desk/requests/{request.Id:D}/instruction"><h3>Instruction of {instructor}</h3>
                <label>The controller says <select name="instruction">{Enum.GetValues<Instruction>().Select(i => (Html)$"""<option value="{DeskWords.Kebab(i)}">{DeskWords.Plain(i)}</option>""")}</select></label>
                <button>Record the instruction</button></form>
                """;
        }

        if (caller.Scopes.Contains(Scopes.ErasureRequest))
        {
            yield return $"""
                <form method="post" action="/desk/requests/{request.Id:D}/withdrawal"><h3>Withdraw</h3>
                <p class="note">Where the person thought better of it.</p>
                <button>Withdraw the request</button></form>
                """;
        }

        if (caller.Scopes.Contains(Scopes.ErasureDecide) && request.Tasks.Values.All(t => !t.IsOpen))
        {
            yield return $"""
                <form method="post" action="/desk/requests/{request.Id:D}/refusal"><h3>Refuse</h3>
                <p class="note">The person is told why, and of the complaint to an authority (GDPR art. 12(4)).</p>
                <label>On what ground <select name="reason">{Enum.GetValues<RefusalReason>().Select(r => (Html)$"""<option value="{DeskWords.Kebab(r)}">{DeskWords.Plain(r)}</option>""")}</select></label>
                <button>Refuse the request</button></form>
                """;
        }
    }

    private static string Capital(string words) => words.Length == 0 ? words : char.ToUpperInvariant(words[0]) + words[1..];
}
