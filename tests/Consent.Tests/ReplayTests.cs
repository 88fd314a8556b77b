using System.Text;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Granting;
using ConsentLedger.Consent.Consents.Importing;
using ConsentLedger.Consent.Consents.Reading;
using ConsentLedger.ServiceDefaults;
using Microsoft.AspNetCore.Http;
using static ConsentLedger.Consent.Tests.Acts;
using static ConsentLedger.Consent.Tests.Story;

namespace ConsentLedger.Consent.Tests;

public sealed class ReplayTests
{
    // Given on day 1; on day 6 we heard that it was withdrawn on day 3.
    private static readonly Story LateWithdrawal = Given(Granted(1), Withdrawn(3).OnDay(6));

    [Fact]
    public void What_was_known_leaves_out_what_came_later()
    {
        IsGiven(LateWithdrawal, new(AsOf: null, KnownAt: Day(5))).ShouldBe(true);
        IsGiven(LateWithdrawal, new(AsOf: null, KnownAt: Day(6))).ShouldBe(false);
        IsGiven(LateWithdrawal, new(AsOf: null, KnownAt: Day(0))).ShouldBeNull();
    }

    [Fact]
    public void What_was_in_force_leaves_out_what_was_done_later()
    {
        IsGiven(LateWithdrawal, new(AsOf: Day(2), KnownAt: null)).ShouldBe(true);
        IsGiven(LateWithdrawal, new(AsOf: Day(3), KnownAt: null)).ShouldBe(false);
    }

    [Fact]
    public void What_was_in_force_is_answered_as_it_was_known()
    {
        IsGiven(LateWithdrawal, new(AsOf: Day(4), KnownAt: Day(5))).ShouldBe(true);
        IsGiven(LateWithdrawal, new(AsOf: Day(4), KnownAt: Day(6))).ShouldBe(false);
    }

    [Fact]
    public void A_late_grant_shows_where_it_was_done()
    {
        var story = Given(Withdrawn(5), Granted(4, inForce: false).OnDay(6));
        IsGiven(story, new(AsOf: Day(4), KnownAt: null)).ShouldBe(true);
        IsGiven(story, new(AsOf: Day(5), KnownAt: null)).ShouldBe(false);
        IsGiven(story, new(AsOf: Day(4), KnownAt: Day(5))).ShouldBeNull();
    }

    [Fact]
    public void Without_dates_nothing_is_left_out() => IsGiven(LateWithdrawal, new(null, null)).ShouldBe(false);

    [Theory]
    [InlineData("2026-03-01T12:00:00", false)]
    [InlineData("2026-03-01T12:00:00.123", false)]
    [InlineData("2026-03-01", false)]
    [InlineData("2026-03-01T12:00:00Z", true)]
    [InlineData("2026-03-01T12:00:00.5+05:30", true)]
    public async Task A_clock_is_turned_to_a_moment_with_its_offset(string moment, bool isOne)
    {
        foreach (var clock in (string[])["asOf", "knownAt"])
        {
            var context = new DefaultHttpContext();
            context.Request.QueryString = QueryString.Create(clock, moment);
            var reading = async () => await ReplayQuery.BindAsync(context, null!);
            if (isOne) (await reading()).ShouldNotBeNull();
            else (await reading.ShouldThrowAsync<RequestRefusedException>()).Problem.Code.ShouldBe("request_invalid");
        }
    }

    [Theory]
    [InlineData("2026-03-01T12:00:00", false)]
    [InlineData("2026-03-01T12:00:00Z", true)]
    public void An_act_was_done_at_a_moment_with_its_offset(string moment, bool isOne)
    {
        var grant = $$"""{"purpose":"partner-offers","occurredAt":"{{moment}}","actor":"subject","method":"web-form","source":"shop"}""";
        StrictJson.TryRead<GrantConsent>(Encoding.UTF8.GetBytes(grant), out _, out var inBody).ShouldBe(isOne);
        StrictJson.TryRead<ImportLine>(Encoding.UTF8.GetBytes($$"""{"subject":"{{Person}}","grant":{{grant}}}"""), out _, out var inLine).ShouldBe(isOne);
        if (!isOne) (inBody!.Code, inBody.Member, inLine!.Code, inLine.Member).ShouldBe(("body_invalid", "occurredAt", "body_invalid", "grant.occurredAt"));
    }

    private static bool? IsGiven(Story story, Replay replay) => SubjectConsents.Stream
        .Replay(story.Log.Where(e => replay.Includes(e, ConsentCatalog.Events.Decode(e))), ConsentCatalog.Events)
        .Lanes.GetValueOrDefault(new Lane(Offers, "email", "controller"))?.Given;
}
