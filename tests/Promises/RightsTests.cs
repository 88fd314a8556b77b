namespace ConsentLedger.Promises;

/// <summary>What people may demand: to be asked scope by scope, to object, to have data only stored, and to send a signal instead.</summary>
public sealed class RightsTests(RunningControllers controllers) : IClassFixture<RunningControllers>
{
    [Promise("P07", "assutech")]
    public async Task An_account_elsewhere_is_used_by_express_authorisation_of_each_scope(string name)
    {
        var person = controllers.Controller(name).NewPerson();
        (await person.MayAsync(Facebook("contact-email"))).ShouldBeNo("consent_unknown");
        (await person.MayAsync(new { purpose = "facebook-account-access" })).ShouldBeNo("scope_required");
        (await person.IsRefusedAsync("grants", new { purpose = "facebook-account-access" })).ShouldBe("scope_required");
        (await person.IsRefusedAsync("grants", new { purpose = "facebook-account-access", scopes = new[] { "contact-email" }, implied = true })).ShouldBe("express_needed");
        (await person.IsRefusedAsync("grants", new { purpose = "facebook-account-access", scopes = new[] { "contact-email", "publish-posts" } })).ShouldBe("scope_undeclared");
        (await person.IsRefusedAsync("grants", new { purpose = "product-offers", channel = "email", scopes = new[] { "contact-email" } })).ShouldBe("scope_undeclared");
        (await person.MayAsync(Facebook("contact-email"))).ShouldBeNo("consent_unknown");

        await person.DoesAsync("grants", new { purpose = "facebook-account-access", scopes = new[] { "contact-email", "friends-list" } });
        foreach (var scope in (string[])["contact-email", "friends-list"]) (await person.MayAsync(Facebook(scope))).ShouldBeYes("consent_given");
        (await person.MayAsync(Facebook("basic-information"))).ShouldBeNo("consent_unknown");
        (await person.MayAsync(new { purpose = "twitter-account-access", scope = "account" })).ShouldBeNo("consent_unknown");

        await person.DoesAsync("withdrawals", new { purpose = "facebook-account-access", scopes = new[] { "friends-list" } });
        (await person.MayAsync(Facebook("friends-list"))).ShouldBeNo("consent_withdrawn");
        (await person.MayAsync(Facebook("contact-email"))).ShouldBeYes("consent_given");
        await person.DoesAsync("withdrawals", new { purpose = "facebook-account-access" });
        (await person.MayAsync(Facebook("contact-email"))).ShouldBeNo("consent_withdrawn");
        (await controllers.Controller(name).RefusedPolicyAsync("99", pack => pack["authorisations"]!.AsArray()[0]!["purpose"] = "hosting")).ShouldContain("consent_purpose_missing");
    }

    [Promise("P31", "vms")]
    public async Task A_connected_calendar_is_written_to_until_it_is_disconnected_and_never_read(string name)
    {
        var person = controllers.Controller(name).NewPerson();
        var writing = new { purpose = "google-calendar-access", scope = "calendar.events.write" };
        (await person.MayAsync(writing)).ShouldBeNo("consent_unknown");
        (await person.IsRefusedAsync("grants", new { purpose = "google-calendar-access", scopes = new[] { "calendar.events.write" }, implied = true })).ShouldBe("express_needed");
        await person.DoesAsync("grants", new { purpose = "google-calendar-access", scopes = new[] { "calendar.events.write" } });
        (await person.MayAsync(writing)).ShouldBeYes("consent_given");
        (await person.MayAsync(new { purpose = "google-calendar-access", scope = "calendar.events.read" })).ShouldBeNo("scope_undeclared");
        await person.DoesAsync("withdrawals", new { purpose = "google-calendar-access" });
        (await person.MayAsync(writing)).ShouldBeNo("consent_withdrawn");
    }

