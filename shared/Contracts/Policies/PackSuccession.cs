namespace ConsentLedger.Contracts.Policies;

/// <summary>Whether a version may follow those published before it. Pure; nothing stands in the way of the first.</summary>
public static class PackSuccession
{
    /// <param name="published">In the order of publication.</param>
    /// <returns>Without lines: <see cref="PolicyPackReading.Accepted.Locate"/> knows them.</returns>
    public static IReadOnlyList<PolicyPackError> Check(PolicyPack pack, IReadOnlyList<PolicyPack> published) =>
        published is [.., var last] ? [.. Undeclared(PackDiff.Between(last, pack), pack), .. EditedTexts(pack, published)] : [];

    // Unnamed, the old consents would silently cover what nobody consented to.
    private static IEnumerable<PolicyPackError> Undeclared(PackDiff diff, PolicyPack pack) =>
        diff.Material.Where(m => !pack.Changes.IsMaterialFor(m.Purpose)).Select(m => new PolicyPackError(
            PolicyPackErrors.MaterialChangeUndeclared, m.Change.Path,
            $"'{m.Purpose}' changes in substance since {diff.From}, at {m.Change.Place}: {m.Rule.Name()} ({m.Rule.Source()}). Name it in changes.material, and its older consents are renewed."));

    // What a grant says was shown has to stay findable under its id (GDPR art. 7(1)).
    private static IEnumerable<PolicyPackError> EditedTexts(PolicyPack pack, IReadOnlyList<PolicyPack> published)
    {
        var texts = published.SelectMany(p => p.Purposes.SelectMany(q => q.ConsentTexts).Select(t => (Text: t, p.Version)))
            .DistinctBy(t => (t.Text.Id, t.Text.Locale)).ToDictionary(t => (t.Text.Id, t.Text.Locale));
        foreach (var (p, purpose) in pack.Purposes.Index())
        {
            foreach (var (t, text) in purpose.ConsentTexts.Index())
            {
                if (texts.TryGetValue((text.Id, text.Locale), out var first) && first.Text.Text != text.Text)
                    yield return new(PolicyPackErrors.TextEdited, $"/purposes/{p}/consentTexts/{t}/text",
                        $"'{text.Id}' said something else in '{text.Locale}' in version {first.Version}. Give the new text an id of its own.");
            }
        }
    }
}
