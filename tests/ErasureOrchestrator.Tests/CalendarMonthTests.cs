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

    [Fact]
    public void The_day_of_receipt_is_the_one_in_UTC() =>
        CalendarMonth.DueOn(new DateTimeOffset(2026, 1, 31, 22, 30, 0, TimeSpan.FromHours(-5))).ShouldBe(new DateOnly(2026, 3, 1));
}
