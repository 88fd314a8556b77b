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
    PreferenceReader reader, Standings standings, AddressReader addresses, ConsentClient consent, SendCounts counts, UnsubscribeLinks links, DecisionMetrics metrics, TimeProvider clock)
{
    /// <param name="isMailing">They are a part of very many, of whom what was found out is remembered from one mailing to the next.</param>
    public async Task<IReadOnlyList<SendAnswer>> AnswerAsync(TenantId tenant, IReadOnlyList<SendQuestion> questions, bool isMailing, CancellationToken ct)
    {
        var (verdicts, aims) = await DecideAsync(tenant, questions, isMailing, ct);
        foreach (var same in verdicts.CountBy(verdict => (verdict.Allowed, verdict.Rule))) metrics.Answered(same.Key.Allowed, same.Key.Rule, same.Value);
        var now = clock.GetUtcNow();
        var ids = DecisionIds.Make(verdicts.Length, now);
        var answers = new SendAnswer[verdicts.Length];
        for (var i = 0; i < answers.Length; i++) answers[i] = AnswerOf(questions[i], verdicts[i], ids[i], tenant, aims, now);
        return answers;
    }

    private async Task<(Verdict[] Verdicts, Aims Aims)> DecideAsync(TenantId tenant, IReadOnlyList<SendQuestion> questions, bool isMailing, CancellationToken ct)
    {
        try
        {
            var (pack, people) = isMailing ? await standings.ReadAsync(tenant, questions, ct) : await ReadAsync(tenant, questions, ct);
            var aims = new Aims(pack);
            return (await DecideAsync(tenant, questions, people, aims, isMailing, ct), aims);
        }
        catch (StoreUnavailableException)
        {
            var lastKnown = reader.LastKnown(tenant) ?? standings.LastKnown(tenant);
            return ([.. questions.Select(question => SendDecision.DecideBlind(question, lastKnown))], new Aims(lastKnown));
        }
    }

    private async Task<(PolicyPack? Pack, Standing[] People)> ReadAsync(TenantId tenant, IReadOnlyList<SendQuestion> questions, CancellationToken ct)
    {
        var (policies, people) = await reader.ReadPeopleAsync(tenant, [.. questions.Select(question => question.Subject.Stream)], ct);
        return (policies.Current, [.. questions.Zip(people, (question, person) => Standing.Of(person, question.Topic, question.Channel))]);
    }

    private async Task<Verdict[]> DecideAsync(TenantId tenant, IReadOnlyList<SendQuestion> questions, Standing[] people, Aims aims, bool isMailing, CancellationToken ct)
    {
        var tags = new HashSet<AddressTag>();
        foreach (var question in questions)
            if (question.Address is { } tag) tags.Add(tag);
        var standing = await addresses.ReadAsync(tenant, tags, ct);
        var now = clock.GetUtcNow();

        var verdicts = new Verdict[questions.Count];
        var (open, asked) = (new List<int>(questions.Count), new List<ConsentQuestion>(questions.Count));
        for (var i = 0; i < verdicts.Length; i++)
        {
            var (question, aim) = (questions[i], aims.Of(questions[i]));
            if (SendDecision.DecideHere(aim, people[i], question.Address is { } tag ? standing.GetValueOrDefault(tag) : default, now) is { } verdict)
            {
                verdicts[i] = verdict;
                continue;
            }

            open.Add(i);
            asked.Add(new ConsentQuestion(question.Subject, aim.Purpose!.Id, question.Channel, question.Recipient, question.Category, question.Jurisdiction));
        }

        var said = await AskAsync(tenant, asked, isMailing, ct);
        for (var n = 0; n < open.Count; n++)
        {
            var question = questions[open[n]];
            verdicts[open[n]] = SendDecision.DecideOn(said[n], aims.Of(question), people[open[n]].Place, question.TimeZone, now);
        }

        await CapAsync(tenant, questions, verdicts, aims.Pack, now, ct);
        return verdicts;
    }

    /// <summary>All in one call.</summary>
    private async Task<IReadOnlyList<ConsentDecision?>> AskAsync(TenantId tenant, IReadOnlyList<ConsentQuestion> asked, bool isMailing, CancellationToken ct)
    {
        if (asked.Count == 0) return [];
        try
        {
            return isMailing ? await consent.DecideForManyAsync(tenant, asked, ct) : await consent.DecideAsync(tenant, asked, ct);
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

    private SendAnswer AnswerOf(SendQuestion question, Verdict verdict, Guid id, TenantId tenant, Aims aims, DateTimeOffset now)
    {
        var messageClass = verdict.Allowed ? aims.Of(question).Topic!.MessageClass : MessageClass.Transactional;
        var bearsLink = messageClass != MessageClass.Transactional && (question.Headers ?? messageClass == MessageClass.Marketing);
        return new SendAnswer(
            verdict.Allowed, verdict.Rule, id, verdict.Position, verdict.Consent is { } ground ? new ConsentGround(ground.Code, ground.Position) : null, aims.Pack?.Version,
            bearsLink ? links.HeaderOf(LinkOf()) : null, bearsLink ? "List-Unsubscribe=One-Click" : null, verdict.NotBefore);

        UnsubscribeLink LinkOf() =>
            new(tenant, question.Subject, question.Topic, question.Channel, question.DeliveryId, question.RecipientRef, now + UnsubscribeLinks.Lifetime, question.Address);
    }
}
