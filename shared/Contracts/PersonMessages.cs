namespace ConsentLedger.Contracts;

// Who a subject is, as far as decisions need to know. A month of birth stays where it was stated: what follows from it is enough for others.

/// <summary>Two subjects are one person. Each of them has this event; what either refuses is refused for both.</summary>
/// <param name="Other">The other subject.</param>
public sealed record SubjectMergedV1(Guid Other, DateTimeOffset OccurredAt, string Actor, string Method, string? Source = null)
{
    public const string Type = "subject.merged.v1";
}

/// <summary>They are two after all: each is again what it said itself.</summary>
/// <param name="Other">The other subject.</param>
public sealed record SubjectUnmergedV1(Guid Other, DateTimeOffset OccurredAt, string Actor, string Method, string? Source = null)
{
    public const string Type = "subject.unmerged.v1";
}

/// <summary>From when a person consents alone became known (GDPR art. 8).</summary>
/// <param name="ConsentsFrom">Before it, a guardian consents.</param>
/// <param name="OfAgeFrom">From then on, what a guardian consented to has to be affirmed.</param>
public sealed record BirthMonthStatedV1(
    DateTimeOffset ConsentsFrom,
    DateTimeOffset OfAgeFrom,
    DateTimeOffset OccurredAt,
    string Actor,
    string Method,
    string? Source = null,
    string? Jurisdiction = null)
{
    public const string Type = "subject.birth-month-stated.v1";
}

/// <summary>The person is of age: consents of a guardian wait to be affirmed.</summary>
public sealed record SubjectCameOfAgeV1(DateTimeOffset OfAgeFrom)
{
    public const string Type = "subject.came-of-age.v1";
}
