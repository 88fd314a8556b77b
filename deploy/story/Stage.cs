namespace ConsentLedger.Story;

/// <summary>What every chapter of the story has at hand.</summary>
internal sealed record Stage(
    IReadOnlyList<Controller> Controllers, ServiceClient Consent, ServiceClient Preference, ServiceClient Erasure, Progress Progress, TimeProvider Clock)
{
    /// <summary>Enough to keep two cores busy; more would only queue.</summary>
    private const int AtOnce = 32;

    public IEnumerable<Person> People => Controllers.SelectMany(controller => controller.People);

    public IEnumerable<Person> Those(Part part) => People.Where(person => person.Part == part);

    public static Task EachAsync<T>(IEnumerable<T> all, Func<T, CancellationToken, Task> act, CancellationToken ct) =>
        Parallel.ForEachAsync(all, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = ct }, async (one, stop) => await act(one, stop));

    /// <summary>What the consent service says about a person and what they were asked for.</summary>
    public async Task<DecisionAnswer> DecideAsync(Person person, Ask ask, CancellationToken ct)
    {
        var question = new { Subject = person.Id, ask.Purpose, ask.Channel, ask.Recipient, ask.Scope };
        return (await Consent.PostAsync("/v1/decisions", question, person.Controller.Token("backend"), ct)).ExpectOk("a decision").As<DecisionAnswer>();
    }

    /// <summary>Asks until the answer holds, or says what stayed away.</summary>
    public async Task UntilAsync(Func<Task<bool>> holds, TimeSpan atMost, string otherwise, CancellationToken ct)
    {
        var started = Clock.GetTimestamp();
        while (!await holds())
        {
            Expect.That(Clock.GetElapsedTime(started) < atMost, otherwise);
            await Task.Delay(TimeSpan.FromMilliseconds(50), Clock, ct);
        }
    }
}
