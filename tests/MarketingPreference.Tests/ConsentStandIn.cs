using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using ConsentLedger.Contracts;
using ConsentLedger.Contracts.Policies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ConsentLedger.MarketingPreference.Tests;

/// <summary>A foreign peer that speaks as the consent service does: it decides by what was given to it, and can be away or hang.</summary>
internal sealed class ConsentStandIn : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<(string Subject, string Purpose), string> _given = [];
    private readonly ConcurrentDictionary<string, string> _stopped = [];
    private readonly ConcurrentDictionary<string, string> _histories = [];
    private readonly ConcurrentDictionary<string, string> _consents = [];
    private readonly ConcurrentDictionary<(string Subject, string Format), string> _records = [];

    private ConsentStandIn(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.Single());

    public ConcurrentQueue<Request> Requests { get; } = [];

    /// <summary>Every connection is cut.</summary>
    public bool IsAway { get; set; }

    /// <summary>Every request is taken, and none answered.</summary>
    public bool Hangs { get; set; }

    /// <summary>It knows nothing of questions about many.</summary>
    public bool IsOfAnOlderRelease { get; set; }

    /// <summary>So many of the next requests are answered with "not now".</summary>
    public int BusyFor { get; set; }

    /// <summary>So many of the next requests are taken and not answered.</summary>
    public int HangsFor { get; set; }

    /// <summary>What becomes of a grant: the status to answer with, or null where the answer is lost.</summary>
    public Func<Task<int?>>? Granting { get; set; }

    /// <summary>A word about the effect of each grant.</summary>
    public string? GrantNote { get; set; }

    /// <summary>Histories are answered with this, and with nothing that can be read.</summary>
    public int? HistoryStatus { get; set; }

    /// <summary>What becomes of a second step: the status to answer with.</summary>
    public int Confirming { get; set; } = StatusCodes.Status200OK;

    /// <summary>Somebody whose objections are taken back is still objected to, as under another of their ids.</summary>
    public bool StillObjected { get; set; }

    public static async Task<ConsentStandIn> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var standIn = new ConsentStandIn(builder.Build());
        standIn._app.Run(standIn.AnswerAsync);
        await standIn._app.StartAsync();
        return standIn;
    }

    /// <summary>From here on nothing is allowed about this person, for this reason.</summary>
    public void Stop(string subject, string code) => _stopped[subject] = code;

    public void Resume(string subject) => _stopped.TryRemove(subject, out _);

    /// <param name="code">Why it is allowed.</param>
    public void Give(string subject, string purpose, string code = "consent_given") => _given[(subject, purpose)] = code;

    /// <summary>What the history of this subject is, as pairs of type and message, from version 1. A history tells facts: there the lane is an object of its own.</summary>
    public void Remember(string subject, params IEnumerable<(string Type, object Data)> events) => _histories[subject] = string.Concat(events.Select((e, i) =>
        JsonSerializer.Serialize(new { version = i + 1, position = i, type = e.Type, id = IdOf(subject, i + 1), recordedAt = People.Noon, data = FactsOf(e.Data) }, JsonSerializerOptions.Web) + "\n"));

    /// <summary>The first step of a double opt-in that waits for the second, as the event at this position of a stream that has this version.</summary>
    public void Wait(string subject, string purpose, long version, long position, DateTimeOffset until) => _consents[subject] = JsonSerializer.Serialize(
        new { version, consents = new[] { new { purpose, channel = "email", recipient = "controller", state = "pending", occurredAt = People.Noon, position, until } } }, JsonSerializerOptions.Web);

    /// <summary>What is handed out about this subject in this form.</summary>
    public void Record(string subject, string format, string record) => _records[(subject, format)] = record;

    private static JsonObject FactsOf(object message)
    {
        var facts = JsonSerializer.SerializeToNode(message, MessageJson.Options)!.AsObject();
        if (!facts.ContainsKey("recipient")) return facts;
        var lane = new JsonObject();
        foreach (var member in (string[])["purpose", "channel", "recipient", "law", "scope"])
            if (facts.Remove(member, out var value)) lane[member] = value;
        facts["lane"] = lane;
        return facts;
    }

    /// <summary>The same event has the same id, however it is told.</summary>
    public static Guid IdOf(string subject, long version) => new(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"{subject} {version}")).AsSpan(..16));

    /// <summary>Each once by its key, as the consent service carries them out: a call that is answered late comes twice.</summary>
    public IReadOnlyList<Request> Withdrawals(string subject) => [.. WithdrawalCalls(subject).DistinctBy(call => call.Headers.TryGetValue("Idempotency-Key", out var key) ? key : (object)call)];

    public IEnumerable<Request> WithdrawalCalls(string subject) => Requests.Where(r => r.Path == $"/v1/subjects/{subject}/withdrawals");

    public async ValueTask DisposeAsync()
    {
        Hangs = false;
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        Requests.Enqueue(new Request(context.Request.Path, body, context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
        if (IsAway)
        {
            context.Abort();
            return;
        }

        if (BusyFor > 0)
        {
            BusyFor--;
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            context.Response.Headers.RetryAfter = "0";
            return;
        }

        if (HangsFor > 0)
        {
            HangsFor--;
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        }

        while (Hangs) await Task.Delay(20, context.RequestAborted);
        var parts = context.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries);
        await (parts switch
        {
            ["v1", "decisions"] => context.Response.WriteAsJsonAsync(JsonSerializer.Deserialize<List<Question>>(body, JsonSerializerOptions.Web)!.Select(Decide)),
            ["v1", "decisions", "many"] when !IsOfAnOlderRelease => context.Response.WriteAsJsonAsync(JsonSerializer.Deserialize<List<AboutMany>>(body, JsonSerializerOptions.Web)!.Select(DecideMany)),
            ["v1", "subjects", var subject, "records"] when _records.TryGetValue((subject, context.Request.Query["format"].ToString()), out var record) => context.Response.WriteAsync(record),
            ["v1", "subjects", var subject, "withdrawals"] => WithdrawAsync(context, subject, JsonSerializer.Deserialize<Question>(body, JsonSerializerOptions.Web)!),
            ["v1", "subjects", _, "history"] when HistoryStatus is { } status => UnreadableAsync(context, status),
            ["v1", "subjects", var subject, "history"] when _histories.TryGetValue(subject, out var history) => context.Response.WriteAsync(history),
            ["v1", "subjects", var subject, "consents"] when _consents.TryGetValue(subject, out var consents) => context.Response.WriteAsync(consents),
            ["v1", "subjects", _, "consents"] => context.Response.WriteAsJsonAsync(new { version = 0, consents = Array.Empty<object>(), objections = Array.Empty<object>() }),
            ["v1", "subjects", _, "grants"] when Granting is { } granting => GrantAsync(context, granting),
            ["v1", "subjects", _, "confirmations"] => ConfirmAsync(context),
            ["v1", "subjects", _, "objections"] => context.Response.WriteAsJsonAsync(new { outcome = "recorded", version = 2 }),
            ["v1", "subjects", var subject, "objection-outcomes"] => RetractAsync(context, subject),
            _ => NotFoundAsync(context),
        });
    }

    private Answer Decide(Question question)
    {
        if (_stopped.TryGetValue(question.Subject!, out var code)) return new(false, code);
        if (!Packs.Northwind.FindPurpose(question.Purpose)!.RestsOn(LawfulBasis.Consent)) return new(true, "rests_on_other_basis");
        return _given.TryGetValue((question.Subject!, question.Purpose), out var given)
            ? new(given != "consent_withdrawn", given, given == "consent_given" ? "consent" : null, 7, "1")
            : new(false, "consent_unknown");
    }

    private object DecideMany(AboutMany question)
    {
        var answers = question.Subjects.Chunk(16).Select(id => Decide(new Question(new Guid(id, bigEndian: true).ToString(), question.Purpose))).ToList();
        var rules = answers.Select(a => a with { Position = null }).Distinct().ToList();
        return new
        {
            rules,
            rule = answers.Select(a => (byte)rules.IndexOf(a with { Position = null })).ToArray(),
            positions = answers.SelectMany(a => BitConverter.GetBytes(System.Net.IPAddress.HostToNetworkOrder(a.Position ?? -1))).ToArray(),
        };
    }

    private Task WithdrawAsync(HttpContext context, string subject, Question withdrawal)
    {
        _given[(subject, withdrawal.Purpose)] = "consent_withdrawn";
        return context.Response.WriteAsJsonAsync(new { outcome = "recorded", version = 2 });
    }

    private async Task GrantAsync(HttpContext context, Func<Task<int?>> granting)
    {
        if (await granting() is not { } status)
        {
            context.Abort();
            return;
        }

        context.Response.StatusCode = status;
        await context.Response.WriteAsJsonAsync(new { outcome = status == StatusCodes.Status200OK ? "recorded" : null, note = GrantNote });
    }

    private Task ConfirmAsync(HttpContext context)
    {
        context.Response.StatusCode = Confirming;
        return context.Response.WriteAsJsonAsync(new { outcome = Confirming == StatusCodes.Status200OK ? "recorded" : null });
    }

    private Task RetractAsync(HttpContext context, string subject)
    {
        if (!StillObjected) Resume(subject);
        return context.Response.WriteAsJsonAsync(new { outcome = "recorded", version = 2 });
    }

    private static Task UnreadableAsync(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsync("?");
    }

    private static Task NotFoundAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    public sealed record Request(string Path, string Body, IReadOnlyDictionary<string, string> Headers);

    private sealed record Question(string? Subject, string Purpose);

    private sealed record AboutMany(string Purpose, byte[] Subjects);

    private sealed record Answer(bool Allowed, string Code, string? Basis = null, long? Position = null, string? PolicyVersion = null);
}
