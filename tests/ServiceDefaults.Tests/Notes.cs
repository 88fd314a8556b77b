using System.Diagnostics;
using ConsentLedger.EventStore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ConsentLedger.ServiceDefaults.Tests;

/// <summary>The service that the tests talk to: it takes notes.</summary>
internal static class Notes
{
    public enum Mood { Calm, VeryGlad }

    public sealed record Author(string Name, string? Role = null);

    public sealed record TakeNote(
        string Text, int Weight, Mood Mood = Mood.Calm, Author? Author = null, IReadOnlyList<Author>? Readers = null, SubjectId? About = null, DateTimeOffset? WrittenAt = null);

    public sealed record Taken(string Text, int Weight, Mood Mood);

    private sealed record State(int Count);

    private static readonly StreamType<State> Stream = new(new State(0), (state, _, _) => new State(state.Count + 1));

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/subjects/{subject}/notes", async (
            SubjectId subject, Body<TakeNote> body, Caller caller, CommandOptions options, DeciderLoop ledger, CancellationToken ct) =>
            (await ledger.ExecuteAsync(caller.Command(subject, body, options, Stream, context => Decide(body.Value, context)), ct)).ToResult(inForce: true))
            .RequireScope("notes:write").RefusesWith("note_too_heavy");
        app.MapGet("/v1/subjects/{subject}/notes", (SubjectId subject, Caller caller, DateTimeOffset? asOf) =>
            TypedResults.Json(new { caller.ClientId, Tenant = $"{caller.Tenant}", Subject = $"{subject}", asOf }).WithEntityTag(4))
            .RequireScope("notes:read", "notes:audit");
        app.MapPost("/v1/echo", (Body<TakeNote> body) => TypedResults.Json(body, StrictJson.Options)).RequireScope("notes:write");
        app.MapPost("/v1/authors", (Body<OneOrMany<Author>> body) => TypedResults.Json(body.Value.InKind(body.Value.Items), StrictJson.Options))
            .RequireScope("notes:write");
        app.MapPost("/v1/large", (Body<TakeNote> body) => body.Value.Text.Length).RequireScope("notes:write").WithBodyLimit(2 * 1024 * 1024);
        app.MapGet("/v1/bug", string (Caller _) => throw new InvalidOperationException("canary@example.com")).RequireScope("notes:read");
        app.MapGet("/v1/outage", string (Caller _) => throw new StoreUnavailableException("host db-7")).RequireScope("notes:read");
        app.MapGet("/pages/outage", string () => throw new StoreUnavailableException("host db-7")).AllowAnonymous().ExcludeFromDescription()
            .WithMetadata(new ProblemsAsPages((_, problem) => TypedResults.Text($"<h1>{problem.Code}</h1>", "text/html", statusCode: problem.Status)));
        app.MapGet("/v1/forgotten", () => "open");
        app.MapGet("/u/{token}", (string token, HttpRequest request) =>
        {
            // As instrumentation that somebody adds later would.
            Activity.Current?.SetTag("url.path", request.Path.Value).SetTag("url.query", request.QueryString.Value)
                .SetTag("user_agent.original", $"{request.Headers.UserAgent}");
            return TypedResults.Text($"page {token.Length}", "text/html");
        }).AllowAnonymous();
    }

    private static Decision Decide(TakeNote note, DecisionContext context) => note.Weight switch
    {
        0 => Decision.Unchanged,
        > 100 => Decision.No("note_too_heavy", "A note weighs at most 100."),
        > 50 => new Decision.Record([new NewEvent(new Taken(note.Text, note.Weight, note.Mood))], "heavy"),
        _ => Decision.Of(new Taken(note.Text, note.Weight, note.Mood)),
    };
}
