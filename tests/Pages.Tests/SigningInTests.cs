using System.Net;
using Microsoft.Playwright;

namespace ConsentLedger.Pages.Tests;

/// <summary>Who gets in, and with what.</summary>
[Collection(nameof(RunningConsole))]
public sealed class SigningInTests(RunningConsole console)
{
    private const string Cookie = "consentledger-console";

    [BrowserFact]
    public async Task Whoever_comes_without_a_token_is_asked_for_one_and_led_on_to_where_they_wanted()
    {
        await using var visit = await console.Browser.VisitAsync(console.Url);
        var answer = await visit.Page.GotoAsync($"/console/subjects/{RunningConsole.Maria}?knownAt=2025-06-01T00:00");
        answer!.Status.ShouldBe(401);
        await visit.Page.GetByLabel("Token").FillAsync($"  Bearer {console.Installation.Issuer.Token(RunningConsole.Tenant, "auditor")}\n");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Heading, new() { Name = "History of" }).WaitForAsync();
        visit.Page.Url.ShouldContain("knownAt=2025-06-01T00%3A00");

        var cookie = (await visit.Context.CookiesAsync()).ShouldHaveSingleItem();
        (cookie.Name, cookie.HttpOnly, cookie.SameSite, cookie.Path, cookie.Secure, cookie.Expires).ShouldBe((Cookie, true, SameSiteAttribute.Strict, "/console", false, -1));

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        (await visit.Context.CookiesAsync()).ShouldBeEmpty();
        (await visit.Page.GotoAsync("/console"))!.Status.ShouldBe(401);
    }

    [BrowserFact]
    public async Task An_expired_token_is_sent_to_sign_in_and_forgotten()
    {
        await using var visit = await console.SignInAsync();
        await visit.Context.AddCookiesAsync([new() { Name = Cookie, Value = console.Installation.Issuer.Token(RunningConsole.Tenant, "auditor", TimeSpan.FromHours(2)), Url = $"{console.Url}console", HttpOnly = true, SameSite = SameSiteAttribute.Strict }]);
        (await visit.Page.GotoAsync("/console"))!.Status.ShouldBe(401);
        (await visit.Page.GetByRole(AriaRole.Alert).InnerTextAsync()).ShouldBe("The bearer token has expired.");
        (await visit.Page.GetByLabel("Token").IsVisibleAsync()).ShouldBeTrue();
        (await visit.Context.CookiesAsync()).ShouldNotContain(c => c.Path == "/console");
    }

    [BrowserFact]
    public async Task A_token_that_is_none_or_not_an_auditors_opens_nothing()
    {
        await using var visit = await console.SignInAsync(role: "backend");
        (await visit.Page.Locator("main").InnerTextAsync()).ShouldContain("consent:audit");
        (await visit.Page.GetByLabel("Subject id").CountAsync()).ShouldBe(0);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in with another token" }).ClickAsync();

        foreach (var token in (string[])["nothing of the kind", "a.b.c", "x\"; Path=/"])
        {
            await visit.Page.GetByLabel("Token").FillAsync(token);
            await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
            (await visit.Page.GetByRole(AriaRole.Alert).InnerTextAsync()).ShouldBe("The bearer token is not one this service accepts.");
        }

        await visit.Page.GetByLabel("Token").FillAsync(console.Installation.Issuer.Token("*", "marketing-preference"));
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        (await visit.Page.Locator("main").InnerTextAsync()).ShouldContain("the token of one auditor, for one tenant");
    }

    [BrowserFact]
    public async Task A_token_in_a_header_opens_no_page_and_one_in_the_cookie_no_endpoint_of_the_api()
    {
        var token = console.Installation.Issuer.Token(RunningConsole.Tenant, "auditor");
        (await SendAsync(HttpMethod.Get, "/console", ("Authorization", $"Bearer {token}"))).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await SendAsync(HttpMethod.Get, $"/v1/subjects/{RunningConsole.Maria}/history", ("Cookie", $"{Cookie}={token}"))).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await SendAsync(HttpMethod.Get, "/console", ("Cookie", $"{Cookie}={token}"))).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [BrowserFact]
    public async Task What_changes_anything_comes_from_a_page_of_ours()
    {
        var before = await console.VersionAsync(RunningConsole.Maria);
        var path = $"/console/subjects/{RunningConsole.Maria}/disclosures";
        var cookie = ("Cookie", $"{Cookie}={console.Installation.Issuer.Token(RunningConsole.Tenant, "auditor")}");
        (string, string)[][] foreign =
        [
            [], [("Origin", "https://evil.example")], [("Origin", "null")], [("Sec-Fetch-Site", "cross-site"), ("Origin", console.Url.GetLeftPart(UriPartial.Authority))], [("Sec-Fetch-Site", "same-site")],
            [("Origin", $"http://127.0.0.1:{console.Url.Port + 1}")],
        ];
        foreach (var headers in foreign) (await SendAsync(HttpMethod.Post, path, [cookie, .. headers])).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await SendAsync(HttpMethod.Post, "/console/sign-in", ("Origin", "https://evil.example"))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await console.VersionAsync(RunningConsole.Maria)).ShouldBe(before);

        (await SendAsync(HttpMethod.Post, path, cookie, ("Origin", console.Url.GetLeftPart(UriPartial.Authority)))).StatusCode.ShouldBe(HttpStatusCode.Redirect);
        (await console.VersionAsync(RunningConsole.Maria)).ShouldBe(before + 1);
    }

    [BrowserFact]
    public async Task Every_page_forbids_what_it_does_not_need_and_is_kept_nowhere()
    {
        var cookie = ("Cookie", $"{Cookie}={console.Installation.Issuer.Token(RunningConsole.Tenant, "auditor")}");
        foreach (var path in (string[])["/console", "/console/sign-in", "/console/subjects?id=x", "/console/subjects/x", "/console/subjects/x/moment"])
        {
            using var answer = await SendAsync(HttpMethod.Get, path, cookie);
            var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
            policy.ShouldStartWith("default-src 'none'; style-src 'self'; script-src 'self';");
            policy.ShouldContain("frame-ancestors 'none'");
            policy.ShouldNotContain("unsafe");
            answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
            answer.Headers.GetValues("X-Content-Type-Options").Single().ShouldBe("nosniff");
            answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/html");
        }

        using var signedIn = await SendAsync(HttpMethod.Post, "/console/sign-in", new FormUrlEncodedContent([new("token", "a.b.c"), new("return", "https://evil.example/")]), ("Sec-Fetch-Site", "same-origin"), ("X-Forwarded-Proto", "https"));
        (signedIn.StatusCode, signedIn.Headers.Location!.ToString()).ShouldBe((HttpStatusCode.Redirect, "/console"));
        signedIn.Headers.GetValues("Set-Cookie").Single().ShouldBe($"{Cookie}=a.b.c; path=/console; secure; samesite=strict; httponly");
    }

    [BrowserFact]
    public async Task A_form_that_is_none_is_refused_and_a_way_back_that_is_none_leads_to_the_root()
    {
        var ours = ("Sec-Fetch-Site", "same-origin");
        using var unbounded = new StringContent("token=a.b.c");
        unbounded.Headers.ContentType = new("multipart/form-data");
        foreach (var form in (HttpContent[])[unbounded, new FormUrlEncodedContent(Enumerable.Range(0, 1025).Select(i => KeyValuePair.Create($"f{i}", "1")))])
            (await SendAsync(HttpMethod.Post, "/console/sign-in", form, ours)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        foreach (var back in (string[])["/console/\n", "/console/ä", "/console/?q=\u2028", "/console/ /"])
        {
            using var signedIn = await SendAsync(HttpMethod.Post, "/console/sign-in", new FormUrlEncodedContent([new("token", "a.b.c"), new("return", back)]), ours);
            (signedIn.StatusCode, signedIn.Headers.Location?.ToString()).ShouldBe((HttpStatusCode.Redirect, "/console"), back);
        }
    }

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, params (string Name, string Value)[] headers) => SendAsync(method, path, null, headers);

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content, params (string Name, string Value)[] headers)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = console.Url };
        using var request = new HttpRequestMessage(method, path) { Content = content };
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return await http.SendAsync(request);
    }
}
