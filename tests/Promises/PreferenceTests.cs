using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using ConsentLedger.Support;

namespace ConsentLedger.Promises;

/// <summary>What reaches people, by which channel, and every way out of it.</summary>
public sealed class PreferenceTests(RunningControllers controllers) : IClassFixture<RunningControllers>
{
    [Promise("P03", "spectral-tms")]
    public async Task Marketing_of_own_and_of_others_goods_is_left_in_the_account_or_by_the_link_in_the_mail(string name)
    {
        var controller = controllers.Controller(name);
        var person = controller.NewPerson();
        await person.DoesAsync("grants", new { purpose = "partner-offers", channel = "email" });
        (await person.MaySendAsync("product-news")).ShouldBeYes("not_unsubscribed");
        (await person.MaySendAsync("partner-offers")).ShouldBeYes("consent_given");

        await person.ChoosesAsync("product-news", "email", subscribed: false);
        (await person.MaySendAsync("product-news")).ShouldBeNo("unsubscribed");
        (await person.MaySendAsync("recommendations")).ShouldBeYes("not_unsubscribed");
        await person.ChoosesAsync("partner-offers", "email", subscribed: false);
        (await person.MaySendAsync("partner-offers")).ShouldBeNo("unsubscribed");
        (await person.MayAsync(new { purpose = "partner-offers", channel = "email" })).ShouldBeNo("consent_withdrawn");

        (await OneClickAsync(controller, (await person.MaySendAsync("recommendations")).Link())).ShouldBe(HttpStatusCode.OK);
        (await person.MaySendAsync("recommendations")).ShouldBeNo("unsubscribed");
        (await person.MaySendAsync("order-updates")).ShouldBeYes("transactional");
        await person.ChoosesAsync("product-news", "email", subscribed: true);
        (await person.MaySendAsync("product-news")).ShouldBeYes("not_unsubscribed");
    }

    [Promise("P03", "spectral-tms")]
    public async Task The_preference_centre_is_a_page_for_whoever_signed_in_or_has_a_link(string name)
    {
        var controller = controllers.Controller(name);
        foreach (var purpose in (string[])["session", "page"])
        {
            var person = controller.NewPerson();
            await person.DoesAsync("grants", new { purpose = "partner-offers", channel = "email" });
            using var page = await PersonsPage.OpenAsync(controller, person, purpose);
            (await page.ReadAsync()).ShouldContain("Product news");
            (await page.OpenForgedAsync()).ShouldBe(HttpStatusCode.NotFound);
            await page.TurnOffAsync("product-news");
            await page.TurnOffAsync("partner-offers");
            (await person.MaySendAsync("product-news")).ShouldBeNo("unsubscribed");
            (await person.MaySendAsync("partner-offers")).ShouldBeNo("unsubscribed");
            (await person.MayAsync(new { purpose = "partner-offers", channel = "email" })).ShouldBeNo("consent_withdrawn");
            (await person.MaySendAsync("recommendations")).ShouldBeYes("not_unsubscribed");
            await page.TurnOnAsync("product-news");
            await page.TurnOnAsync("partner-offers");
            (await person.MaySendAsync("product-news")).ShouldBeYes("not_unsubscribed");

            // Word of the withdrawal may come back from the consent service only now, and word of the consent after it.
            await Acts.EventuallyAsync("both have been heard", async () => (await person.MaySendAsync("partner-offers")).Allowed, controller.Ct);
            (await person.MaySendAsync("partner-offers")).ShouldBeYes("consent_given");
        }
    }

    [Promise("P09", "assutech")]
    public async Task A_number_is_called_with_offers_as_long_as_its_owner_agrees_and_a_mail_is_no_call(string name)
    {
        var person = controllers.Controller(name).NewPerson();
        (await person.MaySendAsync("phone-offers", "phone")).ShouldBeNo("consent_unknown");
        await person.DoesAsync("grants", new { purpose = "product-offers", channel = "email" });
        (await person.MaySendAsync("phone-offers", "phone")).ShouldBeNo("consent_unknown");
        await person.DoesAsync("grants", new { purpose = "phone-offers", channel = "phone" });
        (await person.MaySendAsync("phone-offers", "phone")).ShouldBeYes("consent_given");
        (await person.MaySendAsync("phone-offers", "email")).ShouldBeNo("channel_undeclared");

        await person.ChoosesAsync("phone-offers", "phone", subscribed: false, actor: "agent");
        (await person.MaySendAsync("phone-offers", "phone")).ShouldBeNo("unsubscribed");
        (await person.MayAsync(new { purpose = "phone-offers", channel = "phone" })).ShouldBeNo("consent_withdrawn");
        (await person.MaySendAsync("product-offers")).ShouldBeYes("consent_given");
        (await person.MayAsync(new { purpose = "support-replies", channel = "phone" })).ShouldBeYes("rests_on_other_basis");
    }

