using System.Net;
using System.Text;
using System.Text.Json;
using ConsentLedger.Ledger;
using ConsentLedger.Support;

namespace ConsentLedger.Promises;

/// <summary>What is written down about a person: where it comes from, how it is put right, and what of it the person can take away.</summary>
public sealed class RecordTests(RunningControllers controllers) : IClassFixture<RunningControllers>
{
    [Promise("P13", "assutech", "allure-systems", "quintus", "spectral-tms")]
    public async Task A_person_gets_everything_recorded_about_them_with_what_was_sealed_and_nothing_about_others(string name)
    {
        var controller = controllers.Controller(name);
        var (person, other) = (controller.NewPerson(), controller.NewPerson());
        var (purpose, channel, recipient) = MarketingOf(name);
        await person.DoesAsync("grants", new { purpose, channel, recipient, evidence = new { address = $"{person.Id}@example.org" } });
        await person.DoesAsync("withdrawals", new { purpose });
        await other.DoesAsync("grants", new { purpose, channel, recipient, evidence = new { address = $"{other.Id}@example.org" } });

        var copy = await controller.Auditor.GetOkAsync($"/v1/subjects/{person.Id}/export?disclose=true", controller.Ct);
        copy.GetProperty("subject").GetString().ShouldBe(person.Id);
        var entries = copy.GetProperty("entries").EnumerateArray().ToList();
        var types = entries.Select(e => e.GetProperty("type").GetString()).ToList();
        types[0].ShouldBe("consent.granted.v1");
        types.ShouldContain("consent.withdrawn.v1");
        types[^1].ShouldBe("consent.history-read.v1");
        entries[0].GetProperty("data").GetProperty("lane").GetProperty("purpose").GetString().ShouldBe(purpose);
        entries[0].GetProperty("evidence").GetProperty("address").GetString().ShouldBe($"{person.Id}@example.org");
        copy.ToString().ShouldNotContain(other.Id);
        (await controller.Auditor.GetOkAsync($"/v1/subjects/{person.Id}/export", controller.Ct)).ToString().ShouldNotContain("@example.org");
        using var unknown = await controller.Auditor.GetAsync(new Uri($"/v1/subjects/{Acts.NewSubject()}/export", UriKind.Relative), controller.Ct);
        unknown.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Promise("P13", "assutech", "allure-systems", "quintus", "spectral-tms")]
    public async Task Every_act_has_a_receipt_that_holds_without_the_controller(string name)
    {
        var controller = controllers.Controller(name);
        var person = controller.NewPerson();
        var (purpose, channel, recipient) = MarketingOf(name);
        var granted = await person.DoesAsync("grants", new { purpose, channel, recipient });
        string? receipt = null;
        await Acts.EventuallyAsync("there is a checkpoint that covers it", async () =>
        {
            using var answer = await controller.Backend.GetAsync(new Uri($"/v1/receipts/{granted.Position}", UriKind.Relative), controller.Ct);
            receipt = answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync(controller.Ct) : null;
            return receipt is not null;
        }, controller.Ct);
        receipt.ShouldNotBeNull().ShouldStartWith("c2sp.org/tlog-proof@v1");

        // All that it takes is the log's key.
        var key = await controller.Backend.GetStringAsync(new Uri($"/log/{controller.Tenant}/key", UriKind.Relative), controller.Ct);
        VerifierKey.TryParse(key.TrimEnd('\n'), out var log, out _).ShouldBeTrue();
        LogProof.TryParse(Encoding.UTF8.GetBytes(receipt), out var proof, out _).ShouldBeTrue();
        proof!.TryVerify(TreeHash.Leaf(proof.Extra.Span), TrustPolicy.Of(log!), out _, out var fault).ShouldBeTrue(fault?.Reason);
        Entry.TryDecode(proof.Extra.Span, out var entry, out _).ShouldBeTrue();
        (entry.Stream.ToString(), entry.Version).ShouldBe((person.Id, granted.Version));
        using var none = await controller.Backend.GetAsync(new Uri($"/v1/receipts/{granted.Position + 1_000_000}", UriKind.Relative), controller.Ct);
        none.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Promise("P13", "assutech", "allure-systems", "quintus", "spectral-tms")]
    public async Task A_copy_is_in_a_form_that_other_controllers_take(string name)
    {
        var controller = controllers.Controller(name);
        var person = controller.NewPerson();
        var (purpose, channel, recipient) = MarketingOf(name);
        var granted = await person.DoesAsync("grants", new { purpose, channel, recipient, evidence = new { address = $"{person.Id}@example.org" } });
        var path = $"/v1/subjects/{person.Id}/records";
        (await controller.Auditor.GetOkAsync($"{path}?format=kantara", controller.Ct)).EnumerateArray().ShouldHaveSingleItem().GetProperty("piiPrincipalId").GetString().ShouldBe(person.Id);
        await person.DoesAsync("withdrawals", new { purpose, channel, recipient });

        var record = (await controller.Auditor.GetOkAsync(path, controller.Ct)).GetProperty("@graph").EnumerateArray().ShouldHaveSingleItem();
        record.GetProperty("dct:conformsTo").GetString().ShouldBe("https://w3id.org/dpv/schema/dpv-27560#record");
        record.GetProperty("dpv:hasConsentStatus").GetString().ShouldBe("dpv:ConsentWithdrawn");
        record.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("event_state").GetString()).ShouldBe(["dpv:ConsentGiven", "dpv:ConsentWithdrawn"]);
        record.GetProperty("events")[0].GetProperty("receipt").GetString().ShouldBe($"/v1/receipts/{granted.Position}");
        var processing = record.GetProperty("processing");
        processing.GetProperty("purposes").EnumerateArray().ShouldHaveSingleItem().ToString().ShouldContain($"\"{purpose}\"");
        processing.GetProperty("lawful_basis").EnumerateArray().Select(b => b.GetString()).ShouldBe(["dpv:Consent"]);
        record.ToString().ShouldContain((await controller.PolicyAsync()).GetProperty("controller").GetProperty("name").GetString()!);
        (await controller.Auditor.GetOkAsync($"{path}?format=kantara", controller.Ct)).GetArrayLength().ShouldBe(0);

