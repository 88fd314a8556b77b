using System.Collections.Concurrent;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Decisions.Audiences;
using ConsentLedger.Consent.Policies;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Decisions.Many;

/// <summary>A question without the subject it is about.</summary>
public sealed record AskedOfMany(string Purpose, string? Channel, string? Recipient, string? Scope, string? Category, string? Jurisdiction, string? Destination)
{
    public DecisionRequest About(StreamId subject) => new(SubjectId.Of(subject), Purpose, Channel, Recipient, Scope, Category, Jurisdiction, Destination);
}

/// <summary>One subject's answer, as small as can be.</summary>
/// <param name="Rule">Without a position: the same object for everybody who is answered the same.</param>
/// <param name="Position">-1 for none.</param>
/// <param name="Ends">From when on time alone may have changed it, in milliseconds since 1970.</param>
public readonly record struct Decided(DecisionAnswer Rule, long Position, long Ends);

/// <summary>
/// Decides about very many strictly. What was answered is remembered and moved on along the log; about the others the table of facts is asked, and the log for what it lacks. The very function that
/// answers single questions decides.
/// </summary>
/// <param name="capacity">About how many answers of one tenant are kept in memory.</param>
public sealed class ManyDecisions(IEventEngine engine, EventCatalog catalog, SubjectFacts facts, CurrentSubjects current, TimeProvider clock, int capacity = ManyDecisions.DefaultCapacity)
{
    public const int DefaultCapacity = 1_000_000;

    /// <summary>A table further behind than this is being built: then streams are read.</summary>
    private const int MaxBehind = 5_000;

    private readonly ConcurrentDictionary<TenantId, RememberedAnswers<AskedOfMany, Decided, Policies>> _remembered = [];
    private readonly ConcurrentDictionary<DecisionAnswer, DecisionAnswer> _rules = [];

    /// <summary>The answers to each question, in the order asked.</summary>
    /// <exception cref="StoreUnavailableException">The log could not be asked: there is no answer that holds.</exception>
    public async Task<IReadOnlyList<Decided[]>> DecideAsync(TenantId tenant, IReadOnlyList<(AskedOfMany Question, StreamId[] Subjects)> asked, CancellationToken ct)
    {
        var remembered = _remembered.GetOrAdd(tenant, name => new(name, engine, (known, grown, position) => ReadPoliciesAsync(name, known, grown, position), capacity));
        var moment = await remembered.FollowAsync(ct);
        var now = clock.GetUtcNow();
        var nowMs = now.ToUnixTimeMilliseconds();
        var answers = asked.Select(a => new Decided[a.Subjects.Length]).ToList();
        var missing = asked.Select((a, n) => remembered.Find(moment, a.Question, a.Subjects, answers[n], answer => nowMs < answer.Ends)).ToList();
        if (missing.All(m => m.Count == 0)) return answers;

        // Everybody is read once, whatever is asked about them.
        var states = await ReadAsync(tenant, moment.Position, [.. asked.SelectMany((a, n) => missing[n].Select(i => a.Subjects[i])).Distinct()], ct);
        var linked = states.Where(s => !s.Value.Others.IsEmpty).Select(s => s.Key).ToList();
        var people = linked.Count == 0 ? null : await current.ReadAsync(tenant, linked, Freshness.Strict, ct, remember: false);
        for (var n = 0; n < asked.Count; n++)
        {
            var (question, subjects) = asked[n];
            var found = new List<(StreamId, Decided)>(missing[n].Count);
            foreach (var i in missing[n])
            {
                var (subject, state) = (subjects[i], states[subjects[i]]);
                if (state.Others.IsEmpty)
                {
                    answers[n][i] = Of(ConsentDecision.Decide(question.About(subject), [state], moment.Common.Book, now), NextTurn(state, now));
                    found.Add((subject, answers[n][i]));
                }
                else
                {
                    // Rests on more streams than its own, and so is not kept.
                    answers[n][i] = Of(ConsentDecision.Decide(question.About(subject), SubjectConsents.PersonOf(subject, people!.Subjects), people.Policies, now), DateTimeOffset.MinValue);
                }
            }

            remembered.Remember(moment, question, found);
        }

        return answers;
    }

    /// <summary>When time alone may next change an answer about this subject: what ends by itself, and birthdays.</summary>
    private static DateTimeOffset NextTurn(SubjectConsents state, DateTimeOffset now)
    {
        var next = DateTimeOffset.MaxValue;
        foreach (var lane in state.Lanes.Values)
        {
            Consider(lane.Until);
            Consider(lane.Ends);
            Consider(lane.Renewal?.Until);
        }

        Consider(state.Age?.ConsentsFrom);
        Consider(state.Age?.OfAgeFrom);
        return next;

        void Consider(DateTimeOffset? turn)
        {
            if (turn > now && turn < next) next = turn.Value;
        }
    }

    private Decided Of(DecisionAnswer answer, DateTimeOffset ends)
    {
        var rule = answer with { Position = null };
        return new Decided(_rules.GetOrAdd(rule, rule), answer.Position ?? -1, ends.ToUnixTimeMilliseconds());
    }

    /// <summary>The same object while the policies are the same: answers that rest on others are void.</summary>
    private async Task<Policies> ReadPoliciesAsync(TenantId tenant, Policies? known, IReadOnlySet<StreamId> grown, long position)
    {
        var stream = PolicyBook.Of(tenant);
        if (known is not null && !grown.Contains(stream.Id)) return known;
        var (book, version) = known ?? new Policies(PolicyBook.Empty, 0);
        foreach (var e in await engine.ReadStreamsAsync([new StreamSlice(stream, version)], CancellationToken.None))
            if (e.Place.Position < position) (book, version) = (PolicyBook.Stream.After(book, catalog.Decode(e), e.Place), e.Place.Version);

        // Those that were published since: rules name the policy that they rest on, and there would be no end of them.
        _rules.Clear();
        return new Policies(book, version);
    }

    /// <summary>As of the position, or later: a row that has moved on meanwhile is not taken back, for nothing is left there of whoever was erased.</summary>
    private async Task<Dictionary<StreamId, SubjectConsents>> ReadAsync(TenantId tenant, long position, IReadOnlyList<StreamId> subjects, CancellationToken ct)
    {
        var (followed, states) = await facts.ReadAsync(tenant, subjects, ct);
        if (position - followed > MaxBehind)
        {
            var read = await current.ReadAsync(tenant, subjects, Freshness.Strict, ct, remember: false);
            return subjects.ToDictionary(s => s, s => read.Subjects[s]);
        }

        foreach (var subject in subjects) states.TryAdd(subject, SubjectConsents.Stream.Before);
        while (followed < position)
        {
            var page = await engine.ReadFromAsync(tenant, followed, (int)(position - followed), ct);
            if (page.Count == 0) throw new InvalidOperationException($"The log has no event at position {followed}, though {position} are in it.");
            foreach (var e in page)
                if (states.TryGetValue(e.Stream.Id, out var state)) states[e.Stream.Id] = SubjectConsents.Stream.After(state, catalog.Decode(e), e.Place);
            followed = page[^1].Place.Position + 1;
        }

        return states;
    }

    /// <param name="Version">Of the policy stream.</param>
    private sealed record Policies(PolicyBook Book, long Version);
}
