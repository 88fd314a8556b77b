using ConsentLedger.ErasureOrchestrator.Deadlines;

namespace ConsentLedger.ErasureOrchestrator.Tests;

public sealed class CalendarMonthTests
{
    [Theory]
    [InlineData("2026-04-15", "2026-05-15")]
    [InlineData("2026-01-31", "2026-02-28")] // no 31 February
    [InlineData("2028-01-31", "2028-02-29")] // a leap year
    [InlineData("2028-01-29", "2028-02-29")]
    [InlineData("2100-01-31", "2100-02-28")] // a century that is none
    [InlineData("2000-01-31", "2000-02-29")] // and one that is
    [InlineData("2026-02-28", "2026-03-28")] // the last day of a month does not call for the last day of the next
    [InlineData("2028-02-29", "2028-03-29")]
    [InlineData("2026-03-31", "2026-04-30")]
    [InlineData("2026-12-31", "2027-01-31")] // over the end of the year
    public void A_month_ends_on_the_day_of_the_same_number_or_on_its_last(string received, string due) =>
        CalendarMonth.After(DateOnly.Parse(received, null)).ShouldBe(DateOnly.Parse(due, null));

    [Fact]
    public void In_four_hundred_years_no_month_is_shorter_than_February_or_ends_elsewhere_than_in_the_next()
    {
        for (var day = new DateOnly(2000, 1, 1); day.Year < 2400; day = day.AddDays(1))
        {
            var due = CalendarMonth.After(day);
            (due.DayNumber - day.DayNumber).ShouldBeInRange(28, 31);
            due.ShouldBe(day.AddMonths(1));
        }
    }

    [Theory]
    [InlineData("2026-01-31", "2026-04-30")]
    [InlineData("2026-11-30", "2027-02-28")]
    [InlineData("2027-11-30", "2028-02-29")]
    [InlineData("2026-10-15", "2027-01-15")]
    public void Two_months_more_count_from_the_day_of_receipt(string received, string due) => CalendarMonth.After(DateOnly.Parse(received, null), 3).ShouldBe(DateOnly.Parse(due, null));

    [Theory]
    [InlineData("2026-02-28T12:00:00Z", "Europe/Stockholm", "2026-03-28T23:00:00Z")] // before clocks go forward that night
    [InlineData("2026-03-01T12:00:00Z", "Europe/Stockholm", "2026-04-01T22:00:00Z")] // after
    [InlineData("2026-08-05T12:00:00Z", "America/Santiago", "2026-09-06T04:00:00Z")] // clocks skip this midnight
    [InlineData("2026-01-31T22:30:00-05:00", "UTC", "2026-03-02T00:00:00Z")]
    public void A_day_is_over_when_it_is_where_the_tenant_is(string received, string zone, string over) =>
        Deadline.Of(DateTimeOffset.Parse(received, null), TimeZoneInfo.FindSystemTimeZoneById(zone)).LapsesAt.ShouldBe(DateTimeOffset.Parse(over, null));
}
