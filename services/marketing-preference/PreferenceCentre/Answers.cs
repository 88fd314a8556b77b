using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.AskingConsent;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.MarketingPreference.Sending;

namespace ConsentLedger.MarketingPreference.PreferenceCentre;

/// <summary>What the gate would say to each thing a page shows, from the gate's own function: the page never shows what sending would not do.</summary>
internal sealed class Answers(ConsentClient consent)
{
    /// <summary>Topic by channel.</summary>
    public async Task<IReadOnlyDictionary<Lane, Verdict>> OfTopicsAsync(Visit visit, CancellationToken ct)
    {
        var questions = visit.Pack.Topics.SelectMany(topic => topic.Channels.Select(channel => new SendQuestion(visit.Link.Subject, topic.Id, channel))).ToList();
        var verdicts = questions.ToDictionary(q => q, q => SendDecision.DecideHere(q, visit.Person, visit.Pack, now: visit.Now));

        var open = questions.Where(q => verdicts[q] is null).ToList();
        var asked = await AskAsync(visit, [.. open.Select(q => new ConsentQuestion(q.Subject, visit.Pack.FindTopic(q.Topic)!.Purpose, q.Channel, q.Recipient))], ct);
        foreach (var (i, question) in open.Index()) verdicts[question] = Wanted(SendDecision.DecideOn(asked?[i], question, visit.State, visit.Pack, visit.Now));
        return verdicts.ToDictionary(v => new Lane(v.Key.Topic, v.Key.Channel), v => v.Value!);
    }

    // What only waits for the morning is on.
    private static Verdict Wanted(Verdict verdict) => verdict.Rule == "quiet_hours" ? verdict with { Allowed = true, Rule = verdict.Consent is { Code: "rests_on_other_basis" } or null ? "not_unsubscribed" : verdict.Consent.Code } : verdict;

    /// <summary>Purpose by channel and recipient; null where the consent service does not answer.</summary>
    public async Task<IReadOnlyDictionary<PurposeLane, ConsentDecision>?> OfPurposesAsync(Visit visit, IReadOnlyList<PurposeLane> lanes, CancellationToken ct) =>
        await AskAsync(visit, [.. lanes.Select(l => new ConsentQuestion(visit.Link.Subject, l.Purpose, l.Channel, l.Recipient))], ct) is { } said
            ? lanes.Zip(said).ToDictionary(pair => pair.First, pair => pair.Second)
            : null;

    /// <summary>
    /// The purposes that the person objects to, also where that stops nothing because something else is left to rest on: no decision tells of those. That it was looked at is not recorded.
    /// </summary>
    /// <returns>Null while consent does not answer.</returns>
    public async Task<IReadOnlyList<string>?> ObjectedAsync(Visit visit, CancellationToken ct)
    {
        try
        {
            return [.. (await consent.ReadConsentsAsync(visit.Link.Stream, ct)).Objections?.Select(o => o.Purpose).OfType<string>() ?? []];
        }
        catch (ConsentUnavailableException)
        {
            return null;
        }
    }

    private async Task<IReadOnlyList<ConsentDecision>?> AskAsync(Visit visit, IReadOnlyList<ConsentQuestion> questions, CancellationToken ct)
    {
        if (questions.Count == 0) return [];
        try
        {
            return await consent.DecideAsync(visit.Link.Tenant, questions, ct);
        }
        catch (ConsentUnavailableException)
        {
            return null;
        }
    }
}

/// <summary>A use of data as the consent service decides on it.</summary>
internal readonly record struct PurposeLane(string Purpose, string? Channel, string? Recipient)
{
    /// <summary>All of a purpose: the controller's own use, without a recipient, and each one's. The words that are agreed to are of the use, whoever has a part in it.</summary>
    public static IEnumerable<PurposeLane> Of(Purpose purpose) =>
        from channel in purpose.Channels.Select(c => (string?)c).DefaultIfEmpty(null)
        from recipient in purpose.Recipients.Prepend(null)
        select new PurposeLane(purpose.Id, channel, recipient);
}
