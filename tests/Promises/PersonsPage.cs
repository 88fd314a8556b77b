using System.Net;
using ConsentLedger.Support;

namespace ConsentLedger.Promises;

/// <summary>A person's page, used as a browser uses it: it is opened by a link, and its forms are sent with what they carry.</summary>
public sealed class PersonsPage : IDisposable
{
    private readonly HttpClient _browser;
    private readonly string _path;

    private PersonsPage(HttpClient browser, string path) => (_browser, _path) = (browser, path);

    /// <param name="purpose"><c>session</c> for somebody who has just signed in, <c>page</c> for a link in a mail.</param>
    public static async Task<PersonsPage> OpenAsync(Controller controller, Person person, string purpose = "session")
    {
        var link = await controller.Preferences.PostOkAsync($"/v1/subjects/{person.Id}/preference-links", new { purpose, lang = "en" }, controller.Ct);
        return new PersonsPage(new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = controller.Here.Preference.Url }, new Uri(link.GetProperty("url").GetString()!).AbsolutePath);
    }

    /// <summary>The same link, with another signature.</summary>
    public static string Forged(string link) => $"{link[..^8]}{(link[^8] == 'A' ? 'B' : 'A')}{link[^7..]}";

    /// <summary>How a link is answered that nobody here has signed.</summary>
    public async Task<HttpStatusCode> OpenForgedAsync()
    {
        using var answer = await _browser.GetAsync(new Uri(Forged(_path), UriKind.Relative));
        return answer.StatusCode;
    }

    /// <summary>What is there, also where that is only that nothing is.</summary>
    public async Task<string> ReadAsync(string part = "")
    {
        using var answer = await _browser.GetAsync(new Uri(_path + part, UriKind.Relative));
        return WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync());
    }

    public Task TurnOffAsync(string topic, string channel = "email") => SendAsync("choices", topic, ("channel", channel), ("want", "off"));

    /// <summary>Turns it on, under the words that the page shows for it.</summary>
    public Task TurnOnAsync(string topic, string channel = "email") => SendAsync("choices", topic, ("channel", channel), ("want", "on"));

    public Task StopEverythingAsync() => SendAsync("stop", topic: null);

    /// <returns>The request's id.</returns>
    public async Task<string> AskToBeForgottenAsync()
    {
        var form = PageForm.In(await ReadAsync("/data")).Single(f => f.Action.EndsWith("/erasures", StringComparison.Ordinal));
        using var body = new FormUrlEncodedContent(form.Fields.Append(new("sure", "yes")));
        using var answer = await _browser.PostAsync(new Uri($"{_path}/erasures", UriKind.Relative), body);
        var next = answer.Headers.Location!.ToString();
        next.ShouldContain("erasure=");
        return next[(next.IndexOf("erasure=", StringComparison.Ordinal) + "erasure=".Length)..];
    }

    public void Dispose() => _browser.Dispose();

    private async Task SendAsync(string act, string? topic, params (string Name, string Value)[] fields)
    {
        var form = PageForm.In(await ReadAsync()).First(form => topic is null ? !form.Fields.ContainsKey("topic") : form.Carries("topic", topic) && fields.All(f => form.Carries(f.Name, f.Value)));
        using var body = new FormUrlEncodedContent(form.Fields);
        using var answer = await _browser.PostAsync(new Uri($"{_path}/{act}", UriKind.Relative), body);
        answer.StatusCode.ShouldBe(HttpStatusCode.SeeOther);

        // Without "did" where the bus was quicker: what was to be done was done already.
        var next = answer.Headers.Location!.ToString();
        (next == _path || next.Contains("did=", StringComparison.Ordinal)).ShouldBeTrue(next);
    }
}
