using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.OpenDsr;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Desk;

/// <summary>All open requests by what they wait for, the one that is due first at the head of each; and the OpenDSR cases in which somebody has to look.</summary>
internal static class ShowBoard
{
    private const int Most = 500, Ended = 20;

    private static readonly RequestState[] Columns = [RequestState.AwaitingIdentity, RequestState.AwaitingInstruction, RequestState.CoolingOff, RequestState.Held, RequestState.Running];

    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/desk", HandleAsync).RequireScope(Scopes.ErasureRead).ForBrowsers(DeskPages.SignIn.Pages);

    private static async Task<IResult> HandleAsync(Caller caller, ErasureLookup lookup, DsrLookup cases, StateReader reader, TimeProvider clock, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var open = await lookup.ListAsync(caller.Tenant, new RequestFilter(Open: true, Limit: Most), ct);
        var counts = await lookup.CountOpenAsync(caller.Tenant, now, ct);
        var ended = await lookup.ReadEndedLastAsync(caller.Tenant, Ended, ct);
        var unmatched = await DsrUnmatchedCases.ReadAsync(caller.Tenant, cases, reader, ct);
        return new DeskPage("Board", $"""
            <h1>Requests</h1>
            {Summary(counts)}
            {(counts.Open > open.Count ? (Html)$"""<p class="note">Here are the {open.Count} that are due first. The list, <code>GET /v1/erasures?open=true</code>, has them all.</p>""" : Html.Empty)}
            {(unmatched.Count == 0 ? Html.Empty : Cases(unmatched, now))}
            {Columns.Select(column => Section(column, [.. open.Where(r => r.State == DeskWords.Kebab(column))], now))}
            {(open.Count == 0 ? (Html)$"<p>No request is open.</p>" : Html.Empty)}
            {(ended.Count == 0 ? Html.Empty : Past(ended))}
            """, caller);
    }

    private static Html Summary(OpenCounts counts) => $"""
        <ul class="numbers">
        <li><strong>{counts.Open}</strong> open</li>
        <li class="{(counts.Overdue > 0 ? "late" : "")}"><strong>{counts.Overdue}</strong> overdue</li>
        <li class="{(counts.Soon > 0 ? "soon" : "")}"><strong>{counts.Soon}</strong> due within a week</li>
        <li><strong>{counts.Waiting}</strong> waiting</li>
        </ul>
        """;

    private static Html Section(RequestState state, IReadOnlyList<RequestRow> rows, DateTimeOffset now) => rows.Count == 0 ? Html.Empty : $"""
        <section><h2 id="{DeskWords.Kebab(state)}">{DeskWords.Title(state)} <span class="count">{rows.Count}</span></h2>
        <div class="scroll" tabindex="0" role="region" aria-labelledby="{DeskWords.Kebab(state)}"><table>
        <thead><tr><th scope="col">Request</th><th scope="col">Asks for</th><th scope="col">Received</th><th scope="col">Due</th><th scope="col">Left</th></tr></thead>
        <tbody>{rows.Select(r => (Html)$"""
        <tr><th scope="row"><a href="/desk/requests/{r.Id:D}"><code>{r.Id:D}</code></a></th><td>{DeskWords.Plain(r.Type)}</td><td>{DeskWords.Time(r.ReceivedAt)}</td>
        <td>{DeskWords.Day(r.DueOn)}{(r.Extended ? (Html)$"""<span class="sub">extended</span>""" : Html.Empty)}</td><td>{DeskWords.Left(r.LapsesAt, now)}</td></tr>
        """)}</tbody></table></div></section>
        """;

    private static Html Past(IReadOnlyList<RequestRow> rows) => $"""
        <section><h2 id="ended">Ended last</h2>
        <div class="scroll" tabindex="0" role="region" aria-labelledby="ended"><table>
        <thead><tr><th scope="col">Request</th><th scope="col">Asked for</th><th scope="col">Ended</th><th scope="col">Due</th><th scope="col">Outcome</th></tr></thead>
        <tbody>{rows.Select(r => (Html)$"""
        <tr><th scope="row"><a href="/desk/requests/{r.Id:D}"><code>{r.Id:D}</code></a></th><td>{DeskWords.Plain(r.Type)}</td><td>{(r.EndedAt is { } at ? DeskWords.Time(at) : Html.Empty)}</td>
        <td>{DeskWords.Day(r.DueOn)}{(r.EndedAt >= r.LapsesAt ? (Html)$"""<span class="sub late">too late</span>""" : Html.Empty)}</td><td>{DeskWords.Plain(r.Outcome ?? r.State)}</td></tr>
        """)}</tbody></table></div></section>
        """;

    private static Html Cases(IReadOnlyList<DsrUnmatchedCases.UnmatchedCase> cases, DateTimeOffset now) => $"""
        <section><h2 id="cases">Who is it? <span class="count">{cases.Count}</span></h2>
        <p class="note">Controllers asked over OpenDSR, and the address led to nobody, or to several people.</p>
        <div class="scroll" tabindex="0" role="region" aria-labelledby="cases"><table>
        <thead><tr><th scope="col">Case</th><th scope="col">Asks for</th><th scope="col">Received</th><th scope="col">Left</th><th scope="col">The address led to</th></tr></thead>
        <tbody>{cases.Select(c => (Html)$"""
        <tr><th scope="row"><a href="/desk/cases/{c.Id:D}"><code>{c.Id:D}</code></a></th><td>{DeskWords.Plain(c.Type)}</td><td>{DeskWords.Time(c.ReceivedAt)}</td><td>{DeskWords.Left(c.ExpectedBy, now)}</td><td>{DeskWords.Plain(c.Reason)}</td></tr>
        """)}</tbody></table></div></section>
        """;
}
