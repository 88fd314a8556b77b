using System.Security.Cryptography;
using System.Text;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Identities;

/// <summary>The page behind the mailed link. Opening it only asks, because scanners open every link of a mail; confirming it works once.</summary>
public static class ConfirmIdentity
{
    private const string Path = "/identity/{token}";

    public static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapMethods(Path, [HttpMethods.Get, HttpMethods.Head], ShowAsync).AllowAnonymous().ExcludeFromDescription();
        pages.MapPost(Path, ConfirmAsync).AllowAnonymous().ExcludeFromDescription();
    }

    public static Decision Decide(Guid request, string link, SubjectRequests subject, DateTimeOffset now) => subject.Find(request) switch
    {
        { Verified: not null } => Decision.No("link_used", "The link was used."),
        { IsOpen: true } open when open.Links.TryGetValue(link, out var expires) && now < expires => Decision.Of(new ErasureIdentityVerified(request, IdentityMethod.MailedLink)),
        _ => Decision.No("link_expired", "The link is over."),
    };

    private static async Task<IResult> ShowAsync(string token, ErasureLookup lookup, StateReader reader, TimeProvider clock, CancellationToken ct) =>
        await FindAsync(token, lookup, reader, clock, ct) is null
            ? Gone
            : new IdentityPage(StatusCodes.Status200OK, "Did you ask for this?", $"""
                <p>Somebody asked for something to be done with your personal data, and gave your address.</p>
                <form method="post"><button name="confirm" value="yes">Yes, it was me</button></form>
                <p>If it was not you, close this page. Nothing happens without your confirmation.</p>
                """);

    private static async Task<IResult> ConfirmAsync(string token, ErasureLookup lookup, StateReader reader, DeciderLoop ledger, Patience patience, TimeProvider clock, CancellationToken ct)
    {
        if (await FindAsync(token, lookup, reader, clock, ct) is not { } found) return Gone;
        var link = IdentityLinks.HashOf(token);
        var outcome = await ledger.ExecuteAsync(found.Subject.Commanding(patience, (state, _, now) => Decide(found.Request, link, state, now)), ct);
        return outcome is Outcome.Recorded ? new IdentityPage(StatusCodes.Status200OK, "Thank you", $"<p>Your request goes on now. You will hear of its end.</p>") : Gone;
    }

    /// <summary>The one answer to whatever is no link of ours, was used or is over.</summary>
    private static IdentityPage Gone => new(StatusCodes.Status404NotFound, "This link is not valid", $"<p>It was used, it is over, or it was never one of ours.</p>");

    private static async Task<(StreamKey Subject, Guid Request)?> FindAsync(string token, ErasureLookup lookup, StateReader reader, TimeProvider clock, CancellationToken ct)
    {
        if (token.Length is 0 or > 100) return null;
        var link = IdentityLinks.HashOf(token);
        if (await lookup.FindLinkAsync(link, ct) is not { } found) return null;
        var (state, _) = await reader.ReadAsync(found.Subject, SubjectRequests.Stream, ct);
        return Decide(found.Request, link, state, clock.GetUtcNow()) is Decision.Record ? found : null;
    }
}

/// <summary>Somebody of the tenant has seen to it that the person asks, otherwise than by a link.</summary>
public sealed record VerifyIdentity : IRequestAct
{
    public static void Map(IEndpointRouteBuilder api) => api.MapRequestAct<VerifyIdentity>("identity", Scopes.ErasureDecide, "request_ended", "identity_not_needed");

    public Decision Decide(PersonRequest request, TenantRegister register, DateTimeOffset now) => request switch
    {
        { Verified: not null } => Decision.Unchanged,
        { IsOpen: false } => Decision.No("request_ended", "The request has ended."),
        { Identity: null } => Decision.No("identity_not_needed", "The caller answered for who asks."),
        _ => Decision.Of(new ErasureIdentityVerified(request.Id, IdentityMethod.ByHand)),
    };
}

/// <summary>Written here in full: no script, nothing loaded from anywhere, and nothing about the person, because whoever holds the mail holds the link.</summary>
internal sealed record IdentityPage(int Status, string Title, Html Words) : IResult
{
    private static readonly Html Style = $$"""
        :root{color-scheme:light dark;font:1.125rem/1.5 system-ui,sans-serif}
        body{margin:0}main{max-width:34rem;margin:0 auto;padding:2rem 1rem}
        h1{font-size:1.5rem;line-height:1.25}
        button{font:inherit;min-height:3rem;padding:.5rem 1.5rem;border:2px solid;border-radius:.5rem;cursor:pointer}
        :focus-visible{outline:3px solid;outline-offset:3px}
        """;

    private static readonly string Policy =
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes($"{Style}")))}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        (response.StatusCode, response.ContentType) = (Status, "text/html; charset=utf-8");
        response.Headers.ContentSecurityPolicy = Policy;
        Html page = $"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width">
            <meta name="robots" content="noindex">
            <title>{Title}</title>
            <style>{Style}</style>
            </head>
            <body><main>
            <h1>{Title}</h1>
            {Words}
            </main></body>
            </html>

            """;
        return response.WriteAsync(page.ToString(), httpContext.RequestAborted);
    }
}
