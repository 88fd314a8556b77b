using System.Text.Json;
using System.Text.Json.Nodes;
using ConsentLedger.Support;

namespace ConsentLedger.Promises;

/// <summary>What a policy binds its controller to: its revisions, its terms, and the purposes it declares.</summary>
public sealed class PolicyTests(RunningControllers controllers) : IClassFixture<RunningControllers>
{
    [Promise("P18", "assutech")]
    public async Task A_material_change_asks_for_a_new_consent_to_what_it_changes_and_to_nothing_else(string name)
    {
        var controller = await controllers.AloneAsync(name);
        var person = controller.NewPerson();
        await person.DoesAsync("grants", new { purpose = "product-offers", channel = "email" });
        await person.DoesAsync("grants", new { purpose = "phone-offers", channel = "phone" });
        await controller.PublishAsync("2019-01-01");
        (await person.MayAsync(Ask("product-offers", "email"))).ShouldBeYes("consent_given");

        var before = person.Now();
        await controller.PublishAsync("2020-01-01", pack => pack["changes"]!["material"] = Material("product-offers"));
        var answer = await person.MayAsync(Ask("product-offers", "email"));
        answer.ShouldBeNo("renewal_needed");
        answer.PolicyVersion.ShouldBe("2020-01-01");
        (await person.MayAsync(Ask("phone-offers", "phone"))).ShouldBeYes("consent_given");
        await controller.PublishAsync("2021-01-01");
        (await person.MayAsync(Ask("product-offers", "email"))).ShouldBeNo("renewal_needed");

        var renewed = await person.DoesAsync("grants", new { purpose = "product-offers", channel = "email" });
        answer = await person.MayAsync(Ask("product-offers", "email"));
        answer.ShouldBeYes("consent_given");
        answer.Position.ShouldBe(renewed.Position);
        (await person.LastAsync("consent.granted.v1")).GetProperty("data").GetProperty("renews").GetInt64().ShouldBe(1);

        // Who agreed before the change, and is heard of after it, agreed to what was said before.
        var late = controller.NewPerson();
        await late.DoesAsync("grants", new { purpose = "product-offers", channel = "email", occurredAt = before });
        (await late.MayAsync(Ask("product-offers", "email"))).ShouldBeNo("renewal_needed");
    }

    [Promise("P18", "assutech")]
    public async Task A_change_in_substance_is_not_published_without_being_named(string name)
    {
        var controller = await controllers.AloneAsync(name);
        static JsonNode Offers(JsonObject pack) => pack["purposes"]!.AsArray().Single(p => (string?)p!["id"] == "product-offers")!;
        (await controller.RefusedPolicyAsync("2020-01-01", pack => Offers(pack)["data"]!.AsArray().Add("phone"))).ShouldContain("policy_material_change_undeclared");
        (await controller.RefusedPolicyAsync("2020-01-01", pack =>
        {
            Offers(pack)["consentTexts"]![0]!["text"] = "You may send me whatever you like.";
            pack["changes"]!["material"] = Material("product-offers");
        })).ShouldContain("policy_text_edited");
        await controller.PublishAsync("2020-01-01", pack =>
        {
            Offers(pack)["data"]!.AsArray().Add("phone");
            pack["changes"]!["material"] = Material("product-offers");
        });
    }

    [Promise("P18", "assutech")]
    public async Task No_change_of_the_policy_brings_a_withdrawn_consent_back(string name)
    {
        var controller = await controllers.AloneAsync(name);
        var person = controller.NewPerson();
        await person.DoesAsync("grants", new { purpose = "product-offers", channel = "email" });
        await person.DoesAsync("withdrawals", new { purpose = "product-offers" });
        await controller.PublishAsync("2020-01-01", pack => pack["changes"]!["material"] = Material("product-offers"));
        (await person.MayAsync(Ask("product-offers", "email"))).ShouldBeNo("consent_withdrawn");
        (await controller.RefusedPolicyAsync("2020-01-01", pack => pack["changes"]!["material"] = new JsonArray())).ShouldContain("policy_version_exists");
    }

