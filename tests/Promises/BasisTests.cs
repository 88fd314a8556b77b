using System.Text.Json;
using System.Text.Json.Nodes;

namespace ConsentLedger.Promises;

/// <summary>What processing rests on: a lawful basis, the law of the place, and a safeguard where data leaves.</summary>
public sealed class BasisTests(RunningControllers controllers) : IClassFixture<RunningControllers>
{
    [Promise("P01", "spectral-tms", "assutech", "quintus")]
    public async Task Each_decision_names_the_basis_it_rests_on_and_the_interest_pursued(string name)
    {
        var controller = controllers.Controller(name);
        var person = controller.NewPerson();
        var purposes = (await controller.PolicyAsync()).GetProperty("purposes").EnumerateArray().Where(p => p.GetProperty("bases").GetArrayLength() > 0).ToList();
        purposes.ShouldContain(p => p.GetProperty("bases").GetArrayLength() > 1);
        foreach (var purpose in purposes)
        {
            var bases = purpose.GetProperty("bases").EnumerateArray().ToList();
            var answer = await person.MayAsync(new { purpose = IdOf(purpose), channel = First(purpose, "channels"), category = First(purpose, "subjectCategories"), scope = ScopeOf(await controller.PolicyAsync(), purpose) });
            if (bases.Any(b => BasisOf(b) == "consent"))
            {
                answer.ShouldBeNo("consent_unknown");
                continue;
            }

            answer.ShouldBeYes("rests_on_other_basis");
            var basis = bases.Single(b => BasisOf(b) == answer.Basis);
            answer.Interest.ShouldBe(basis.TryGetProperty("interest", out var interest) ? interest.GetString() : null);
            if (answer.Basis == "legitimate-interests") answer.Interest.ShouldNotBeNullOrWhiteSpace();
        }

        var asked = purposes.First(p => p.GetProperty("bases").EnumerateArray().Any(b => BasisOf(b) == "consent"));
        await person.DoesAsync("grants", new { purpose = IdOf(asked), channel = First(asked, "channels") });
        (await person.MayAsync(new { purpose = IdOf(asked), channel = First(asked, "channels") })).Basis.ShouldBe("consent");
    }

    [Promise("P01", "spectral-tms", "assutech", "quintus")]
    public async Task A_purpose_that_loses_one_basis_rests_on_its_other(string name)
    {
        var purpose = name switch { "spectral-tms" => "terms-notices", "assutech" => "transfer-outside-eu", _ => "question-replies" };
        var channel = name == "assutech" ? null : "email";
        var controller = await controllers.AloneAsync(name);
        var person = controller.NewPerson();

        // Also where the policy names the one that is lost first.
        await controller.PublishAsync("2", pack =>
        {
            var declared = pack["purposes"]!.AsArray().Single(p => (string?)p!["id"] == purpose)!;
            declared["bases"] = new JsonArray([.. declared["bases"]!.AsArray().OrderByDescending(b => (string?)b!["basis"] == "legitimate-interests").Select(b => b!.DeepClone())]);
        });
        (await person.MayAsync(new { purpose, channel })).Basis.ShouldBe("legitimate-interests");
        await person.DoesAsync("objections", new { to = "purpose", purpose, evidence = new { reason = "My own." } });
        var answer = await person.MayAsync(new { purpose, channel });
        answer.ShouldBeYes("rests_on_other_basis");
        answer.Basis.ShouldBe("contract");
    }

    [Promise("P01", "spectral-tms", "assutech", "quintus")]
    public async Task No_policy_is_published_with_a_purpose_that_rests_on_nothing_or_on_an_interest_nobody_names(string name)
    {
        var controller = controllers.Controller(name);
        (await controller.RefusedPolicyAsync("99", pack => pack["purposes"]!.AsArray()[0]!["bases"] = new JsonArray())).ShouldContain("basis_missing");
        (await controller.RefusedPolicyAsync("99", pack => pack["purposes"]!.AsArray()[0]!["bases"] = new JsonArray(new JsonObject { ["basis"] = "legitimate-interests" }))).ShouldContain("interest_missing");
        (await controller.RefusedPolicyAsync("99", pack => pack["purposes"]!.AsArray()[0]!["data"] = new JsonArray("blood-type"))).ShouldContain("reference_unresolved");
        (await controller.NewPerson().MayAsync(new { purpose = "horoscopes" })).ShouldBeNo("purpose_undeclared");
    }

