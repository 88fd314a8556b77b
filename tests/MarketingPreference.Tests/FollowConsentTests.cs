using ConsentLedger.Contracts;
using ConsentLedger.EventStore;
using ConsentLedger.MarketingPreference.AskingConsent;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.MarketingPreference.Reacting;
using static ConsentLedger.MarketingPreference.Tests.People;

namespace ConsentLedger.MarketingPreference.Tests;

public sealed class FollowConsentTests
{
    [Fact]
    public void A_grant_opens_every_topic_that_rests_on_it_and_was_not_left()
    {
        var heard = Granted(1, "surveys-and-contests");
        var events = Follow(heard, Given(Closed("contests")));
        events[0].ShouldBe(new ConsentFollowed(heard.Id, 1, new ConsentChange("surveys-and-contests", "email", "controller", true)));
        events.OfType<Subscribed>().Select(s => (s.Topic, s.Channel, s.Cause, s.Again)).ShouldBe([("surveys-and-contests", "email", Cause.ConsentGranted, false)]);
    }

    [Fact]
    public void A_grant_for_all_channels_opens_all_of_them() =>
        Follow(Granted(1, "surveys-and-contests", channel: null), Given()).OfType<Subscribed>().Select(s => (s.Topic, s.Channel))
            .ShouldBe([("surveys-and-contests", "email"), ("contests", "email"), ("contests", "phone")], ignoreOrder: true);

    [Fact]
    public void A_withdrawal_closes_what_is_open_or_was_never_asked_and_withdraws_nothing_again()
    {
        var closed = Follow(Withdrawn(2, "surveys-and-contests"), Given(Heard(1, true, "surveys-and-contests"), Opened("contests"))).OfType<Unsubscribed>().ToList();
        closed.Select(u => (u.Topic, u.Cause, u.WithdrawsConsent, u.Actor, u.Method)).ShouldBe(
            [("surveys-and-contests", Cause.ConsentWithdrawn, false, Actor.Agent, "phone"), ("contests", Cause.ConsentWithdrawn, false, Actor.Agent, "phone")], ignoreOrder: true);
    }

    [Fact]
    public void The_withdrawal_that_an_unsubscribe_led_to_adds_nothing() =>
        Follow(Withdrawn(2), Given(Heard(1, true), Opened("newsletter"), Closed("newsletter", withdrawsConsent: true))).ShouldHaveSingleItem().ShouldBeOfType<ConsentFollowed>();

    [Fact]
    public void A_new_consent_brings_back_what_ended_with_the_old_one_and_not_what_the_person_left()
    {
        object[] withdrawn = [Heard(1, true, "surveys-and-contests"), Opened("contests"), Closed("surveys-and-contests"), Closed("contests", withdrawsConsent: true), Heard(2, false, "surveys-and-contests")];
        Follow(Granted(3, "surveys-and-contests"), Given(withdrawn)).OfType<Subscribed>().Select(s => (s.Topic, s.Again)).ShouldBe([("contests", true)]);
    }

    [Fact]
    public void An_old_consent_that_arrives_late_does_not_undo_the_unsubscribe_that_ended_it() =>
        Follow(Granted(1), Given(Closed("newsletter", withdrawsConsent: true))).ShouldHaveSingleItem().ShouldBeOfType<ConsentFollowed>();

    [Fact]
    public void Giving_the_same_consent_again_does_not_undo_an_unsubscribe_on_its_way_there() =>
        Follow(Granted(2), Given(Heard(1, true), Opened("newsletter"), Closed("newsletter", withdrawsConsent: true))).OfType<Subscribed>().ShouldBeEmpty();

    [Fact]
    public void Who_is_the_same_person_is_remembered_until_they_part_and_after_an_erasure()
    {
        var (one, two) = (NewSubject(), NewSubject());
        var merged = Follow(new ConsentEntry(1, NewId(), SubjectMergedV1.Type, null, Tie: new Tie(one.Stream.Value, IsOne: true)), Given());
        Given([.. merged, Tied(2, two)]).Others.ShouldBe([one.Stream, two.Stream], ignoreOrder: true);
        Given([.. merged, Tied(2, two), Tied(3, one, isOne: false)]).Others.ShouldBe([two.Stream]);
        Given([.. merged, new ErasureStarted(NewId()), new SubjectErased(NewId())]).Others.ShouldBe([one.Stream]);
    }

