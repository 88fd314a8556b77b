using System.Text;
using ConsentLedger.Ledger;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ConsentLedger.Auditor.Witnessing;

/// <summary>A witness over HTTP (C2SP tlog-witness): one address for both of its prefixes.</summary>
internal static class WitnessServer
{
    /// <summary>In bytes: a proof and a checkpoint take under 4 KiB, each further signature some hundred.</summary>
    private const int MaxRequest = 64 * 1024;

    private const string Text = "text/plain; charset=utf-8";

    /// <param name="log">Hears of each answer, a line each: nothing in it is secret.</param>
    public static WebApplication Build(CosignedLogs logs, Uri listen, TimeProvider clock, Action<string> log)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(listen.ToString()).ConfigureKestrel(server =>
        {
            server.AddServerHeader = false;
            server.Limits.MaxRequestBodySize = MaxRequest;
        });
        var app = builder.Build();
        app.MapPost("/add-checkpoint", context => AddAsync(context, logs, clock, log));
        app.MapGet("/{origin}/checkpoint", (string origin) => logs.Latest(origin) is { } latest ? Results.Bytes(latest.ToBytes(), Text) : Results.NotFound());
        return app;
    }

    private static async Task AddAsync(HttpContext context, CosignedLogs logs, TimeProvider clock, Action<string> log)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        if (!AddCheckpoint.TryParse(body.GetBuffer().AsSpan(0, (int)body.Length), out var request, out var fault))
        {
            await AnswerAsync(context, StatusCodes.Status400BadRequest, fault.Reason + "\n");
            return;
        }

        var (status, type, text) = logs.Add(request, clock.GetUtcNow()) switch
        {
            Decision.Cosign cosign => (StatusCodes.Status200OK, Text, cosign.Cosignature.ToString()),
            Decision.NameSize known => (StatusCodes.Status409Conflict, KnownSize.MediaType, KnownSize.ToText(known.Size)),
            Decision.Refuse refused => (refused.Status, Text, refused.Reason + "\n"),
            _ => throw new InvalidOperationException("A decision of no known kind."),
        };
        log($"{status} to {HeadLine(request)}: {(status == StatusCodes.Status200OK ? "cosigned" : text.TrimEnd())}");
        await AnswerAsync(context, status, text, type);
    }

    // What a refused checkpoint said may be the proof that a log shows different trees, so its head is told. A stranger's words are not.
    private static string HeadLine(AddCheckpoint request) =>
        Checkpoint.TryParse(request.Checkpoint.Text.Span, out var head, out _) ? $"{CosignedLogs.NameOf(head.Origin)[..16]} from {request.OldSize} to {head.Size} {head.Root.ToBase64()}" : "no checkpoint";

    private static Task AnswerAsync(HttpContext context, int status, string text, string type = Text)
    {
        (context.Response.StatusCode, context.Response.ContentType) = (status, type);
        return context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), context.RequestAborted).AsTask();
    }
}
