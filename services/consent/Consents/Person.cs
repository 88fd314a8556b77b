namespace ConsentLedger.Consent.Consents;

/// <summary>One person, who may be known as several subjects.</summary>
public static class Person
{
    /// <summary>The subject first, and after it all that merges connect it with, as far as their states are there.</summary>
    public static IReadOnlyList<SubjectConsents> Of(StreamId subject, IReadOnlyDictionary<StreamId, SubjectConsents> states)
    {
        if (states[subject].Others.IsEmpty) return [states[subject]];
        var known = new List<StreamId> { subject };
        for (var i = 0; i < known.Count; i++) known.AddRange(states[known[i]].Others.Where(o => states.ContainsKey(o) && !known.Contains(o)));
        return [.. known.Select(s => states[s])];
    }
}