    [Theory]
    [InlineData(1, Actor.Subject, true)]
    [InlineData(1, Actor.System, false)]
    [InlineData(0, Actor.Subject, false)]
    public void A_later_consent_says_again_what_is_open_where_it_may_have_ended_under_another_id(int minutesLater, Actor actor, bool saysAgain)
    {
        var granted = Granted(3);
        granted = granted with { Act = granted.Act! with { OccurredAt = Noon.AddMinutes(minutesLater), Actor = actor } };
        Follow(granted, Given(Heard(1, true), Opened("newsletter"), Tied(2, NewSubject()))).OfType<Subscribed>().Any().ShouldBe(saysAgain);
        Follow(granted, Given(Heard(1, true), Opened("newsletter"), new ConsentFollowed(NewId(), 2, null))).OfType<Subscribed>().ShouldBeEmpty();
    }

    [Fact]
    public void A_withdrawal_for_one_recipient_leaves_what_another_may_do() =>
        Follow(Withdrawn(3, recipient: "partners"), Given(Heard(1, true), Heard(2, true, recipient: "partners"), Opened("newsletter"))).OfType<Unsubscribed>().ShouldBeEmpty();

    [Fact]
    public void A_refusal_closes_as_a_withdrawal_does() =>
        Follow(Withdrawn(2) with { Type = ConsentRefusedV1.Type }, Given(Heard(1, true), Opened("newsletter"))).OfType<Unsubscribed>()
            .Select(u => (u.Topic, u.Cause, u.WithdrawsConsent)).ShouldBe([("newsletter", Cause.ConsentWithdrawn, false)]);

    [Fact]
    public void A_consent_that_ran_out_closes_and_the_next_one_opens_again()
    {
        var ranOut = Follow(Withdrawn(2) with { Type = ConsentExpiredV1.Type }, Given(Heard(1, true), Opened("newsletter")));
        ranOut.OfType<Unsubscribed>().Select(u => (u.Topic, u.Cause, u.WithdrawsConsent)).ShouldBe([("newsletter", Cause.ConsentExpired, false)]);
        Follow(Granted(3), Given([Heard(1, true), Opened("newsletter"), .. ranOut])).OfType<Subscribed>().Select(s => s.Topic).ShouldBe(["newsletter"]);
    }

    [Fact]
    public void A_consent_opens_when_it_is_confirmed_and_not_before()
    {
        Follow(new ConsentEntry(1, NewId(), ConsentPendingV1.Type, null), Given()).ShouldHaveSingleItem().ShouldBeOfType<ConsentFollowed>().Change.ShouldBeNull();
        Follow(Granted(2) with { Type = ConsentConfirmedV1.Type }, Given(new ConsentFollowed(NewId(), 1, null))).OfType<Subscribed>().Select(s => s.Topic).ShouldBe(["newsletter"]);
    }

    [Fact]
    public void An_objection_to_marketing_leaves_all_of_it_and_nothing_else()
    {
        var left = Follow(Objected(2), Given(Heard(1, true), Opened("newsletter"), Opened("surveys-and-contests"), Closed("product-news"))).OfType<Unsubscribed>().ToList();
        left.Select(u => (u.Topic, u.Channel, u.Cause, u.Actor, u.WithdrawsConsent)).ShouldBe([("newsletter", "email", Cause.Objected, Actor.Subject, false)]);
        Follow(Objected(1), Given()).OfType<Unsubscribed>().Select(u => u.Topic).ShouldBe(["newsletter", "product-news"], ignoreOrder: true);
    }

    [Theory]
    [InlineData("product-news", 1, Actor.Subject, true)]
    [InlineData("product-news", 0, Actor.Subject, false)]
    [InlineData("product-news", 1, Actor.Agent, false)]
    [InlineData("newsletter", 1, Actor.Subject, false)]
    public void What_a_person_turned_on_after_they_objected_stays_on_when_word_of_the_objection_comes(string topic, int minutesLater, Actor actor, bool stays)
    {
        var pack = Packs.NorthwindJson();
        var purposes = pack["purposes"]!.AsArray().ToDictionary(p => p!["id"]!.GetValue<string>(), p => p!.AsObject());
        purposes["product-news"]["bases"] = purposes["booking-notifications"]["bases"]!.DeepClone();
        var turnedOn = Opened(topic) with { Actor = actor, OccurredAt = Noon.AddMinutes(minutesLater) };
        var events = FollowConsent.Decide(Objected(2), Given(Heard(1, true), turnedOn), Packs.Parse(pack)).Recorded();
        events.OfType<Unsubscribed>().Any(u => u.Topic == topic).ShouldBe(!stays);
    }

