using System.Net;
using System.Text.Json;
using ConsentLedger.Support;
using RabbitMQ.Client;

namespace ConsentLedger.Promises;

/// <summary>Requests to be forgotten, and how long data stays without one.</summary>
public sealed class ErasureTests(RunningControllers controllers) : IClassFixture<RunningControllers>
{
    [Promise("P08", "assutech", "spectral-tms")]
    public async Task Processors_are_told_of_erasures(string name)
    {
        var controller = await controllers.AloneAsync(name, $"{name}-told");
        await PolicyReachedAsync(controller);
        var processors = (await controller.PolicyAsync()).GetProperty("processors").EnumerateArray().Select(p => p.GetProperty("id").GetString()!).ToList();

        // One of them takes webhooks, one speaks OpenDSR, and the others somebody tells by hand.
        const string Address = "canary.told@example.org";
        var (here, hooked, speaking) = (controller.Here, processors[0], processors[1]);
        await using var webhook = new WebhookProcessor(_ => new { outcome = "erased" });
        await using var openDsr = NodeClient.Start(here, controller.Tenant, [("CALLBACK_VIA", $"http://localhost:{here.Erasure.Url.Port}")], "opendsr/processor.mjs", here.InFolder("opendsr.pem"), here.InFolder("opendsr.key"));
        var endpoint = (await openDsr.ReadUntilAsync(line => line.TryGetProperty("listening", out _), controller.Ct))[^1].GetProperty("listening").GetString();
        await controller.ErasureOperator.PutOkAsync($"/v1/processors/{hooked}", new { name = "Told by webhook", kind = "webhook", endpoint = webhook.Endpoint, secret = "webhook" }, controller.Ct);
        await controller.ErasureOperator.PutOkAsync($"/v1/processors/{speaking}", new { name = "Told over OpenDSR", kind = "open-dsr", endpoint, domain = "localhost" }, controller.Ct);
        await controller.ErasureOperator.PutOkAsync("/v1/request-settings", new { policyProcessors = "tasks" }, controller.Ct);

        var person = controller.NewPerson();
        var request = (await controller.PrivacyTeam.PostAsync(
            "/v1/erasures", new { subject = person.Id, identities = new[] { new { type = "email", value = Address } } }, HttpStatusCode.Accepted, controller.Ct)).GetProperty("id").GetString()!;
        var plan = await controller.PrivacyTeam.GetOkAsync($"/v1/erasures/{request}/plan", controller.Ct);
        plan.GetProperty("steps").EnumerateArray().Select(s => s.GetProperty("system").GetString()).ShouldBe(["consent", "marketing-preference", .. processors], ignoreOrder: true);

        var asked = (await openDsr.ReadUntilAsync(line => line.TryGetProperty("asked", out _), controller.Ct))[^1].GetProperty("asked");
        asked.GetProperty("identities")[0].GetProperty("identity_format").GetString().ShouldBe("sha256", "it gets the address in no other form than it takes");
        await Acts.EventuallyAsync("both have answered", async () => (await TasksAsync()).Count(t => processors[..2].Contains(SystemOf(t)) && t.TryGetProperty("outcome", out var outcome) && outcome.GetString() == "erased") == 2, controller.Ct);
        var told = webhook.Told.ShouldHaveSingleItem();
        (told.GetProperty("type").GetString(), told.GetProperty("identities")[0].GetProperty("value").GetString()).ShouldBe(("erasure", Address));

        foreach (var task in (await TasksAsync()).Where(t => processors[2..].Contains(SystemOf(t))))
        {
            (task.GetProperty("kind").GetString(), task.GetProperty("assignee").GetString(), task.TryGetProperty("outcome", out _)).ShouldBe(("manual", "privacy-team", false));
            await controller.PrivacyTeam.PostOkAsync($"/v1/erasures/{request}/tasks/{SystemOf(task)}/outcome", new { outcome = "erased" }, controller.Ct);
        }

        var ended = await EndOfAsync(controller, request);
        ended.GetProperty("tasks").EnumerateArray().ShouldAllBe(t => t.GetProperty("outcome").GetString() == "erased");
        KeptIn(ended).ShouldAllBe(kept => kept.Item1 != "not-connected");

        async Task<IReadOnlyList<JsonElement>> TasksAsync() => [.. (await controller.PrivacyTeam.GetOkAsync($"/v1/erasures/{request}", controller.Ct)).GetProperty("tasks").EnumerateArray()];
        static string SystemOf(JsonElement task) => task.GetProperty("system").GetString()!;
    }

