using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using ConsentLedger.Support;

namespace ConsentLedger.Promises;

/// <summary>Who else gets data, and who hears of it.</summary>
public sealed class SharingTests(RunningControllers controllers) : IClassFixture<RunningControllers>
{
    [Promise("P02", "spectral-tms")]
    public async Task Third_parties_write_by_the_channel_and_for_the_recipient_that_the_person_agreed_to_and_by_no_other(string name)
    {
        var person = controllers.Controller(name).NewPerson();
        (await person.MayAsync(Partners("email"))).ShouldBeNo("consent_unknown");
        var granted = await person.DoesAsync("grants", new { purpose = "partner-offers", channel = "email", recipient = "marketing-partners" });
        var answer = await person.MayAsync(Partners("email"));
        answer.ShouldBeYes("consent_given");
        (answer.Basis, answer.Position).ShouldBe(("consent", granted.Position));
        (await person.MayAsync(Partners("sms"))).ShouldBeNo("consent_unknown");
        (await person.MayAsync(Partners("phone"))).ShouldBeNo("channel_undeclared");
        (await person.MayAsync(new { purpose = "partner-offers", channel = "email", recipient = "advertisers" })).ShouldBeNo("recipient_undeclared");
        (await person.MayAsync(new { purpose = "partner-offers", channel = "email" })).ShouldBeNo("consent_unknown");
        (await person.MaySendAsync("partner-offers", "email", "marketing-partners")).ShouldBeYes("consent_given");
        (await person.MaySendAsync("partner-offers", "sms", "marketing-partners")).ShouldBeNo("consent_unknown");
    }

    [Promise("P02", "spectral-tms")]
    public async Task A_withdrawal_says_less_than_the_grant_counts_from_its_position_and_no_late_message_undoes_it(string name)
    {
        var person = controllers.Controller(name).NewPerson();
        var earlier = person.Now();
        foreach (var channel in (string[])["email", "sms"]) await person.DoesAsync("grants", new { purpose = "partner-offers", channel, recipient = "marketing-partners" });
        var withdrawn = await person.DoesAsync("withdrawals", new { purpose = "partner-offers" });
        var answer = await person.MayAsync(Partners("email"));
        answer.ShouldBeNo("consent_withdrawn");
        answer.Position.ShouldNotBeNull().ShouldBeInRange(withdrawn.Position!.Value, withdrawn.Position.Value + 5);
        (await person.MayAsync(Partners("sms"))).ShouldBeNo("consent_withdrawn");
        (await person.MaySendAsync("partner-offers", "sms", "marketing-partners")).Allowed.ShouldBeFalse();

        (await person.DoesAsync("grants", new { purpose = "partner-offers", channel = "email", recipient = "marketing-partners", occurredAt = earlier })).Note.ShouldBe("withdrawal_prevails");
        (await person.IsRefusedAsync("grants", new { purpose = "partner-offers", channel = "email", recipient = "marketing-partners", actor = "agent" })).ShouldBe("withdrawal_prevails");
        (await person.MayAsync(Partners("email"))).ShouldBeNo("consent_withdrawn");
        (await person.MayAsync(new { purpose = "order-processing", channel = "email" })).ShouldBeYes("rests_on_other_basis");
    }

    [Promise("P04", "spectral-tms")]
    public async Task Resellers_get_data_of_businesses_that_agreed_and_of_no_consumer(string name)
    {
        var person = controllers.Controller(name).NewPerson();
        (await person.MayAsync(Resellers("business"))).ShouldBeNo("consent_unknown");
        (await person.MayAsync(Resellers(null))).ShouldBeNo("category_required");
        await person.DoesAsync("grants", new { purpose = "reseller-sharing", recipient = "resellers" });
        (await person.MayAsync(Resellers("business"))).ShouldBeYes("consent_given");
        (await person.MayAsync(Resellers("consumer"))).ShouldBeNo("category_excluded");
        (await person.MayAsync(new { purpose = "reseller-sharing", recipient = "sales-partners", category = "business" })).ShouldBeNo("consent_unknown");

        var consumer = controllers.Controller(name).NewPerson();
        var marketing = new { purpose = "third-party-marketing", recipient = "marketing-partners", category = "consumer" };
        (await consumer.MayAsync(marketing)).ShouldBeNo("consent_unknown");
        (await consumer.IsRefusedAsync("grants", new { purpose = "third-party-marketing", recipient = "marketing-partners", implied = true })).ShouldBe("express_needed");
        await consumer.DoesAsync("grants", new { purpose = "third-party-marketing", recipient = "marketing-partners" });
        (await consumer.MayAsync(marketing)).ShouldBeYes("consent_given");
    }

