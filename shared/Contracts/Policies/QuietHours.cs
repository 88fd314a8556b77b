using System.Globalization;

namespace ConsentLedger.Contracts.Policies;

/// <summary>When nobody is to be disturbed over a channel. What is owed by a contract or the law goes out all the same.</summary>
public sealed record QuietHours
{
    public required string Channel { get; init; }

    /// <summary>The first minute of quiet on the recipient's clock, as <c>21:00</c>.</summary>
    public required string From { get; init; }

    /// <summary>The first minute after it. Earlier than <see cref="From"/> means: on the next day.</summary>
    public required string To { get; init; }

    /// <summary>Whose clock counts where the recipient's is not known: a name of the IANA time zone database.</summary>
    public required string TimeZone { get; init; }

    /// <summary>Whether these are hours at all: two different times, in a place that there is.</summary>
    public bool AreSound() => TryRead(From, out var from) && TryRead(To, out var to) && from != to && Find(TimeZone) is not null;

    /// <summary>The zone of this name of the IANA database; null where there is none.</summary>
    public static TimeZoneInfo? Find(string name) => name.Contains('/') || name is "UTC" ? TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) ? zone : null : null;

    /// <summary>
    /// The moment at which the quiet ends that holds now; null where none does. A clock that is put forward past the end ends it there, and of an hour that comes twice the first
    /// counts.
    /// </summary>
    public DateTimeOffset? EndOf(DateTimeOffset now, TimeZoneInfo? recipients = null)
    {
        var zone = recipients ?? Find(TimeZone) ?? TimeZoneInfo.Utc;
        if (!TryRead(From, out var from) || !TryRead(To, out var to)) return null;
        var local = TimeZoneInfo.ConvertTime(now, zone);
        var clock = TimeOnly.FromDateTime(local.DateTime);
        if (!clock.IsBetween(from, to)) return null;
        var end = local.Date.AddDays(clock < to ? 0 : 1) + to.ToTimeSpan();
        while (zone.IsInvalidTime(end)) end = end.AddMinutes(1);
        var offset = zone.IsAmbiguousTime(end) ? zone.GetAmbiguousTimeOffsets(end).Max() : zone.GetUtcOffset(end);
        var ends = new DateTimeOffset(end, offset).ToUniversalTime();

        // The second time that an hour comes round, its end on the clock has been before.
        return ends > now ? ends : new DateTimeOffset(end, zone.GetAmbiguousTimeOffsets(end).Min()).ToUniversalTime();
    }

    private static bool TryRead(string text, out TimeOnly time) => TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out time);
}

/// <summary>How often a topic reaches a person at most.</summary>
public sealed record FrequencyCap
{
    public required int Messages { get; init; }

    /// <summary>In so many days: stretches of this length that follow each other from 1 January 1970, UTC.</summary>
    public required int Days { get; init; }

    /// <summary>The number of the stretch that a moment lies in.</summary>
    public long PeriodOf(DateTimeOffset moment) => moment.ToUnixTimeSeconds() / 86_400 / Days;

    /// <summary>When the next one begins.</summary>
    public DateTimeOffset EndOf(long period) => DateTimeOffset.FromUnixTimeSeconds((period + 1) * Days * 86_400);

    /// <summary>Whether this lets through nothing that the other would not.</summary>
    public bool IsWithin(FrequencyCap other) => Messages <= other.Messages && Days >= other.Days;
}