    [Promise("P15", "assutech", "allure-systems", "quintus", "vms")]
    public async Task A_person_is_erased_from_every_system_and_facts_without_a_person_remain(string name)
    {
        var controller = controllers.Controller(name);
        var (person, other) = (controller.NewPerson(), controller.NewPerson());
        var purpose = name switch { "assutech" => "product-offers", "allure-systems" => "promotions", _ => "newsletter" };
        foreach (var one in (Person[])[person, other]) await one.DoesAsync("grants", new { purpose, channel = "email", evidence = new { address = AddressOf(one) } });
        (await person.LastAsync("consent.granted.v1", disclose: true)).ToString().ShouldContain("canary");
        foreach (var one in (Person[])[person, other]) (await FoundAsync(AddressOf(one))).ShouldBe([one.Id]);

        var request = await RequestAsync(controller, person);
        var ended = await EndOfAsync(controller, request);
        ended.GetProperty("tasks").EnumerateArray().Select(t => (t.GetProperty("system").GetString(), t.GetProperty("outcome").GetString()))
            .ShouldBe([("consent", "erased"), ("marketing-preference", "erased")]);
        (await person.MayAsync(new { purpose, channel = "email" })).ShouldBeNo("subject_erased");
        (await person.MaySendAsync(purpose)).ShouldBeNo("subject_erased");
        (await person.IsRefusedAsync("grants", new { purpose, channel = "email" })).ShouldBe("subject_erased");
        var history = await person.HistoryAsync(disclose: true);
        history.ShouldContain(e => e.GetProperty("type").GetString() == "consent.granted.v1");
        history.ShouldAllBe(e => !e.ToString().Contains("canary"));

        (await RequestAsync(controller, person, HttpStatusCode.OK)).ShouldBe(request);
        (await other.MayAsync(new { purpose, channel = "email" })).ShouldBeYes("consent_given");
        (await other.LastAsync("consent.granted.v1", disclose: true)).ToString().ShouldContain("canary");

        (await FoundAsync(AddressOf(person))).ShouldBeEmpty();
        (await FoundAsync(AddressOf(other))).ShouldBe([other.Id]);
        var preferences = await controller.EmailSystem.GetOkAsync($"/v1/subjects/{person.Id}/preferences", controller.Ct);
        (preferences.GetProperty("erased").GetBoolean(), preferences.GetProperty("preferences").GetArrayLength()).ShouldBe((true, 0));

        async Task<IEnumerable<string?>> FoundAsync(string address) =>
            (await controller.Here.Client(controller.Here.Consent, controller.Tenant, "privacy").PostOkAsync("/v1/subjects/lookup", new { kind = "email", value = address }, controller.Ct))
                .GetProperty("subjects").EnumerateArray().Select(s => s.GetString());
        static string AddressOf(Person one) => $"canary.{one.Id}@example.org";
    }

    [Promise("P15", "assutech", "allure-systems", "quintus", "vms")]
    public async Task Who_is_known_under_several_ids_is_erased_under_all_of_them(string name)
    {
        var controller = controllers.Controller(name);
        var (person, alias) = (controller.NewPerson(), controller.NewPerson());
        var purpose = name switch { "assutech" => "product-offers", "allure-systems" => "promotions", _ => "newsletter" };
        foreach (var id in (Person[])[person, alias]) await id.DoesAsync("grants", new { purpose, channel = "email", evidence = new { address = "canary@example.org" } });
        await person.DoesAsync("merges", new { other = alias.Id, method = "desk", actor = "agent" });

        var request = await RequestAsync(controller, person);
        await EndOfAsync(controller, request);
        await Acts.EventuallyAsync("the other id is erased, too", async () => (await alias.HistoryAsync()).Any(e => e.GetProperty("type").GetString() == "subject.erased.v1"), controller.Ct);
        (await alias.HistoryAsync(disclose: true)).ShouldAllBe(e => !e.ToString().Contains("canary"));
        var other = await EndOfAsync(controller, (await LastRequestAsync(controller, alias)).GetProperty("id").GetString()!);
        (other.GetProperty("with").GetString(), other.GetProperty("dueOn").GetString()).ShouldBe((request, (await controller.PrivacyTeam.GetOkAsync($"/v1/erasures/{request}", controller.Ct)).GetProperty("dueOn").GetString()));
    }

