using ConsentLedger.MarketingPreference.Preferences;

namespace ConsentLedger.MarketingPreference.Bulk;

// One import is one stream. Its lines lie in a table beside it until they were carried out; what became of each is kept, who it was about is not.

/// <summary>A list was read and is kept: so many lines, of which so many are none.</summary>
/// <param name="Source">Where it comes from, as a word of the controller's own.</param>
/// <param name="Digest">SHA-256 of the bytes that came, in hexadecimal digits.</param>
public sealed record ImportAccepted(Word Source, ImportFormat Format, string Digest, long Lines, long Invalid, int Parts);

/// <summary>Somebody looked at it and said yes.</summary>
public sealed record ImportStarted(string By);

/// <summary>One part more was carried out, whole.</summary>
/// <param name="Part">From 0.</param>
public sealed record ImportAdvanced(int Part, Counts Counts);

public sealed record ImportCompleted(Counts Counts);

/// <summary>It cannot go on from this part. What came before it was carried out.</summary>
/// <param name="Code">Why.</param>
public sealed record ImportFailed(int Part, string Code);

public enum ImportFormat
{
    Csv,
    NdJson,
}

public enum ImportState
{
    Unknown,
    Accepted,
    Running,
    Completed,
    Failed,
}

/// <summary>What became of lines.</summary>
public sealed record Counts(long Recorded, long Unchanged, long Refused, long Invalid)
{
    public static readonly Counts None = new(0, 0, 0, 0);

    public static Counts operator +(Counts left, Counts right) =>
        new(left.Recorded + right.Recorded, left.Unchanged + right.Unchanged, left.Refused + right.Refused, left.Invalid + right.Invalid);

    public static Counts Of(IEnumerable<LineResult> results) => results.Aggregate(None, (counts, result) => counts + result.Outcome switch
    {
        LineOutcome.Recorded => None with { Recorded = 1 },
        LineOutcome.Unchanged => None with { Unchanged = 1 },
        LineOutcome.Refused => None with { Refused = 1 },
        _ => None with { Invalid = 1 },
    });
}

/// <param name="NextPart">The part that is to be carried out next.</param>
public sealed record Import(ImportState State, ImportAccepted? Accepted, DateTimeOffset AcceptedAt, int NextPart, Counts Counts)
{
    /// <summary>Whoever has not said yes by then uploads it again: the list has aged, and its lines are not kept.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);

    /// <summary>Why it failed; null where it did not.</summary>
    public string? Code { get; private init; }

    public static readonly Import Unknown = new(ImportState.Unknown, null, default, 0, Counts.None);

    public static readonly StreamType<Import> Stream = new(Unknown, (import, e, place) => import.Evolve(e, place));

    private Import Evolve(object e, EventPlace place) => e switch
    {
        ImportAccepted accepted => this with { State = ImportState.Accepted, Accepted = accepted, AcceptedAt = place.RecordedAt },
        ImportStarted => this with { State = ImportState.Running },
        ImportAdvanced advanced => this with { NextPart = advanced.Part + 1, Counts = Counts + advanced.Counts },
        ImportCompleted => this with { State = ImportState.Completed },
        ImportFailed failed => this with { State = ImportState.Failed, Code = failed.Code },
        _ => this,
    };
}
