using ConsentLedger.Support;
using Microsoft.Playwright;

namespace ConsentLedger.Pages.Tests;

/// <summary>What a person's page says of their rights is what becomes of them.</summary>
[Collection(nameof(RunningCentre))]
public sealed class RightsPageTests(RunningCentre centre)
{
    [BrowserTheory]
    [InlineData("refused", "en", "Your request was refused.")]
    [InlineData("held", "de", "ruht")]
    [InlineData("withdrawn", "sv", "återkallad")]
    public async Task A_request_that_is_not_carried_out_is_not_said_to_be_under_way(string standing, string lang, string said)
    {
        var person = Acts.NewSubject();
        var privacy = centre.Here.Client(centre.Here.Erasure, RunningCentre.Tenant, "privacy");

        // Nothing begins under a hold, so that all of it can still be refused or withdrawn.
        await privacy.PostOkAsync($"/v1/subjects/{person}/holds", new { authority = "court-order", reference = "T-17" }, CancellationToken.None);
        var asked = await privacy.PostAsync("/v1/erasures", new { subject = person }, System.Net.HttpStatusCode.Accepted, CancellationToken.None);
        var id = asked.GetProperty("id").GetString();
        if (standing == "refused") await privacy.PostOkAsync($"/v1/erasures/{id}/refusal", new { reason = "identity-not-shown" }, CancellationToken.None);
        if (standing == "withdrawn") await privacy.PostOkAsync($"/v1/erasures/{id}/withdrawal", new { }, CancellationToken.None);

        await using var visit = await centre.VisitAsync(new() { JavaScriptEnabled = false });
        await visit.Page.GotoAsync($"{await centre.LinkAsync(person, lang: lang)}/data?erasure={id}");
        var told = await visit.Page.GetByRole(AriaRole.Status).InnerTextAsync();
        told.ShouldContain(said);
        told.ShouldNotContain($"{TimeProvider.System.GetUtcNow().Year}", Case.Sensitive, "nothing is promised for a day");
    }

    [BrowserFact]
    public async Task What_a_contract_needs_as_well_goes_on_against_an_objection_and_the_page_says_so()
    {
        const string Purpose = "reviews-and-surveys";
        var person = Acts.NewSubject();
        await using var visit = await centre.VisitAsync(new() { JavaScriptEnabled = false });
        var page = visit.Page;
        await page.GotoAsync($"{await centre.LinkAsync(person, tenant: "spectral-tms")}/uses");
        (await page.Locator("#partly").InnerTextAsync()).ShouldContain("goes on");
        (await page.Locator("#partly").InnerTextAsync()).ShouldContain(await page.Locator($"#{Purpose}-title").InnerTextAsync());
        (await page.Locator("#partly").InnerTextAsync()).ShouldNotContain(await page.Locator("#group-sharing-title").InnerTextAsync());

        await page.GetByLabel("Use", new() { Exact = true }).SelectOptionAsync(Purpose);
        await page.GetByLabel("Your reason").FillAsync("I would rather not.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Object", Exact = true }).ClickAsync();
        (await page.GetByRole(AriaRole.Status).InnerTextAsync()).ShouldBe("Your objection is recorded.");
        (await page.Locator($"#{Purpose} .state").InnerTextAsync()).ShouldContain("You objected to this");
        (await page.Locator($"#{Purpose}").InnerTextAsync()).ShouldContain("such as a contract or the law, goes on");
        (await page.Locator("#prize-draws .state").CountAsync()).ShouldBe(0);
        (await centre.MayAsync(person, Purpose, tenant: "spectral-tms")).ShouldBe("rests_on_other_basis");
    }

    [BrowserFact]
    public async Task A_consent_that_the_controller_was_given_is_seen_and_withdrawn_where_others_receive_data_too()
    {
        const string Tenant = "assutech";
        var person = Acts.NewSubject();
        await centre.DoAsync(person, "grants", new { purpose = "web-analytics", channel = "web", occurredAt = Acts.Ago(5), actor = "subject", method = "web-form" }, Tenant);
        await using var visit = await centre.VisitAsync(new() { JavaScriptEnabled = false });
        var card = visit.Page.Locator("#web-analytics");
        await visit.Page.GotoAsync($"{await centre.LinkAsync(person, tenant: Tenant)}/uses");
        (await card.Locator(".state").InnerTextAsync()).ShouldBe("You agreed");
        await card.GetByRole(AriaRole.Button).ClickAsync();
        (await card.Locator(".state").InnerTextAsync()).ShouldBe("You have not agreed");
        (await centre.MayAsync(person, "web-analytics", "web", tenant: Tenant)).ShouldBe("consent_withdrawn");

        // The words are of the use, whoever has a part in it: the site asks for itself, and its partner's script for that.
        await card.GetByRole(AriaRole.Button).ClickAsync();
        (await card.Locator(".state").InnerTextAsync()).ShouldBe("You agreed");
        foreach (var recipient in (string?[])[null, "google"]) (await centre.MayAsync(person, "web-analytics", "web", recipient, Tenant)).ShouldBe("consent_given");
    }
}