    [Promise("P05", "spectral-tms")]
    public async Task Data_goes_abroad_once_the_person_authorised_it_and_no_longer_than_that(string name)
    {
        var person = controllers.Controller(name).NewPerson();
        var abroad = new { purpose = "data-hosting", destination = "US" };
        (await person.MayAsync(abroad)).ShouldBeNo("transfer_not_authorised");
        (await person.MayAsync(new { purpose = "data-hosting", destination = "FR" })).ShouldBeYes("rests_on_other_basis");

        (await person.IsRefusedAsync("grants", new { purpose = "cross-border-transfer", implied = true })).ShouldBe("express_needed");
        await person.DoesAsync("grants", new { purpose = "cross-border-transfer" });
        var answer = await person.MayAsync(abroad);
        (answer.Allowed, answer.Safeguard).ShouldBe((true, "consent"));
        (await person.MayAsync(new { purpose = "aggregate-statistics", destination = "US" })).ShouldBeNo("transfer_undeclared");

        await person.DoesAsync("withdrawals", new { purpose = "cross-border-transfer" });
        (await person.MayAsync(abroad)).ShouldBeNo("transfer_not_authorised");
        (await person.MayAsync(new { purpose = "data-hosting" })).ShouldBeYes("rests_on_other_basis");
        (await controllers.Controller(name).RefusedPolicyAsync("99", pack => pack["transfers"]!.AsArray()[0]!.AsObject().Remove("purpose"))).ShouldContain("consent_purpose_missing");
    }

    [Promise("P05", "assutech")]
    public async Task A_safeguard_that_courts_struck_down_lets_nothing_leave(string name)
    {
        var person = controllers.Controller(name).NewPerson();
        (await person.MayAsync(new { purpose = "hosting", destination = "US" })).ShouldBeNo("transfer_safeguard_void");
        (await person.MayAsync(new { purpose = "hosting", destination = "BR" })).ShouldBeNo("transfer_undeclared");
        (await person.MayAsync(new { purpose = "hosting", destination = "FR" })).ShouldBeYes("rests_on_other_basis");
        await person.DoesAsync("grants", new { purpose = "web-analytics", channel = "web" });
        (await person.MayAsync(new { purpose = "web-analytics", channel = "web" })).ShouldBeYes("consent_given");
        (await person.MayAsync(new { purpose = "web-analytics", channel = "web", destination = "US" })).ShouldBeNo("transfer_safeguard_void");
    }

    [Promise("P05", "assutech")]
    public async Task Within_the_European_Economic_Area_nothing_leaves(string name)
    {
        var person = controllers.Controller(name).NewPerson();
        foreach (var destination in (string[])["IE", "DE", "NO"]) (await person.MayAsync(new { purpose = "hosting", destination })).ShouldBeYes("rests_on_other_basis");
        (await person.MayAsync(new { purpose = "hosting", destination = "CH" })).ShouldBeNo("transfer_undeclared");
    }

    [Promise("P05", "quintus")]
    public async Task Data_goes_abroad_under_approved_clauses_or_the_rules_of_APEC(string name)
    {
        var person = controllers.Controller(name).NewPerson();
        (await person.MayAsync(new { purpose = "newsletter", channel = "email", destination = "US" })).ShouldBeNo("consent_unknown");
        await person.DoesAsync("grants", new { purpose = "newsletter", channel = "email" });
        await person.DoesAsync("grants", new { purpose = "contests", channel = "email" });
        (await person.MayAsync(new { purpose = "newsletter", channel = "email", destination = "US" })).Safeguard.ShouldBe("cbpr");
        (await person.MayAsync(new { purpose = "newsletter", channel = "email", destination = "BR" })).Safeguard.ShouldBe("scc");
        (await person.MayAsync(new { purpose = "newsletter", channel = "email", destination = "SE" })).Safeguard.ShouldBeNull();
        (await person.MayAsync(new { purpose = "contests", channel = "email", destination = "US" })).ShouldBeNo("transfer_undeclared");
    }

