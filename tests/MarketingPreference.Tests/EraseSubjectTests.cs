using ConsentLedger.EventStore;
using ConsentLedger.MarketingPreference.Erasing;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.MarketingPreference.Preferences.Reading;
using static ConsentLedger.MarketingPreference.Tests.People;

namespace ConsentLedger.MarketingPreference.Tests;

public sealed class EraseSubjectTests
{
    private static readonly Guid Request = NewId();

    [Fact]
    public void Erasing_leaves_nothing_to_decide_on()
    {
        var events = EraseSubject.Decide(Request, Given(Opened("newsletter"), Heard(1, true))).Recorded();
        events.ShouldBe([new ErasureStarted(Request), new SubjectErased(Request)]);
        Given([Opened("newsletter"), Heard(1, true), .. events]).ShouldBe(SubjectPreferences.Unknown with { IsErased = true });
    }

    [Fact]
    public void Someone_unknown_is_erased_too() => EraseSubject.Decide(Request, Given()).Recorded().Count.ShouldBe(2);

    [Fact]
    public void A_second_request_is_answered() => EraseSubject.Decide(Request, Given(new ErasureStarted(NewId()))).Recorded().ShouldBe([new SubjectErased(Request)]);

    [Fact]
    public void Reading_is_recorded_except_where_there_is_nobody_to_read_about()
    {
        ReadPreferences.Decide("email", Given(Opened("newsletter")), version: 1).Recorded().ShouldBe([new PreferencesRead("email")]);
        ReadPreferences.Decide("email", Given(), version: 0).ShouldBe(Decision.Unchanged);
        ReadPreferences.Decide("email", Given(new ErasureStarted(Request)), version: 2).ShouldBe(Decision.Unchanged);
    }
}
