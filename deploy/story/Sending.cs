namespace ConsentLedger.Story;

/// <summary>The email system asks right before each mail whether it may go out, and takes the unsubscribe headers from the answer.</summary>
internal static class Sending
{
    private const int Slice = 25;
    private const int Attempts = 10;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    public static async Task RunAsync(Stage stage, CancellationToken ct)
    {
        var slices = stage.Controllers.SelectMany(controller => controller.People.Chunk(Slice)).ToList();
        stage.Progress.Begin("The email system asks before it sends", stage.People.Count());
        await Stage.EachAsync(slices, async (people, stop) =>
        {
            var answers = await AskAsync(stage, people[0].Controller, [.. people.Select(person => QuestionOf(person, person.Mailing.Topic, person.Mailing.Ask.Recipient))], stop);
            foreach (var (person, answer) in people.Zip(answers)) Check(person, answer);
            stage.Progress.Advance(people.Length);
        }, ct);
        stage.Progress.Done(
            $"{Progress.Number(stage.Controllers.Sum(c => c.Tally[Column.SendsAllowed]))} mails go out with List-Unsubscribe, "
            + $"{Progress.Number(stage.Controllers.Sum(c => c.Tally[Column.SendsRefused]))} to people never asked do not");
    }

    /// <summary>No more marketing for this person.</summary>
    public static async Task ExpectNoMarketingAsync(Stage stage, Person person, CancellationToken ct)
    {
        var answer = (await AskAsync(stage, person.Controller, [QuestionOf(person, person.Mailing.Topic, person.Mailing.Ask.Recipient)], ct))[0];
        Expect.That(!answer.Allowed, $"{person.Controller.Tenant} may still send {person.Mailing.Topic} to someone who left it ({answer.Rule}).");
        person.Controller.Tally.Add(Column.SendsRefused);
    }

    /// <summary>What is owed to the person still arrives.</summary>
    public static async Task ExpectTransactionalAsync(Stage stage, Person person, CancellationToken ct)
    {
        var topic = person.Controller.Pack.Transactional.Id;
        var answer = (await AskAsync(stage, person.Controller, [QuestionOf(person, topic, null)], ct))[0];
        Expect.That(answer is { Allowed: true, ListUnsubscribe: null }, $"{person.Controller.Tenant} must still send {topic} to someone who unsubscribed ({answer.Rule}).");
        person.Controller.Tally.Add(Column.SendsAllowed);
    }

    /// <summary>The rule by which this person's mail is refused, or null where it may go out.</summary>
    public static async Task<string?> RefusingRuleAsync(Stage stage, Person person, string topic, CancellationToken ct)
    {
        var answer = (await AskAsync(stage, person.Controller, [QuestionOf(person, topic, person.Mailing.Ask.Recipient)], ct))[0];
        return answer.Allowed ? null : answer.Rule;
    }

    private static void Check(Person person, SendAnswer answer)
    {
        var (tenant, topic) = (person.Controller.Tenant, person.Mailing.Topic);
        var asked = person.Part != Part.NeverAsked;
        Expect.Same(asked, answer.Allowed, $"Whether {tenant} may send {topic} to someone who was {(asked ? "asked" : "never asked")} ({answer.Rule})");
        person.Controller.Tally.Add(answer.Allowed ? Column.SendsAllowed : Column.SendsRefused);
        if (!answer.Allowed) return;

        Expect.Same("List-Unsubscribe=One-Click", answer.ListUnsubscribePost, $"The List-Unsubscribe-Post header of {topic}");
        Expect.That(
            answer.ListUnsubscribe is ['<', .., '>'] && Uri.TryCreate(answer.ListUnsubscribe[1..^1], UriKind.Absolute, out var url) && (person.UnsubscribeUrl = url) is not null,
            $"The List-Unsubscribe header of {topic} has no URL in it.");
    }

    private static object QuestionOf(Person person, string topic, string? recipient) => new
    {
        Subject = person.Id,
        topic,
        Channel = "email",
        recipient,
        person.DeliveryId,
        person.RecipientRef,
    };

    /// <summary>One request, an answer a question. What could not be asked of the consent service for now is asked again, as a mail would wait in its queue.</summary>
    private static async Task<IReadOnlyList<SendAnswer>> AskAsync(Stage stage, Controller controller, IReadOnlyList<object> questions, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            var answer = await stage.Preference.PostAsync("/v1/send-decisions", questions, controller.Token("email"), ct);
            var answers = answer.ExpectOk("send decisions").As<IReadOnlyList<SendAnswer>>();
            Expect.Same(questions.Count, answers.Count, "Answers to send decisions");
            if (attempt == Attempts || answers.All(a => a.Rule != "consent_unavailable")) return answers;
            await Task.Delay(Pause, stage.Clock, ct);
        }
    }

    private sealed record SendAnswer(bool Allowed, string Rule, string? ListUnsubscribe, string? ListUnsubscribePost);
}