        var copy = await controller.Auditor.GetOkAsync($"{path}?format=json&disclose=true", controller.Ct);
        copy.GetProperty("consents")[0].GetProperty("events")[0].GetProperty("evidence").GetProperty("address").GetString().ShouldBe($"{person.Id}@example.org");
        copy.GetProperty("readings").GetArrayLength().ShouldBe(4);
        (await controller.Auditor.GetOkAsync($"{path}?format=json", controller.Ct)).ToString().ShouldNotContain("@example.org");

        using var asked = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Accept = { new("text/csv") } } };
        using var table = await controller.Auditor.SendAsync(asked, controller.Ct);
        table.Content.Headers.ContentType!.MediaType.ShouldBe("text/csv");
        (await table.Content.ReadAsStringAsync(controller.Ct)).Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(9);
        using var unknown = await controller.Auditor.GetAsync(new Uri($"{path}?format=xml", UriKind.Relative), controller.Ct);
        unknown.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        using var nobody = await controller.Auditor.GetAsync(new Uri($"/v1/subjects/{Acts.NewSubject()}/records", UriKind.Relative), controller.Ct);
        nobody.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Promise("P14", "assutech", "allure-systems", "quintus")]
    public async Task A_correction_points_at_what_was_wrong_and_history_keeps_both(string name)
    {
        var person = controllers.Controller(name).NewPerson();
        var (purpose, channel, recipient) = MarketingOf(name);
        var question = new { purpose, channel, recipient };
        var (was, wrong) = (person.Now(), person.Now());
        var granted = await person.DoesAsync("grants", new { purpose, channel, recipient, occurredAt = wrong });
        await person.DoesAsync("corrections", new { corrects = granted.Version, doneAt = was, reason = "wrong-date", actor = "agent" });
        Moment((await person.ConsentsAsync()).Single(c => c.GetProperty("state").GetString() == "given"), "occurredAt").ShouldBe(DateTimeOffset.Parse(was));
        (await person.MayAsync(question)).ShouldBeYes("consent_given");

        var history = await person.HistoryAsync();
        Moment(history[0].GetProperty("data"), "occurredAt").ShouldBe(DateTimeOffset.Parse(wrong));
        var correction = history.Single(e => e.GetProperty("type").GetString() == "record.corrected.v1").GetProperty("data");
        (correction.GetProperty("corrects").GetInt64(), correction.GetProperty("reason").GetString()).ShouldBe((granted.Version, "wrong-date"));

        await person.DoesAsync("corrections", new { corrects = granted.Version, voided = true, reason = "wrong-person", actor = "agent" });
        (await person.MayAsync(question)).ShouldBeNo("consent_voided");
        (await person.HistoryAsync())[0].GetProperty("type").GetString().ShouldBe("consent.granted.v1");
    }

    [Promise("P14", "assutech", "allure-systems", "quintus")]
    public async Task No_correction_takes_a_no_back(string name)
    {
        var person = controllers.Controller(name).NewPerson();
        var (purpose, channel, recipient) = MarketingOf(name);
        var granted = await person.DoesAsync("grants", new { purpose, channel, recipient });
        var earlier = person.Now();
        var refused = await person.DoesAsync("refusals", new { purpose, channel, recipient });
        (await person.IsRefusedAsync("corrections", new { corrects = refused.Version, voided = true, reason = "mistake", actor = "agent" })).ShouldBe("withdrawal_prevails");
        (await person.IsRefusedAsync("corrections", new { corrects = granted.Version, doneAt = person.Now(), reason = "mistake", actor = "agent" })).ShouldBe("nothing_to_correct");
        (await person.IsRefusedAsync("corrections", new { corrects = refused.Version, reason = "mistake", actor = "agent" })).ShouldBe("correction_empty");
        (await person.MayAsync(new { purpose, channel, recipient })).ShouldBeNo("consent_refused");

        // Nor by dating a later yes before it.
        var again = await person.DoesAsync("grants", new { purpose, channel, recipient });
        (await person.MayAsync(new { purpose, channel, recipient })).ShouldBeYes("consent_given");
        (await person.IsRefusedAsync("corrections", new { corrects = again.Version, doneAt = person.Now(), reason = "mistake", actor = "agent" })).ShouldBe("correction_later");
        await person.DoesAsync("corrections", new { corrects = again.Version, doneAt = earlier, reason = "wrong-date", actor = "agent" });
        (await person.MayAsync(new { purpose, channel, recipient })).ShouldBeNo("consent_voided");
    }

    [Promise("P36", "assutech")]
    public async Task Every_event_says_who_acted_how_and_from_where_the_word_of_it_came(string name)
    {
        var controller = controllers.Controller(name);
        var person = controller.NewPerson();
        (await ImportAsync(controller, new { subject = person.Id, grant = new { purpose = "product-offers", channel = "email", occurredAt = person.Now(), actor = "agent", method = "import", source = "purchased" } }))
            .GetProperty("outcome").GetString().ShouldBe("recorded");
        await person.DoesAsync("objections", new { to = "profiling", source = "other-users" });
        await person.DoesAsync("refusals", new { purpose = "phone-offers", channel = "phone", source = "subject" });

        var told = (await person.HistoryAsync()).Where(e => e.GetProperty("type").GetString() != "consent.history-read.v1").Select(e => e.GetProperty("data")).ToList();
        told.Select(d => (d.GetProperty("actor").GetString(), d.GetProperty("method").GetString(), d.GetProperty("source").GetString()))
            .ShouldBe([("agent", "import", "purchased"), ("subject", "web-form", "other-users"), ("subject", "web-form", "subject")]);
    }

    [Promise("P36", "assutech")]
    public async Task An_import_may_restrict_and_brings_no_withdrawn_consent_back(string name)
    {
        var controller = controllers.Controller(name);
        var person = controller.NewPerson();
        await person.DoesAsync("grants", new { purpose = "product-offers", channel = "email" });
        await person.DoesAsync("withdrawals", new { purpose = "product-offers" });
        var answer = await ImportAsync(controller, new { subject = person.Id, grant = new { purpose = "product-offers", channel = "email", occurredAt = person.Now(), actor = "agent", method = "import", source = "purchased" } });
        (answer.GetProperty("outcome").GetString(), answer.GetProperty("code").GetString()).ShouldBe(("refused", "withdrawal_prevails"));
        (await person.MayAsync(new { purpose = "product-offers", channel = "email" })).ShouldBeNo("consent_withdrawn");

        var other = controller.NewPerson();
        await other.DoesAsync("grants", new { purpose = "product-offers", channel = "email" });
        (await ImportAsync(controller, new { subject = other.Id, withdraw = new { purpose = "product-offers", occurredAt = other.Now(), actor = "agent", method = "import", source = "purchased" } }))
            .GetProperty("outcome").GetString().ShouldBe("recorded");
        (await other.MayAsync(new { purpose = "product-offers", channel = "email" })).ShouldBeNo("consent_withdrawn");
        var told = (await other.LastAsync("consent.withdrawn.v1")).GetProperty("data");
        (told.GetProperty("source").GetString(), told.GetProperty("imported").GetBoolean()).ShouldBe(("purchased", true));
    }

    [Promise("P36", "assutech")]
    public async Task An_import_names_its_source_and_is_marked_as_one_whatever_its_sender_calls_it(string name)
    {
        var controller = controllers.Controller(name);
        var person = controller.NewPerson();
        async Task<string> ImportedAsync(string? source) =>
            (await ImportAsync(controller, new { subject = person.Id, grant = new { purpose = "product-offers", channel = "email", occurredAt = person.Now(), actor = "agent", method = "web-form", source } })).ToString();
        (await ImportedAsync(null)).ShouldContain("source_required");
        (await person.MayAsync(new { purpose = "product-offers", channel = "email" })).ShouldBeNo("consent_unknown");
        (await ImportedAsync("purchased")).ShouldContain("recorded");
        await person.DoesAsync("grants", new { purpose = "phone-offers", channel = "phone" });
        var told = (await person.HistoryAsync()).Where(e => e.GetProperty("type").GetString() == "consent.granted.v1").Select(e => e.GetProperty("data")).ToList();
        told.Select(d => d.TryGetProperty("imported", out var imported) && imported.GetBoolean()).ShouldBe([true, false]);
    }

    [Promise("P38", "allure-systems", "quintus")]
    public async Task A_successor_takes_everything_over_and_can_prove_it(string name)
    {
        var controller = await controllers.AloneAsync(name);
        var (purpose, channel, recipient) = MarketingOf(name);
        var (person, other, erased) = (controller.NewPerson(), controller.NewPerson(), controller.NewPerson());
        foreach (var one in (Person[])[person, other, erased]) await one.DoesAsync("grants", new { purpose, channel, recipient, evidence = new { address = $"{one.Id}@example.org" } });
        using var there = new Successor(controller);
        await there.KeepCheckpointAsync();
        await controller.PrivacyTeam.PostAsync("/v1/erasures", new { subject = erased.Id }, HttpStatusCode.Accepted, controller.Ct);
        await Acts.EventuallyAsync("the erasure is over", async () => (await erased.HistoryAsync()).Any(e => e.GetProperty("type").GetString() == "subject.erased.v1"), controller.Ct);
        await person.DoesAsync("withdrawals", new { purpose, channel, recipient });

        var fetched = await there.RunAsync(0, "fetch");
        (fetched.GetProperty("handedOver").GetProperty("keys").GetInt64(), fetched.GetProperty("handedOver").GetProperty("envelopes").GetInt64()).ShouldBe((2, 2));
        var found = (await there.RunAsync(0, "check")).GetProperty("handedOver");
        (found.GetProperty("successor").GetString(), found.GetProperty("opened").GetInt64(), found.GetProperty("erasedBefore").GetInt64(), found.GetProperty("erasedSince").GetInt64())
            .ShouldBe(("new-owner", 2, 1, 0));
        foreach (var nobodys in (string[])["@example.org", erased.Id]) there.HandedOver.ShouldNotContain(nobodys);
        there.HandedOver.ShouldContain(person.Id);

        // Nothing is taken out unseen, and nobody but the successor opens it.
        there.HandedOver = there.HandedOver.Replace($"{{\"subject\":\"{person.Id}\"", $"{{\"subject\":\"{erased.Id}\"", StringComparison.Ordinal);
        (await there.RunAsync(1, "check")).GetProperty("handedOver").ToString().ShouldContain("handover_key_missing");
        there.ExchangeKey();
        (await there.RunAsync(1, "check")).GetProperty("handedOver").ToString().ShouldContain("handover_transport_unopened");

        // Nor is a part of the log taken for all of it, where outsiders have seen more.
        var after = await other.DoesAsync("withdrawals", new { purpose, channel, recipient });
        await there.KeepCheckpointAsync(after.Position!.Value);
        (await there.RunAsync(1, "check")).GetProperty("log").ToString().ShouldContain("since_larger");
    }

    [Promise("P38", "allure-systems", "quintus")]
    public async Task Only_a_policy_that_says_so_and_a_right_of_its_own_let_data_pass(string name)
    {
        var controller = await controllers.AloneAsync(name);
        using var there = new Successor(controller);
        using var asked = Acts.Body(new { successor = "new-owner", key = there.PublicKey });
        using (var refused = await controller.Auditor.PostAsync(new Uri("/v1/hand-over", UriKind.Relative), asked, controller.Ct)) refused.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await there.HandsOver.PostAsync("/v1/hand-over", new { successor = "new-owner", key = "none" }, HttpStatusCode.UnprocessableEntity, controller.Ct)).GetProperty("code").GetString().ShouldBe("successor_key_invalid");
        await controller.PublishAsync("9.0.0", pack => pack.Remove("handOver"));
        (await there.HandsOver.PostAsync("/v1/hand-over", new { successor = "new-owner", key = there.PublicKey }, HttpStatusCode.UnprocessableEntity, controller.Ct)).GetProperty("code").GetString().ShouldBe("hand_over_undeclared");
    }

    private static (string Purpose, string Channel, string? Recipient) MarketingOf(string name) => name switch
    {
        "assutech" => ("product-offers", "email", null),
        "allure-systems" => ("promotions", "email", null),
        "quintus" => ("newsletter", "email", null),
        _ => ("partner-offers", "sms", "marketing-partners"),
    };

    private static DateTimeOffset Moment(JsonElement facts, string member) => facts.GetProperty(member).GetDateTimeOffset();

    private static async Task<JsonElement> ImportAsync(Controller controller, object line)
    {
        using var body = new StringContent(JsonSerializer.Serialize(line, JsonSerializerOptions.Web), Encoding.UTF8, "application/x-ndjson");
        using var answer = await controller.Operator.PostAsync(new Uri("/v1/imports", UriKind.Relative), body, controller.Ct);
        return await answer.ReadAsync(HttpStatusCode.OK, controller.Ct);
    }
}
