using System.Buffers.Binary;
using System.Text.Json;

namespace ConsentLedger.MarketingPreference.AskingConsent;

/// <summary>Many questions as the few that they are, each with those it is about; and what comes back, in the order in which it was asked.</summary>
internal sealed class AboutMany
{
    private const int IdLength = 16;

    private readonly int _count;
    private readonly List<int[]> _places = [];

    private AboutMany(int count) => _count = count;

    public List<ConsentQuestionAboutMany> Questions { get; } = [];

    public static AboutMany Of(IReadOnlyList<ConsentQuestion> questions)
    {
        var many = new AboutMany(questions.Count);
        foreach (var (asked, places) in PlacesOf(questions))
        {
            var ids = new byte[places.Count * IdLength];
            for (var n = 0; n < places.Count; n++) questions[places[n]].Subject.Value.TryWriteBytes(ids.AsSpan(n * IdLength), bigEndian: true, out _);
            many.Questions.Add(new(asked.Purpose, asked.Channel, asked.Recipient, asked.Category, asked.Jurisdiction, ids));
            many._places.Add([.. places]);
        }

        return many;
    }

    /// <exception cref="JsonException">Not one answer a question.</exception>
    public IReadOnlyList<ConsentDecision> Read(IReadOnlyList<ConsentAnswersAboutMany> answers)
    {
        if (answers.Count != _places.Count) throw new JsonException("Not one answer a question.");
        var decisions = new ConsentDecision[_count];
        foreach (var (places, (rules, rule, positions)) in _places.Zip(answers))
        {
            if (rule.Length != places.Length || positions.Length != places.Length * sizeof(long) || rule.Any(r => r >= rules.Count)) throw new JsonException("Not one answer a subject.");
            for (var n = 0; n < places.Length; n++)
            {
                var position = BinaryPrimitives.ReadInt64BigEndian(positions.AsSpan(n * sizeof(long)));
                decisions[places[n]] = position < 0 ? rules[rule[n]] : rules[rule[n]] with { Position = position };
            }
        }

        return decisions;
    }

    private static IEnumerable<((string Purpose, string? Channel, string? Recipient, string? Category, string? Jurisdiction) Asked, List<int> Places)> PlacesOf(IReadOnlyList<ConsentQuestion> questions)
    {
        var places = new Dictionary<(string, string?, string?, string?, string?), List<int>>();
        (ConsentQuestion? Question, List<int> Places) last = (null, []);
        for (var i = 0; i < questions.Count; i++)
        {
            var q = questions[i];

            // Nearly always as the one before, in the same texts.
            if (last.Question is not { } l || !ReferenceEquals(l.Purpose, q.Purpose) || !ReferenceEquals(l.Channel, q.Channel) || l.Recipient != q.Recipient || l.Category != q.Category
                || l.Jurisdiction != q.Jurisdiction)
            {
                var asked = (q.Purpose, q.Channel, q.Recipient, q.Category, q.Jurisdiction);
                if (!places.TryGetValue(asked, out var some)) places.Add(asked, some = new(questions.Count));
                last = (q, some);
            }

            last.Places.Add(i);
        }

        return places.Select(p => (p.Key, p.Value));
    }
}