    [Promise("P04", "quintus")]
    public async Task Consent_to_one_partner_is_none_to_another_and_mail_from_us_is_none_from_partners(string name)
    {
        var person = controllers.Controller(name).NewPerson();
        await person.DoesAsync("grants", new { purpose = "newsletter", channel = "email" });
        (await person.MayAsync(new { purpose = "newsletter", channel = "email", recipient = "partners" })).ShouldBeNo("recipient_undeclared");
        (await person.MayAsync(Sharing("partners"))).ShouldBeNo("consent_unknown");
        await person.DoesAsync("grants", new { purpose = "partner-sharing", recipient = "affiliates" });
        (await person.MayAsync(Sharing("affiliates"))).ShouldBeYes("consent_given");
        (await person.MayAsync(Sharing("partners"))).ShouldBeNo("consent_unknown");
    }

    [Promise("P24", "quintus")]
    public async Task Partners_get_data_by_explicit_consent_and_are_bound_likewise(string name)
    {
        var controller = controllers.Controller(name);
        var person = controller.NewPerson();
        (await person.IsRefusedAsync("grants", new { purpose = "partner-sharing", recipient = "partners", implied = true })).ShouldBe("express_needed");
        (await person.MayAsync(Sharing("partners"))).ShouldBeNo("consent_unknown");
        await person.DoesAsync("grants", new { purpose = "partner-sharing", recipient = "partners", text = new { id = "partner-sharing-v1", locale = "sv" } });
        (await person.MayAsync(Sharing("partners"))).ShouldBeYes("consent_given");
        (await person.MayAsync(Sharing("affiliates"))).ShouldBeNo("consent_unknown");
        (await person.ConsentsAsync()).ShouldHaveSingleItem().GetProperty("text").GetProperty("hash").GetString().ShouldStartWith("sha256:");
        var partners = (await controller.PolicyAsync()).GetProperty("recipients").EnumerateArray().Single(r => r.GetProperty("id").GetString() == "partners");
        partners.GetProperty("boundBy").GetString().ShouldNotBeNullOrWhiteSpace();
        partners.GetProperty("toldOfWithdrawal").GetBoolean().ShouldBeTrue();
    }

    [Promise("P24", "quintus")]
    public async Task A_withdrawal_is_announced_and_names_those_who_have_the_data_and_must_hear_of_it(string name)
    {
        var controller = controllers.Controller(name);
        var (person, other, never) = (controller.NewPerson(), controller.NewPerson(), controller.NewPerson());
        await using var heard = await Overhearing.EverythingAsync(controller.Here.Broker, "consent.events");
        await never.DoesAsync("withdrawals", new { purpose = "partner-sharing", recipient = "partners" });
        await other.DoesAsync("grants", new { purpose = "newsletter", channel = "email" });
        await other.DoesAsync("withdrawals", new { purpose = "newsletter" });
        await person.DoesAsync("grants", new { purpose = "partner-sharing", recipient = "partners" });
        await person.DoesAsync("withdrawals", new { purpose = "partner-sharing", recipient = "partners" });
        await Acts.EventuallyAsync("the withdrawal is announced", () => Task.FromResult(About(heard, person).Count() == 2), controller.Ct);
        var withdrawn = About(heard, person).Last();
        TypeOf(withdrawn).ShouldBe("consent.withdrawn.v1");
        withdrawn.GetProperty("data").GetProperty("recipient").GetString().ShouldBe("partners");
        withdrawn.GetProperty("data").GetProperty("recipientsToTell").EnumerateArray().Select(r => r.GetString()).ShouldBe(["partners"]);

        // Who never got anything loses nothing.
        About(heard, never).ShouldHaveSingleItem().GetProperty("data").TryGetProperty("recipientsToTell", out _).ShouldBeFalse();

        // Nobody else has what only the newsletter used.
        About(heard, other).Select(TypeOf).ShouldBe(["consent.granted.v1", "consent.withdrawn.v1"]);
        About(heard, other).Select(e => e.GetProperty("data").TryGetProperty("recipientsToTell", out _)).ShouldBe([false, false]);
    }

    [Promise("P24", "quintus")]
    public async Task Partners_hear_of_whatever_else_takes_the_data_from_them(string name)
    {
        var controller = controllers.Controller(name);
        await using var heard = await Overhearing.EverythingAsync(controller.Here.Broker, "consent.events");
        var ways = new (string Type, Func<Person, Done, Task> Take)[]
        {
            ("consent.refused.v1", (person, _) => person.DoesAsync("refusals", new { purpose = "partner-sharing", recipient = "partners" })),
            ("record.corrected.v1", (person, given) => person.DoesAsync("corrections", new { corrects = given.Version, voided = true, reason = "wrong-person", actor = "agent" })),
            ("processing.restricted.v1", (person, _) => person.DoesAsync("restrictions", new { ground = "accuracy-contested" })),
            ("subject.erasure-started.v1", (person, _) => controller.PrivacyTeam.PostAsync("/v1/erasures", new { subject = person.Id }, HttpStatusCode.Accepted, controller.Ct)),
        };
        foreach (var (type, take) in ways)
        {
            var person = controller.NewPerson();
            await take(person, await person.DoesAsync("grants", new { purpose = "partner-sharing", recipient = "partners" }));
            await Acts.EventuallyAsync($"{type} is announced", () => Task.FromResult(About(heard, person).Any(e => TypeOf(e) == type)), controller.Ct);
            About(heard, person).Single(e => TypeOf(e) == type).GetProperty("data").GetProperty("recipientsToTell").EnumerateArray().Select(r => r.GetString()).ShouldContain("partners", type);
        }
    }

