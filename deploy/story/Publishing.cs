namespace ConsentLedger.Story;

/// <summary>Product backends tell what people agreed to: every other time over HTTP, with the evidence, and otherwise over RabbitMQ.</summary>
internal static class Publishing
{
    private const int RepeatEvery = 10;

    public static async Task RunAsync(Stage stage, Broker broker, CancellationToken ct)
    {
        await using var bus = await BackendBus.OpenAsync(broker, stage.Controllers, stage.Clock, ct);
        var now = stage.Clock.GetUtcNow();

        // All controllers at the same time, as it would be.
        var grants = stage.Controllers.SelectMany(controller => GrantsOf(controller, now)).OrderBy(grant => grant.Index).ToList();
        stage.Progress.Begin("Product backends publish grants", grants.Count);
        await Stage.EachAsync(grants, async (grant, stop) =>
        {
            await (grant.OverHttp ? PublishAsync(stage, grant, stop) : PublishAsync(bus, grant, stop));
            stage.Progress.Advance();
        }, ct);
        stage.Progress.Done(
            $"{Progress.Number(grants.Count(g => g.OverHttp))} over HTTP, {Progress.Number(grants.Count(g => !g.OverHttp))} over RabbitMQ, "
            + $"{Progress.Number(grants.Count(g => g.IsRepeated))} of them twice and recorded once");

        stage.Progress.Begin("Product backends make mistakes");
        var refusals = new List<string>();
        foreach (var controller in stage.Controllers) refusals = [.. await MistakeAsync(stage, bus, controller, ct)];
        stage.Progress.Done($"{refusals.Count * stage.Controllers.Count} refused, such as");
        foreach (var refusal in refusals) stage.Progress.Note(refusal);
    }

    private static IEnumerable<Grant> GrantsOf(Controller controller, DateTimeOffset now) =>
        from asked in controller.People.SelectMany(person => person.Asks, (person, ask) => (person, ask)).Index()
        let id = $"{asked.Item.person.Id}:{asked.Item.ask.Purpose}:{asked.Item.ask.Channel}"
        select new Grant(asked.Item.person, asked.Item.ask, id, asked.Index, now.AddSeconds(-asked.Index));

    private static async Task PublishAsync(Stage stage, Grant grant, CancellationToken ct)
    {
        var (controller, path, body) = (grant.Person.Controller, grant.Person.Path("grants"), Body(grant.Ask, grant.OccurredAt, grant.Person.Evidence));
        var first = await SendAsync();
        Expect.Same("recorded", first.Outcome, $"A fresh grant of {controller.Tenant} over HTTP");
        if (grant.IsRepeated) Expect.Same(first, await SendAsync(), $"The same Idempotency-Key again, for {controller.Tenant}");
        controller.Tally.Add(Column.GrantsOverHttp);

        async Task<CommandAnswer> SendAsync() => (await stage.Consent.PostAsync(path, body, controller.Token("backend"), ct, grant.Id)).ExpectOk("a grant").As<CommandAnswer>();
    }

    private static async Task PublishAsync(BackendBus bus, Grant grant, CancellationToken ct)
    {
        var (controller, body) = (grant.Person.Controller, Body(grant.Ask, grant.OccurredAt));
        var first = await SendAsync();
        Expect.Same("recorded", first.Outcome, $"A fresh grant of {controller.Tenant} over RabbitMQ ({first.Code} {first.Reason})");
        if (grant.IsRepeated) Expect.Same(first, await SendAsync(), $"The same command again, for {controller.Tenant}");
        controller.Tally.Add(Column.GrantsOverAmqp);

        Task<CommandReply> SendAsync() => bus.SendAsync(controller, grant.Id, "consent.grant.v1", grant.Person.Id, body, ct);
    }

    /// <summary>What a backend may get wrong, and how it hears of it.</summary>
    private static async Task<IReadOnlyList<string>> MistakeAsync(Stage stage, BackendBus bus, Controller controller, CancellationToken ct)
    {
        var (person, now) = (controller.Protagonist, stage.Clock.GetUtcNow());
        var undeclared = new Ask("horoscopes", "email", null, null);
        var unreadable = await bus.SendAsync(controller, $"{person.Id}:malformed", null, person.Id, new { }, ct);
        var undeclaredReply = await bus.SendAsync(controller, $"{person.Id}:undeclared", "consent.grant.v1", person.Id, Body(undeclared, now), ct);
        var other = controller.Pack.WithoutConsent;
        var needless = new Ask(other.Id, other.Channels is [var channel, ..] ? channel : null, null, null);
        var answer = await stage.Consent.PostAsync(person.Path("grants"), Body(needless, now), controller.Token("backend"), ct);

        Expect.Same("refused", unreadable.Outcome, "A message that is no command");
        Expect.Same("purpose_undeclared", undeclaredReply.Code, "A purpose that no policy declares");
        Expect.Same("consent_not_the_basis", answer.Problem?.Code, $"A grant for {other.Id} of {controller.Tenant}");
        controller.Tally.Add(Column.Refused, 3);
        return
        [
            $"RabbitMQ, no type: {unreadable.Code}: {unreadable.Reason}",
            $"RabbitMQ, undeclared purpose: {undeclaredReply.Code}: {undeclaredReply.Reason}",
            $"HTTP, {other.Id}: {answer.Problem!.Code}: {answer.Problem.Sentence}",
        ];
    }

    private static object Body(Ask ask, DateTimeOffset occurredAt, object? evidence = null) => new
    {
        ask.Purpose,
        ask.Channel,
        ask.Recipient,
        ask.Scopes,
        occurredAt,
        Actor = "subject",
        Method = "web-form",
        Source = "shop",
        Jurisdiction = "EU",
        Text = ask.Text?.Shown,
        evidence,
    };

    /// <param name="Id">Its own id in the backend, which makes a repeat recognisable.</param>
    private sealed record Grant(Person Person, Ask Ask, string Id, int Index, DateTimeOffset OccurredAt)
    {
        public bool OverHttp => Index % 2 == 0;

        public bool IsRepeated => Index / 2 % RepeatEvery == 0;
    }
}
