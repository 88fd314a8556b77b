namespace ConsentLedger.Story;

/// <summary>Others withdraw their consent in the product, as easily as they gave it (GDPR art. 7(3)); the email system hears of it too.</summary>
internal static class Withdrawing
{
    public static async Task RunAsync(Stage stage, EmailSystem email, CancellationToken ct)
    {
        var people = stage.Those(Part.Withdraws).ToList();
        stage.Progress.Begin("People withdraw consent in the product", people.Count);
        await Stage.EachAsync(people, async (person, stop) =>
        {
            await WithdrawAsync(stage, person, stop);
            var decision = await stage.DecideAsync(person, person.Mailing.Ask, stop);
            Expect.Same("consent_withdrawn", decision.Code, $"What consent says of {person.Mailing.Ask.Purpose} after a withdrawal");
            await Sending.ExpectNoMarketingAsync(stage, person, stop);
            person.Controller.Tally.Add(Column.Withdrawals);
            stage.Progress.Advance();
        }, ct);

        await Unsubscribing.HearingAsync(stage, email, people, ct);
        foreach (var person in people) Expect.Same("consent-withdrawn", email.HeardOf(person)[0].Cause, "The cause of an unsubscribe that follows from a withdrawal");
        stage.Progress.Done($"{people.Count} withdrew, and the email system heard it as unsubscribes");
    }

    private static async Task WithdrawAsync(Stage stage, Person person, CancellationToken ct)
    {
        // Naming the purpose alone withdraws it everywhere; every other person does it that way.
        var ask = person.Mailing.Ask;
        var everywhere = person.Number % 2 == 0;
        var body = new
        {
            ask.Purpose,
            Channel = everywhere ? null : ask.Channel,
            Recipient = everywhere ? null : ask.Recipient,
            Scopes = everywhere ? null : ask.Scopes,
            OccurredAt = stage.Clock.GetUtcNow(),
            Actor = "subject",
            Method = "account-page",
            Source = "shop",
            person.Evidence,
        };
        var answer = await stage.Consent.PostAsync(person.Path("withdrawals"), body, person.Controller.Token("backend"), ct, $"{person.Id}:withdrawal");
        Expect.Same("recorded", answer.ExpectOk("a withdrawal").As<CommandAnswer>().Outcome, $"A withdrawal for {person.Controller.Tenant}");
    }
}
