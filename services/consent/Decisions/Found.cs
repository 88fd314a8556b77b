using ConsentLedger.Consent.Consents;

namespace ConsentLedger.Consent.Decisions;

/// <summary>What the questions of a round are about.</summary>
internal sealed class Found
{
    /// <summary>As of the round's position, and one for all of its questions: none of them changes it once it was told.</summary>
    public Dictionary<StreamId, SubjectConsents> Subjects { get; } = [];

    /// <summary>Who has to be read before the round can be answered.</summary>
    public HashSet<StreamId> Missing { get; } = [];

    /// <summary>What was read for this round.</summary>
    public Dictionary<StreamId, Versioned> Fresh { get; } = [];

    /// <summary>Which of those read are remembered.</summary>
    public HashSet<StreamId> ToRemember { get; } = [];
}
