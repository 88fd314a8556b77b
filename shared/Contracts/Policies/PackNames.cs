using System.Text.RegularExpressions;

namespace ConsentLedger.Contracts.Policies;

/// <summary>Names: each well formed, declared once, and said in a language of the pack.</summary>
internal static partial class PackNames
{
    public static IEnumerable<PolicyPackError> Check(PolicyPack pack) =>
        [.. CheckLabels(pack), .. CheckIds(pack), .. CheckJurisdictions(pack), .. CheckLocales(pack)];

    private static IEnumerable<PolicyPackError> CheckLabels(PolicyPack pack)
    {
        if (!TenantPattern().IsMatch(pack.Tenant))
            yield return new(PolicyPackErrors.TenantInvalid, "/tenant", "A tenant is named by at most 63 of a-z, 0-9 and inner hyphens.");
        if (!VersionPattern().IsMatch(pack.Version))
            yield return new(PolicyPackErrors.VersionInvalid, "/version", "A version is a date or a semantic version, at most 40 of 0-9, A-Z, a-z, '.', '-'.");
        if (pack.Recipients.All(r => r.Id != PolicyPack.ControllerRecipient))
            yield return new(PolicyPackErrors.ControllerUndeclared, "/recipients", "The recipient 'controller' has to be declared.");
        if (!pack.Locales.Contains(Localised.Fallback))
            yield return new(PolicyPackErrors.LocaleMissing, "/locales", "A pack speaks English besides its own languages.");
        foreach (var (i, channel) in pack.Channels.Index())
        {
            if (!Channels.All.Contains(channel))
                yield return new(PolicyPackErrors.ChannelUnknown, $"/channels/{i}", $"'{channel}' is none of {string.Join(", ", Channels.All)}.");
        }
    }

    private static IEnumerable<PolicyPackError> CheckIds(PolicyPack pack) =>
    [
        .. Unique(pack.Channels, "/channels", member: ""),
        .. Unique(pack.SubjectCategories, "/subjectCategories", member: ""),
        .. Unique(pack.DataCategories.Select(d => d.Id), "/dataCategories"),
        .. Unique(pack.Sources.Select(s => s.Id), "/sources"),
        .. Unique(pack.Recipients.Select(r => r.Id), "/recipients"),
        .. Unique(pack.Processors.Select(p => p.Id), "/processors"),
        .. Unique(pack.Transfers.Select(t => t.Id), "/transfers"),
        .. Unique(pack.Purposes.Select(p => p.Id), "/purposes"),
        .. Unique(pack.Topics.Select(t => t.Id), "/topics"),
        .. Unique(pack.Authorisations.Select(a => a.Provider), "/authorisations", member: "/provider"),
        .. CheckConsentTextIds(pack),
    ];

    private static IEnumerable<PolicyPackError> CheckConsentTextIds(PolicyPack pack)
    {
        var seen = new HashSet<(string Id, string Locale)>();
        foreach (var (p, purpose) in pack.Purposes.Index())
        {
            foreach (var (t, text) in purpose.ConsentTexts.Index())
            {
                if (!IdPattern().IsMatch(text.Id))
                    yield return InvalidId(text.Id, $"/purposes/{p}/consentTexts/{t}/id");
                if (!seen.Add((text.Id, text.Locale)))
                    yield return new(PolicyPackErrors.IdDuplicate, $"/purposes/{p}/consentTexts/{t}/id", $"'{text.Id}' exists already in '{text.Locale}'.");
            }
        }
    }

    private static IEnumerable<PolicyPackError> CheckJurisdictions(PolicyPack pack) =>
    [
        .. Places(pack.Regimes.Select(r => r.Jurisdiction), "/regimes", member: "/jurisdiction"),
        .. Places(pack.Children?.Ages.Select(a => a.Jurisdiction) ?? [], "/children/ages", member: "/jurisdiction"),
        .. Places(pack.Tracking?.HonouredIn ?? [], "/tracking/honouredIn", member: ""),
        .. pack.Transfers.SelectMany((t, i) => Destinations(t.Destinations, $"/transfers/{i}/destinations")),
    ];

