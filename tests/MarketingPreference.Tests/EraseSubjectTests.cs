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
        var erased = Given([Opened("newsletter"), Heard(1, true), .. events]);
        (erased.IsErased, erased.Lanes.IsEmpty, erased.Consents).ShouldBe((true, true, ConsentMirror.Empty));
    }

    [Fact]
    public void Someone_unknown_is_erased_too() => EraseSubject.Decide(Request, Given()).Recorded().Count.ShouldBe(2);

    [Fact]
    public void A_second_request_is_answered() => EraseSubject.Decide(Request, Given(new ErasureStarted(NewId()))).Recorded().ShouldBe([new SubjectErased(Request)]);

    [Fact]
    public void One_answer_is_that_of_every_reminder_before_it()
    {
        var erased = Given(new ErasureStarted(Request), new SubjectErased(Request));
        var answered = erased.Answered.ShouldNotBeNull().At;
        EraseSubject.Decide(Request, erased, answered.AddDays(-1)).ShouldBe(Decision.Unchanged);
        EraseSubject.Decide(Request, erased, answered.AddSeconds(1)).Recorded().ShouldBe([new SubjectErased(Request)], "its sender has not heard it");
        EraseSubject.Decide(NewId(), erased, answered.AddDays(-1)).Recorded().Count.ShouldBe(1, "another request waits for an answer of its own");
    }

    [Fact]
    public void Reading_is_recorded_except_where_there_is_nobody_to_read_about()
    {
        ReadPreferences.Decide("email", Given(Opened("newsletter")), version: 1).Recorded().ShouldBe([new PreferencesRead("email")]);
        ReadPreferences.Decide("email", Given(), version: 0).ShouldBe(Decision.Unchanged);
        ReadPreferences.Decide("email", Given(new ErasureStarted(Request)), version: 2).ShouldBe(Decision.Unchanged);
    }
}
