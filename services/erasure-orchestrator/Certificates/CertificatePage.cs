using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Certificates;

/// <summary>A certificate on paper. It says how the file is checked that it was made from, because paper proves nothing by itself.</summary>
public sealed record CertificatePage(Html Page) : IResult
{
    private const string StylePath = "/v1/certificate.css";

    private static readonly byte[] Style = Read("certificate.css");

    /// <summary>The style that the page names; for everybody, as a style is.</summary>
    public static void MapStyle(IEndpointRouteBuilder api) =>
        api.MapGet(StylePath, () => TypedResults.Bytes(Style, "text/css; charset=utf-8")).AllowAnonymous().ExcludeFromDescription();

    public static CertificatePage Of(byte[] certificate)
    {
        using var file = JsonDocument.Parse(certificate);
        var stated = file.RootElement.GetProperty("certificate");
        var receipt = file.RootElement.GetProperty("receipt").GetString()!;
        var checkpoint = receipt[(receipt.IndexOf("\n\n", StringComparison.Ordinal) + 2)..];
        Html page = $"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="robots" content="noindex">
            <title>Certificate {Text(stated, "request")}</title>
            <link rel="stylesheet" href="{StylePath}">
            </head>
            <body>
            <main>
            <p class="kind">ConsentLedger · {Text(stated, "origin")}</p>
            <h1>Certificate of {TypeOf(stated)}</h1>
            <dl>
            <dt>Request</dt><dd><code>{Text(stated, "request")}</code></dd>
            <dt>Data subject</dt><dd><code>{Text(stated, "subject")}</code></dd>
            <dt>Received</dt><dd>{Moment(stated, "receivedAt")}</dd>
            <dt>Completed</dt><dd>{Moment(stated, "completedAt")}: <strong>{Words(stated, "outcome")}</strong></dd>
            <dt>Due</dt><dd>{Text(stated, "dueOn")}, {(stated.GetProperty("inTime").GetBoolean() ? "met" : "missed")}{(Text(stated, "extendedFor") is { } why ? $" (extended: {Plain(why)})" : "")}</dd>
            {(Text(stated, "reason") is { } reason ? (Html)$"<dt>Ground</dt><dd>{Plain(reason)}</dd>" : Html.Empty)}
            {(Text(stated, "refusedFor") is { } refused ? (Html)$"<dt>Refused</dt><dd>{Plain(refused)}</dd>" : Html.Empty)}
            </dl>
            <h2>Systems</h2>
            <table>
            <thead><tr><th scope="col">System</th><th scope="col">Outcome</th><th scope="col">Reason</th><th scope="col">When (UTC)</th></tr></thead>
            <tbody>{stated.GetProperty("systems").EnumerateArray().Select(s => (Html)$"""<tr><th scope="row">{Text(s, "system")}</th><td>{Words(s, "outcome")}{Contradictions(s)}</td><td>{Words(s, "reason")}</td><td>{Moment(s, "at")}</td></tr>""")}</tbody>
            </table>
            <h2>What is kept, and why</h2>
            {Kept([.. stated.GetProperty("kept").EnumerateArray()], stated.GetProperty("systems").EnumerateArray().Any(s => Text(s, "outcome") is "kept" or "partly-erased"))}
            <h2>How to check this</h2>
            <p>Paper proves nothing. The file <code>certificate-{Text(stated, "request")}.json</code> does, offline and without an account: it carries the entries of the log that this rests on, their
            proof, and a signature over all of it.</p>
            <pre>ledger verify-certificate certificate-{Text(stated, "request")}.json --key {Text(stated, "origin")}+…</pre>
            <p>The key comes from the controller by another way than this page. The file has the SHA-256</p>
            <pre>{Convert.ToHexStringLower(SHA256.HashData(certificate))}</pre>
            <p>and rests on this checkpoint:</p>
            <pre>{checkpoint.TrimEnd('\n')}</pre>
            </main>
            </body>
            </html>

            """;
        return new CertificatePage(page);
    }

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var headers = httpContext.Response.Headers;
        headers.ContentSecurityPolicy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        httpContext.Response.ContentType = "text/html; charset=utf-8";
        return httpContext.Response.WriteAsync(Page.ToString(), httpContext.RequestAborted);
    }

    private static Html Kept(IReadOnlyList<JsonElement> kept, bool bySystems) => kept.Count == 0
        ? bySystems ? (Html)$"<p>What the systems above keep, and no more.</p>" : (Html)$"<p>Nothing.</p>"
        : (Html)$"""
        <table>
        <thead><tr><th scope="col">Where</th><th scope="col">Why</th><th scope="col">Purpose</th></tr></thead>
        <tbody>{kept.Select(k => (Html)$"""<tr><th scope="row">{Text(k, "system") ?? "The controller"}</th><td>{Words(k, "reason")}</td><td>{Text(k, "purpose")}</td></tr>""")}</tbody>
        </table>
        """;

    private static string Contradictions(JsonElement row) => row.TryGetProperty("contradictions", out var others)
        ? string.Concat(others.EnumerateArray().Select(o => $", and then {Words(o, "outcome")}{(Text(o, "reason") is { } why ? $" ({Plain(why)})" : "")}"))
        : "";

    private static string TypeOf(JsonElement stated) => Text(stated, "type") switch
    {
        "erasure" => "erasure",
        "access" => "a copy of one's data",
        "portability" => "data portability",
        { } other => Plain(other),
        null => "a request",
    };

    private static string? Text(JsonElement stated, string member) => stated.TryGetProperty(member, out var value) ? value.GetString() : null;

    private static string Words(JsonElement stated, string member) => Plain(Text(stated, member) ?? "");

    private static string Plain(string word) => word.Replace('-', ' ');

    private static string Moment(JsonElement stated, string member) => (Text(stated, member) ?? "").Replace('T', ' ').Split('.')[0];

    private static byte[] Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"certificates/{name}")!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
