using ConsentLedger.Consent.AuditorConsole;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace ConsentLedger.Consent.Tests.AuditorConsole;

public sealed class MomentTests
{
    private static readonly DateTimeOffset From = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("2026-03-01T10:00", "2026-03-01T10:00:00Z")]
    [InlineData("2026-03-01T10:00:30", "2026-03-01T10:00:30Z")]
    [InlineData("2026-03-01T10:00:30.123", "2026-03-01T10:00:30.123Z")]
    [InlineData("2026-03-01T10:00:30.123Z", "2026-03-01T10:00:30.123Z")]
    [InlineData("2026-03-01T10:00:30+02:00", "2026-03-01T08:00:30Z")]
    [InlineData("2026-03-01T10:00:30 02:00", "2026-03-01T08:00:30Z")]
    public void A_clock_is_read_as_utc_unless_it_says_otherwise(string text, string expected) =>
        Read(("knownAt", text))!.KnownAt.ShouldBe(DateTimeOffset.Parse(expected, System.Globalization.CultureInfo.InvariantCulture));

    [Fact]
    public void What_a_field_of_the_form_is_given_it_gives_back() =>
        Read(("asOf", Moment.FieldOf(From.AddMilliseconds(17))))!.AsOf.ShouldBe(From.AddMilliseconds(17));

    [Theory]
    [InlineData("knownAt", "yesterday")]
    [InlineData("asOf", "2026-13-01T10:00")]
    [InlineData("at", "-1")]
    [InlineData("at", "1001")]
    [InlineData("at", "1e2")]
    public void What_is_no_moment_is_none(string name, string value) => Read((name, value)).ShouldBeNull();

    [Fact]
    public void The_sliders_last_place_leaves_nothing_out_and_each_other_one_leads_back_to_itself()
    {
        Read(("at", "1000")).ShouldBe(new Moment(null, null));
        foreach (var place in Enumerable.Range(0, 1000))
            Moment.PlaceOf(Read(("at", $"{place}"))!.KnownAt!.Value, From, From.AddDays(300)).ShouldBe(place);
    }

    [Fact]
    public void Empty_fields_leave_nothing_out() => Read(("at", ""), ("knownAt", ""), ("asOf", "")).ShouldBe(new Moment(null, null));

    private static Moment? Read(params (string Name, string Value)[] query) =>
        Moment.Read(new QueryCollection(query.ToDictionary(q => q.Name, q => new StringValues(q.Value))), From, From.AddDays(300));
}