    [Promise("P19", "allure-systems")]
    public async Task A_revised_policy_is_accepted_to_go_on_and_may_be_declined(string name)
    {
        var controller = await controllers.AloneAsync(name);
        var person = controller.NewPerson();
        (await person.MayAsync(Use)).ShouldBeYes("terms_not_asked");
        await person.DoesAsync("terms", new { version = "2020-12-18", accepted = true });
        (await person.MayAsync(Use)).ShouldBeYes("terms_accepted");

        await controller.PublishAsync("2022-01-01");
        (await person.MayAsync(Use)).ShouldBeNo("terms_unanswered");
        var declined = await person.DoesAsync("terms", new { version = "2022-01-01", accepted = false });
        var answer = await person.MayAsync(Use);
        answer.ShouldBeNo("terms_declined");
        answer.Position.ShouldBe(declined.Position);
        await person.DoesAsync("terms", new { version = "2022-01-01", accepted = true, actor = "agent" });
        (await person.MayAsync(Use)).ShouldBeNo("terms_declined");
        (await person.IsRefusedAsync("terms", new { version = "2023-01-01", accepted = true })).ShouldBe("policy_version_unknown");

        await person.DoesAsync("terms", new { version = "2022-01-01", accepted = true });
        (await person.MayAsync(Use)).ShouldBeYes("terms_accepted");
        (await person.LastAsync("terms.answered.v1")).GetProperty("data").GetProperty("policyVersion").GetString().ShouldBe("2022-01-01");
        (await controller.NewPerson().MayAsync(Use)).ShouldBeNo("terms_unanswered");
    }

    [Promise("P37", "quintus")]
    public async Task Nobody_uses_the_site_before_they_agreed_to_its_terms(string name)
    {
        var (agrees, declines) = (controllers.Controller(name).NewPerson(), controllers.Controller(name).NewPerson());
        (await agrees.MayAsync(Use)).ShouldBeNo("terms_unanswered");
        await agrees.DoesAsync("terms", new { version = "2018-04-24", accepted = true });
        (await agrees.MayAsync(Use)).ShouldBeYes("terms_accepted");
        await declines.DoesAsync("terms", new { version = "2018-04-24", accepted = false });
        (await declines.MayAsync(Use)).ShouldBeNo("terms_declined");

        // Agreeing to the terms is no consent to anything in them.
        (await agrees.MayAsync(Ask("site-use", "web"))).ShouldBeNo("consent_unknown");
        (await agrees.MayAsync(Ask("newsletter", "email"))).ShouldBeNo("consent_unknown");
    }

    [Promise("P28", "quintus", "allure-systems")]
    public async Task A_material_change_is_announced_with_what_changed_and_for_which_purpose(string name)
    {
        var controller = await controllers.AloneAsync(name);
        var purpose = name == "quintus" ? "newsletter" : "promotions";
        await using var heard = await Overhearing.EverythingAsync(controller.Here.Broker, "consent.events");
        await controller.PublishAsync("2", pack => pack["changes"]!["material"] = Material(purpose));
        await Acts.EventuallyAsync("the change is announced", () => Task.FromResult(Told().Any()), controller.Ct);
        var changes = Told().Single().GetProperty("data").GetProperty("pack").GetProperty("changes");
        changes.GetProperty("announcedBy").EnumerateArray().Select(c => c.GetString()).ShouldBe(["web", "email"]);
        var material = changes.GetProperty("material").EnumerateArray().ShouldHaveSingleItem();
        material.GetProperty("purpose").GetString().ShouldBe(purpose);
        material.GetProperty("summary").GetProperty("en").GetString().ShouldBe("More is collected.");
        (await controller.RefusedPolicyAsync("3", pack => pack["changes"]!["material"] = Material("horoscopes"))).ShouldContain("reference_unresolved");

        IEnumerable<JsonElement> Told() => heard.Bodies.Select(b => JsonDocument.Parse(b).RootElement)
            .Where(e => e.GetProperty("tenant").GetString() == controller.Tenant && e.GetProperty("type").GetString() == "policy.published.v1" && e.GetProperty("data").GetProperty("version").GetString() == "2");
    }