    [Promise("P09", "assutech")]
    public async Task Each_way_to_reach_a_person_is_agreed_to_and_left_by_itself(string name)
    {
        string[] ways = ["phone", "sms", "post", "push"];
        var controller = await controllers.AloneAsync(name);
        await controller.PublishAsync("2", pack =>
        {
            foreach (var way in ways.Except(pack["channels"]!.AsArray().Select(c => (string)c!)).ToList()) pack["channels"]!.AsArray().Add((JsonNode)way);
            foreach (var part in (string[])["purposes", "topics"]) pack[part]!.AsArray().Single(p => (string?)p!["id"] == "phone-offers")!["channels"] = new JsonArray([.. ways.Select(way => (JsonNode)way)]);
        });
        foreach (var way in ways)
        {
            var person = controller.NewPerson();
            (await person.MaySendAsync("phone-offers", way)).ShouldBeNo("consent_unknown");
            await person.DoesAsync("grants", new { purpose = "phone-offers", channel = way });
            foreach (var other in ways.Except([way])) (await person.MaySendAsync("phone-offers", other)).ShouldBeNo("consent_unknown");
            (await person.MaySendAsync("phone-offers", way)).ShouldBeYes("consent_given");
            await person.ChoosesAsync("phone-offers", way, subscribed: false);
            (await person.MaySendAsync("phone-offers", way)).ShouldBeNo("unsubscribed");
        }
    }

    [Promise("P20", "allure-systems", "quintus", "vms")]
    public async Task Every_promotional_mail_bears_a_link_that_ends_it_with_one_click(string name)
    {
        var controller = controllers.Controller(name);
        var person = controller.NewPerson();
        var (topic, transactional) = name switch { "allure-systems" => ("promotions", "account-notices"), "quintus" => ("newsletter", "order-updates"), _ => ("newsletter", "account-notices") };
        await person.DoesAsync("grants", new { purpose = topic, channel = "email" });
        var sending = await person.MaySendAsync(topic);
        sending.ShouldBeYes("consent_given");
        sending.ListUnsubscribePost.ShouldBe("List-Unsubscribe=One-Click");
        (await person.MaySendAsync(transactional)).ListUnsubscribe.ShouldBeNull();

        // Scanners open links, and programs post what they like.
        using var stranger = new HttpClient { BaseAddress = controller.Here.Preference.Url };
        (await stranger.GetAsync(sending.Link(), controller.Ct)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await PostAsync(controller, sending.Link(), "anything=else")).ShouldBe(HttpStatusCode.BadRequest);
        (await OneClickAsync(controller, new Uri(PersonsPage.Forged($"{sending.Link()}"), UriKind.Relative))).ShouldBe(HttpStatusCode.NotFound);
        (await person.MaySendAsync(topic)).ShouldBeYes("consent_given");

        (await OneClickAsync(controller, sending.Link())).ShouldBe(HttpStatusCode.OK);
        (await person.MaySendAsync(topic)).ShouldBeNo("unsubscribed");
        (await person.MayAsync(new { purpose = topic, channel = "email" })).ShouldBeNo("consent_withdrawn");
        (await person.MaySendAsync(transactional)).ShouldBeYes("transactional");
    }

    [Promise("P20", "allure-systems", "quintus", "vms")]
    public async Task Whoever_tells_the_company_is_heard_and_it_is_kept_who_entered_it(string name)
    {
        var person = controllers.Controller(name).NewPerson();
        var topic = name == "allure-systems" ? "promotions" : "newsletter";
        await person.DoesAsync("grants", new { purpose = topic, channel = "email" });
        await person.DoesAsync("withdrawals", new { purpose = topic, actor = "agent", method = "e-mail", evidence = new { said = "Please stop." } });
        (await person.MaySendAsync(topic)).Allowed.ShouldBeFalse();
        var told = (await person.LastAsync("consent.withdrawn.v1")).GetProperty("data");
        (told.GetProperty("actor").GetString(), told.GetProperty("method").GetString()).ShouldBe(("agent", "e-mail"));
        (await person.IsRefusedAsync("grants", new { purpose = topic, channel = "email", actor = "agent" })).ShouldBe("withdrawal_prevails");
        (await person.MaySendAsync(topic)).Allowed.ShouldBeFalse();
    }