    [Promise("P10", "assutech")]
    public async Task An_objection_to_marketing_needs_no_reason_and_stops_it_at_once_also_where_consent_was_given(string name)
    {
        var person = controllers.Controller(name).NewPerson();
        await person.DoesAsync("grants", new { purpose = "product-offers", channel = "email" });
        (await person.MayAsync(Offers)).ShouldBeYes("consent_given");
        var objected = await person.DoesAsync("objections", new { to = "marketing" });
        var answer = await person.MayAsync(Offers);
        answer.ShouldBeNo("subject_objected");
        answer.Position.ShouldBe(objected.Position);
        (await person.MaySendAsync("product-offers")).Allowed.ShouldBeFalse();
        (await person.MayAsync(new { purpose = "remarketing", channel = "web", recipient = "google", jurisdiction = "US-CA" })).ShouldBeNo("subject_objected");
        (await person.MayAsync(new { purpose = "service-provision", channel = "email" })).ShouldBeYes("rests_on_other_basis");

        (await person.IsRefusedAsync("objection-outcomes", new { objection = objected.Version, upheld = false, ground = "compelling-grounds", actor = "agent" })).ShouldBe("objection_holds");
        (await person.MayAsync(Offers)).ShouldBeNo("subject_objected");
    }

    [Promise("P10", "assutech")]
    public async Task Whoever_objected_to_marketing_may_ask_for_it_again(string name)
    {
        var person = controllers.Controller(name).NewPerson();
        await person.DoesAsync("grants", new { purpose = "product-offers", channel = "email" });
        await person.DoesAsync("objections", new { to = "marketing" });
        await person.DoesAsync("grants", new { purpose = "product-offers", channel = "email" });
        (await person.MayAsync(Offers)).ShouldBeYes("consent_given");
        (await person.MayAsync(new { purpose = "phone-offers", channel = "phone", jurisdiction = "US-CA" })).ShouldBeNo("subject_objected");
    }

    [Promise("P10", "assutech")]
    public async Task Another_objection_gives_a_reason_and_stops_the_purpose_until_it_is_decided_with_a_ground(string name)
    {
        var person = controllers.Controller(name).NewPerson();
        var logs = new { purpose = "maintenance-logs" };
        (await person.MayAsync(logs)).ShouldBeYes("rests_on_other_basis");
        (await person.IsRefusedAsync("objections", new { to = "purpose", purpose = "maintenance-logs" })).ShouldBe("reason_required");
        (await person.IsRefusedAsync("objections", new { to = "purpose", purpose = "product-offers", evidence = new { reason = "Mine." } })).ShouldBe("objection_not_applicable");

        var first = await person.DoesAsync("objections", new { to = "purpose", purpose = "maintenance-logs", evidence = new { reason = "My situation." } });
        (await person.MayAsync(logs)).ShouldBeNo("objection_pending");
        (await person.MayAsync(new { purpose = "user-database" })).ShouldBeYes("rests_on_other_basis");
        await person.DoesAsync("objection-outcomes", new { objection = first.Version, upheld = false, ground = "compelling-grounds", actor = "agent" });
        (await person.MayAsync(logs)).ShouldBeYes("rests_on_other_basis");

        var second = await person.DoesAsync("objections", new { to = "purpose", purpose = "maintenance-logs", evidence = new { reason = "Another situation." } });
        await person.DoesAsync("objection-outcomes", new { objection = second.Version, upheld = true, ground = "no-compelling-grounds", actor = "agent" });
        (await person.MayAsync(logs)).ShouldBeNo("subject_objected");
        (await person.LastAsync("objection.decided.v1")).GetProperty("data").GetProperty("ground").GetString().ShouldBe("no-compelling-grounds");
        (await person.LastAsync("objection.raised.v1", disclose: true)).GetProperty("evidence").GetProperty("reason").GetString().ShouldBe("Another situation.");
        (await person.LastAsync("objection.raised.v1")).ToString().ShouldNotContain("situation");
    }

    [Promise("P10", "assutech")]
    public async Task An_objection_to_a_public_task_leaves_what_the_law_requires(string name)
    {
        var person = controllers.Controller(name).NewPerson();
        await person.DoesAsync("objections", new { to = "purpose", purpose = "authority-disclosure", evidence = new { reason = "Mine." } });
        (await person.MayAsync(new { purpose = "authority-disclosure", recipient = "authorities" })).Basis.ShouldBe("legal-obligation");
    }