    [Promise("P28", "quintus", "allure-systems")]
    public async Task Those_whose_consent_a_change_ends_are_listed_until_they_renew_it(string name)
    {
        var controller = await controllers.AloneAsync(name);
        var purpose = name == "quintus" ? "newsletter" : "promotions";
        var (concerned, left, other) = (controller.NewPerson(), controller.NewPerson(), controller.NewPerson());
        foreach (var one in (Person[])[concerned, left]) await one.DoesAsync("grants", new { purpose, channel = "email" });
        await left.DoesAsync("withdrawals", new { purpose });
        await other.DoesAsync("refusals", new { purpose, channel = "email" });
        (await controller.AudienceAsync($"renewal?purpose={purpose}")).ShouldBeEmpty();

        await controller.PublishAsync("2", pack => pack["changes"]!["material"] = Material(purpose));
        (await controller.AudienceAsync($"renewal?purpose={purpose}")).ShouldBe([concerned.Id]);
        await concerned.DoesAsync("grants", new { purpose, channel = "email" });
        (await controller.AudienceAsync($"renewal?purpose={purpose}")).ShouldBeEmpty();
    }

    [Promise("P29", "quintus")]
    public async Task Those_affected_by_a_breach_are_listed_by_processor_or_purpose(string name)
    {
        var controller = await controllers.AloneAsync(name);
        var (reads, left, refused, shared) = (controller.NewPerson(), controller.NewPerson(), controller.NewPerson(), controller.NewPerson());
        foreach (var one in (Person[])[reads, left]) await one.DoesAsync("grants", new { purpose = "newsletter", channel = "email" });
        await left.DoesAsync("withdrawals", new { purpose = "newsletter" });
        await refused.DoesAsync("refusals", new { purpose = "newsletter", channel = "email" });
        await shared.DoesAsync("grants", new { purpose = "partner-sharing", recipient = "partners" });

        // What was once handed over may still lie there.
        (await controller.AudienceAsync("breach?purpose=newsletter")).Order().ShouldBe(new[] { reads.Id, left.Id }.Order());
        (await controller.AudienceAsync("breach?purpose=partner-sharing")).ShouldBe([shared.Id]);
        (await controller.AudienceAsync("breach?processor=service-providers")).Order().ShouldBe(new[] { reads.Id, left.Id, refused.Id, shared.Id }.Order());
        (await controllers.Controller(name).NewPerson().MayAsync(new { purpose = "breach-notices", channel = "email" })).Basis.ShouldBe("legal-obligation");
        using var unknown = await controller.Here.Client(controller.Here.Consent, controller.Tenant, "email").GetAsync(new Uri("/v1/audiences/breach?processor=nobody", UriKind.Relative), controller.Ct);
        unknown.StatusCode.ShouldBe(System.Net.HttpStatusCode.UnprocessableEntity);

        // Nothing of who is erased lies there any more.
        await controller.PrivacyTeam.PostAsync("/v1/erasures", new { subject = left.Id }, System.Net.HttpStatusCode.Accepted, controller.Ct);
        await Acts.EventuallyAsync("the erasure has begun", async () => (await left.MayAsync(Ask("newsletter", "email"))).Code == "subject_erased", controller.Ct);
        (await controller.AudienceAsync("breach?purpose=newsletter")).ShouldBe([reads.Id]);
    }

