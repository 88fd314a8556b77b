namespace ConsentLedger.ErasureOrchestrator.Deadlines;

/// <summary>
/// "Within one month of receipt of the request" (GDPR art. 12(3)), counted as Regulation 1182/71 art. 3(2)(c) counts months: to the day of the
/// same number, or to the month's last day where it has none. Weekends and holidays would only ever add to it and are left out.
/// </summary>
public static class CalendarMonth
{
    public static DateOnly After(DateOnly receivedOn, int months = 1)
    {
        var (years, month) = Math.DivRem(receivedOn.Month - 1 + months, 12);
        var year = receivedOn.Year + years;
        return new DateOnly(year, month + 1, Math.Min(receivedOn.Day, DateTime.DaysInMonth(year, month + 1)));
    }
}