    [Promise("P15", "assutech", "allure-systems", "quintus", "vms")]
    public async Task What_is_not_erased_is_named_with_its_reason(string name)
    {
        var controller = await controllers.AloneAsync(name);
        await PolicyReachedAsync(controller);
        await controller.ErasureOperator.PutOkAsync("/v1/processors/archive", new { name = "The archive", kind = "manual", assignee = "archivist", keeps = new[] { "legal-obligation" } }, controller.Ct);
        var others = new[] { (System: "forum", Reason: "public-post"), (System: "friends", Reason: "third-party"), (System: "backups", Reason: "technically-impossible") };
        foreach (var (system, reason) in others)
            await controller.ErasureOperator.PutOkAsync($"/v1/processors/{system}", new { name = system, kind = "manual", assignee = "archivist", keeps = new[] { reason } }, controller.Ct);
        var request = await RequestAsync(controller, controller.NewPerson());
        var plan = await controller.PrivacyTeam.GetOkAsync($"/v1/erasures/{request}/plan", controller.Ct);
        plan.GetProperty("steps").EnumerateArray().Select(s => s.GetProperty("system").GetString()).ShouldContain("archive");
        KeptIn(plan).ShouldContain(("legal-obligation", "archive"));

        // Whoever tells the archive has to know by what it knows the person, which the consent service is asked for first.
        await Acts.EventuallyAsync("the archive's turn has come", async () => (await controller.PrivacyTeam.GetOkAsync($"/v1/erasures/{request}", controller.Ct)).GetProperty("tasks").EnumerateArray()
            .Count(t => t.TryGetProperty("assignee", out _) && t.GetProperty("state").GetString() == "dispatched") == 1 + others.Length, controller.Ct);
        (await controller.PrivacyTeam.PostAsync($"/v1/erasures/{request}/tasks/archive/outcome", new { outcome = "kept" }, HttpStatusCode.UnprocessableEntity, controller.Ct)).GetProperty("code").GetString().ShouldBe("reason_required");
        await controller.PrivacyTeam.PostOkAsync($"/v1/erasures/{request}/tasks/archive/outcome", new { outcome = "partly-erased", reason = "legal-obligation" }, controller.Ct);
        foreach (var (system, reason) in others) await controller.PrivacyTeam.PostOkAsync($"/v1/erasures/{request}/tasks/{system}/outcome", new { outcome = "kept", reason }, controller.Ct);
        var ended = await EndOfAsync(controller, request);
        ended.GetProperty("outcome").GetString().ShouldBe("partially");
        KeptIn(ended).ShouldContain(("legal-obligation", "archive"));
        ended.GetProperty("tasks").EnumerateArray().Single(t => t.GetProperty("system").GetString() == "archive").GetProperty("reason").GetString().ShouldBe("legal-obligation");

        // And whoever the policy names and nobody has connected is not said to have erased anything.
        foreach (var processor in (await controller.PolicyAsync()).GetProperty("processors").EnumerateArray()) KeptIn(ended).ShouldContain(("not-connected", processor.GetProperty("id").GetString()));

        // The certificate says all of it.
        foreach (var kept in others.Select(o => (o.Reason, o.System))) KeptIn(ended).ShouldContain(kept);
        var certificate = await CertificateAsync(controller, request);
        KeptIn(certificate).ShouldBe(KeptIn(ended), ignoreOrder: true);
        certificate.GetProperty("outcome").GetString().ShouldBe("partially");
        certificate.GetProperty("systems").EnumerateArray().Select(s => (s.GetProperty("system").GetString(), s.GetProperty("outcome").GetString(), s.TryGetProperty("reason", out var reason) ? reason.GetString() : null))
            .ShouldBe(
                [("consent-addresses", "nothing-held", null), ("consent", "erased", null), ("marketing-preference", "erased", null), ("archive", "partly-erased", "legal-obligation"), .. others.Select(o => ((string?)o.System, (string?)"kept", (string?)o.Reason))],
                ignoreOrder: true);
    }

    [Promise("P15", "assutech", "allure-systems", "quintus", "vms")]
    public async Task A_request_that_is_refused_says_why(string name)
    {
        var controller = controllers.Controller(name);
        var person = controller.NewPerson();
        var hold = await controller.PrivacyTeam.PostOkAsync($"/v1/subjects/{person.Id}/holds", new { authority = "legal-obligation", reference = "case-1" }, controller.Ct);
        hold.GetProperty("holds").GetArrayLength().ShouldBe(1);
        var request = await RequestAsync(controller, person);
        await controller.PrivacyTeam.PostOkAsync($"/v1/erasures/{request}/refusal", new { reason = "legal-obligation" }, controller.Ct);
        var ended = await EndOfAsync(controller, request);
        (ended.GetProperty("outcome").GetString(), ended.GetProperty("refusedFor").GetString()).ShouldBe(("refused", "legal-obligation"));
    }

    [Promise("P16", "assutech")]
    public async Task A_request_is_due_a_calendar_month_after_it_came_and_is_free_of_charge(string name)
    {
        var controller = controllers.Controller(name);
        var request = await controller.PrivacyTeam.GetOkAsync($"/v1/erasures/{await RequestAsync(controller, controller.NewPerson())}", controller.Ct);
        var received = DateOnly.FromDateTime(request.GetProperty("receivedAt").GetDateTimeOffset().UtcDateTime);
        DateOnly.Parse(request.GetProperty("dueOn").GetString()!).ShouldBe(received.AddMonths(1));
        var rights = (await controller.PolicyAsync()).GetProperty("rights");
        (rights.GetProperty("deadlineMonths").GetInt32(), rights.GetProperty("freeOfCharge").GetBoolean()).ShouldBe((1, true));
        foreach (var (member, months) in new[] { ("deadlineMonths", 2), ("extensionMonths", 3) })
            (await controller.RefusedPolicyAsync("99", pack => pack["rights"]![member] = months)).ShouldContain("period_invalid");
    }

