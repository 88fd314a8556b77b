namespace ConsentLedger.Story;

/// <summary>The privacy team erases one person of each controller: keys and contents are gone everywhere, the facts stay provable.</summary>
internal static class Erasing
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task RunAsync(Stage stage, CancellationToken ct)
    {
        var people = stage.Those(Part.IsErased).ToList();
        stage.Progress.Begin("The privacy team erases people", people.Count);
        await Stage.EachAsync(people, async (person, stop) =>
        {
            var before = await Auditing.ReadAsync(stage, person, disclose: true, stop);
            Expect.That(before.Any(HasEvidence), $"{person.Controller.Tenant} has no evidence of a grant that came with some.");
            await EraseAsync(stage, person, stop);
            await ExpectFactsOnlyAsync(stage, person, stop);
            await ExpectNoDecisionAsync(stage, person, stop);
            person.Controller.Tally.Add(Column.Erased);
            stage.Progress.Advance();
        }, ct);
        stage.Progress.Done($"{people.Count} erased in every system; their histories keep facts only, their evidence is gone, every decision says no");
    }

    private static async Task EraseAsync(Stage stage, Person person, CancellationToken ct)
    {
        var token = person.Controller.Token("privacy");
        var request = await stage.Erasure.PostAsync("/v1/erasures", new { Subject = person.Id, Reason = "consent-withdrawn" }, token, ct, $"{person.Id}:erasure");
        var location = request.ExpectOk("an erasure request").Location;
        Expect.That(location is not null, "An erasure request was taken without a Location to follow it at.");
        await stage.UntilAsync(
            async () => (await stage.Erasure.GetAsync($"{location}", token, ct)).ExpectOk("reading an erasure").As<Erasure>().State == "completed",
            Patience, $"The erasure of someone of {person.Controller.Tenant} was not completed within {Patience.TotalSeconds:0} s.", ct);
    }

    private static async Task ExpectFactsOnlyAsync(Stage stage, Person person, CancellationToken ct)
    {
        var history = await Auditing.ReadAsync(stage, person, disclose: true, ct);
        var types = history.Select(entry => entry.Type).ToHashSet();
        Expect.That(types.IsSupersetOf(["consent.granted.v1", "subject.erased.v1"]), "The history of an erased person lacks its facts.");
        Expect.That(!history.Any(HasEvidence), $"Evidence of an erased person of {person.Controller.Tenant} can still be read.");
    }

    private static async Task ExpectNoDecisionAsync(Stage stage, Person person, CancellationToken ct)
    {
        Expect.Same("subject_erased", (await stage.DecideAsync(person, person.Mailing.Ask, ct)).Code, "What consent says of an erased person");
        Expect.Same("subject_erased", await Sending.RefusingRuleAsync(stage, person, person.Mailing.Topic, ct), "What the send decision says of an erased person");
    }

    private static bool HasEvidence(HistoryEntry entry) => entry.Evidence is { ValueKind: System.Text.Json.JsonValueKind.Object };

    private sealed record Erasure(string State);
}
