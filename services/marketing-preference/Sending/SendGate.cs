using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.AskingConsent;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.MarketingPreference.Unsubscribing;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Sending;

/// <summary>
/// Answers some questions at once, each on what every replica of both services had acknowledged when it came in: everything is read after that, this service's part before
/// the consent service's.
/// </summary>
public sealed class SendGate(
    PreferenceReader reader, AddressReader addresses, ConsentClient consent, SendCounts counts, UnsubscribeLinks links, DecisionMetrics metrics, TimeProvider clock)
{
    public async Task<IReadOnlyList<SendAnswer>> AnswerAsync(TenantId tenant, IReadOnlyList<SendQuestion> questions, CancellationToken ct)
    {
        var (verdicts, pack) = await DecideAsync(tenant, questions, ct);
        foreach (var verdict in verdicts) metrics.Answered(verdict.Allowed, verdict.Rule);
        var now = clock.GetUtcNow();
        return [.. questions.Zip(verdicts, (question, verdict) => AnswerOf(question, verdict, tenant, pack, now))];
    }

    private async Task<(Verdict[] Verdicts, PolicyPack? Pack)> DecideAsync(TenantId tenant, IReadOnlyList<SendQuestion> questions, CancellationToken ct)
    {
        try
        {
            return await DecideKnowingAsync(tenant, questions, ct);
        }
        catch (StoreUnavailableException)
        {
            var lastKnown = reader.LastKnown(tenant);
            return ([.. questions.Select(question => SendDecision.DecideBlind(question, lastKnown))], lastKnown);
        }
    }

    private async Task<(Verdict[] Verdicts, PolicyPack? Pack)> DecideKnowingAsync(TenantId tenant, IReadOnlyList<SendQuestion> questions, CancellationToken ct)
    {
        var (policies, subjects) = await reader.ReadAsync(tenant, [.. questions.Select(question => question.Subject.Stream)], ct);
        var standing = await addresses.ReadAsync(tenant, [.. questions.Select(question => question.Address).OfType<AddressTag>().Distinct()], ct);
        var (pack, now) = (policies.Current, clock.GetUtcNow());

        var verdicts = new Verdict?[questions.Count];
        var open = new List<int>();
        for (var i = 0; i < questions.Count; i++)
        {
            verdicts[i] = SendDecision.DecideHere(questions[i], subjects[i].State, pack, questions[i].Address is { } tag ? standing.GetValueOrDefault(tag) : default, now);
            if (verdicts[i] is null) open.Add(i);
        }

        var said = await AskAsync(tenant, [.. open.Select(i => questions[i])], pack, ct);
        for (var n = 0; n < open.Count; n++) verdicts[open[n]] = SendDecision.DecideOn(said[n], questions[open[n]], subjects[open[n]].State, pack!, now);
        await CapAsync(tenant, questions, verdicts!, pack, now, ct);
        return ([.. verdicts.Select(verdict => verdict!)], pack);
    }

    /// <summary>All in one call.</summary>
    private async Task<IReadOnlyList<ConsentDecision?>> AskAsync(TenantId tenant, IReadOnlyList<SendQuestion> asked, PolicyPack? pack, CancellationToken ct)
    {
        if (asked.Count == 0) return [];
        try
        {
            return await consent.DecideAsync(
                tenant, [.. asked.Select(q => new ConsentQuestion(q.Subject, pack!.FindTopic(q.Topic)!.Purpose, q.Channel, q.Recipient, q.Category, q.Jurisdiction))], ct);
        }
        catch (ConsentUnavailableException)
        {
            return new ConsentDecision?[asked.Count];
        }
    }

    /// <summary>Only what everything else lets through takes a place.</summary>
    private async Task CapAsync(TenantId tenant, IReadOnlyList<SendQuestion> questions, Verdict[] verdicts, PolicyPack? pack, DateTimeOffset now, CancellationToken ct)
    {
        if (pack?.Topics.Any(topic => topic.Cap is not null) != true) return;
        var capped = (from i in Enumerable.Range(0, questions.Count)
                      where verdicts[i].Allowed
                      let cap = pack.FindTopic(questions[i].Topic)!.Cap
                      where cap is not null
                      select (Index: i, Cap: cap, End: cap.EndOf(cap.PeriodOf(now)))).ToList();
        if (capped.Count == 0) return;
        var fits = await counts.CountAsync(tenant, [.. capped.Select(c => new CountedSend(
            questions[c.Index].Subject.Stream, questions[c.Index].Topic, c.End.AddDays(-c.Cap.Days), c.Cap.Messages, questions[c.Index].DeliveryId))], ct);
        foreach (var (n, (index, _, end)) in capped.Index())
            if (!fits[n]) verdicts[index] = verdicts[index] with { Allowed = false, Rule = "frequency_capped", NotBefore = end };
    }

    private SendAnswer AnswerOf(SendQuestion question, Verdict verdict, TenantId tenant, PolicyPack? pack, DateTimeOffset now)
    {
        var messageClass = verdict.Allowed ? pack!.FindTopic(question.Topic)!.MessageClass : MessageClass.Transactional;
        var bearsLink = messageClass != MessageClass.Transactional && (question.Headers ?? messageClass == MessageClass.Marketing);
        return new SendAnswer(
            verdict.Allowed, verdict.Rule, Guid.CreateVersion7(now), verdict.Position, verdict.Consent is { } ground ? new ConsentGround(ground.Code, ground.Position) : null, pack?.Version,
            bearsLink ? $"<{links.AddressOf(LinkOf())}>" : null, bearsLink ? "List-Unsubscribe=One-Click" : null, verdict.NotBefore);

        UnsubscribeLink LinkOf() =>
            new(tenant, question.Subject, question.Topic, question.Channel, question.DeliveryId, question.RecipientRef, now + UnsubscribeLinks.Lifetime, question.Address);
    }
}
