using System.Text;
using System.Text.Json;

namespace ConsentLedger.Story;

/// <summary>Someone imports an old mailing list. Whoever said no since then stays out, and everybody else is as before.</summary>
internal static class Importing
{
    private const int StayersEach = 25;

    public static async Task RunAsync(Stage stage, CancellationToken ct)
    {
        stage.Progress.Begin("An old list is imported", stage.Controllers.Count);
        var (refused, unchanged) = (0, 0);
        await Stage.EachAsync(stage.Controllers, async (controller, stop) =>
        {
            var left = controller.Those(Part.Unsubscribes).Concat(controller.Those(Part.Withdraws)).ToList();
            var stayed = controller.Those(Part.Stays).Take(StayersEach).ToList();
            var results = await ImportAsync(stage, controller, [.. left, .. stayed], stop);
            foreach (var result in results.Take(left.Count))
                Expect.Same("withdrawal_prevails", result.Code, $"What became of line {result.Line} of an import for {controller.Tenant}, about someone who had left");
            foreach (var result in results.Skip(left.Count))
                Expect.Same("unchanged", result.Outcome, $"What became of line {result.Line} of an import for {controller.Tenant}, about someone who stays");
            await ExpectNobodyBackAsync(stage, controller, left, stop);

            controller.Tally.Add(Column.ImportRefused, left.Count);
            Interlocked.Add(ref refused, left.Count);
            Interlocked.Add(ref unchanged, stayed.Count);
            stage.Progress.Advance();
        }, ct);
        stage.Progress.Done($"{refused} lines refused (withdrawal_prevails), {unchanged} unchanged, nobody brought back");
    }

    private static async Task<IReadOnlyList<Result>> ImportAsync(Stage stage, Controller controller, IReadOnlyList<Person> people, CancellationToken ct)
    {
        var occurredAt = stage.Clock.GetUtcNow().AddYears(-2);
        var lines = people.Select(person => JsonSerializer.Serialize(LineOf(person, occurredAt), ServiceClient.Json));
        var list = Encoding.UTF8.GetBytes(string.Join('\n', lines));
        var answer = await stage.Consent.SendAsync(
            () => new HttpRequestMessage(HttpMethod.Post, "/v1/imports") { Content = new ByteArrayContent(list) { Headers = { { "Content-Type", ServiceClient.NdJson } } } },
            controller.Token("operator"), ct);
        var results = answer.ExpectOk("an import").LinesAs<Result>();
        Expect.Same(people.Count, results.Count, $"Results of an import for {controller.Tenant}");
        return results;
    }

    private static object LineOf(Person person, DateTimeOffset occurredAt)
    {
        var ask = person.Mailing.Ask;
        return new
        {
            Id = $"{person.Id}:old-list",
            Subject = person.Id,
            Grant = new { ask.Purpose, ask.Channel, ask.Recipient, occurredAt, Actor = "system", Method = "import", Source = "old-list", Jurisdiction = "EU", Text = ask.Text?.Shown, person.Evidence },
        };
    }

    private static async Task ExpectNobodyBackAsync(Stage stage, Controller controller, IReadOnlyList<Person> left, CancellationToken ct)
    {
        var questions = left.Select(person => new { Subject = person.Id, person.Mailing.Ask.Purpose, person.Mailing.Ask.Channel, person.Mailing.Ask.Recipient });
        var answers = (await stage.Consent.PostAsync("/v1/decisions", questions, controller.Token("backend"), ct)).ExpectOk("decisions").As<IReadOnlyList<DecisionAnswer>>();
        Expect.That(answers.Count == left.Count && answers.All(answer => !answer.Allowed), $"An import brought people of {controller.Tenant} back who had left.");
    }

    private sealed record Result(long Line, string Outcome, string? Code);
}
