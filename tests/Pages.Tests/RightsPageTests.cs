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
}
