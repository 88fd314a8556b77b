using System.Globalization;
using System.Net.Http.Headers;

namespace ConsentLedger.Story;

/// <summary>Some recipients press the button of their mail client (RFC 8058). From the answer on, no decision anywhere says yes.</summary>
internal static class Unsubscribing
{
    private const int TwiceEvery = 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task RunAsync(Stage stage, EmailSystem email, CancellationToken ct)
    {
        var leavers = stage.Those(Part.Unsubscribes).ToList();
        var answeredAt = new long[leavers.Count];
        stage.Progress.Begin("Recipients unsubscribe with one click", leavers.Count);
        await Stage.EachAsync(leavers.Index(), async (leaver, stop) =>
        {
            var (i, person) = leaver;
            if (person == person.Controller.Protagonist) await ExpectPageChangesNothingAsync(stage, person, stop);
            await PressAsync(stage, person, stop);
            answeredAt[i] = stage.Clock.GetTimestamp();
            await ExpectLeftAsync(stage, person, stop);
            if (person.Number % TwiceEvery == 0) await PressAsync(stage, person, stop);
            person.Controller.Tally.Add(Column.OneClicks);
            stage.Progress.Advance();
        }, ct);

        await HearingAsync(stage, email, leavers, ct);
        foreach (var person in leavers) Check(person, email.HeardOf(person)[0]);
        var delays = leavers.Select((person, i) => stage.Clock.GetElapsedTime(answeredAt[i], email.HeardOf(person)[0].HeardAt).TotalMilliseconds).Order().ToList();
        stage.Progress.Done($"{leavers.Count} left, transactional mail still reaches them, and every decision says no from the answer on");
        stage.Progress.Note($"the email system heard each of them once, half of them within {Ms(delays[delays.Count / 2])} of the answer, all within {Ms(delays[^1])}");

        static string Ms(double delay) => Math.Max(0, delay).ToString("0 ms", CultureInfo.InvariantCulture);
    }

    /// <summary>Waits until the email system has heard of each person, and checks that it was once.</summary>
    public static async Task HearingAsync(Stage stage, EmailSystem email, IReadOnlyList<Person> people, CancellationToken ct)
    {
        await stage.UntilAsync(
            () => Task.FromResult(people.All(person => email.HeardOf(person).Count > 0)), Patience,
            $"The email system did not hear of every unsubscribe within {Patience.TotalSeconds:0} s.", ct);
        foreach (var person in people)
        {
            Expect.Same(1, email.HeardOf(person).Count, $"Unsubscribes from {person.Mailing.Topic} of one person of {person.Controller.Tenant} that the email system heard");
            person.Controller.Tally.Add(Column.UnsubscribesHeard);
        }

        email.ExpectOrder();
    }

    private static async Task ExpectLeftAsync(Stage stage, Person person, CancellationToken ct)
    {
        await Sending.ExpectNoMarketingAsync(stage, person, ct);
        Expect.Same("consent_withdrawn", (await stage.DecideAsync(person, person.Mailing.Ask, ct)).Code, $"What consent says of {person.Mailing.Ask.Purpose} after an unsubscribe");
        await Sending.ExpectTransactionalAsync(stage, person, ct);
    }

    private static void Check(Person person, Unsubscribed heard)
    {
        Expect.Same("one-click", heard.Cause, "The cause of an unsubscribe");
        Expect.That(heard.WithdrawsConsent, $"Leaving {heard.Topic} has to withdraw the consent it rests on.");
        Expect.That(heard.DeliveryId == person.DeliveryId && heard.RecipientRef == person.RecipientRef, "The email system's own references did not come back with an unsubscribe.");
    }

    // Scanners open every link of a mail.
    private static async Task ExpectPageChangesNothingAsync(Stage stage, Person person, CancellationToken ct)
    {
        (await stage.Preference.GetAsync(PathOf(person), token: null, ct, "text/html")).ExpectOk("showing the unsubscribe page");
        Expect.That(await Sending.RefusingRuleAsync(stage, person, person.Mailing.Topic, ct) is null, "Opening the unsubscribe page unsubscribed someone.");
    }

    private static async Task PressAsync(Stage stage, Person person, CancellationToken ct) =>
        (await stage.Preference.SendAsync(() => OneClick(person), token: null, ct)).ExpectOk("a one-click unsubscribe");

    // Exactly what a mail client sends; only the host is the one that runs here.
    private static HttpRequestMessage OneClick(Person person) => new(HttpMethod.Post, PathOf(person))
    {
        Content = new StringContent("List-Unsubscribe=One-Click", new MediaTypeHeaderValue("application/x-www-form-urlencoded")),
    };

    private static string PathOf(Person person) => person.UnsubscribeUrl?.PathAndQuery ?? throw new StoryBrokenException("Someone was to unsubscribe from a mail that was never sent.");
}
