using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ConsentLedger.Contracts;
using ConsentLedger.EventStore;
using ConsentLedger.MarketingPreference.Confirming;
using ConsentLedger.MarketingPreference.PreferenceCentre;
using ConsentLedger.MarketingPreference.Tests.Addresses;
using ConsentLedger.ServiceDefaults;
using static ConsentLedger.MarketingPreference.Tests.RunningService;

namespace ConsentLedger.MarketingPreference.Tests;

/// <summary>Who gets to a person's page, how far, and what it does while the consent service is away.</summary>
[Collection(nameof(RunningService))]
public sealed class PreferencePageTests(RunningService service) : IAsyncLifetime
{
    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        (service.Consent.Granting, service.Consent.GrantNote, service.Consent.Confirming) = (null, null, 200);
        return service.ConsentIsBackAsync();
    }

    [Fact]
    public async Task A_link_is_made_for_a_bounded_time_and_by_whoever_may()
    {
        var subject = NewSubject();
        var made = await OkAsync(await MakeAsync(subject, new { purpose = "page", lifetimeSeconds = 60 }, role: "email"));
        made.GetProperty("url").GetString().ShouldNotBeNull().ShouldMatch("^https://preferences[.]example/p/[A-Za-z0-9_-]+$");
        (made.GetProperty("expiresAt").GetDateTimeOffset() - TimeProvider.System.GetUtcNow()).ShouldBeLessThanOrEqualTo(TimeSpan.FromSeconds(60));

        (await CodeAsync(await MakeAsync(subject, new { purpose = "session" }, role: "email"), HttpStatusCode.Forbidden)).ShouldBe("scope_missing");
        (await CodeAsync(await MakeAsync(subject, new { purpose = "page" }, role: "auditor"), HttpStatusCode.Forbidden)).ShouldBe("scope_missing");
        foreach (var seconds in (long[])[0, -1, 3601, long.MaxValue])
            (await CodeAsync(await MakeAsync(subject, new { purpose = "session", lifetimeSeconds = seconds }), HttpStatusCode.UnprocessableEntity)).ShouldBe("lifetime_invalid");
        (await CodeAsync(await MakeAsync(subject, new { purpose = "page", lang = "en\" onload=\"" }), HttpStatusCode.UnprocessableEntity)).ShouldBe("lang_invalid");
        (await CodeAsync(await MakeAsync(subject, new { purpose = "everything" }), HttpStatusCode.BadRequest)).ShouldBe("body_invalid");
    }

    [Fact]
    public async Task A_link_that_is_forged_over_or_of_another_use_opens_nothing()
    {
        var subject = NewSubject();
        var links = new PreferenceLinks(File.ReadAllBytes(service.LinkKeyFile), new Uri("https://preferences.example"));
        var genuine = new PreferenceLink(TenantId.Parse(Packs.Tenant), SubjectId.TryParse(subject, out var id) ? id : default, LinkScope.Session, "en", TimeProvider.System.GetUtcNow().AddMinutes(5));
        (await service.SendAsync(HttpMethod.Get, $"/p/{links.TokenOf(genuine)}")).StatusCode.ShouldBe(HttpStatusCode.OK);
        string[] bad =
        [
            links.TokenOf(genuine with { ExpiresAt = TimeProvider.System.GetUtcNow().AddSeconds(-1) }), new PreferenceLinks(new byte[32], new Uri("https://preferences.example")).TokenOf(genuine),
            $"{links.TokenOf(genuine)}A", (await service.LinkAsync(subject))["/u/".Length..], links.TokenOf(genuine with { Tenant = TenantId.Parse("another") }),
        ];
        foreach (var token in bad)
            foreach (var path in (string[])[$"/p/{token}", $"/p/{token}/uses", $"/p/{token}/history", $"/p/{token}/data"])
                (await CodeAsync(await service.SendAsync(HttpMethod.Get, path), HttpStatusCode.NotFound)).ShouldBe("link_invalid");
        (await CodeAsync(await service.SendAsync(HttpMethod.Post, $"/u/{links.TokenOf(genuine)}", Form("confirm=unsubscribe")), HttpStatusCode.NotFound)).ShouldBe("link_invalid");
    }

    [Fact]
    public async Task A_form_that_no_page_of_this_link_wrote_changes_nothing()
    {
        var foreign = ProofIn(await PageAsync(await PathAsync(NewSubject())));
        foreach (var act in (string[])["choices", "consents", "stop", "undo", "objections", "copies", "erasures"])
        {
            var subject = NewSubject();
            service.Consent.Give(subject, "newsletter");
            var path = await PathAsync(subject);
            foreach (var proof in (string[])["", "&proof=", $"&proof={foreign}", "&proof=x"])
                (await CodeAsync(await service.SendAsync(HttpMethod.Post, $"{path}/{act}", Form($"topic=newsletter&channel=email&want=off&to=marketing&sure=yes{proof}")), HttpStatusCode.BadRequest)).ShouldBe("form_invalid");
            (await CodeAsync(await service.SendAsync(HttpMethod.Post, $"{path}/{act}", Json(new { proof = ProofIn(await PageAsync(path)) })), HttpStatusCode.BadRequest)).ShouldBe("form_invalid");
            (await service.DecideAsync(subject, "newsletter")).GetProperty("allowed").GetBoolean().ShouldBeTrue();
        }
    }

    [Fact]
    public async Task While_consent_is_away_the_page_says_so_and_people_leave_all_the_same()
    {
        var subject = await AgreedAsync();
        var path = await PathAsync(subject);
        service.Consent.IsAway = true;
        var page = await PageAsync(path);
        page.ShouldContain("One of our systems does not answer right now");
        page.ShouldContain("Turn off “Newsletter” by e-mail");

        using var left = await service.SendAsync(HttpMethod.Post, $"{path}/choices", Form($"proof={ProofIn(page)}&topic=newsletter&channel=email&want=off"));
        (left.StatusCode, left.Headers.Location!.ToString()).ShouldBe((HttpStatusCode.SeeOther, $"{path}?did=3-3&pending=1"));
        var after = await PageAsync(left.Headers.Location!.ToString());
        after.ShouldContain("You no longer get “Newsletter” by e-mail.");
        after.ShouldContain("One of our systems has not heard of it yet; it will.");
        (await service.DecideAsync(subject, "newsletter")).GetProperty("rule").GetString().ShouldBe("unsubscribed");

        // What needs a yes over there has to wait, and nothing is half done.
        using var joined = await service.SendAsync(HttpMethod.Post, $"{path}/undo", Form($"proof={ProofIn(after)}&did=3-3&texts={TextsIn(after)}"));
        joined.Headers.Location!.ToString().ShouldBe($"{path}?said=unknown");
        (await PageAsync(joined.Headers.Location!.ToString())).ShouldContain("not everything is certain yet");
        (await service.DecideAsync(subject, "newsletter")).GetProperty("rule").GetString().ShouldBe("unsubscribed");
    }

    [Fact]
    public async Task A_yes_that_has_to_be_confirmed_turns_nothing_on_and_its_undoing_ends_nothing()
    {
        var subject = await AgreedAsync();
        var path = await PathAsync(subject);
        var after = await TurnOffAsync(path);
        var told = service.Consent.WithdrawalCalls(subject).Count();
        (service.Consent.Granting, service.Consent.GrantNote) = (() => Task.FromResult<int?>(200), "confirmation_needed");

        using var undone = await service.SendAsync(HttpMethod.Post, $"{path}/undo", Form($"proof={ProofIn(after)}&did=3-3&texts={TextsIn(after)}"));
        undone.Headers.Location!.ToString().ShouldBe($"{path}?said=confirm");
        var page = await PageAsync(undone.Headers.Location!.ToString());
        page.ShouldContain("nothing is sent before");
        service.Consent.WithdrawalCalls(subject).Count().ShouldBe(told, "else it would end the first step");

        using var joined = await TurnOnAsync(path, page);
        joined.Headers.Location!.ToString().ShouldBe($"{path}?said=confirm");
        (await service.DecideAsync(subject, "newsletter")).GetProperty("rule").GetString().ShouldBe("unsubscribed");

        // The second step opens it.
        await service.ConsentSaysAsync(subject, 2, ConsentWithdrawnV1.Type, new ConsentWithdrawnV1("newsletter", "controller", "1", People.Noon, "subject", "preference-centre", Channel: "email"));
        await service.ConsentSaysAsync(subject, 3, ConsentConfirmedV1.Type, new ConsentConfirmedV1("newsletter", "controller", "1", "consent", TimeProvider.System.GetUtcNow(), "subject", "confirmation-link", 3, "email"));
        await EventuallyAsync("it is on", async () => await service.StateAsync(subject, "newsletter") == "subscribed");
    }

    [Fact]
    public async Task A_yes_that_a_no_overtook_turns_nothing_on_and_nobody_is_told_that_it_did()
    {
        var subject = await AgreedAsync();
        var path = await PathAsync(subject);
        var after = await TurnOffAsync(path);
        (service.Consent.Granting, service.Consent.GrantNote) = (() => Task.FromResult<int?>(200), "withdrawal_prevails");
        using var undone = await service.SendAsync(HttpMethod.Post, $"{path}/undo", Form($"proof={ProofIn(after)}&did=3-3&texts={TextsIn(after)}"));
        undone.Headers.Location!.ToString().ShouldBe($"{path}?said=refused");

        using var joined = await TurnOnAsync(path, after);
        joined.Headers.Location!.ToString().ShouldBe($"{path}?said=refused");
        (await PageAsync(joined.Headers.Location!.ToString())).ShouldContain("That could not be done. Nothing has changed.");
        (await service.StateAsync(subject, "newsletter")).ShouldBe("unsubscribed");
        (await service.OverheardAsync(subject)).ShouldNotContain(e => e.Type == MarketingResubscribedV1.Type);
    }

    [Fact]
    public async Task Beside_a_consent_that_stands_the_first_step_of_its_renewal_keeps_nothing_shut()
    {
        var subject = NewSubject();
        var path = await PathAsync(subject);
        (await service.ChooseAsync(subject, "newsletter", false)).EnsureSuccessStatusCode();
        service.Consent.Give(subject, "newsletter");
        var page = await PageAsync(path);
        (service.Consent.Granting, service.Consent.GrantNote) = (() => Task.FromResult<int?>(200), "confirmation_needed");
        using var joined = await TurnOnAsync(path, page);
        joined.Headers.Location!.ToString().ShouldStartWith($"{path}?did=");
        (await service.DecideAsync(subject, "newsletter")).GetProperty("allowed").GetBoolean().ShouldBeTrue();
    }

    [Fact]
    public async Task What_consent_does_not_hear_by_itself_the_person_is_asked_to_say_again()
    {
        var subject = NewSubject();
        var path = await PathAsync(subject);
        var proof = ProofIn(await PageAsync(path));
        service.Consent.IsAway = true;
        using var stopped = await service.SendAsync(HttpMethod.Post, $"{path}/stop", Form($"proof={proof}"));
        stopped.Headers.Location!.ToString().ShouldMatch("[?]did=1-[0-9]+&pending=again$");
        (await PageAsync(stopped.Headers.Location!.ToString())).ShouldContain("please press “Stop everything” once more");
        (await service.DecideAsync(subject, "module-crm")).GetProperty("rule").GetString().ShouldBe("unsubscribed");
    }

    [Fact]
    public async Task Taking_back_a_stop_takes_back_no_objection_from_before_it()
    {
        var subject = NewSubject();
        service.Consent.Remember(subject, [(ObjectionRaisedV1.Type, new ObjectionRaisedV1("marketing", "1", People.Noon, "subject", "preference-centre"))]);
        var path = await PathAsync(subject);
        using var stopped = await service.SendAsync(HttpMethod.Post, $"{path}/stop", Form($"proof={ProofIn(await PageAsync(path))}"));
        var after = await PageAsync(stopped.Headers.Location!.ToString());
        var did = Regex.Match(after, "name=\"did\" value=\"([^\"]+)\"").Groups[1].Value;
        using var undone = await service.SendAsync(HttpMethod.Post, $"{path}/undo", Form($"proof={ProofIn(after)}&did={did}&objected=1"));
        undone.Headers.Location!.ToString().ShouldBe($"{path}?said=undone");
        service.Consent.Requests.ShouldContain(r => r.Path == $"/v1/subjects/{subject}/history");
        service.Consent.Requests.ShouldNotContain(r => r.Path == $"/v1/subjects/{subject}/objection-outcomes");
        (await service.DecideAsync(subject, "module-crm")).GetProperty("allowed").GetBoolean().ShouldBeTrue();

        // A second press of the same button finds nothing that it could take back.
        using var again = await service.SendAsync(HttpMethod.Post, $"{path}/undo", Form($"proof={ProofIn(after)}&did={did}"));
        again.Headers.Location!.ToString().ShouldBe($"{path}?said=late");
        (await PageAsync(again.Headers.Location!.ToString())).ShouldContain("That can no longer be taken back");
    }

    [Fact]
    public async Task Undoing_agrees_to_the_words_that_stood_beside_the_button_and_to_no_others()
    {
        var subject = await AgreedAsync();
        var path = await PathAsync(subject);
        var after = await TurnOffAsync(path);
        TextsIn(after).ShouldNotBeEmpty();
        foreach (var texts in (string[])["", $"&texts=newsletter-v1:{new string('0', 64)}"])
        {
            using var undone = await service.SendAsync(HttpMethod.Post, $"{path}/undo", Form($"proof={ProofIn(after)}&did=3-3{texts}"));
            undone.Headers.Location!.ToString().ShouldBe($"{path}?said=reworded");
        }

        service.Consent.Requests.ShouldNotContain(r => r.Path == $"/v1/subjects/{subject}/grants");
    }

    [Fact]
    public async Task What_the_bus_brings_before_the_answer_is_taken_back_all_the_same()
    {
        var (subject, undo, form) = await LeftAsync();
        service.Consent.Granting = async () =>
        {
            await AgreeAsync(subject, version: 3);
            await EventuallyAsync("the topic is open", async () => (await service.DecideAsync(subject, "newsletter")).GetProperty("allowed").GetBoolean());
            return 200;
        };
        (await TextAsync(await service.SendAsync(HttpMethod.Post, undo, Form(form), headers: [("Accept", "text/html")]))).ShouldContain("<h1>Taken back</h1>");
    }

    [Fact]
    public async Task Nobody_is_told_that_they_stay_unsubscribed_while_a_consent_may_have_been_recorded()
    {
        var (subject, undo, form) = await LeftAsync();
        service.Consent.Granting = () => Task.FromResult<int?>(null);
        var said = await TextAsync(await service.SendAsync(HttpMethod.Post, undo, Form(form), headers: [("Accept", "text/html")]));
        said.ShouldContain("<h1>Not certain yet</h1>");
        said.ShouldNotContain("stay unsubscribed");

        // It was, and only the answer was lost.
        await AgreeAsync(subject, version: 3);
        await EventuallyAsync("the topic is open", async () => (await service.DecideAsync(subject, "newsletter")).GetProperty("allowed").GetBoolean());
    }

    [Theory]
    [InlineData(200, "Not certain yet")]
    [InlineData(422, "That could not be taken back")]
    public async Task What_was_refused_is_all_of_it_or_a_part(int first, string said)
    {
        var (_, undo, form) = await LeftAsync("partners");
        var grants = 0;
        service.Consent.Granting = () => Task.FromResult<int?>(++grants == 1 ? first : 422);
        (await TextAsync(await service.SendAsync(HttpMethod.Post, undo, Form(form), headers: [("Accept", "text/html")]))).ShouldContain($"<h1>{said}</h1>");
    }

    [Fact]
    public async Task A_form_with_more_fields_than_a_page_has_is_none_of_ours()
    {
        var subject = SubjectId.TryParse(NewSubject(), out var id) ? id : default;
        var (secret, url, soon) = (File.ReadAllBytes(service.LinkKeyFile), new Uri("https://preferences.example"), TimeProvider.System.GetUtcNow().AddMinutes(5));
        var confirmation = new ConfirmationLinks(secret, url).TokenOf(new ConfirmationLink(TenantId.Parse(Packs.Tenant), subject, "newsletter", "email", null, "en", soon, FirstStep: 7));
        var many = string.Join('&', Enumerable.Range(0, 40).Select(i => $"f{i}=1"));
        foreach (var path in (string[])[$"/c/{confirmation}", $"{await service.LinkAsync($"{subject}")}/undo", $"{await PathAsync($"{subject}")}/undo"])
            (await CodeAsync(await service.SendAsync(HttpMethod.Post, path, Form(many)), HttpStatusCode.BadRequest)).ShouldBe("form_invalid");
    }

    [Theory]
    [InlineData("sv", "Formuläret är för stort")]
    [InlineData("en", "The form is too large")]
    public async Task What_no_page_answers_is_told_in_the_readers_words_to_a_browser_and_in_a_code_to_a_program(string lang, string said)
    {
        var (subject, tooMuch) = (NewSubject(), $"reason={new string('a', 40_000)}");
        var path = new Uri((await OkAsync(await MakeAsync(subject, new { purpose = "page", lang }))).GetProperty("url").GetString()!).AbsolutePath;
        foreach (var part in (string[])["/objections", "/choices"])
        {
            using var answer = await service.SendAsync(HttpMethod.Post, path + part, Form(tooMuch), headers: [("Accept", "text/html,*/*;q=0.8")]);
            (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType).ShouldBe((HttpStatusCode.RequestEntityTooLarge, "text/html"));
            var page = await answer.Content.ReadAsStringAsync();
            page.ShouldContain($"<h1>{said}</h1>");
            page.ShouldContain(Packs.Northwind.Controller.Name);
            answer.Headers.GetValues("Content-Security-Policy").Single().ShouldStartWith("default-src 'none'; style-src 'sha256-");
        }

        var unsubscribing = await service.LinkAsync(subject);
        foreach (var link in (string[])[unsubscribing, $"{unsubscribing}/undo"])
        {
            using var page = await service.SendAsync(HttpMethod.Post, link, Form(tooMuch), headers: [("Accept", "text/html"), ("Accept-Language", lang)]);
            (await page.Content.ReadAsStringAsync()).ShouldContain($"<h1>{said}</h1>");
            (await CodeAsync(await service.SendAsync(HttpMethod.Post, link, Form(tooMuch)), HttpStatusCode.RequestEntityTooLarge)).ShouldBe("body_too_large", "as a mail system posts it");
        }
    }

    [Theory]
    [InlineData("\r\n", "a")]
    [InlineData("€", "€")]
    public async Task A_reason_that_the_page_lets_in_is_recorded(string first, string letter)
    {
        // As browsers count (a line's end is one) and as they send it (a line's end is two, and a letter up to nine).
        var subject = NewSubject();
        var path = await PathAsync(subject);
        var reason = $"a{string.Concat(Enumerable.Repeat($"{first}{letter}", 999))}b";
        using var form = new FormUrlEncodedContent([new("proof", ProofIn(await PageAsync(path))), new("to", "purpose"), new("purpose", "terms-enforcement"), new("reason", reason)]);
        using var objected = await service.SendAsync(HttpMethod.Post, $"{path}/objections", form);
        (objected.StatusCode, objected.Headers.Location?.ToString()).ShouldBe((HttpStatusCode.SeeOther, $"{path}/uses?said=objected"));
        var told = service.Consent.Requests.Single(r => r.Path == $"/v1/subjects/{subject}/objections").Body;
        JsonDocument.Parse(told).RootElement.GetProperty("evidence").GetProperty("reason").GetString().ShouldBe(reason.Replace("\r\n", "\n"));
    }

    [Theory]
    [InlineData("consent_given", "You agreed")]
    [InlineData("opt_out_regime", "Used until you say no")]
    public async Task Silence_that_passes_is_called_no_agreement(string code, string said)
    {
        var subject = NewSubject();
        service.Consent.Give(subject, "retargeting", code);
        var page = await PageAsync($"{await PathAsync(subject)}/uses");
        var card = page[page.IndexOf("<article class=\"card\" id=\"retargeting\"", StringComparison.Ordinal)..];
        card = card[..card.IndexOf("</article>", StringComparison.Ordinal)];
        card.ShouldContain($"<span class=\"state yes\">{said}</span>");
        card.ShouldContain("name=\"want\" value=\"off\"");
    }

    [Fact]
    public async Task What_a_pack_says_in_a_regions_language_is_shown_to_its_readers_and_recorded()
    {
        const string Tenant = "regional";
        const string Asking = "Ja, skicka mig nyhetsbrevet.";
        var pack = Packs.NorthwindJson();
        pack["tenant"] = Tenant;
        pack["locales"] = new JsonArray("sv-SE", "en");
        foreach (var text in ObjectsIn(pack).Where(o => o.ContainsKey("en")).ToList())
            foreach (var name in text.Select(m => m.Key).Where(k => k is "fr" or "de" or "sv").ToList()) text.Remove(name);
        foreach (var purpose in pack["purposes"]!.AsArray())
            (purpose!["consentTexts"] as JsonArray)?.RemoveAll(t => t!["locale"]!.GetValue<string>() != "en");
        pack["topics"]!.AsArray().Single(t => t!["id"]!.GetValue<string>() == "newsletter")!["title"]!["sv-SE"] = "Nyhetsbrevet";
        pack["purposes"]!.AsArray().Single(t => t!["id"]!.GetValue<string>() == "newsletter")!["consentTexts"]!.AsArray().Add(new JsonObject { ["id"] = "newsletter-v1", ["locale"] = "sv-SE", ["text"] = Asking });
        await service.PublishPolicyAsync(pack, version: 1);

        var subject = NewSubject();
        service.Consent.Granting = () => Task.FromResult<int?>(200);
        var link = await OkAsync(await service.SendAsync(HttpMethod.Post, $"/v1/subjects/{subject}/preference-links", Json(new { purpose = "page", lang = "sv" }), "backend", Tenant));
        var path = new Uri(link.GetProperty("url").GetString()!).AbsolutePath;
        var page = await PageAsync(path);
        page.ShouldContain(">Nyhetsbrevet</h3>");
        page.ShouldContain($"<blockquote lang=\"sv-SE\" dir=\"auto\">{Asking}</blockquote>");
        page.ShouldContain("<span lang=\"en\" dir=\"ltr\">All about contests</span></h3>", Case.Sensitive, "what is not said in it is English, and says so");

        (await TurnOnAsync(path, page)).Dispose();
        var granted = JsonDocument.Parse(service.Consent.Requests.Single(r => r.Path == $"/v1/subjects/{subject}/grants").Body).RootElement.GetProperty("text");
        (granted.GetProperty("id").GetString(), granted.GetProperty("locale").GetString()).ShouldBe(("newsletter-v1", "sv-SE"));
    }

    [Fact]
    public async Task A_mail_from_before_confirms_nothing_that_was_asked_for_since()
    {
        var (subject, soon) = (NewSubject(), TimeProvider.System.GetUtcNow().AddHours(1));
        service.Consent.Wait(subject, "newsletter", version: 1, position: 41, soon.AddDays(-30));
        (await CodeAsync(await ConfirmationAsync(), HttpStatusCode.UnprocessableEntity)).ShouldBe("nothing_to_confirm");
        service.Consent.Wait(subject, "newsletter", version: 1, position: 42, soon);
        var first = await PathOfAsync(await ConfirmationAsync());
        var proof = ProofIn(await PageAsync(first));

        // As it may be said at one moment, to two addresses.
        service.Consent.Wait(subject, "newsletter", version: 2, position: 57, soon);
        var second = await PathOfAsync(await ConfirmationAsync());
        (await PageAsync(first)).ShouldContain("This is not the newest mail");
        (await service.SendAsync(HttpMethod.Post, first, Form($"proof={proof}"))).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        service.Consent.Requests.ShouldNotContain(r => r.Path == $"/v1/subjects/{subject}/confirmations");

        // What is refused is not passed over in silence.
        service.Consent.Confirming = 422;
        using var refused = await service.SendAsync(HttpMethod.Post, second, Form($"proof={ProofIn(await PageAsync(second))}"));
        (await PageAsync(refused.Headers.Location!.ToString())).ShouldContain("That could not be done. Nothing has changed.");
        service.Consent.Confirming = 200;
        service.Consent.Requests.Clear();

        // Nor does this one, should something be said at this very moment.
        (await service.SendAsync(HttpMethod.Post, second, Form($"proof={ProofIn(await PageAsync(second))}"))).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        service.Consent.Requests.Single(r => r.Path == $"/v1/subjects/{subject}/confirmations").Headers["If-Match"].ShouldBe("\"2\"");

        Task<HttpResponseMessage> ConfirmationAsync() => service.SendAsync(HttpMethod.Post, $"/v1/subjects/{subject}/confirmation-links", Json(new { purpose = "newsletter", channel = "email", lang = "en" }), "email");
        static async Task<string> PathOfAsync(HttpResponseMessage made) => new Uri((await OkAsync(made)).GetProperty("url").GetString()!).AbsolutePath;
    }

    [Fact]
    public async Task The_last_moment_to_confirm_is_told_to_the_minute()
    {
        var subject = NewSubject();
        var until = new DateTimeOffset(TimeProvider.System.GetUtcNow().UtcDateTime.Date.AddDays(3), TimeSpan.Zero).AddMinutes(5);
        service.Consent.Wait(subject, "newsletter", version: 1, position: 42, until);
        var made = await OkAsync(await service.SendAsync(HttpMethod.Post, $"/v1/subjects/{subject}/confirmation-links", Json(new { purpose = "newsletter", channel = "email", lang = "en" }), "email"));
        (await PageAsync(new Uri(made.GetProperty("url").GetString()!).AbsolutePath)).ShouldContain(FormattableString.Invariant($"You can confirm until {until:d MMMM yyyy}, 00:05 UTC."));
    }

    [Fact]
    public async Task Words_that_have_changed_since_they_were_read_are_not_agreed_to()
    {
        var subject = NewSubject();
        var path = await PathAsync(subject);
        var page = await PageAsync(path);
        using var joined = await service.SendAsync(HttpMethod.Post, $"{path}/choices", Form($"proof={ProofIn(page)}&topic=newsletter&channel=email&want=on&text=newsletter-v1&hash={new string('0', 64)}"));
        joined.Headers.Location!.ToString().ShouldBe($"{path}?said=reworded");
        service.Consent.Requests.ShouldNotContain(r => r.Path == $"/v1/subjects/{subject}/grants");
    }

    [Fact]
    public async Task What_takes_data_out_needs_more_than_a_link_from_a_mail()
    {
        var subject = NewSubject();
        var path = await PathAsync(subject, "page");
        var page = await PageAsync($"{path}/data");
        page.ShouldContain("This needs more than a link from a mail.");
        page.ShouldNotContain("/copies");
        page.ShouldNotContain("/erasures");
        foreach (var (act, form) in new[] { ("copies", "format=json"), ("erasures", "sure=yes") })
        {
            using var answer = await service.SendAsync(HttpMethod.Post, $"{path}/{act}", Form($"proof={ProofIn(await PageAsync(path))}&{form}"));
            answer.Headers.Location!.ToString().ShouldBe($"{path}/data");
        }

        service.Consent.Requests.ShouldNotContain(r => r.Path == $"/v1/subjects/{subject}/records");
    }

    [Theory]
    [InlineData("json")]
    [InlineData("csv")]
    public async Task A_copy_has_what_is_kept_here_whether_or_not_the_consent_service_knows_the_person(string format)
    {
        var (subject, tag) = (NewSubject(), AddressCalls.NewTag());
        await OkAsync(await service.LinkAddressAsync(subject, tag));
        (await service.OneClickAsync(await service.LinkAsync(subject, deliveryId: "mail-77", recipientRef: "r-88"), ("User-Agent", "Mozilla/5.0"))).EnsureSuccessStatusCode();
        foreach (var known in (bool[])[false, true])
        {
            if (known) service.Consent.Record(subject, format, format == "json" ? """{"subject":"x","consents":[{"purpose":"newsletter"}]}""" : "recordedAt,occurredAt,purpose,event,facts\r\n2026-03-01T12:00:00Z,,newsletter,consent.granted.v1,\"{\"\"a\"\":1}\"\r\n");
            var path = await PathAsync(subject);
            using var answer = await service.SendAsync(HttpMethod.Post, $"{path}/copies", Form($"proof={ProofIn(await PageAsync(path))}&format={format}"));
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
            var copy = await answer.Content.ReadAsStringAsync();
            copy.Contains("\"purpose\":\"newsletter\"", StringComparison.Ordinal).ShouldBe(known && format == "json");
            foreach (var word in (string[])["mail-77", "r-88", "browser", "one-click", "marketing.unsubscribed.v1"]) copy.ShouldContain(word);
            if (format == "csv")
            {
                // One table: as many cells in each line as the header has.
                var lines = copy.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
                lines.Length.ShouldBe(known ? 3 : 2);
                (lines[^1].Split(",\"{")[0].Count(c => c == ',') + 2).ShouldBe(lines[0].Split(',').Length);
                lines.Count(l => l.Contains("consent.granted.v1", StringComparison.Ordinal)).ShouldBe(known ? 1 : 0);
            }
            else
            {
                var kept = JsonDocument.Parse(copy).RootElement.GetProperty("preferences");
                kept.GetProperty("addresses").EnumerateArray().ShouldHaveSingleItem().GetProperty("tag").GetString().ShouldBe(tag);
                kept.GetProperty("choices").EnumerateArray().ShouldHaveSingleItem().GetProperty("state").GetString().ShouldBe("unsubscribed");
            }
        }
    }

    private Task<HttpResponseMessage> MakeAsync(string subject, object body, string role = "backend") => service.SendAsync(HttpMethod.Post, $"/v1/subjects/{subject}/preference-links", Json(body), role);

    private async Task<string> PathAsync(string subject, string purpose = "session") =>
        new Uri((await OkAsync(await MakeAsync(subject, new { purpose, lang = "en" }))).GetProperty("url").GetString()!).AbsolutePath;

    private async Task<string> PageAsync(string path) => await TextAsync(await service.SendAsync(HttpMethod.Get, path, headers: [("Accept", "text/html")]));

    private static async Task<string> TextAsync(HttpResponseMessage answer)
    {
        using (answer)
        {
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
            return await answer.Content.ReadAsStringAsync();
        }
    }

    /// <summary>Somebody who left the newsletter by the link in it, of which consent has heard; and what the button beside it sends, and where to.</summary>
    private async Task<(string Subject, string Undo, string Form)> LeftAsync(params string[] recipients)
    {
        var subject = await AgreedAsync(recipients);
        var path = await service.LinkAsync(subject, "newsletter");
        var page = await TextAsync(await service.SendAsync(HttpMethod.Post, path, Form("confirm=unsubscribe"), headers: [("Accept", "text/html")]));
        await service.ConsentSaysAsync(subject, 2 + recipients.Length, ConsentWithdrawnV1.Type, new ConsentWithdrawnV1("newsletter", "controller", "1", People.Noon, "subject", "unsubscribe-link", Channel: "email"));
        await EventuallyAsync("the withdrawal is heard", async () => (await service.OverheardAsync(subject)).Count == 4 + recipients.Length);
        return (subject, $"{path}/undo", $"did={Regex.Match(page, "name=\"did\" value=\"([^\"]+)\"").Groups[1].Value}&proof={ProofIn(page)}&texts={TextsIn(page)}");
    }

    /// <summary>Somebody who agreed to the newsletter, and to it for others besides; it is heard here.</summary>
    private async Task<string> AgreedAsync(params string[] recipients)
    {
        var subject = NewSubject();
        await AgreeAsync(subject, version: 1);
        foreach (var (i, recipient) in recipients.Index()) await AgreeAsync(subject, 2 + i, recipient);
        await EventuallyAsync("it is heard", async () => (await service.OverheardAsync(subject)).Count == 2 + recipients.Length);
        return subject;
    }

    /// <summary>Turns the newsletter off.</summary>
    /// <returns>The page that follows.</returns>
    private async Task<string> TurnOffAsync(string path)
    {
        using var left = await service.SendAsync(HttpMethod.Post, $"{path}/choices", Form($"proof={ProofIn(await PageAsync(path))}&topic=newsletter&channel=email&want=off"));
        return await PageAsync(left.Headers.Location!.ToString());
    }

    /// <summary>Turns the newsletter on, under the words that the page shows.</summary>
    private Task<HttpResponseMessage> TurnOnAsync(string path, string page)
    {
        return service.SendAsync(HttpMethod.Post, $"{path}/choices", Form($"proof={ProofIn(page)}&topic=newsletter&channel=email&want=on&text={Hidden("text")}&hash={Hidden("hash")}"));

        string Hidden(string name) => Regex.Match(page, $"value=\"newsletter\".*?name=\"{name}\" value=\"([^\"]+)\"", RegexOptions.Singleline).Groups[1].Value;
    }

    private async Task AgreeAsync(string subject, long version, string recipient = "controller")
    {
        service.Consent.Give(subject, "newsletter");
        await service.ConsentSaysAsync(subject, version, ConsentGrantedV1.Type, new ConsentGrantedV1("newsletter", recipient, "1", "consent", People.Noon, "subject", "web-form", InForce: true, Channel: "email"));
    }

    private static IEnumerable<JsonObject> ObjectsIn(JsonNode? node) => node switch
    {
        JsonObject one => one.SelectMany(member => ObjectsIn(member.Value)).Prepend(one),
        JsonArray many => many.SelectMany(ObjectsIn),
        _ => [],
    };

    private static string TextsIn(string page) => Regex.Match(page, "name=\"texts\" value=\"([^\"]+)\"").Groups[1].Value;

    private static string ProofIn(string page) => Regex.Match(page, "name=\"proof\" value=\"([^\"]+)\"").Groups[1].Value;
}
