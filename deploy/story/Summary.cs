using System.Globalization;
using System.Text.Json;

namespace ConsentLedger.Story;

/// <summary>What happened, in numbers, and where to look next.</summary>
internal static class Summary
{
    private const int TenantWidth = 15;

    private static readonly (Column Column, string Above, string Below)[] Columns =
    [
        (Column.Subjects, "", "subjects"),
        (Column.GrantsOverHttp, "grants", "HTTP"),
        (Column.GrantsOverAmqp, "grants", "AMQP"),
        (Column.Refused, "", "refused"),
        (Column.SendsAllowed, "sends", "allowed"),
        (Column.SendsRefused, "sends", "refused"),
        (Column.OneClicks, "one-", "clicks"),
        (Column.Withdrawals, "with-", "drawals"),
        (Column.ImportRefused, "import", "refused"),
        (Column.Erased, "", "erased"),
        (Column.UnsubscribesHeard, "unsubs.", "heard"),
    ];

    public static void Show(IReadOnlyList<Controller> controllers, int events, TimeSpan elapsed, Progress progress)
    {
        Progress.Say("");
        progress.Title(Row("", Columns.Select(column => column.Above)));
        progress.Title(Row("controller", Columns.Select(column => column.Below)));
        foreach (var controller in controllers)
            Progress.Say(Row(controller.Tenant, Columns.Select(column => Progress.Number(controller.Tally[column.Column]))));
        progress.Title(Row("all", Columns.Select(column => Progress.Number(controllers.Sum(controller => controller.Tally[column.Column])))));
        var seconds = elapsed.TotalSeconds;
        Progress.Say("");
        Progress.Say(string.Create(
            CultureInfo.InvariantCulture, $"  {events:#,0} events recorded and published in {seconds:0.0} s ({events / seconds:0} a second), none of them naming a person."));
    }

    public static void ShowWhatNext(Stage stage, Controller controller)
    {
        var (person, ask) = (controller.Protagonist, controller.Protagonist.Mailing.Ask);
        var question = JsonSerializer.Serialize(new { Subject = person.Id, ask.Purpose, ask.Channel, ask.Recipient, ask.Scope }, ServiceClient.Json);
        var stayer = controller.Those(Part.Stays).First();
        var sendQuestion = JsonSerializer.Serialize(new { Subject = stayer.Id, stayer.Mailing.Topic, Channel = "email", stayer.Mailing.Ask.Recipient }, ServiceClient.Json);

        Progress.Say("");
        stage.Progress.Title("To look at");
        foreach (var service in new[] { stage.Consent, stage.Preference, stage.Erasure })
            Progress.Say($"  {new Uri(service.Address, "/openapi/v1.json")}   {new Uri(service.Address, "/healthz/ready")}");
        Progress.Say($"  an unsubscribe page of {controller.Tenant}: {new Uri(stage.Preference.Address, stayer.UnsubscribeUrl!.PathAndQuery)}");
        Progress.Say("");
        stage.Progress.Title("To try, after: . .local/env");
        Progress.Say($"  curl -H \"Authorization: Bearer $TOKEN_BACKEND\" -H 'Content-Type: application/json' -d '{question}' $CONSENT_URL/v1/decisions");
        Progress.Say($"  curl -H \"Authorization: Bearer $TOKEN_AUDITOR\" -H 'Accept: {ServiceClient.NdJson}' $CONSENT_URL{person.Path("history")}");
        Progress.Say($"  curl -H \"Authorization: Bearer $TOKEN_EMAIL\" -H 'Content-Type: application/json' -d '{sendQuestion}' $PREFERENCE_URL/v1/send-decisions");
    }

    private static string Row(string tenant, IEnumerable<string> cells) => $"  {tenant.PadRight(TenantWidth)}{string.Concat(cells.Select(cell => cell.PadLeft(9)))}";
}