    [Promise("P08", "assutech", "spectral-tms")]
    public async Task Processors_are_named_by_purpose_with_data_place_and_way_out_and_everybody_hears_of_them(string name)
    {
        var controller = await controllers.AloneAsync(name);
        await using var heard = await Overhearing.EverythingAsync(controller.Here.Broker, "consent.events");
        var policy = await controller.PolicyAsync();
        var processors = policy.GetProperty("processors").EnumerateArray().ToList();
        processors.ShouldAllBe(p => p.GetProperty("purposes").GetArrayLength() > 0 && p.GetProperty("data").GetArrayLength() > 0);
        if (name == "assutech")
        {
            processors.Single(p => p.GetProperty("id").GetString() == "amazon-web-services").GetProperty("places").EnumerateArray().Select(p => p.GetString()).ShouldBe(["US", "IE", "DE", "SG"]);
            processors.Where(p => p.TryGetProperty("offersWithdrawal", out var offers) && offers.GetBoolean()).Select(p => p.GetProperty("id").GetString()).ShouldContain("facebook-custom-audience");
        }

        await controller.PublishAsync("2");
        await Acts.EventuallyAsync("the policy is announced", () => Task.FromResult(Published().Any()), controller.Ct);
        var told = Published().Single();
        told.GetProperty("data").GetProperty("pack").GetProperty("processors").GetArrayLength().ShouldBe(processors.Count);
        (await controller.RefusedPolicyAsync("3", pack => pack["processors"]!.AsArray()[0]!["purposes"] = new JsonArray("horoscopes"))).ShouldContain("reference_unresolved");
        (await controller.RefusedPolicyAsync("3", pack => pack["processors"]!.AsArray()[0]!["data"] = new JsonArray("blood-type"))).ShouldContain("reference_unresolved");

        IEnumerable<JsonElement> Published() => Heard(heard).Where(e => TypeOf(e) == "policy.published.v1" && e.GetProperty("tenant").GetString() == controller.Tenant && e.GetProperty("data").GetProperty("version").GetString() == "2");
    }

    [Promise("P08", "assutech", "spectral-tms")]
    public async Task The_preference_centre_shows_the_processors_of_each_purpose_with_place_policy_and_way_out(string name)
    {
        // What these policies do not say, a link, this one does.
        var controller = await controllers.AloneAsync(name);
        await controller.PublishAsync("2", pack => (pack["processors"]![0]!["policyUrl"], pack["processors"]![0]!["withdrawalUrl"]) = ("https://processor.example/privacy", "https://processor.example/opt-out"));
        using var page = await PersonsPage.OpenAsync(controller, controller.NewPerson(), "page");
        var uses = await page.ReadAsync("/uses");
        uses.ShouldContain("https://processor.example/privacy");
        uses.ShouldContain("href=\"https://processor.example/opt-out\"");
        var policy = await controller.PolicyAsync();
        var categories = policy.GetProperty("dataCategories").EnumerateArray().ToList();
        foreach (var processor in policy.GetProperty("processors").EnumerateArray())
        {
            uses.ShouldContain(processor.GetProperty("name").GetString()!);
            uses.ShouldContain($"href=\"#processor-{processor.GetProperty("id").GetString()}\"");
            var shown = uses[uses.IndexOf($"id=\"processor-{processor.GetProperty("id").GetString()}\"", StringComparison.Ordinal)..];
            foreach (var data in processor.GetProperty("data").EnumerateArray())
                shown[..shown.IndexOf("</li>", StringComparison.Ordinal)].ShouldContain(categories.Single(c => c.GetProperty("id").GetString() == data.GetString()).GetProperty("name").GetString()!);
        }

        if (name != "assutech") return;
        uses.ShouldContain("US, IE, DE, SG");
        uses.ShouldContain("a way to opt out of its own");
    }

    private static IEnumerable<JsonElement> About(Overhearing heard, Person person) =>
        Heard(heard).Where(e => e.TryGetProperty("subject", out var subject) && subject.GetString() == person.Id);

    private static IEnumerable<JsonElement> Heard(Overhearing heard) => heard.Bodies.Select(b => JsonDocument.Parse(b).RootElement);

    private static string? TypeOf(JsonElement e) => e.GetProperty("type").GetString();

    private static object Partners(string channel) => new { purpose = "partner-offers", channel, recipient = "marketing-partners" };

    private static object Resellers(string? category) => new { purpose = "reseller-sharing", recipient = "resellers", category };

    private static object Sharing(string recipient) => new { purpose = "partner-sharing", recipient };
}