    private static IEnumerable<PolicyPackError> CheckLocales(PolicyPack pack) =>
    [
        .. pack.Purposes.SelectMany((p, i) => Texts(pack, p.Title, $"/purposes/{i}/title")),
        .. pack.Purposes.SelectMany((p, i) => Texts(pack, p.Description, $"/purposes/{i}/description")),
        .. pack.Purposes.SelectMany((p, i) => p.ConsentTexts.SelectMany((t, j) => Spoken(pack, t.Locale, $"/purposes/{i}/consentTexts/{j}/locale"))),
        .. pack.Topics.SelectMany((t, i) => Texts(pack, t.Title, $"/topics/{i}/title")),
        .. pack.Topics.SelectMany((t, i) => Texts(pack, t.Description, $"/topics/{i}/description")),
        .. pack.Changes.Material.SelectMany((m, i) => Texts(pack, m.Summary, $"/changes/material/{i}/summary")),
    ];

    private static IEnumerable<PolicyPackError> Unique(IEnumerable<string> ids, string path, string member = "/id")
    {
        var seen = new HashSet<string>();
        foreach (var (i, id) in ids.Index())
        {
            if (!IdPattern().IsMatch(id))
                yield return InvalidId(id, $"{path}/{i}{member}");
            if (!seen.Add(id))
                yield return new(PolicyPackErrors.IdDuplicate, $"{path}/{i}{member}", $"'{id}' is declared twice.");
        }
    }

    private static IEnumerable<PolicyPackError> Places(IEnumerable<string> codes, string path, string member)
    {
        var seen = new HashSet<string>();
        foreach (var (i, code) in codes.Index())
        {
            if (!JurisdictionPattern().IsMatch(code) || !IsPlace(code))
                yield return new(PolicyPackErrors.JurisdictionInvalid, $"{path}/{i}{member}", $"'{code}' is no ISO 3166 code, nor EU, nor '*'.");
            if (!seen.Add(code))
                yield return new(PolicyPackErrors.IdDuplicate, $"{path}/{i}{member}", $"'{code}' is given twice.");
        }
    }

    private static IEnumerable<PolicyPackError> Destinations(IEnumerable<string> codes, string path) =>
        codes.Index().Where(c => !DestinationPattern().IsMatch(c.Item) || !IsPlace(c.Item)).Select(c =>
            new PolicyPackError(PolicyPackErrors.JurisdictionInvalid, $"{path}/{c.Index}", $"'{c.Item}' is no ISO 3166-1 code, nor EU, APEC or '*'."));

    private static bool IsPlace(string code) => code == Jurisdictions.Anywhere || Jurisdictions.IsKnown(code);

    private static IEnumerable<PolicyPackError> Texts(PolicyPack pack, IReadOnlyDictionary<string, string>? texts, string path)
    {
        if (texts is null)
            return [];

        var undeclared = texts.Keys.SelectMany(locale => Spoken(pack, locale, JsonLines.Child(path, locale)));
        return texts.ContainsKey(Localised.Fallback)
            ? undeclared
            : undeclared.Append(new(PolicyPackErrors.LocaleMissing, path, "This is said in English besides other languages."));
    }

    private static IEnumerable<PolicyPackError> Spoken(PolicyPack pack, string locale, string path) =>
        pack.Locales.Contains(locale) ? [] : [new(PolicyPackErrors.LocaleUndeclared, path, $"'{locale}' is not among the pack's locales.")];

    private static PolicyPackError InvalidId(string id, string path) =>
        new(PolicyPackErrors.IdInvalid, path, $"'{id}' is not in kebab case, at most 63 of a-z, 0-9 and inner hyphens.");

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9-]{0,62}\z")]
    private static partial Regex TenantPattern();

    [GeneratedRegex(@"\A[0-9A-Za-z][0-9A-Za-z.-]{0,39}\z")]
    private static partial Regex VersionPattern();

    [GeneratedRegex(@"\A(?=.{1,63}\z)[a-z0-9]+(-[a-z0-9]+)*\z")]
    private static partial Regex IdPattern();

    [GeneratedRegex(@"\A([A-Z]{2}(-[A-Z0-9]{1,3})?|\*)\z")]
    private static partial Regex JurisdictionPattern();

    [GeneratedRegex(@"\A([A-Z]{2}|APEC|\*)\z")]
    private static partial Regex DestinationPattern();
}
