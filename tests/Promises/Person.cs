using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using ConsentLedger.Support;

namespace ConsentLedger.Promises;

/// <summary>Somebody whose data a controller has, and what that controller's systems do about them.</summary>
public sealed class Person(Controller controller)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);
    private DateTimeOffset _last;

    public string Id { get; } = Acts.NewSubject();

    private string Path => $"/v1/subjects/{Id}";

    private CancellationToken Ct => controller.Ct;

    /// <summary>Something the person does now, or that is done for them, unless it says when.</summary>
    public async Task<Done> DoesAsync(string act, object told) =>
        (await controller.Backend.PostAsync($"{Path}/{act}", Told(told), HttpStatusCode.OK, Ct)).Deserialize<Done>(Json)!;

    /// <summary>The code with which the same is refused.</summary>
    public async Task<string> IsRefusedAsync(string act, object told) =>
        (await controller.Backend.PostAsync($"{Path}/{act}", Told(told), HttpStatusCode.UnprocessableEntity, Ct)).GetProperty("code").GetString()!;

    /// <summary>"May this be done to this person's data?"</summary>
    public async Task<Answer> MayAsync(object question)
    {
        var asked = Members(question);
        asked["subject"] = Id;
        return (await controller.Backend.PostAsync("/v1/decisions", asked, HttpStatusCode.OK, Ct)).Deserialize<Answer>(Json)!;
    }

    /// <summary>"May I send this now?"</summary>
    public async Task<Sending> MaySendAsync(string topic, string channel = "email", string? recipient = null) =>
        (await controller.EmailSystem.PostOkAsync("/v1/send-decisions", new { subject = Id, topic, channel, recipient }, Ct)).Deserialize<Sending>(Json)!;

    /// <summary>A choice in the account's preferences.</summary>
    public async Task ChoosesAsync(string topic, string channel, bool subscribed, string actor = "subject")
    {
        using var body = Acts.Body(Told(new { subscribed, actor, method = actor == "agent" ? "call-centre" : "preferences-page" }));
        using var answer = await controller.Preferences.PutAsync(new Uri($"{Path}/preferences/{topic}/{channel}", UriKind.Relative), body, Ct);
        await answer.ReadAsync(HttpStatusCode.OK, Ct);
    }

    public async Task<IReadOnlyList<JsonElement>> ConsentsAsync() => [.. (await controller.Backend.GetOkAsync($"{Path}/consents", Ct)).GetProperty("consents").EnumerateArray()];

    /// <summary>What an auditor reads.</summary>
    public async Task<IReadOnlyList<JsonElement>> HistoryAsync(bool disclose = false) =>
        [.. (await controller.Auditor.GetOkAsync($"{Path}/history?disclose={(disclose ? "true" : "false")}", Ct)).EnumerateArray()];

    /// <summary>The facts of the last event of this type, and in it what was sealed, where it was disclosed.</summary>
    public async Task<JsonElement> LastAsync(string type, bool disclose = false) => (await HistoryAsync(disclose)).Last(e => e.GetProperty("type").GetString() == type);

    /// <summary>A moment after everything so far.</summary>
    public string Now()
    {
        var (now, next) = (TimeProvider.System.GetUtcNow(), _last.AddMilliseconds(1));
        return (_last = now > next ? now : next).ToString("O");
    }

    private JsonObject Told(object told)
    {
        var members = Members(told);
        members["occurredAt"] ??= Now();
        members["actor"] ??= "subject";
        members["method"] ??= "web-form";
        return members;
    }

    // What is null was not said.
    private static JsonObject Members(object told) => new(((JsonObject)JsonSerializer.SerializeToNode(told, Json)!).Where(m => m.Value is not null).Select(m => KeyValuePair.Create(m.Key, m.Value?.DeepClone())));
}

public sealed record Done(string Outcome, long? Position, long Version, string? Note);

public sealed record Answer(bool Allowed, string Code, string? Basis, long? Position, string? PolicyVersion, string? Interest, string? Safeguard)
{
    public void ShouldBeNo(string code) => (Allowed, Code).ShouldBe((false, code), ToString());

    public void ShouldBeYes(string code) => (Allowed, Code).ShouldBe((true, code), ToString());
}

public sealed record Sending(bool Allowed, string Rule, long? Position, string? ListUnsubscribe, string? ListUnsubscribePost)
{
    public void ShouldBeNo(string rule) => (Allowed, Rule).ShouldBe((false, rule), ToString());

    public void ShouldBeYes(string rule) => (Allowed, Rule).ShouldBe((true, rule), ToString());

    /// <summary>Where the mail's unsubscribe link leads, without the public address in front.</summary>
    public Uri Link() => new(new Uri(ListUnsubscribe.ShouldNotBeNull().Trim('<', '>')).AbsolutePath, UriKind.Relative);
}
