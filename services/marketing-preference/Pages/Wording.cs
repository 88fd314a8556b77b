using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.MarketingPreference.Pages;

/// <summary>What the pages say, in one language: one resource file each. Which one a person reads is theirs to say, and what a pack is not written in is not offered.</summary>
public sealed class Wording
{
    private readonly FrozenDictionary<string, string> _words;
    private readonly string[] _months;

    private Wording(string tag, FrozenDictionary<string, string> words) => (Tag, _words, _months) = (tag, words, words["months"].Split(' '));

    /// <summary>Every language there is, by its tag.</summary>
    public static FrozenDictionary<string, Wording> All { get; } = Load();

    public static Wording Fallback { get; } = All[Localised.Fallback];

    /// <summary>BCP 47.</summary>
    public string Tag { get; }

    /// <summary><c>rtl</c> for what is written from right to left.</summary>
    public string Direction => this["direction"];

    public IReadOnlyCollection<string> Keys => _words.Keys;

    public string this[string key] => _words[key];

    /// <summary>The languages that these pages and this pack both have, the controller's first choice first; all that these pages have, where nobody knows whose page it would be.</summary>
    public static IReadOnlyList<Wording> For(PolicyPack? pack) => pack is null
        ? [Fallback, .. All.Values.Where(words => words != Fallback)]
        : [.. pack.Locales.Select(Find).OfType<Wording>().Distinct().DefaultIfEmpty(Fallback)];

    /// <summary>What the link says, else what the browser prefers, else what the controller does.</summary>
    public static Wording Choose(PolicyPack? pack, string? lang, HttpRequest request)
    {
        var offered = For(pack);
        var preferred = request.GetTypedHeaders().AcceptLanguage.OrderByDescending(a => a.Quality ?? 1).Where(a => a.Quality is not 0).Select(a => a.Value.ToString());
        return (lang is null ? preferred : preferred.Prepend(lang)).Select(Find).FirstOrDefault(offered.Contains) ?? offered[0];
    }

    /// <summary>The words under this key, or under the other where there are none.</summary>
    public string Of(string key, string otherwise) => _words.GetValueOrDefault(key) ?? _words[otherwise];

    /// <summary>With what belongs in the braces, each by its name.</summary>
    public string Say(string key, params ReadOnlySpan<(string Name, string Value)> said) => Fill(_words[key], said);

    public static string Fill(string words, params ReadOnlySpan<(string Name, string Value)> said)
    {
        foreach (var (name, value) in said) words = words.Replace($"{{{name}}}", value, StringComparison.Ordinal);
        return words;
    }

    /// <summary>With a number in the braces, in the form that the language has for so many.</summary>
    public string Counted(string key, string name, long count) => Say($"{key}.{Plural.Of(Tag, count)}", (name, count.ToString(CultureInfo.InvariantCulture)));

    /// <summary>A day as people write it.</summary>
    public string Day(DateTimeOffset moment) => Say("date",
        ("day", moment.UtcDateTime.Day == 1 ? this["date.first"] : moment.UtcDateTime.Day.ToString(CultureInfo.InvariantCulture)), ("month", _months[moment.UtcDateTime.Month - 1]), ("year", moment.UtcDateTime.Year.ToString(CultureInfo.InvariantCulture)));

    /// <summary>To the minute, where the day alone would promise too much or too little.</summary>
    public string Moment(DateTimeOffset moment) => string.Create(CultureInfo.InvariantCulture, $"{Day(moment)}, {moment.UtcDateTime:HH:mm} UTC");

    /// <summary>Whether a text with this tag is in this language, of whatever region.</summary>
    public bool Speaks(string tag) => Find(tag) == this;

    private static Wording? Find(string tag) => All.GetValueOrDefault(tag) ?? All.GetValueOrDefault(tag.Split('-')[0].ToLowerInvariant());

    private static FrozenDictionary<string, Wording> Load()
    {
        const string Folder = "wording/";
        var assembly = typeof(Wording).Assembly;
        return assembly.GetManifestResourceNames().Where(name => name.StartsWith(Folder, StringComparison.Ordinal)).Select(name =>
        {
            using var stream = assembly.GetManifestResourceStream(name)!;
            var words = JsonSerializer.Deserialize<Dictionary<string, string>>(stream, JsonSerializerOptions.Strict)!;
            return new Wording(Path.GetFileNameWithoutExtension(name[Folder.Length..]), words.ToFrozenDictionary(StringComparer.Ordinal));
        }).ToFrozenDictionary(wording => wording.Tag, StringComparer.Ordinal);
    }
}
