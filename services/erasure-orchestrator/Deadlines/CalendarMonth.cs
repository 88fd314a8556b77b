namespace ConsentLedger.ErasureOrchestrator.Deadlines;

/// <summary>
/// "Within one month of receipt of the request" (GDPR art. 12(3)), counted as Regulation 1182/71 art. 3(2)(c) counts months: to the day of the
/// same number, or to the month's last day where it has none. Weekends and holidays would only ever add to it and are left out.
/// </summary>
public static class CalendarMonth
{
    /// <summary>The last day that is still in time; the day of receipt is the one in UTC.</summary>
    public static DateOnly DueOn(DateTimeOffset receivedAt) => After(DateOnly.FromDateTime(receivedAt.UtcDateTime));

    public static DateOnly After(DateOnly receivedOn)
    {
        var (year, month) = receivedOn.Month == 12 ? (receivedOn.Year + 1, 1) : (receivedOn.Year, receivedOn.Month + 1);
        return new DateOnly(year, month, Math.Min(receivedOn.Day, DateTime.DaysInMonth(year, month)));
    }
}
