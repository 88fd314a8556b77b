namespace ConsentLedger.ErasureOrchestrator.Deadlines;

/// <summary>By when a request is answered in time.</summary>
/// <param name="ReceivedOn">The day of receipt where the tenant is.</param>
/// <param name="DueOn">The last day that is in time.</param>
/// <param name="LapsesAt">When that day is over there.</param>
public readonly record struct Deadline(DateOnly ReceivedOn, DateOnly DueOn, DateTimeOffset LapsesAt)
{
    /// <summary>GDPR art. 12(3), first and second sentence.</summary>
    public const int Months = 1, ExtensionMonths = 2;

    public static Deadline Of(DateTimeOffset receivedAt, TimeZoneInfo zone, int months = Months) =>
        Of(DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(receivedAt, zone).DateTime), zone, months);

    /// <summary>Counted anew from the day of receipt, so that 31 January and three months is 30 April and not two days earlier.</summary>
    public static Deadline Of(DateOnly receivedOn, TimeZoneInfo zone, int months)
    {
        var due = CalendarMonth.After(receivedOn, months);
        return new Deadline(receivedOn, due, When(due.AddDays(1).ToDateTime(TimeOnly.MinValue), zone));
    }

    /// <summary>When clocks there show this for the first time; where they skip it, what comes after it.</summary>
    public static DateTimeOffset When(DateTime shown, TimeZoneInfo zone)
    {
        while (zone.IsInvalidTime(shown)) shown = shown.AddMinutes(15);
        var offset = zone.IsAmbiguousTime(shown) ? zone.GetAmbiguousTimeOffsets(shown).Max() : zone.GetUtcOffset(shown);
        return new DateTimeOffset(shown, offset).ToUniversalTime();
    }
}
