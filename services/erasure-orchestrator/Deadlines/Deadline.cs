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
        return new Deadline(receivedOn, due, StartOf(due.AddDays(1), zone));
    }

    /// <summary>The first moment of a day, also where clocks skip midnight.</summary>
    private static DateTimeOffset StartOf(DateOnly day, TimeZoneInfo zone)
    {
        var midnight = day.ToDateTime(TimeOnly.MinValue);
        while (zone.IsInvalidTime(midnight)) midnight = midnight.AddMinutes(15);
        var offset = zone.IsAmbiguousTime(midnight) ? zone.GetAmbiguousTimeOffsets(midnight).Max() : zone.GetUtcOffset(midnight);
        return new DateTimeOffset(midnight, offset).ToUniversalTime();
    }
}