    [Promise("P23", "quintus")]
    public async Task What_is_not_disclosed_is_not_done_except_on_five_grounds_each_use_recorded(string name)
    {
        var person = controllers.Controller(name).NewPerson();
        (await person.MayAsync(new { purpose = "credit-scoring" })).ShouldBeNo("purpose_undeclared");
        (await person.IsRefusedAsync("grants", new { purpose = "credit-scoring" })).ShouldBe("purpose_undeclared");
        foreach (var ground in (string[])["related-purpose", "contract", "legal-obligation", "legal-claim", "fraud-prevention"])
        {
            var used = await person.DoesAsync("exceptional-uses", new { purpose = "chargeback-review", ground, actor = "agent", method = "case-file", evidence = new { why = "Somebody’s reason." } });
            var told = await person.LastAsync("use.excepted.v1");
            (told.GetProperty("position").GetInt64(), told.GetProperty("data").GetProperty("ground").GetString()).ShouldBe((used.Position!.Value, ground));
            told.ToString().ShouldNotContain("reason");
        }

        (await person.IsRefusedAsync("exceptional-uses", new { purpose = "newsletter", ground = "related-purpose", actor = "agent" })).ShouldBe("purpose_declared");
        (await person.MayAsync(new { purpose = "chargeback-review" })).ShouldBeNo("purpose_undeclared");
        await person.DoesAsync("restrictions", new { ground = "accuracy-contested" });
        (await person.IsRefusedAsync("exceptional-uses", new { purpose = "chargeback-review", ground = "contract", actor = "agent" })).ShouldBe("processing_restricted");
        await person.DoesAsync("exceptional-uses", new { purpose = "chargeback-review", ground = "legal-claim", actor = "agent" });
        (await controllers.Controller("assutech").NewPerson().IsRefusedAsync("exceptional-uses", new { purpose = "chargeback-review", ground = "contract", actor = "agent" })).ShouldBe("ground_undeclared");
    }

    [Promise("P26", "quintus")]
    public async Task Below_the_age_of_consent_a_guardian_answers_and_the_childs_own_yes_is_none(string name)
    {
        var (inSweden, inGermany) = (controllers.Controller(name).NewPerson(), controllers.Controller(name).NewPerson());
        await inSweden.DoesAsync("birth-months", new { bornIn = YearsAgo(14), jurisdiction = "SE" });
        await inGermany.DoesAsync("birth-months", new { bornIn = YearsAgo(14), jurisdiction = "DE" });
        await inSweden.DoesAsync("grants", Newsletter("subject"));
        (await inSweden.MayAsync(Ask("newsletter", "email"))).ShouldBeYes("consent_given");

        (await inGermany.IsRefusedAsync("grants", Newsletter("subject"))).ShouldBe("guardian_needed");
        (await inGermany.MayAsync(Ask("newsletter", "email"))).ShouldBeNo("consent_unknown");
        await inGermany.DoesAsync("grants", Newsletter("guardian", new { guardian = "A parent." }));
        (await inGermany.MayAsync(Ask("newsletter", "email"))).ShouldBeYes("consent_given");
        (await inGermany.LastAsync("consent.granted.v1")).ToString().ShouldNotContain("parent.");

        // A no is heard from a child too.
        await inGermany.DoesAsync("withdrawals", new { purpose = "newsletter" });
        (await inGermany.MayAsync(Ask("newsletter", "email"))).ShouldBeNo("consent_withdrawn");
        await inGermany.DoesAsync("refusals", new { purpose = "surveys", channel = "email" });
        (await inGermany.MayAsync(Ask("surveys", "email"))).ShouldBeNo("consent_refused");
    }

    [Promise("P26", "quintus")]
    public async Task A_consent_turns_out_void_where_the_person_was_too_young_to_give_it(string name)
    {
        var person = controllers.Controller(name).NewPerson();
        await person.DoesAsync("grants", Newsletter("subject"));
        await person.DoesAsync("birth-months", new { bornIn = YearsAgo(11), jurisdiction = "SE" });
        (await person.MayAsync(Ask("newsletter", "email"))).ShouldBeNo("guardian_needed");
        await person.DoesAsync("grants", Newsletter("guardian"));
        (await person.MayAsync(Ask("newsletter", "email"))).ShouldBeYes("consent_given");
    }

