using ConsentLedger.MarketingPreference.AskingErasure;
using ConsentLedger.MarketingPreference.Pages;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.PreferenceCentre;

/// <summary>A copy of the data, and its erasure. Both need more than a link from a mail, which is passed on too easily.</summary>
internal static class ShowData
{
    public const string Part = "/data";

    public static void Map(IEndpointRouteBuilder pages) => Door.MapGet(pages, Part, async (visit, context, ct) =>
    {
        var erasures = context.RequestServices.GetRequiredService<ErasureClient>();
        var asked = Guid.TryParse(context.Request.Query["erasure"], out var id);
        var erasure = asked ? await erasures.FindAsync(visit.Link.Stream, id, ct) : null;
        return visit.State.IsErased && erasure is null ? ShowMessages.Erased(visit) : Show(visit, erasures.IsThere, asked, erasure, context.Request.Query);
    });

    private static Page Show(Visit visit, bool mayErase, bool asked, Erasure? erasure, IQueryCollection query)
    {
        var words = visit.Words;
        Html erasing = asked ? Asked(visit, erasure) : mayErase ? (Html)$"""
            <form method="post" action="{visit.Path("/erasures")}">{visit.Proof()}
            <label class="check"><input type="checkbox" name="sure" value="yes" required><span>{words["erase.sure"]}</span></label>
            <div class="acts"><button class="stop">{words["erase.button"]}</button></div></form>
            """ : $"""<p>{words.Say("data.contact", ("controller", visit.Controller))}</p>""";
        Html copying = $"""
            <form method="post" action="{visit.Path("/copies")}">{visit.Proof()}<div class="acts"><button name="format" value="json" class="main">{words["copy.json"]}</button><button name="format" value="csv">{words["copy.csv"]}</button></div></form>
            """;
        Html session = $"""<p class="card">{words.Say("data.session", ("controller", visit.Controller))}</p>""";
        return visit.PageOf(Part, words["data.title"], $"""
            {Notice.On(visit, query)}
            <h1>{words["data.title"]}</h1>
            <section aria-labelledby="copy">
            <h2 id="copy">{words["copy.title"]}</h2>
            <p>{words.Say("copy.more", ("controller", visit.Controller))}</p>
            {(visit.MayTakeOut ? copying : session)}
            </section>
            <section aria-labelledby="erase">
            <h2 id="erase">{words["erase.title"]}</h2>
            <p>{words.Say("erase.more", ("controller", visit.Controller))}</p>
            {(visit.MayTakeOut ? erasing : asked ? Asked(visit, erasure) : Html.Empty)}
            </section>
            """);
    }

    private static Html Asked(Visit visit, Erasure? erasure)
    {
        var words = visit.Words;
        if (erasure is null) return $"""<p class="notice warn" role="status">{words["erase.unknown"]}</p>""";
        Html due = erasure.IsRunning ? $"""<p>{words.Say("erase.due", ("date", words.Day(new DateTimeOffset(erasure.DueOn, TimeOnly.MinValue, TimeSpan.Zero))))}</p>""" : Html.Empty;
        return $"""<div class="notice" role="status"><p><strong>{words.Say($"erase.{erasure.Standing}", ("controller", visit.Controller))}</strong></p>{due}</div>""";
    }
}
