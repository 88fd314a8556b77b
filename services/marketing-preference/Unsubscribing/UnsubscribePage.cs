using System.Security.Cryptography;
using System.Text;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Unsubscribing;

/// <summary>
/// What a person sees behind the link in a mail. Written here in full: no script, nothing loaded from anywhere, and nothing about the person, because whoever
/// holds the mail holds the link.
/// </summary>
internal sealed record UnsubscribePage(int Status, string Title, Html Words, int? RetryAfterSeconds = null) : IResult
{
    private static readonly Html Style = $$"""
        :root{color-scheme:light dark;font:1.125rem/1.5 system-ui,sans-serif}
        body{margin:0}main{max-width:34rem;margin:0 auto;padding:2rem 1rem}
        h1{font-size:1.5rem;line-height:1.25;overflow-wrap:anywhere}
        button{font:inherit;min-height:3rem;padding:.5rem 1.5rem;border:2px solid;border-radius:.5rem;cursor:pointer}
        :focus-visible{outline:3px solid;outline-offset:3px}
        """;

    private static readonly string Policy =
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes($"{Style}")))}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    public static UnsubscribePage Asking(PolicyPack pack, Topic topic, string channel) => new(StatusCodes.Status200OK, $"Unsubscribe from {Named(topic)}?", $"""
        <p>{pack.Controller.Name} will no longer send you “{Named(topic)}” {Over(channel)}.</p>
        <form method="post"><button name="confirm" value="unsubscribe">Unsubscribe</button></form>
        <p>What belongs to a contract with you, or is owed by law, still reaches you.</p>
        """);

    public static UnsubscribePage Done(PolicyPack pack, Topic topic, string channel) => new(StatusCodes.Status200OK, "You are unsubscribed", $"""
        <p>{pack.Controller.Name} no longer sends you “{Named(topic)}” {Over(channel)}.</p>
        """);

    public static UnsubscribePage Of(Problem problem) => new(problem.Status, problem.Title, Html.Empty, problem.RetryAfterSeconds);

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        (response.StatusCode, response.ContentType) = (Status, "text/html; charset=utf-8");
        response.Headers.ContentSecurityPolicy = Policy;
        if (RetryAfterSeconds is { } seconds) response.Headers.RetryAfter = $"{seconds}";
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

    private static string Named(Topic topic) => topic.Title.In(Localised.Fallback);

    private static string Over(string channel) => channel switch
    {
        Channels.Email => "by e-mail",
        Channels.Sms => "by text message",
        Channels.Phone => "by phone",
        Channels.Post => "by post",
        Channels.Push => "as a notification",
        _ => "this way",
    };
}