    [Promise("P16", "assutech")]
    public async Task A_request_is_extended_once_by_two_months_with_a_reason_that_the_person_was_told_and_reported(string name)
    {
        var controller = controllers.Controller(name);
        var person = controller.NewPerson();
        await controller.PrivacyTeam.PostOkAsync($"/v1/subjects/{person.Id}/holds", new { authority = "court-order", reference = "case-2" }, controller.Ct);
        var request = await RequestAsync(controller, person);
        var told = new { reason = "complexity", noticeSentAt = person.Now(), noticeMethod = "email" };
        var extended = await controller.PrivacyTeam.PostOkAsync($"/v1/erasures/{request}/extension", told, controller.Ct);
        var received = DateOnly.FromDateTime(extended.GetProperty("receivedAt").GetDateTimeOffset().UtcDateTime);
        DateOnly.Parse(extended.GetProperty("dueOn").GetString()!).ShouldBe(received.AddMonths(3));
        (await controller.PrivacyTeam.PostAsync($"/v1/erasures/{request}/extension", told, HttpStatusCode.UnprocessableEntity, controller.Ct)).GetProperty("code").GetString().ShouldBe("extended_already");

        // Told first, and after they have asked.
        var other = controller.NewPerson();
        await controller.PrivacyTeam.PostOkAsync($"/v1/subjects/{other.Id}/holds", new { authority = "court-order", reference = "case-2" }, controller.Ct);
        var unheard = await RequestAsync(controller, other);
        var now = TimeProvider.System.GetUtcNow();
        foreach (var (noticeSentAt, code) in new[] { (now.AddHours(1), "notice_in_future"), (now.AddDays(-2), "notice_before_receipt") })
            (await controller.PrivacyTeam.PostAsync($"/v1/erasures/{unheard}/extension", new { reason = "complexity", noticeSentAt, noticeMethod = "email" }, HttpStatusCode.UnprocessableEntity, controller.Ct))
                .GetProperty("code").GetString().ShouldBe(code);

        var line = (await ReportAsync(controller.PrivacyTeam, controller.Ct)).Single(l => l.GetProperty("id").GetString() == request);
        (line.GetProperty("extended").GetBoolean(), line.GetProperty("inTime").GetBoolean(), line.GetProperty("waitsFor").GetString()).ShouldBe((true, true, "legal-hold"));
    }

    [Promise("P16", "assutech")]
    public async Task Somebody_hears_of_a_deadline_before_it_lapses(string name)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await using var here = await Installation.PrepareAsync(movableClock: true);

        // From the last day of a month to that of one that is shorter.
        var received = new DateTimeOffset(TimeProvider.System.GetUtcNow().Year + 1, 1, 31, 12, 0, 0, TimeSpan.Zero);
        here.Clock.MoveTo(received);
        await Task.WhenAll(here.Services.Select(s => s.StartAsync(patience.Token)));
        var privacy = here.Client(here.Erasure, name, "privacy");
        var subject = Acts.NewSubject();
        await privacy.PostOkAsync($"/v1/subjects/{subject}/holds", new { authority = "court-order", reference = "case-3" }, patience.Token);
        await using var bus = await here.Broker.OpenChannelAsync();
        var queue = (await bus.QueueDeclareAsync(cancellationToken: patience.Token)).QueueName;
        foreach (var type in (string[])["erasure.escalated.v1", "erasure.overdue.v1", "opendsr.escalated.v1", "opendsr.overdue.v1"]) await bus.QueueBindAsync(queue, "erasure.events", type, cancellationToken: patience.Token);
        var asked = await privacy.PostAsync("/v1/erasures", new { subject }, HttpStatusCode.Accepted, patience.Token);
        var request = asked.GetProperty("id").GetString();
        DateOnly.Parse(asked.GetProperty("dueOn").GetString()!).ShouldBe(new DateOnly(received.Year, 2, DateTime.DaysInMonth(received.Year, 2)));

        // And a controller's request, whose person nobody finds.
        await privacy.PostAsync("/v2/requests", Submission("erasure", "8f14e45f-ceea-467f-a0e6-1b2d3c4d5e6f", "canary.nobody@example.org"), HttpStatusCode.Created, patience.Token);
        here.Clock.Move(TimeSpan.FromDays(27));
        var heard = new List<string>();
        async Task<bool> HeardAsync(params IEnumerable<string> types)
        {
            while (await bus.BasicGetAsync(queue, autoAck: true, patience.Token) is { } message) heard.Add(message.RoutingKey);
            return types.All(heard.Contains);
        }

        await Acts.EventuallyAsync("somebody was told that the day draws near", () => HeardAsync("erasure.escalated.v1", "opendsr.escalated.v1"), patience.Token);
        heard.ShouldAllBe(type => type.EndsWith(".escalated.v1"));
        here.Clock.Move(TimeSpan.FromDays(10));
        await Acts.EventuallyAsync("somebody was told that it is over", () => HeardAsync("erasure.overdue.v1", "opendsr.overdue.v1"), patience.Token);
        (await here.Client(here.Erasure, name, "privacy").GetOkAsync($"/v1/erasures/{request}", patience.Token)).GetProperty("overdue").GetBoolean().ShouldBeTrue();
        var report = await ReportAsync(privacy, patience.Token);
        report.Select(l => l.GetProperty("state").GetString()).ShouldBe(["unmatched", "held"]);
        report.ShouldAllBe(l => l.GetProperty("overdue").GetBoolean() && !l.GetProperty("inTime").GetBoolean());