    [Promise("P11", "assutech")]
    public async Task An_objection_to_profiling_stops_all_profiling_and_nothing_else(string name)
    {
        var person = controllers.Controller(name).NewPerson();
        await person.DoesAsync("grants", new { purpose = "activity-messages", channel = "email" });
        await person.DoesAsync("grants", new { purpose = "product-offers", channel = "email" });
        (await person.MayAsync(new { purpose = "profiling" })).ShouldBeYes("rests_on_other_basis");
        (await person.MayAsync(new { purpose = "activity-messages", channel = "email" })).ShouldBeYes("consent_given");

        await person.DoesAsync("objections", new { to = "profiling" });
        (await person.MayAsync(new { purpose = "profiling" })).ShouldBeNo("subject_objected");
        (await person.MayAsync(new { purpose = "activity-messages", channel = "email" })).ShouldBeNo("subject_objected");
        (await person.MaySendAsync("activity-messages")).ShouldBeNo("subject_objected");
        (await person.MayAsync(new { purpose = "audience-analytics", channel = "web", jurisdiction = "BR" })).ShouldBeNo("subject_objected");
        (await person.MayAsync(Offers)).ShouldBeYes("consent_given");
        (await controllers.Controller(name).NewPerson().MayAsync(new { purpose = "profiling" })).ShouldBeYes("rests_on_other_basis");
    }

    [Promise("P12", "assutech", "allure-systems")]
    public async Task While_restricted_data_is_stored_and_serves_claims_and_what_the_person_then_agrees_to(string name)
    {
        var (storage, claims, service, owed, consented, later) = name == "assutech"
            ? (Ask("hosting"), Ask("legal-action"), Ask("support-replies", "email"), "service-notices", "product-offers", (Purpose: "phone-offers", Channel: (string?)"phone"))
            : (Ask("data-storage"), Ask("rights-defence"), Ask("customer-support", "email"), "account-notices", "promotions", ("consented-disclosure", null));
        var person = controllers.Controller(name).NewPerson();
        await person.DoesAsync("grants", new { purpose = consented, channel = "email" });
        (await person.MayAsync(service)).ShouldBeYes("rests_on_other_basis");

        var restricted = await person.DoesAsync("restrictions", new { ground = "accuracy-contested" });
        (await person.MayAsync(service)).ShouldBeNo("processing_restricted");
        (await person.MayAsync(Ask(consented, "email"))).ShouldBeNo("processing_restricted");
        (await person.MaySendAsync(consented)).ShouldBeNo("processing_restricted");
        (await person.MaySendAsync(owed)).ShouldBeNo("processing_restricted");
        (await person.MayAsync(storage)).ShouldBeYes("rests_on_other_basis");
        (await person.MayAsync(claims)).ShouldBeYes("rests_on_other_basis");
        await person.DoesAsync("grants", new { purpose = later.Purpose, channel = later.Channel });
        (await person.MayAsync(Ask(later.Purpose, later.Channel))).ShouldBeYes("consent_given");

        var told = person.Now();
        (await person.IsRefusedAsync("restriction-liftings", new { restriction = restricted.Version, subjectTold = person.Now(), occurredAt = told, actor = "agent" })).ShouldBe("subject_not_told");
        (await person.MayAsync(service)).ShouldBeNo("processing_restricted");
        await person.DoesAsync("restriction-liftings", new { restriction = restricted.Version, subjectTold = told, actor = "agent" });
        (await person.MayAsync(service)).ShouldBeYes("rests_on_other_basis");
        (await person.MayAsync(Ask(consented, "email"))).ShouldBeYes("consent_given");
    }

    [Promise("P12", "assutech", "allure-systems")]
    public async Task A_restriction_of_some_purposes_leaves_the_others(string name)
    {
        var (restricted, other) = name == "assutech" ? ("maintenance-logs", "user-database") : ("usage-analysis", "product-development");
        var person = controllers.Controller(name).NewPerson();
        var first = await person.DoesAsync("restrictions", new { ground = "unlawful-processing", purposes = new[] { restricted } });
        (await person.MayAsync(Ask(restricted))).ShouldBeNo("processing_restricted");
        (await person.MayAsync(Ask(other))).ShouldBeYes("rests_on_other_basis");

        await person.DoesAsync("restrictions", new { ground = "accuracy-contested", purposes = new[] { other } });
        await person.DoesAsync("restriction-liftings", new { restriction = first.Version, subjectTold = person.Now(), actor = "agent" });
        (await person.MayAsync(Ask(restricted))).ShouldBeYes("rests_on_other_basis");
        (await person.MayAsync(Ask(other))).ShouldBeNo("processing_restricted");
    }