    [Promise("P26", "quintus")]
    public async Task Whoever_comes_of_age_affirms_what_a_guardian_consented_to(string name)
    {
        var person = controllers.Controller(name).NewPerson();
        await person.DoesAsync("birth-months", new { bornIn = TimeProvider.System.GetUtcNow().AddYears(-18).AddMonths(-3).ToString("yyyy-MM"), jurisdiction = "DE" });
        var young = TimeProvider.System.GetUtcNow().AddYears(-3).ToString("O");
        await person.DoesAsync("grants", new { purpose = "newsletter", channel = "email", actor = "guardian", occurredAt = young });
        (await person.MayAsync(Ask("newsletter", "email"))).ShouldBeNo("reaffirmation_needed");
        (await person.IsRefusedAsync("grants", Newsletter("guardian"))).ShouldBe("subject_of_age");
        await person.DoesAsync("grants", Newsletter("subject"));
        (await person.MayAsync(Ask("newsletter", "email"))).ShouldBeYes("consent_given");
    }

    [Promise("P35", "spectral-tms", "quintus")]
    public async Task A_disclosure_under_legal_process_is_recorded_sealed_and_open_to_the_auditor_alone(string name)
    {
        var controller = controllers.Controller(name);
        var person = controller.NewPerson();
        var purpose = (await controller.PolicyAsync()).GetProperty("purposes").EnumerateArray().Single(p => p.GetProperty("id").GetString() == "legal-disclosure");
        var data = purpose.GetProperty("data").EnumerateArray().Take(1).Select(d => d.GetString()).ToArray();
        object Disclosure(string ground, string recipient, string?[] data) =>
            new { ground, recipient, data, actor = "agent", method = "court-order", evidence = new { order = "Case 17, a court", asked = "All invoices" } };

        if (name == "spectral-tms") (await person.IsRefusedAsync("disclosures", Disclosure("national-security", "authorities", data))).ShouldBe("ground_undeclared");
        (await person.IsRefusedAsync("disclosures", Disclosure("legal-process", "public", data))).ShouldBe("recipient_undeclared");
        (await person.IsRefusedAsync("disclosures", Disclosure("legal-process", "authorities", ["blood-type"]))).ShouldBe("data_undeclared");
        await person.DoesAsync("disclosures", Disclosure("legal-process", "authorities", data));

        var told = (await person.LastAsync("data.disclosed.v1")).ToString();
        told.ShouldContain("legal-process");
        told.ShouldNotContain("Case 17");
        (await person.LastAsync("data.disclosed.v1", disclose: true)).GetProperty("evidence").GetProperty("order").GetString().ShouldBe("Case 17, a court");
        var lesser = controller.Here.Client(controller.Here.Consent, controller.Tenant, "auditor-without-disclosure");
        using var refused = await lesser.GetAsync(new Uri($"/v1/subjects/{person.Id}/history?disclose=true", UriKind.Relative), controller.Ct);
        refused.StatusCode.ShouldBe(System.Net.HttpStatusCode.Forbidden);
        (await person.MayAsync(new { purpose = "legal-disclosure", recipient = "authorities" })).Basis.ShouldBe("legal-obligation");
    }

    private static JsonArray Material(string purpose) => new(new JsonObject { ["purpose"] = purpose, ["summary"] = new JsonObject { ["en"] = "More is collected." } });

    private static object Newsletter(string actor, object? evidence = null) => new { purpose = "newsletter", channel = "email", actor, evidence };

    private static object Use => new { purpose = "use-of-service" };

    private static object Ask(string purpose, string? channel = null) => new { purpose, channel };

    private static string YearsAgo(int years) => TimeProvider.System.GetUtcNow().AddYears(-years).AddMonths(-2).ToString("yyyy-MM");
}