    [Promise("P21", "quintus")]
    public async Task Three_ways_out_lead_to_the_same_decision(string name)
    {
        var controller = controllers.Controller(name);
        var ways = new Func<Person, Task>[]
        {
            async person =>
            {
                using var page = await PersonsPage.OpenAsync(controller, person, "page");
                await page.TurnOffAsync("product-news");
            },
            async person => (await OneClickAsync(controller, (await person.MaySendAsync("product-news")).Link())).ShouldBe(HttpStatusCode.OK),
            async person => await UsePageAsync(controller, (await person.MaySendAsync("product-news")).Link()),
        };
        foreach (var leave in ways)
        {
            var person = controller.NewPerson();
            foreach (var channel in (string[])["email", "post"]) await person.DoesAsync("grants", new { purpose = "product-news", channel });
            (await person.MaySendAsync("product-news")).ShouldBeYes("consent_given");
            await leave(person);
            (await person.MaySendAsync("product-news")).ShouldBeNo("unsubscribed");
            (await person.MayAsync(new { purpose = "product-news", channel = "email" })).ShouldBeNo("consent_withdrawn");
            (await person.MaySendAsync("product-news", "post")).ShouldBeYes("consent_given");
        }
    }

    [Promise("P22", "quintus", "vms")]
    public async Task Whoever_left_everything_still_gets_what_a_contract_or_the_law_owes_them(string name)
    {
        var person = controllers.Controller(name).NewPerson();
        var (left, owed) = name == "quintus"
            ? (new[] { "newsletter", "renewal-offers", "event-invitations", "product-updates", "surveys" }, new[] { "order-updates", "important-notices", "security-notices" })
            : (["newsletter", "product-news", "module-booking", "module-crm", "surveys-and-contests"], ["account-notices", "payment-documents"]);
        foreach (var topic in left) await person.ChoosesAsync(topic, "email", subscribed: false);
        foreach (var topic in left) (await person.MaySendAsync(topic)).ShouldBeNo("unsubscribed");
        foreach (var topic in owed) (await person.MaySendAsync(topic)).ShouldBeYes("transactional");

        // Nor is it stopped by leaving it.
        foreach (var topic in owed) await person.ChoosesAsync(topic, "email", subscribed: false);
        await person.DoesAsync("objections", new { to = "marketing" });
        foreach (var topic in owed) (await person.MaySendAsync(topic)).ShouldBeYes("transactional");
    }

    [Promise("P30", "vms")]
    public async Task The_newsletter_and_each_module_are_left_by_themselves(string name)
    {
        var topics = new[] { "newsletter", "module-booking", "module-crm" };
        foreach (var left in topics)
        {
            var person = controllers.Controller(name).NewPerson();
            await person.DoesAsync("grants", new { purpose = "newsletter", channel = "email" });
            foreach (var topic in topics) (await person.MaySendAsync(topic)).Allowed.ShouldBeTrue();
            await person.ChoosesAsync(left, "email", subscribed: false);
            foreach (var topic in topics) (await person.MaySendAsync(topic)).Allowed.ShouldBe(topic != left);
        }
    }

    [Promise("P30", "vms")]
    public async Task Everything_is_left_at_once_with_an_explicit_no_for_what_was_never_chosen(string name)
    {
        var controller = controllers.Controller(name);
        var person = controller.NewPerson();
        await person.DoesAsync("grants", new { purpose = "newsletter", channel = "email" });
        using var page = await PersonsPage.OpenAsync(controller, person);
        await page.StopEverythingAsync();
        foreach (var topic in (string[])["newsletter", "product-news", "module-booking", "module-crm", "surveys-and-contests"]) (await person.MaySendAsync(topic)).ShouldBeNo("unsubscribed");
        (await person.MayAsync(new { purpose = "product-news", channel = "email" })).Code.ShouldNotBe("consent_unknown");
        (await person.ConsentsAsync()).Select(c => c.GetProperty("state").GetString()).Distinct().ShouldBe(["withdrawn"]);
        (await person.MaySendAsync("account-notices")).ShouldBeYes("transactional");
        (await person.LastAsync("objection.raised.v1")).GetProperty("data").GetProperty("to").GetString().ShouldBe("marketing", "which covers what is declared later");
    }

    private static Task<HttpStatusCode> OneClickAsync(Controller controller, Uri link) => PostAsync(controller, link, "List-Unsubscribe=One-Click");

    private static async Task UsePageAsync(Controller controller, Uri link)
    {
        using var browser = new HttpClient { BaseAddress = controller.Here.Preference.Url };
        (await browser.GetStringAsync(link, controller.Ct)).ShouldContain("name=\"confirm\"");
        (await PostAsync(controller, link, "confirm=unsubscribe")).ShouldBe(HttpStatusCode.OK);
    }

    private static async Task<HttpStatusCode> PostAsync(Controller controller, Uri link, string form)
    {
        using var anybody = new HttpClient { BaseAddress = controller.Here.Preference.Url };
        using var body = new StringContent(form, Encoding.ASCII, "application/x-www-form-urlencoded");
        using var answer = await anybody.PostAsync(link, body, controller.Ct);
        return answer.StatusCode;
    }
}