    [Fact]
    public void Only_the_persons_own_later_consent_brings_back_what_an_objection_ended()
    {
        var objected = Given(Heard(1, true), Opened("newsletter"), new ConsentFollowed(NewId(), 2, null), Closed("newsletter", cause: Cause.Objected));
        OpenedBy(Noon.AddDays(1), Actor.Subject).ShouldBe(["newsletter"]);
        OpenedBy(Noon.AddDays(1), Actor.System).ShouldBeEmpty();
        OpenedBy(Noon.AddDays(-1), Actor.Subject).ShouldBeEmpty();

        IEnumerable<string> OpenedBy(DateTimeOffset at, Actor actor)
        {
            var granted = Granted(3);
            return Follow(granted with { Act = granted.Act! with { OccurredAt = at, Actor = actor } }, objected).OfType<Subscribed>().Select(s => s.Topic);
        }
    }

    [Fact]
    public void A_consent_from_before_a_repeated_no_opens_nothing_however_late_it_is_heard()
    {
        var ended = Given(Heard(1, true), Opened("newsletter"), Closed("newsletter", withdrawsConsent: true), Heard(2, false), Closed("newsletter", withdrawsConsent: true, at: Noon.AddMinutes(4)));
        OpenedBy(Noon.AddMinutes(3), ended).ShouldBeEmpty();
        OpenedBy(Noon.AddMinutes(5), ended).ShouldBe(["newsletter"]);

        var objected = Given(Heard(1, true), Opened("newsletter"), Closed("newsletter", cause: Cause.Objected), Heard(2, true), Closed("newsletter", withdrawsConsent: true, at: Noon.AddMinutes(4)));
        OpenedBy(Noon.AddMinutes(3), objected).ShouldBeEmpty();

        IEnumerable<string> OpenedBy(DateTimeOffset at, SubjectPreferences subject)
        {
            var granted = Granted(3);
            return Follow(granted with { Act = granted.Act! with { OccurredAt = at } }, subject).OfType<Subscribed>().Select(s => s.Topic);
        }
    }

    [Fact]
    public void What_was_left_while_the_consent_stood_stays_left_however_often_it_is_left()
    {
        object[] left = [Heard(1, true, "surveys-and-contests"), Opened("contests"), Closed("surveys-and-contests"), Closed("contests", withdrawsConsent: true), Closed("surveys-and-contests", withdrawsConsent: true)];
        var granted = Granted(3, "surveys-and-contests");
        Follow(granted with { Act = granted.Act! with { OccurredAt = Noon.AddHours(1) } }, Given([.. left, Heard(2, false, "surveys-and-contests")])).OfType<Subscribed>().Select(s => s.Topic).ShouldBe(["contests"]);
    }

    [Fact]
    public void A_withdrawal_for_all_channels_overrules_each()
    {
        var subject = Given(Heard(1, true), Heard(2, false, channel: null));
        subject.Consents.Given("newsletter", "email").ShouldBe(false);
        Given(Heard(1, false, channel: null), Heard(2, true)).Consents.Given("newsletter", "email").ShouldBe(true);
        Given(Heard(1, true, "product-news")).Consents.Given("newsletter", "email").ShouldBeNull();
    }

    [Fact]
    public void A_grant_that_was_overtaken_opens_nothing() => Follow(Granted(1, inForce: false), Given()).ShouldHaveSingleItem().ShouldBeOfType<ConsentFollowed>().Change.ShouldBeNull();

    [Fact]
    public void What_is_no_grant_or_withdrawal_is_counted_and_no_more() =>
        Follow(new ConsentEntry(1, NewId(), HistoryReadV1.Type, null), Given()).ShouldHaveSingleItem().ShouldBeOfType<ConsentFollowed>().Version.ShouldBe(1);

    [Fact]
    public void A_transactional_topic_follows_nothing() => Follow(Withdrawn(1, "surveys-and-contests"), Given()).OfType<Unsubscribed>().ShouldNotContain(u => u.Topic == "prize-notices");

    [Fact]
    public void Without_a_policy_the_consent_is_still_known() =>
        FollowConsent.Decide(Granted(1), Given(), pack: null).Recorded().ShouldHaveSingleItem().ShouldBeOfType<ConsentFollowed>().Change.ShouldNotBeNull();

    [Fact]
    public void What_was_heard_before_is_passed_over() => FollowConsent.Decide(Withdrawn(1), Given(Heard(1, true)), Packs.Northwind).ShouldBe(Decision.Unchanged);

    [Fact]
    public void Nothing_is_followed_about_someone_erased() => FollowConsent.Decide(Granted(9), Given(new ErasureStarted(NewId())), Packs.Northwind).ShouldBe(Decision.Unchanged);

    [Fact]
    public void A_version_is_never_skipped() => FollowConsent.Decide(Granted(3), Given(Heard(1, true)), Packs.Northwind).ShouldBe(FollowConsent.VersionsMissing);

    private static IReadOnlyList<object> Follow(ConsentEntry heard, SubjectPreferences subject) => FollowConsent.Decide(heard, subject, Packs.Northwind).Recorded();
}
