using System.Text.Json;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.Consent;
using ConsentLedger.Consent.Consents;
using Clocks = ConsentLedger.Consent.Consents.Reading.Replay;

namespace ConsentLedger.Auditor.Histories;

/// <summary>One event and what it changed, as the consent service itself folds it.</summary>
/// <param name="Facts">Null where they were purged, or are of a kind that this program is too old for. Then nothing changed that anybody could tell.</param>
internal sealed record Step(HistoryEvent Event, object? Facts, SubjectConsents Before, SubjectConsents After)
{
    public bool ChangedState => !ReferenceEquals(Before, After);

    /// <summary>The events that the clocks leave in, in version order.</summary>
    public static IReadOnlyList<Step> Fold(SubjectHistory history, Clocks clocks)
    {
        var steps = new List<Step>();
        var state = SubjectConsents.Stream.Before;
        foreach (var e in history.Events)
        {
            var facts = FactsOf(e);
            if (!clocks.Includes(e.Place, facts)) continue;
            var after = facts is null ? state : SubjectConsents.Stream.After(state, facts, e.Place);
            steps.Add(new Step(e, facts, state, after));
            state = after;
        }

        return steps;
    }

    /// <summary>What the steps come to.</summary>
    public static SubjectConsents StateOf(IReadOnlyList<Step> steps) => steps is [.., var last] ? last.After : SubjectConsents.Stream.Before;

    private static object? FactsOf(HistoryEvent e)
    {
        if (e.Stored is not { } stored || !ConsentCatalog.Events.Events.ContainsKey(stored.Type)) return null;
        try
        {
            return ConsentCatalog.Events.Decode(stored);
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidDataException)
        {
            throw new UnansweredException("content_malformed", $"Version {e.Place.Version} does not say what a {stored.Type} says.", malformed);
        }
    }
}
