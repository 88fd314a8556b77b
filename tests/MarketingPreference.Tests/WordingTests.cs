using System.Text.RegularExpressions;
using ConsentLedger.MarketingPreference.AskingErasure;
using ConsentLedger.MarketingPreference.Pages;
using Microsoft.AspNetCore.Http;

namespace ConsentLedger.MarketingPreference.Tests;

/// <summary>What the pages say, in each language.</summary>
public sealed class WordingTests
{
    public static TheoryData<string> Languages => [.. Wording.All.Keys];

    [Fact]
    public void There_are_the_languages_that_were_promised() => Wording.All.Keys.ShouldBe(["en", "fr", "de", "sv", "ar"], ignoreOrder: true);

    [Theory, MemberData(nameof(Languages))]
    public void Everything_is_said_in_every_language_about_the_same_things(string tag)
    {
        var words = Wording.All[tag];
        words.Keys.ShouldBe(Wording.Fallback.Keys, ignoreOrder: true);
        words["months"].Split(' ').Length.ShouldBe(12);
        words.Direction.ShouldBeOneOf("ltr", "rtl");
        foreach (var key in words.Keys)
        {
            words[key].ShouldNotBeNullOrWhiteSpace(key);
            Named(words[key]).ShouldBe(Named(Wording.Fallback[key]), ignoreOrder: true, key);
        }

        static IEnumerable<string> Named(string text) => Regex.Matches(text, "{[a-z]+}").Select(m => m.Value).Distinct();
    }

    [Theory]
    [InlineData("awaiting-identity", null, "running")]
    [InlineData("cooling-off", null, "running")]
    [InlineData("running", null, "running")]
    [InlineData("held", null, "held")]
    [InlineData("withdrawn", null, "withdrawn")]
    [InlineData("completed", "fully", "completed")]
    [InlineData("completed", "partially", "partly")]
    [InlineData("completed", "refused", "refused")]
    [InlineData("certified", null, "completed")]
    public void Every_standing_of_an_erasure_has_its_words(string state, string? outcome, string standing)
    {
        new Erasure(Guid.Empty, Guid.Empty, state, DateOnly.MinValue, outcome).Standing.ShouldBe(standing);
        Wording.Fallback.Keys.ShouldContain($"erase.{standing}");
    }

    [Theory]
    [InlineData(null, "", "en")]
    [InlineData("fr", "de", "fr")]
    [InlineData("fr-CA", "de", "fr")]
    [InlineData("xx", "de", "de")]
    [InlineData(null, "da, sv;q=0.8, de;q=0.9", "de")]
    [InlineData(null, "sv-FI,en;q=0.5", "sv")]
    [InlineData(null, "de;q=0, fr;q=0.1", "fr")]
    [InlineData(null, "ar", "en")]
    [InlineData(null, "*", "en")]
    [InlineData(null, "not a language;;;", "en")]
    public void The_link_decides_then_the_browser_then_the_controller_and_only_what_the_pack_is_written_in(string? lang, string accepted, string tag)
    {
        var context = new DefaultHttpContext();
        context.Request.Headers.AcceptLanguage = accepted;
        Wording.Choose(Packs.Northwind, lang, context.Request).Tag.ShouldBe(tag);
    }
}
