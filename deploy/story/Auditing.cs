using System.Globalization;
using System.Text.Json;

namespace ConsentLedger.Story;

/// <summary>An auditor reads what was recorded about one person of each controller, and what was known before they left.</summary>
internal static class Auditing
{
    public static async Task RunAsync(Stage stage, CancellationToken ct)
    {
        stage.Progress.Begin("An auditor replays histories", stage.Controllers.Count);
        var timelines = new List<(Controller Controller, IReadOnlyList<HistoryEntry> Entries)>();
        foreach (var controller in stage.Controllers)
        {
            var person = controller.Protagonist;
            var entries = await ReadAsync(stage, person, disclose: false, ct);
            Expect.That(entries is [{ Type: "consent.granted.v1" }, ..], $"The history of someone of {controller.Tenant} does not begin with what they granted.");
            Expect.That(entries.Select(entry => entry.Version).SequenceEqual(Enumerable.Range(1, entries.Count).Select(i => (long)i)), "A history has gaps.");
            await ExpectGivenBeforeAsync(stage, person, entries.First(entry => entry.Type == "consent.withdrawn.v1"), ct);
            timelines.Add((controller, entries));
            stage.Progress.Advance();
        }

        stage.Progress.Done($"{timelines.Count} people, given as of before they left and withdrawn as of now");
        foreach (var (controller, entries) in timelines)
        {
            stage.Progress.Note($"{controller.Pack.Controller.Name}, one subject");
            foreach (var entry in entries) stage.Progress.Note($"  {entry.Sentence}");
        }
    }

    /// <param name="disclose">With what was sealed, where it still exists.</param>
    public static async Task<IReadOnlyList<HistoryEntry>> ReadAsync(Stage stage, Person person, bool disclose, CancellationToken ct)
    {
        var path = person.Path($"history{(disclose ? "?disclose=true" : "")}");
        return (await stage.Consent.GetAsync(path, person.Controller.Token("auditor"), ct, ServiceClient.NdJson)).ExpectOk("reading a history").LinesAs<HistoryEntry>();
    }

    private static async Task ExpectGivenBeforeAsync(Stage stage, Person person, HistoryEntry withdrawn, CancellationToken ct)
    {
        var occurredAt = withdrawn.Data.GetProperty("occurredAt").GetDateTimeOffset();
        var before = $"?asOf={Text(occurredAt.AddMilliseconds(-1))}&knownAt={Text(withdrawn.RecordedAt.AddMilliseconds(-1))}";
        Expect.Same("given", await StateAsync(stage, person, before, ct), $"The consent of {person.Controller.Tenant}'s subject as of before it was withdrawn");
        Expect.Same("withdrawn", await StateAsync(stage, person, "", ct), $"The consent of {person.Controller.Tenant}'s subject as of now");

        static string Text(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);
    }

    private static async Task<string?> StateAsync(Stage stage, Person person, string asOf, CancellationToken ct)
    {
        var ask = person.Mailing.Ask;
        var answer = await stage.Consent.GetAsync(person.Path($"consents{asOf}"), person.Controller.Token("auditor"), ct);
        return answer.ExpectOk("reading consents").As<Consents>().All.FirstOrDefault(c => c.Purpose == ask.Purpose && c.Channel == ask.Channel)?.State;
    }

    private sealed record Consents([property: System.Text.Json.Serialization.JsonPropertyName("consents")] IReadOnlyList<Consent> All);

    private sealed record Consent(string Purpose, string? Channel, string State);
}

/// <summary>One event of a person's history.</summary>
internal sealed record HistoryEntry(long Version, string Type, DateTimeOffset RecordedAt, JsonElement Data, JsonElement? Evidence)
{
    private static readonly string[] Told = ["purpose", "channel", "recipient", "actor", "method", "cause", "reader"];

    /// <summary>One line for people: the facts, none of which names the person.</summary>
    public string Sentence => $"{Version,3}  {RecordedAt.UtcDateTime:HH:mm:ss.fff}  {Type,-28} {string.Join(", ", Told.Select(Fact).OfType<string>())}";

    private string? Fact(string name) =>
        (Data.TryGetProperty(name, out var value) || (Data.TryGetProperty("lane", out var lane) && lane.TryGetProperty(name, out value))) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
