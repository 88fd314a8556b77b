using System.Globalization;
using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Contracts.Tests.Policies;

public sealed class QuietHoursTests
{
    private static readonly QuietHours Night = new() { Channel = "sms", From = "21:00", To = "08:00", TimeZone = "Europe/Berlin" };

    [Theory]
    // In winter Berlin is an hour ahead of UTC, in summer two.
    [InlineData("2026-01-15T19:59:59Z", null)]
    [InlineData("2026-01-15T20:00:00Z", "2026-01-16T07:00:00Z")]
    [InlineData("2026-01-16T06:59:59Z", "2026-01-16T07:00:00Z")]
    [InlineData("2026-01-16T07:00:00Z", null)]
    [InlineData("2026-07-15T19:00:00Z", "2026-07-16T06:00:00Z")]
    // The nights in which the clock is put forward, and back.
    [InlineData("2026-03-28T20:00:00Z", "2026-03-29T06:00:00Z")]
    [InlineData("2026-10-24T19:00:00Z", "2026-10-25T07:00:00Z")]
    public void Quiet_is_what_the_clock_on_the_wall_says(string now, string? end) => Ends(Night, now).ShouldBe(end);

    [Theory]
    [InlineData("2026-01-15T12:00:00Z", "2026-01-15T13:00:00Z")]
    [InlineData("2026-01-15T13:00:00Z", null)]
    public void Hours_may_lie_within_a_day(string now, string? end) => Ends(Night with { From = "13:00", To = "14:00" }, now).ShouldBe(end);

    [Fact]
    public void The_recipients_own_clock_goes_before_the_packs()
    {
        Ends(Night, "2026-01-15T12:00:00Z", "Asia/Tokyo").ShouldBe("2026-01-15T23:00:00Z");
        Ends(Night, "2026-01-15T20:30:00Z", "America/New_York").ShouldBeNull();
    }

    [Fact]
    public void An_end_that_the_clock_leaps_over_is_where_it_lands()
    {
        var short_ = Night with { To = "02:30" };
        Ends(short_, "2026-03-29T00:30:00Z").ShouldBe("2026-03-29T01:00:00Z");
        Ends(short_, "2026-03-29T01:00:00Z").ShouldBeNull();
    }

    [Fact]
    public void An_hour_that_comes_twice_is_quiet_twice_and_ends_twice()
    {
        var short_ = Night with { To = "02:30" };
        Ends(short_, "2026-10-25T00:15:00Z").ShouldBe("2026-10-25T00:30:00Z");
        Ends(short_, "2026-10-25T00:45:00Z").ShouldBeNull();
        Ends(short_, "2026-10-25T01:15:00Z").ShouldBe("2026-10-25T01:30:00Z");
    }

    [Fact]
    public void A_cap_counts_in_stretches_that_follow_each_other()
    {
        var week = new FrequencyCap { Messages = 2, Days = 7 };
        var moment = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        var end = week.EndOf(week.PeriodOf(moment));
        (end > moment, end - moment <= TimeSpan.FromDays(7), week.PeriodOf(end) - week.PeriodOf(moment), week.PeriodOf(end.AddTicks(-1)) - week.PeriodOf(moment)).ShouldBe((true, true, 1, 0));
    }

    private static string? Ends(QuietHours hours, string now, string? zone = null) =>
        hours.EndOf(DateTimeOffset.Parse(now, CultureInfo.InvariantCulture), zone is null ? null : QuietHours.Find(zone))?.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
