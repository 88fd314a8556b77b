using ConsentLedger.EventStore;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.MarketingPreference.Sending;
using static ConsentLedger.MarketingPreference.Tests.People;

namespace ConsentLedger.MarketingPreference.Tests;

/// <summary>How a person with several ids stands to a topic.</summary>
public sealed class StandingTests
{
    private static readonly object Tie = Tied(1, NewSubject());

    [Theory]
    [InlineData(Cause.OneClick, false, true)]
    [InlineData(Cause.OneClick, true, true)]
    [InlineData(Cause.Objected, false, true)]
    [InlineData(Cause.Import, false, true)]
    [InlineData(Cause.ConsentWithdrawn, false, false)]
    [InlineData(Cause.ConsentExpired, false, false)]
    public void A_no_closes_the_other_ids_unless_it_is_consent_s_to_weigh(Cause cause, bool withdrawsConsent, bool closes)
    {
        var left = Given(Tie, Closed("newsletter", cause: cause, withdrawsConsent: withdrawsConsent));
        Kind(Given(Tie), left).ShouldBe(closes ? StandingKind.Left : StandingKind.NeverAsked);
        Kind(Given(Tie, Opened("newsletter")), Given(Tie), left).ShouldBe(closes ? StandingKind.Left : StandingKind.Subscribed);
        Kind(left, Given(Tie)).ShouldBe(StandingKind.Left);
    }

    [Theory]
    [InlineData(Cause.Preference, Actor.Subject, 1, true)]
    [InlineData(Cause.PreferenceCentre, Actor.Guardian, 1, true)]
    [InlineData(Cause.Preference, Actor.Subject, 0, false)]
    [InlineData(Cause.Preference, Actor.System, 1, false)]
    [InlineData(Cause.ConsentGranted, Actor.Subject, 1, false)]
    [InlineData(Cause.Undo, Actor.Subject, 1, false)]
    [InlineData(Cause.Import, Actor.Subject, 1, false)]
    public void Only_what_the_person_chose_themselves_and_later_opens_it_under_the_id_they_chose_it_under(Cause cause, Actor actor, int minutesLater, bool opens)
    {
        var (left, yes) = (Closed("newsletter"), Opened("newsletter", cause: cause) with { Actor = actor, OccurredAt = Noon.AddMinutes(minutesLater) });
        Kind(Given(Tie, Tie, yes), Given(Tie, left)).ShouldBe(opens ? StandingKind.Subscribed : StandingKind.Left);
        Kind(Given(Tie, yes), Given(Tie, Tie, left)).ShouldBe(StandingKind.Left, "recorded before the no");
        Kind(Given(Tie, left), Given(Tie, Tie, yes)).ShouldBe(StandingKind.Left, "asked about under the id of the no");
    }

    [Theory]
    [InlineData(Cause.OneClick, true)]
    [InlineData(Cause.Objected, false)]
    public void A_later_consent_opens_what_ended_with_one_or_with_an_objection(Cause cause, bool withdrawsConsent) =>
        Kind(Given(Tie, Tie, Opened("newsletter") with { OccurredAt = Noon.AddMinutes(1) }), Given(Tie, Closed("newsletter", cause: cause, withdrawsConsent: withdrawsConsent))).ShouldBe(StandingKind.Subscribed);

    [Fact]
    public void A_yes_and_a_no_are_said_again_where_another_id_may_have_said_otherwise_and_an_older_no_takes_nothing_from_a_later_one()
    {
        var (later, asIs) = (Noon.AddSeconds(30), Given(Opened("newsletter"), Closed("module-crm")));
        asIs.HasJoined("newsletter", "email", Actor.Subject, later).ShouldBeTrue();
        asIs.HasLeft("module-crm", "email", later, later).ShouldBeTrue();
        var tied = Given(Opened("newsletter"), Closed("module-crm"), Tie);
        tied.HasJoined("newsletter", "email", Actor.Subject, later).ShouldBeFalse();
        tied.HasJoined("newsletter", "email", Actor.Agent, later).ShouldBeTrue();
        tied.HasJoined("newsletter", "email", Actor.Subject, Noon).ShouldBeTrue();
        tied.HasLeft("module-crm", "email", later, later).ShouldBeFalse();
        Given(Tie, Closed("module-crm"), Closed("module-crm", at: Noon.AddDays(-1))).Find("module-crm", "email")!.OccurredAt.ShouldBe(Noon);
    }

    [Fact]
    public void Whoever_is_erased_under_one_id_is_erased_and_whoever_has_more_ids_than_a_person_has_gets_what_is_owed()
    {
        Kind(Given(Tie, Closed("newsletter")), Given(Tie, new ErasureStarted(NewId()))).ShouldBe(StandingKind.Erased);
        var many = Enumerable.Repeat(Given(Tie), SubjectPreferences.MostIds).ToArray();
        Kind(many).ShouldBe(StandingKind.NeverAsked);
        Kind([.. many, Given(Tie)]).ShouldBe(StandingKind.TooManyIds);
        SendDecision.DecideHere(Aim.Of(Packs.Northwind, "newsletter", "email"), new Standing(StandingKind.TooManyIds, -1), default, Noon)!.Rule.ShouldBe("too_many_merged");
        SendDecision.DecideHere(Aim.Of(Packs.Northwind, "account-notices", "email"), new Standing(StandingKind.TooManyIds, -1), default, Noon).ShouldBeNull();
    }

    [Fact]
    public void Ties_are_followed_from_one_to_the_next_and_not_without_end()
    {
        var ids = Enumerable.Range(0, 30).Select(_ => NewSubject()).ToList();
        var states = ids.Index().ToDictionary(id => id.Item.Stream, id => Given([.. ids.Where((_, i) => Math.Abs(i - id.Index) == 1).Select((o, i) => Tied(i + 1, o))]));
        SubjectPreferences.IdsOf(ids[0].Stream, states).ShouldBe(ids.Take(SubjectPreferences.MostIds + 1).Select(id => id.Stream));
        SubjectPreferences.IdsOf(ids[0].Stream, new Dictionary<StreamId, SubjectPreferences> { [ids[0].Stream] = states[ids[0].Stream] }).ShouldContain(ids[1].Stream);
    }

    private static StandingKind Kind(params SubjectPreferences[] person) => Standing.Of(person, "newsletter", "email").Kind;
}