        // Which no extension makes good any more.
        foreach (var (noticeSentAt, code) in new[] { (received.AddDays(1), "extension_too_late"), (received.AddDays(30), "notice_too_late") })
            (await privacy.PostAsync($"/v1/erasures/{request}/extension", new { reason = "complexity", noticeSentAt, noticeMethod = "email" }, HttpStatusCode.UnprocessableEntity, patience.Token))
                .GetProperty("code").GetString().ShouldBe(code);
    }

    [Promise("P17", "assutech")]
    public async Task Data_is_deleted_when_its_retention_ends_and_no_consent_lasts_unless_a_hold_on_any_id_of_the_person_is_in_force(string name)
    {
        var controller = controllers.Controller(name);
        await PolicyReachedAsync(controller);
        var (person, alias) = (controller.NewPerson(), controller.NewPerson());
        await person.DoesAsync("grants", new { purpose = "product-offers", channel = "email" });
        await alias.DoesAsync("merges", new { other = person.Id, method = "desk", actor = "agent" });
        await Acts.EventuallyAsync("the merge is known", async () => (await HoldsAsync(controller, alias)).GetProperty("aliases").GetArrayLength() == 1, controller.Ct);
        var hold = (await controller.PrivacyTeam.PostOkAsync($"/v1/subjects/{alias.Id}/holds", new { authority = "authority-order", reference = "case-4" }, controller.Ct)).GetProperty("holds")[0].GetProperty("hold").GetString();

        // And whoever turns out to be the same person later is covered, too.
        var late = controller.NewPerson();
        await late.DoesAsync("merges", new { other = alias.Id, method = "desk", actor = "agent" });
        await Acts.EventuallyAsync("the later merge is known", async () => (await HoldsAsync(controller, late)).GetProperty("aliases").GetArrayLength() == 1, controller.Ct);
        (await HoldsAsync(controller, late)).GetProperty("holds").EnumerateArray().Select(h => h.GetProperty("hold").GetString()).ShouldBe([hold]);

        // The contract is over, and the consent lasts.
        await controller.PrivacyTeam.PostOkAsync($"/v1/subjects/{person.Id}/terminations", new { ended = "contract-ended", occurredAt = person.Now() }, controller.Ct);
        await SomebodyElseIsErasedAtTheEndOfTheirContractAsync(controller);
        (await RequestsOfAsync(controller, person)).ShouldBeEmpty();
        (await person.MayAsync(new { purpose = "product-offers", channel = "email" })).ShouldBeYes("consent_given");

        await person.DoesAsync("withdrawals", new { purpose = "product-offers", channel = "email" });
        await Acts.EventuallyAsync("nothing keeps the data any more", async () => (await RequestsOfAsync(controller, person)).Count == 1, controller.Ct);
        var request = await LastRequestAsync(controller, person);
        request.GetProperty("state").GetString().ShouldBe("held");
        (await person.HistoryAsync()).ShouldAllBe(e => e.GetProperty("type").GetString() != "subject.erasure-started.v1");

        await controller.PrivacyTeam.PostOkAsync($"/v1/holds/{hold}/lifting", new { }, controller.Ct);
        (await EndOfAsync(controller, request.GetProperty("id").GetString()!)).GetProperty("reason").GetString().ShouldBe("no-longer-needed");
        (await person.MayAsync(new { purpose = "product-offers", channel = "email" })).ShouldBeNo("subject_erased");
    }

    [Promise("P17", "assutech")]
    public async Task What_is_kept_for_some_months_after_a_contract_is_deleted_when_they_are_over(string name)
    {
        const string Version = "2018-06-01";
        var controller = await controllers.AloneAsync(name);
        await controller.PublishAsync(Version, pack => pack["purposes"]!.AsArray().First(p => (string?)p!["retention"]!["until"] == "contract-ended")!["retention"]!["furtherMonths"] = 6);
        await PolicyReachedAsync(controller, Version);
        var (kept, over) = (controller.NewPerson(), controller.NewPerson());
        foreach (var (person, months) in ((Person, int)[])[(kept, 5), (over, 7)])
            await controller.PrivacyTeam.PostOkAsync($"/v1/subjects/{person.Id}/terminations", new { ended = "contract-ended", occurredAt = TimeProvider.System.GetUtcNow().AddMonths(-months) }, controller.Ct);
        await Acts.EventuallyAsync("seven months are more than six", async () => (await RequestsOfAsync(controller, over)).Count == 1, controller.Ct);
        (await EndOfAsync(controller, (await LastRequestAsync(controller, over)).GetProperty("id").GetString()!)).GetProperty("reason").GetString().ShouldBe("no-longer-needed");
        (await RequestsOfAsync(controller, kept)).ShouldBeEmpty();
    }

    [Promise("P17", "assutech")]
    public async Task Who_becomes_a_customer_again_is_not_erased_for_the_contract_that_had_ended(string name)
    {
        var controller = controllers.Controller(name);
        await PolicyReachedAsync(controller);
        var person = controller.NewPerson();
        await person.DoesAsync("grants", new { purpose = "product-offers", channel = "email" });
        await controller.PrivacyTeam.PostOkAsync($"/v1/subjects/{person.Id}/terminations", new { ended = "contract-ended", occurredAt = person.Now() }, controller.Ct);
        using var taken = await controller.PrivacyTeam.DeleteAsync(new Uri($"/v1/subjects/{person.Id}/terminations", UriKind.Relative), controller.Ct);
        taken.StatusCode.ShouldBe(HttpStatusCode.OK);
        await person.DoesAsync("withdrawals", new { purpose = "product-offers", channel = "email" });
        await SomebodyElseIsErasedAtTheEndOfTheirContractAsync(controller);
        (await RequestsOfAsync(controller, person)).ShouldBeEmpty();
    }

    [Promise("P25", "quintus")]
    public async Task Withdrawing_everything_and_being_forgotten_is_one_request(string name)
    {
        var controller = controllers.Controller(name);
        var person = controller.NewPerson();
        foreach (var purpose in (string[])["newsletter", "product-news"]) await person.DoesAsync("grants", new { purpose, channel = "email" });
        var request = (await controller.PrivacyTeam.PostAsync("/v1/erasures", new { subject = person.Id, withdrawAll = true }, HttpStatusCode.Accepted, controller.Ct)).GetProperty("id").GetString()!;
        var ended = await EndOfAsync(controller, request);
        ended.GetProperty("tasks").EnumerateArray().Select(t => (t.GetProperty("system").GetString(), t.GetProperty("outcome").GetString()))
            .ShouldBe([("consent", "erased"), ("consent-withdrawals", "withdrawn"), ("marketing-preference", "erased")], ignoreOrder: true);
        var types = (await person.HistoryAsync()).Select(e => e.GetProperty("type").GetString()).ToList();
        types.IndexOf("consent.withdrawn.v1").ShouldBeGreaterThan(0);
        types.IndexOf("consent.withdrawn.v1").ShouldBeLessThan(types.IndexOf("subject.erasure-started.v1"));
        var withdrawn = (await person.HistoryAsync()).Where(e => e.GetProperty("type").GetString() == "consent.withdrawn.v1").Select(e => e.GetProperty("data").GetProperty("lane").GetProperty("purpose").GetString());
        withdrawn.Distinct().ShouldBe(["newsletter", "product-news"], ignoreOrder: true);
    }

    [Promise("P25", "quintus")]
    public async Task Who_asks_to_be_forgotten_on_their_page_has_everything_withdrawn_as_well(string name)
    {
        var controller = controllers.Controller(name);
        var person = controller.NewPerson();
        await person.DoesAsync("grants", new { purpose = "newsletter", channel = "email" });
        using var page = await PersonsPage.OpenAsync(controller, person);
        var ended = await EndOfAsync(controller, await page.AskToBeForgottenAsync());
        ended.GetProperty("tasks").EnumerateArray().Select(t => t.GetProperty("system").GetString()).ShouldContain("consent-withdrawals");
        (await person.HistoryAsync()).ShouldContain(e => e.GetProperty("type").GetString() == "consent.withdrawn.v1");
    }

    [Promise("P25", "quintus")]
    public async Task A_hold_that_keeps_the_data_does_not_keep_the_marketing_going(string name)
    {
        var controller = controllers.Controller(name);
        var person = controller.NewPerson();
        await person.DoesAsync("grants", new { purpose = "newsletter", channel = "email" });
        (await person.MaySendAsync("newsletter")).ShouldBeYes("consent_given");
        await controller.PrivacyTeam.PostOkAsync($"/v1/subjects/{person.Id}/holds", new { authority = "court-order", reference = "case-5" }, controller.Ct);
        var request = (await controller.PrivacyTeam.PostAsync("/v1/erasures", new { subject = person.Id, withdrawAll = true }, HttpStatusCode.Accepted, controller.Ct)).GetProperty("id").GetString()!;
        await Acts.EventuallyAsync("the person has left all marketing", async () => (await person.MayAsync(new { purpose = "newsletter", channel = "email" })).Code == "subject_objected", controller.Ct);
        (await person.ConsentsAsync()).Select(c => c.GetProperty("state").GetString()).ShouldAllBe(state => state == "withdrawn");
        (await person.MaySendAsync("newsletter")).Allowed.ShouldBeFalse();
        var held = await controller.PrivacyTeam.GetOkAsync($"/v1/erasures/{request}", controller.Ct);
        (held.GetProperty("state").GetString(), held.GetProperty("tasks").GetArrayLength()).ShouldBe(("held", 1), "and nothing is erased");
    }

    [Promise("P27", "quintus")]
    public async Task Applications_are_kept_for_reporting_and_the_request_says_so_before_and_after(string name)
    {
        var controller = controllers.Controller(name);
        await PolicyReachedAsync(controller);
        var person = controller.NewPerson();
        var request = await RequestAsync(controller, person);
        var plan = await controller.PrivacyTeam.GetOkAsync($"/v1/erasures/{request}/plan", controller.Ct);
        var kept = plan.GetProperty("kept").EnumerateArray().Single(k => k.GetProperty("reason").GetString() == "retention-rule");
        kept.GetProperty("words").GetString()!.ShouldContain("reporting");
        var ended = await EndOfAsync(controller, request);
        ended.GetProperty("outcome").GetString().ShouldBe("partially");
        ended.GetProperty("kept").EnumerateArray().ShouldContain(k => k.GetProperty("reason").GetString() == "retention-rule" && k.GetProperty("purpose").GetString() == kept.GetProperty("purpose").GetString());
        (await CertificateAsync(controller, request)).GetProperty("kept").EnumerateArray().ShouldContain(k => k.GetProperty("reason").GetString() == "retention-rule" && k.GetProperty("purpose").GetString() == kept.GetProperty("purpose").GetString());
    }

    [Promise("P32", "vms")]
    public async Task The_end_of_the_service_erases(string name)
    {
        var controller = controllers.Controller(name);
        await PolicyReachedAsync(controller);
        var person = controller.NewPerson();
        await person.DoesAsync("grants", new { purpose = "newsletter", channel = "email" });
        await controller.PrivacyTeam.PostOkAsync($"/v1/subjects/{person.Id}/terminations", new { ended = "service-terminated", occurredAt = person.Now() }, controller.Ct);
        var ended = await EndOfAsync(controller, (await LastRequestAsync(controller, person)).GetProperty("id").GetString()!);
        ended.GetProperty("reason").GetString().ShouldBe("termination");
        (await person.MayAsync(new { purpose = "newsletter", channel = "email" })).ShouldBeNo("subject_erased");
    }

    [Promise("P33", "vms")]
    public async Task Nothing_is_decided_for_the_users_customers_without_an_instruction(string name)
    {
        var person = controllers.Controller(name).NewPerson();
        (await person.MayAsync(new { purpose = "user-content", category = "end-customer" })).ShouldBeNo("basis_missing");
        (await person.MayAsync(new { purpose = "user-content", category = "user" })).ShouldBeNo("category_excluded");
        (await person.IsRefusedAsync("grants", new { purpose = "user-content" })).ShouldBe("consent_not_the_basis");
    }

    [Promise("P33", "vms")]
    public async Task Requests_of_the_users_customers_are_forwarded_and_wait_for_the_instruction(string name)
    {
        var controller = controllers.Controller(name);
        await PolicyReachedAsync(controller);
        await using var heard = await Overhearing.EverythingAsync(controller.Here.Broker, "erasure.events");
        var person = controller.NewPerson();
        var request = await controller.PrivacyTeam.PostAsync("/v1/erasures", new { subject = person.Id, purpose = "user-content" }, HttpStatusCode.Accepted, controller.Ct);
        var id = request.GetProperty("id").GetString()!;
        (request.GetProperty("state").GetString(), request.GetProperty("tasks").GetArrayLength()).ShouldBe(("awaiting-instruction", 0));
        var instructor = controller.Here.Client(controller.Here.Erasure, controller.Tenant, "instructor");
        (await instructor.PostOkAsync($"/v1/erasures/{id}/instruction", new { instruction = "proceed" }, controller.Ct)).GetProperty("state").GetString().ShouldBe("running");
        await EndOfAsync(controller, id);
        IEnumerable<JsonElement> Forwarded() => heard.Bodies.Select(b => JsonDocument.Parse(b).RootElement).Where(e => e.GetProperty("type").GetString() == "erasure.forwarded.v1" && e.GetProperty("subject").GetString() == person.Id);
        await Acts.EventuallyAsync("the request is forwarded", () => Task.FromResult(Forwarded().Any()), controller.Ct);
        Forwarded().ShouldHaveSingleItem().GetProperty("data").GetProperty("instructor").GetString().ShouldBe("user-content");

        // Nobody else instructs, and what the instruction declines is left alone.
        var other = controller.NewPerson();
        await other.DoesAsync("grants", new { purpose = "newsletter", channel = "email" });
        var declined = (await controller.PrivacyTeam.PostAsync("/v1/erasures", new { subject = other.Id, purpose = "user-content" }, HttpStatusCode.Accepted, controller.Ct)).GetProperty("id").GetString()!;
        await controller.PrivacyTeam.PostAsync($"/v1/erasures/{declined}/instruction", new { instruction = "proceed" }, HttpStatusCode.Forbidden, controller.Ct);
        await instructor.PostOkAsync($"/v1/erasures/{declined}/instruction", new { instruction = "decline" }, controller.Ct);
        var ended = await EndOfAsync(controller, declined);
        (ended.GetProperty("outcome").GetString(), ended.GetProperty("refusedFor").GetString(), ended.GetProperty("tasks").GetArrayLength()).ShouldBe(("refused", "instructed-otherwise", 0));
        (await other.MayAsync(new { purpose = "newsletter", channel = "email" })).ShouldBeYes("consent_given");
    }

    /// <summary>As OpenDSR has it.</summary>
    private static Dictionary<string, object> Submission(string type, string id, string address) => new()
    {
        ["regulation"] = "gdpr",
        ["subject_request_id"] = id,
        ["subject_request_type"] = type,
        ["submitted_time"] = "2026-01-02T15:00:00Z",
        ["subject_identities"] = new[] { new Dictionary<string, string> { ["identity_type"] = "email", ["identity_value"] = address, ["identity_format"] = "raw" } },
        ["api_version"] = "2.0",
    };

    /// <summary>What the person's end of retention has brought about.</summary>
    private static async Task<JsonElement> LastRequestAsync(Controller controller, Person person)
    {
        await Acts.EventuallyAsync("there is a request", async () => (await RequestsOfAsync(controller, person)).Count > 0, controller.Ct);
        var id = (await RequestsOfAsync(controller, person))[^1].GetProperty("id").GetString();
        return await controller.PrivacyTeam.GetOkAsync($"/v1/erasures/{id}", controller.Ct);
    }

    /// <summary>For whom nothing lasts. Once they are erased, whoever was to be erased before them has a request, too.</summary>
    private static async Task SomebodyElseIsErasedAtTheEndOfTheirContractAsync(Controller controller)
    {
        var other = controller.NewPerson();
        await controller.PrivacyTeam.PostOkAsync($"/v1/subjects/{other.Id}/terminations", new { ended = "contract-ended", occurredAt = other.Now() }, controller.Ct);
        await Acts.EventuallyAsync("the end of their contract erases somebody", async () => (await RequestsOfAsync(controller, other)).Count == 1, controller.Ct);
        await EndOfAsync(controller, (await LastRequestAsync(controller, other)).GetProperty("id").GetString()!);
    }

    private static async Task<IReadOnlyList<JsonElement>> RequestsOfAsync(Controller controller, Person person) =>
        [.. (await controller.PrivacyTeam.GetOkAsync("/v1/erasures?limit=500", controller.Ct)).GetProperty("requests").EnumerateArray().Where(r => r.GetProperty("subject").GetString() == person.Id)];

    private static async Task<IReadOnlyList<JsonElement>> ReportAsync(HttpClient privacy, CancellationToken ct) =>
        [.. (await privacy.GetStringAsync(new Uri("/v1/erasures/report", UriKind.Relative), ct)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement)];

    private static Task<JsonElement> HoldsAsync(Controller controller, Person person) => controller.PrivacyTeam.GetOkAsync($"/v1/subjects/{person.Id}/holds", controller.Ct);

    private static IEnumerable<(string?, string?)> KeptIn(JsonElement answer) =>
        answer.GetProperty("kept").EnumerateArray().Select(k => (k.GetProperty("reason").GetString(), k.TryGetProperty("system", out var system) ? system.GetString() : null));

    /// <summary>What the certificate states.</summary>
    private static async Task<JsonElement> CertificateAsync(Controller controller, string request)
    {
        JsonElement certificate = default;
        await Acts.EventuallyAsync("a checkpoint covers the certificate", async () =>
        {
            using var answer = await controller.PrivacyTeam.GetAsync(new Uri($"/v1/erasures/{request}/certificate", UriKind.Relative), controller.Ct);
            if (answer.StatusCode == HttpStatusCode.ServiceUnavailable) return false;
            certificate = (await answer.ReadAsync(HttpStatusCode.OK, controller.Ct)).GetProperty("certificate");
            return true;
        }, controller.Ct);
        return certificate;
    }

    private static Task PolicyReachedAsync(Controller controller, string? version = null) => Acts.EventuallyAsync(
        "the policy reached erasure-orchestrator",
        async () => (await controller.PrivacyTeam.GetOkAsync("/v1/processors", controller.Ct)).TryGetProperty("policyVersion", out var known) && (version is null || known.GetString() == version),
        controller.Ct);

    private static async Task<string> RequestAsync(Controller controller, Person person, HttpStatusCode expected = HttpStatusCode.Accepted) =>
        (await controller.PrivacyTeam.PostAsync("/v1/erasures", new { subject = person.Id }, expected, controller.Ct)).GetProperty("id").GetString()!;

    private static async Task<JsonElement> EndOfAsync(Controller controller, string request)
    {
        JsonElement answer = default;
        await Acts.EventuallyAsync("the erasure is completed", async () =>
        {
            answer = await controller.PrivacyTeam.GetOkAsync($"/v1/erasures/{request}", controller.Ct);
            return answer.GetProperty("state").GetString() == "completed";
        }, controller.Ct);
        return answer;
    }
}
