using System.Text.Json;
using System.Text.RegularExpressions;
using ConsentLedger.Contracts;
using static ConsentLedger.MarketingPreference.Tests.RunningService;

namespace ConsentLedger.MarketingPreference.Tests;

/// <summary>What becomes of an objection when somebody turns on a topic that rests on no consent, and of the topic.</summary>
[Collection(nameof(RunningService))]
public sealed class TurningOnTests(RunningService service) : IAsyncLifetime
{
    /// <summary>A controller whose news of a module is marketing.</summary>
    private const string Tenant = "westwind";

    private readonly string _subject = NewSubject();

    public Task InitializeAsync()
    {
        var pack = Packs.NorthwindJson();
        pack["tenant"] = Tenant;
        pack["purposes"]!.AsArray().Single(p => p!["id"]!.GetValue<string>() == "crm-notifications")!["marketing"] = true;
        pack["topics"]!.AsArray().Single(t => t!["id"]!.GetValue<string>() == "module-crm")!["messageClass"] = "marketing";
        return service.PublishPolicyAsync(pack, version: 1);
    }

    public Task DisposeAsync()
    {
        service.Consent.StillObjected = false;
        return service.ConsentIsBackAsync();
    }

    [Fact]
    public async Task One_topic_turned_on_against_an_objection_opens_nothing_else()
    {
        (await TurnOnAsync("module-crm", Objection("marketing"))).ShouldEndWith("&retracted=1");
        AskedOf("objection-outcomes").ShouldNotBeNull();
        (await StateAsync("newsletter")).ShouldBe("unsubscribed");
        (await StateAsync("product-news")).ShouldBe("unsubscribed");
        (await service.DecideAsync(_subject, "module-crm", tenant: Tenant)).GetProperty("allowed").GetBoolean().ShouldBeTrue();
    }

    [Theory]
    [InlineData("module-crm", "purpose crm-notifications")]
    [InlineData("module-crm", "purpose crm-notifications", "marketing")]
    [InlineData("module-crm", "marketing", "retracted")]
    [InlineData("module-booking", "marketing")]
    [InlineData("module-crm")]
    public async Task Where_no_objection_to_marketing_is_what_stops_it_nothing_is_taken_back_and_nothing_changed(string topic, params string[] said)
    {
        (await TurnOnAsync(topic, [.. said.Select(Said)])).ShouldEndWith("?said=refused");
        AskedOf("objection-outcomes").ShouldBeNull();
        foreach (var other in (string[])["module-crm", "module-booking", "newsletter"]) (await StateAsync(other)).ShouldBe("never-asked");

        static (string, object) Said(string said) => said == "retracted"
            ? (ObjectionDecidedV1.Type, new ObjectionDecidedV1(1, false, "retracted", People.Noon, "subject", "preference-centre"))
            : Objection(said.Split(' ')[0], said.Split(' ').ElementAtOrDefault(1));
    }

    [Fact]
    public async Task What_stays_objected_to_is_not_said_to_be_on()
    {
        service.Consent.StillObjected = true;
        (await TurnOnAsync("module-crm", Objection("marketing"))).ShouldEndWith("?said=refused");
        (await StateAsync("module-crm")).ShouldNotBe("subscribed");
    }

    [Fact]
    public async Task Taking_back_what_took_back_an_objection_raises_it_again()
    {
        await service.ConsentSaysAsync(_subject, 1, ObjectionRaisedV1.Type, Objection("marketing").Data, tenant: Tenant);
        await EventuallyAsync("the objection is heard", async () => await StateAsync("module-crm") == "unsubscribed");
        var turnedOn = await TurnOnAsync("module-crm", Objection("marketing"));
        var (path, after) = (turnedOn.Split('?')[0], await PageAsync(turnedOn));
        var form = string.Join('&', Regex.Matches(after[after.IndexOf("/undo", StringComparison.Ordinal)..after.IndexOf("</form>", StringComparison.Ordinal)], "name=\"([^\"]+)\" value=\"([^\"]*)\"").Select(field => $"{field.Groups[1]}={field.Groups[2]}"));
        service.Consent.IsAway = true;
        using var unheard = await service.SendAsync(HttpMethod.Post, $"{path}/undo", Form(form));
        unheard.Headers.Location!.ToString().ShouldBe($"{path}?said=away");

        await service.ConsentIsBackAsync();
        using var undone = await service.SendAsync(HttpMethod.Post, $"{path}/undo", Form(form));
        undone.Headers.Location!.ToString().ShouldBe($"{path}?said=undone");
        (await StateAsync("module-crm")).ShouldBe("unsubscribed");
        JsonDocument.Parse(AskedOf("objections").ShouldNotBeNull().Body).RootElement.GetProperty("to").GetString().ShouldBe("marketing");
    }

    /// <summary>Presses the button of the page while consent says that it is objected to, and has this history.</summary>
    /// <returns>Where it leads.</returns>
    private async Task<string> TurnOnAsync(string topic, params (string Type, object Data)[] history)
    {
        service.Consent.Remember(_subject, history);
        var made = await OkAsync(await service.SendAsync(HttpMethod.Post, $"/v1/subjects/{_subject}/preference-links", Json(new { purpose = "session", lang = "en" }), "backend", Tenant));
        var path = new Uri(made.GetProperty("url").GetString()!).AbsolutePath;
        var proof = Regex.Match(await PageAsync(path), "name=\"proof\" value=\"([^\"]+)\"").Groups[1].Value;
        service.Consent.Stop(_subject, "subject_objected");
        using var joined = await service.SendAsync(HttpMethod.Post, $"{path}/choices", Form($"proof={proof}&topic={topic}&channel=email&want=on"));
        return joined.Headers.Location!.ToString();
    }

    private async Task<string> PageAsync(string path)
    {
        using var answer = await service.SendAsync(HttpMethod.Get, path, headers: [("Accept", "text/html")]);
        return await answer.Content.ReadAsStringAsync();
    }

    private async Task<string?> StateAsync(string topic) => (await OkAsync(await service.SendAsync(HttpMethod.Get, $"/v1/subjects/{_subject}/preferences", role: "email", tenant: Tenant)))
        .GetProperty("preferences").EnumerateArray().Single(p => (p.GetProperty("topic").GetString(), p.GetProperty("channel").GetString()) == (topic, "email")).GetProperty("state").GetString();

    private ConsentStandIn.Request? AskedOf(string act) => service.Consent.Requests.LastOrDefault(r => r.Path == $"/v1/subjects/{_subject}/{act}");

    private static (string Type, object Data) Objection(string to, string? purpose = null) =>
        (ObjectionRaisedV1.Type, new ObjectionRaisedV1(to, "1", People.Noon, "subject", "web-form", Purpose: purpose));
}