    [Promise("P05", "allure-systems")]
    public async Task Data_goes_abroad_for_the_service_under_the_recipients_undertakings_and_for_nothing_else(string name)
    {
        var person = controllers.Controller(name).NewPerson();
        (await person.MayAsync(new { purpose = "service-delivery", channel = "email", destination = "US" })).Safeguard.ShouldBe("contractual");
        (await person.MayAsync(new { purpose = "usage-analysis" })).ShouldBeYes("rests_on_other_basis");
        (await person.MayAsync(new { purpose = "usage-analysis", destination = "US" })).ShouldBeNo("transfer_undeclared");
    }

    [Promise("P06", "assutech")]
    public async Task Silence_is_enough_where_the_law_says_so_and_is_never_taken_for_consent(string name)
    {
        var person = controllers.Controller(name).NewPerson();
        var silent = await person.MayAsync(Offers("US-CA"));
        silent.ShouldBeYes("opt_out_regime");
        (silent.Basis, silent.Position).ShouldBe((null, null));
        (await person.ConsentsAsync()).ShouldBeEmpty();
        foreach (var place in (string?[])["FR", "IS", "GB", null]) (await person.MayAsync(Offers(place))).ShouldBeNo("consent_unknown");
        (await person.MayAsync(new { purpose = "facebook-account-access", scope = "contact-email", jurisdiction = "US-CA" })).ShouldBeNo("consent_unknown");

        await person.DoesAsync("withdrawals", new { purpose = "product-offers" });
        foreach (var place in (string?[])["US-CA", "FR", null]) (await person.MayAsync(Offers(place))).ShouldBeNo("consent_withdrawn");
    }

    [Promise("P06", "assutech")]
    public async Task What_is_said_under_one_law_never_overwrites_what_is_said_under_another(string name)
    {
        var (one, other) = (controllers.Controller(name).NewPerson(), controllers.Controller(name).NewPerson());
        await one.DoesAsync("withdrawals", new { purpose = "product-offers", jurisdiction = "US-CA" });
        await one.DoesAsync("grants", new { purpose = "product-offers", channel = "email", jurisdiction = "FR" });
        (await one.MayAsync(Offers("FR"))).ShouldBeYes("consent_given");
        (await one.MayAsync(Offers("US-CA"))).ShouldBeNo("consent_withdrawn");

        await other.DoesAsync("grants", new { purpose = "product-offers", channel = "email", jurisdiction = "FR" });
        await other.DoesAsync("refusals", new { purpose = "product-offers", channel = "email", jurisdiction = "US-CA" });
        (await other.MayAsync(Offers("FR"))).ShouldBeYes("consent_given");
        (await other.MayAsync(Offers("US-CA"))).ShouldBeNo("consent_refused");
        await other.DoesAsync("grants", new { purpose = "product-offers", channel = "email", jurisdiction = "BR" });
        await other.DoesAsync("withdrawals", new { purpose = "product-offers", jurisdiction = "FR" });
        (await other.MayAsync(Offers("BR"))).ShouldBeYes("consent_given");
        (await other.MayAsync(Offers("FR"))).ShouldBeNo("consent_withdrawn");
    }

    private static object Offers(string? jurisdiction) => new { purpose = "product-offers", channel = "email", jurisdiction };

    private static string? IdOf(JsonElement e) => e.GetProperty("id").GetString();

    private static string? BasisOf(JsonElement e) => e.GetProperty("basis").GetString();

    private static string? First(JsonElement purpose, string member) =>
        purpose.TryGetProperty(member, out var all) && all.GetArrayLength() > 0 ? all[0].GetString() : null;

    private static string? ScopeOf(JsonElement policy, JsonElement purpose) => policy.TryGetProperty("authorisations", out var all)
        ? all.EnumerateArray().Where(a => a.GetProperty("purpose").GetString() == IdOf(purpose)).Select(a => a.GetProperty("scopes")[0].GetString()).SingleOrDefault()
        : null;
}