    [Promise("P34", "vms", "spectral-tms", "assutech")]
    public async Task A_browsers_signal_objects_where_the_law_heeds_it_and_its_absence_means_nothing(string name)
    {
        var (purpose, consented) = name switch { "vms" => ("usage-analytics", false), "spectral-tms" => ("usage-analytics", false), _ => ("web-analytics", true) };
        var (person, silent, elsewhere) = (controllers.Controller(name).NewPerson(), controllers.Controller(name).NewPerson(), controllers.Controller(name).NewPerson());
        foreach (var one in (Person[])[person, silent, elsewhere])
        {
            if (consented) foreach (var jurisdiction in (string[])["US-CA", "BR"]) await one.DoesAsync("grants", new { purpose, channel = "web", jurisdiction });
            (await one.MayAsync(Ask(purpose, "web", "US-CA"))).Allowed.ShouldBeTrue();
        }

        var signal = await person.DoesAsync("signals", new { signal = "gpc", jurisdiction = "US-CA", method = "http-header" });
        var answer = await person.MayAsync(Ask(purpose, "web", "US-CA"));
        answer.ShouldBeNo("signal_objected");
        answer.Position.ShouldBe(signal.Position);
        (await person.MayAsync(Ask(purpose, "web"))).Allowed.ShouldBeFalse();
        (await silent.MayAsync(Ask(purpose, "web", "US-CA"))).Allowed.ShouldBeTrue();
        var untracked = name == "vms" ? Ask("account-notices", "email", "US-CA") : name == "assutech" ? Ask("support-replies", "email", "US-CA") : Ask("order-processing", "email", "US-CA");
        (await person.MayAsync(untracked)).ShouldBeYes("rests_on_other_basis");

        (await elsewhere.DoesAsync("signals", new { signal = "gpc", jurisdiction = "BR", method = "http-header" })).Note.ShouldBe("signal_not_honoured");
        (await elsewhere.MayAsync(Ask(purpose, "web", "BR"))).Allowed.ShouldBeTrue();

        // One that names no place may come from where it is heeded.
        (await silent.DoesAsync("signals", new { signal = "gpc", method = "http-header" })).Note.ShouldBeNull();
        (await silent.MayAsync(Ask(purpose, "web", "US-CA"))).ShouldBeNo("signal_objected");
    }

    [Promise("P34", "vms", "assutech")]
    public async Task A_consent_given_after_the_signal_goes_before_it_and_one_given_before_does_not(string name)
    {
        var (purpose, recipient) = name == "vms" ? ("retargeting", (string?)null) : ("remarketing", "google");
        var question = new { purpose, channel = "web", recipient, jurisdiction = "FR" };
        var person = controllers.Controller(name).NewPerson();
        await person.DoesAsync("grants", new { purpose, channel = "web", recipient, jurisdiction = "FR" });
        await person.DoesAsync("signals", new { signal = "gpc", jurisdiction = "FR", method = "http-header" });
        (await person.MayAsync(question)).ShouldBeNo("signal_objected");
        await person.DoesAsync("grants", new { purpose, channel = "web", recipient, jurisdiction = "FR" });
        (await person.MayAsync(question)).ShouldBeYes("consent_given");
        await person.DoesAsync("signals", new { signal = "gpc", jurisdiction = "FR", method = "http-header" });
        (await person.MayAsync(question)).ShouldBeNo("signal_objected");
    }

    private static object Offers => Ask("product-offers", "email");

    private static object Facebook(string scope) => new { purpose = "facebook-account-access", scope };

    private static object Ask(string purpose, string? channel = null, string? jurisdiction = null) => new { purpose, channel, jurisdiction };
}
