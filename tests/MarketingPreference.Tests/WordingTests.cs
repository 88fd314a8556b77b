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
        words.Keys.Select(Plain).Distinct().ShouldBe(Wording.Fallback.Keys.Select(Plain).Distinct(), ignoreOrder: true);

        // In each form that the language counts in.
        var forms = Enumerable.Range(0, 1201).Select(count => Plural.Of(tag, count)).Distinct().ToList();
        foreach (var counted in words.Keys.Where(key => Plain(key) != key).ToLookup(Plain)) counted.ShouldBe(forms.Select(form => $"{counted.Key}.{form}"), ignoreOrder: true);
        words["months"].Split(' ').Length.ShouldBe(12);
        words.Direction.ShouldBeOneOf("ltr", "rtl");
        foreach (var key in words.Keys)
        {
            words[key].ShouldNotBeNullOrWhiteSpace(key);
            var said = Named(Wording.Fallback[Wording.Fallback.Keys.Contains(key) ? key : $"{Plain(key)}.{Plural.Other}"]);

            // A form that is of one number alone may be that number's word.
            if (key.EndsWith(".one", StringComparison.Ordinal) || key.EndsWith(".two", StringComparison.Ordinal)) Named(words[key]).ShouldBeSubsetOf(said, key);
            else Named(words[key]).ShouldBe(said, ignoreOrder: true, key);
        }

        static string Plain(string key) => Regex.Replace(key, "(?<=[.]months)[.](zero|one|two|few|many|other)$", "");

        static IEnumerable<string> Named(string text) => Regex.Matches(text, "{[a-z]+}").Select(m => m.Value).Distinct();
    }

    [Theory]
    [InlineData("en", 1, "1 January 2027")]
    [InlineData("fr", 1, "1er janvier 2027")]
    [InlineData("fr", 2, "2 janvier 2027")]
    [InlineData("de", 1, "1. Januar 2027")]
    [InlineData("sv", 1, "1 januari 2027")]
    [InlineData("ar", 1, "1 يناير 2027")]
    public void A_day_is_written_as_people_write_it(string tag, int day, string written) =>
        Wording.All[tag].Day(new DateTimeOffset(2027, 1, day, 23, 59, 0, TimeSpan.Zero)).ShouldBe(written);

    [Theory]
    [InlineData("en", 1, "and 1 month after")]
    [InlineData("en", 0, "and 0 months after")]
    [InlineData("en", 24, "and 24 months after")]
    [InlineData("fr", 1, "et 1 mois de plus")]
    [InlineData("de", 1, "und 1 Monat darüber hinaus")]
    [InlineData("de", 36, "und 36 Monate darüber hinaus")]
    [InlineData("sv", 1, "och 1 månad därefter")]
    [InlineData("sv", 12, "och 12 månader därefter")]
    [InlineData("ar", 1, "وبعدها شهر واحد")]
    [InlineData("ar", 2, "وبعدها شهران")]
    [InlineData("ar", 3, "وبعدها 3 أشهر")]
    [InlineData("ar", 110, "وبعدها 110 أشهر")]
    [InlineData("ar", 36, "وبعدها 36 شهرًا")]
    [InlineData("ar", 100, "وبعدها 100 شهر")]
    public void What_is_counted_is_said_as_the_language_counts(string tag, int months, string said) => Wording.All[tag].Counted("kept.months", "months", months).ShouldBe(said);

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
