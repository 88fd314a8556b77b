using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Aging;
using ConsentLedger.Consent.Consents.Granting;
using ConsentLedger.Consent.Consents.Merging;
using ConsentLedger.Consent.Decisions;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.EventStore;
using ConsentLedger.ServiceDefaults;
using static ConsentLedger.Consent.Tests.Acts;
using static ConsentLedger.Consent.Tests.Story;

namespace ConsentLedger.Consent.Tests;

/// <summary>Who somebody is, how old, and where: what decisions need to know of a person beside what they said.</summary>
public sealed class PersonTests
{
    private const double AMinute = 1.0 / (24 * 60), FourMinutes = 4 * AMinute;

    private static readonly Guid Twin = Guid.Parse("0195a1b2-0000-7000-8000-000000000002");

    [Fact]
    public void Of_two_who_are_one_the_no_counts_for_both()
    {
        Given(Granted(1)).On(5).Asked(others: [Given(Withdrawn(3)).State]).Code.ShouldBe("consent_withdrawn");
        Given(Withdrawn(3)).On(5).Asked(others: [Given(Granted(1)).State]).Code.ShouldBe("consent_withdrawn");
        Given().After(1, Granted(4)).On(5).Asked(others: [Given(Withdrawn(3)).State]).Code.ShouldBe("consent_given", "the person's own act came later");
        Given().After(1, Granted(4, Actor.System)).On(5).Asked(others: [Given(Withdrawn(3)).State]).Code.ShouldBe("consent_withdrawn", "an import is not the person's own act");
        Given().On(5).Asked(others: [Given(Granted(4)).State]).Code.ShouldBe("consent_given");
    }

    [Fact]
    public void Of_two_who_are_one_the_no_that_is_recorded_after_a_yes_counts_whatever_date_the_yes_claims()
    {
        // By a clock that is four minutes ahead; a minute later the person took it back under their other id.
        var ahead = Given(Granted(2 + FourMinutes).OnDay(2));
        var no = Given().After(1, Withdrawn(2 + AMinute)).State;
        ahead.On(3).Asked(others: [no]).Code.ShouldBe("consent_withdrawn");
        Given().After(1, Withdrawn(2 + AMinute)).On(3).Asked(others: [ahead.State]).Code.ShouldBe("consent_withdrawn");
        ahead.After(2, Granted(3)).Asked(others: [no]).Code.ShouldBe("consent_given", "asked again, the person said yes");
    }

    [Fact]
    public void Under_several_laws_the_no_that_is_recorded_after_a_yes_counts_whatever_date_the_yes_claims()
    {
        var ahead = Given().Under(Packs.Of("assutech")).On(2).After(Offer(2 + FourMinutes, "FR")).On(2 + AMinute)
            .After(new Consents.Withdrawing.WithdrawConsent("product-offers", Day(2 + AMinute), Actor.Subject, Token.Parse("link"), "email", Jurisdiction: Token.Parse("US")));
        Asked(ahead, null).Code.ShouldBe("consent_withdrawn");
        Asked(ahead, "FR").Code.ShouldBe("consent_given");
        Asked(ahead.On(2 + FourMinutes).After(Offer(2 + FourMinutes + AMinute, "FR")), null).Code.ShouldBe("consent_given", "saying yes again is saying something");
    }

    [Fact]
    public void A_no_that_is_said_again_after_a_yes_under_another_law_is_heard_whatever_date_it_claims()
    {
        var yes = Given().Under(Packs.Of("assutech")).On(2).After(No(2, "FR")).On(3).After(Offer(3, "US"));
        Asked(yes, null).Code.ShouldBe("consent_given");
        Asked(yes.On(4).After(No(1, "FR")), null).Code.ShouldBe("consent_withdrawn");
        yes.On(4).After(No(4, "FR")).When(No(1, "FR")).ThenNothing();
    }

    [Fact]
    public void A_no_that_is_said_again_under_the_one_id_after_a_yes_under_the_other_is_heard_whatever_date_it_claims()
    {
        var merged = new Recorded(new SubjectMerged(Twin, Day(1), Actor.Agent, Token.Parse("desk"), null), Day(1));
        var (no, yes) = (Given(merged, Withdrawn(2)), Given().After(2, Granted(3)).State);
        no.On(4).Asked(others: [yes]).Code.ShouldBe("consent_given");
        var again = no.On(4).After(new Consents.Withdrawing.WithdrawConsent("partner-offers", Day(1), Actor.Subject, Token.Parse("link"), "email"));
        again.Asked(others: [yes]).Code.ShouldBe("consent_withdrawn");
    }

    [Theory]
    [InlineData("UK")]
    [InlineData("EL")]
    [InlineData("DEU")]
    [InlineData("Germany")]
    [InlineData("California")]
    [InlineData("UK-ENG")]
    public void A_place_that_is_none_is_one_that_nobody_named(string place)
    {
        var story = Given().Under(Packs.Of("assutech")).On(1);
        Asked(story, place).Code.ShouldBe("consent_unknown", "silence passes in no place that is none");
        var given = story.After(Offer(1, "GB"));
        Asked(given, place).Code.ShouldBe("consent_given");
        var no = new Consents.Withdrawing.WithdrawConsent("product-offers", Day(2), Actor.Subject, Token.Parse("link"), "email", Jurisdiction: Token.Parse(place));
        Asked(given.On(2).After(no), "GB").Code.ShouldBe("consent_withdrawn");
        Asked(story.On(2).After(no), "US").Code.ShouldBe("consent_withdrawn");
        var refused = given.On(2).After(new Consents.Refusing.RefuseConsent("product-offers", Day(2), Actor.Subject, Token.Parse("link"), "email", Jurisdiction: Token.Parse(place)));
        Asked(refused, "GB").Code.ShouldBe("consent_refused");
    }

    [Fact]
    public void Consent_in_a_place_that_is_none_is_refused()
    {
        var story = Given().Under(Packs.Of("assutech")).On(1);
        story.When(Offer(1, "UK")).ThenRefused("jurisdiction_unknown");
        story.After(Offer(1, "GB") with { Confirm = true }).When(new Consents.Confirming.ConfirmConsent("product-offers", Day(1), Actor.Subject, Token.Parse("link"), "email", Jurisdiction: Token.Parse("UK")))
            .ThenRefused("jurisdiction_unknown");
        foreach (var place in (string[])["gb", "GB-SCT", "EU", "EEA", "APEC"]) story.When(Offer(1, place)).Decision.ShouldBeOfType<Decision.Record>();
    }

    [Fact]
    public void Whoever_was_erased_under_one_id_is_not_heard_of_under_another()
    {
        var merged = new Recorded(new SubjectMerged(Person, Day(1), Actor.Agent, Token.Parse("desk"), null), Day(1));
        var erased = Given(merged, Withdrawn(3)).Record(new ErasureStarted(Twin), Day(4)).Record(new SubjectErased(Twin), Day(4)).State;
        Given(Granted(1)).On(5).Asked(others: [erased]).Code.ShouldBe("subject_erased");
        erased.Others.ShouldBe([new StreamId(Person)], "and through it whoever else they are");
    }

    [Fact]
    public void Both_streams_are_told_that_they_are_one_and_told_again_that_they_are_not()
    {
        var (one, other) = (Key(Person), Key(Twin));
        var merged = MergeSubjects.Merge(Merging(), one, Given().State, other, Given().State).ShouldBeOfType<Decision.Record>().Events;
        merged.Select(e => (e.Stream, ((SubjectMerged)e.Facts).Other)).ShouldBe([(null, Twin), (other, Person)]);
        var state = Given(new Recorded(merged[0].Facts, Day(1))).State;
        state.Others.ShouldBe([other.Id]);
        MergeSubjects.Merge(Merging(), one, state, other, Given().State).ShouldBe(Decision.Unchanged);
        var unmerged = MergeSubjects.Unmerge(Merging(), one, state, other, Given().State).ShouldBeOfType<Decision.Record>().Events;
        Given(new Recorded(merged[0].Facts, Day(1)), new Recorded(unmerged[0].Facts, Day(2))).State.Others.ShouldBeEmpty();
        MergeSubjects.Merge(Merging(), one, Given().State, one, Given().State).ShouldBeOfType<Decision.Refuse>().Refusal.Code.ShouldBe("merge_with_itself");
        MergeSubjects.Merge(Merging(), one, Given(new Recorded(new ErasureStarted(Twin), Day(1))).State, other, Given().State).ShouldBeOfType<Decision.Refuse>().Refusal.Code.ShouldBe("subject_erased");
    }

    [Fact]
    public void Who_is_one_with_one_who_is_one_with_a_third_is_one_with_all()
    {
        StreamId[] ids = [.. Enumerable.Range(0, 4).Select(i => new StreamId(new Guid(i, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0)))];
        SubjectConsents With(params int[] others) => SubjectConsents.Nobody with { Others = [.. others.Select(o => ids[o])] };
        var states = new Dictionary<StreamId, SubjectConsents> { [ids[0]] = With(1), [ids[1]] = With(0, 2), [ids[2]] = With(1), [ids[3]] = With() };
        SubjectConsents.PersonOf(ids[2], states).ShouldBe([states[ids[2]], states[ids[1]], states[ids[0]]]);
        SubjectConsents.PersonOf(ids[3], states).ShouldBe([states[ids[3]]]);
    }

    [Fact]
    public void The_young_need_a_guardian_where_the_policy_takes_one()
    {
        var child = Given().Under(Packs.Of("quintus")).On(1).After(Born("2014-06", "SE"));
        child.State.Age!.ConsentsFrom.ShouldBe(new DateTimeOffset(2027, 7, 1, 0, 0, 0, TimeSpan.Zero), "with the month after the thirteenth birthday in Sweden");
        child.When(News(1)).ThenRefused("guardian_needed");
        var consented = child.After(News(1, Actor.Guardian));
        consented.Asked("newsletter").Code.ShouldBe("consent_given");
        Given().On(1).After(Born("2014-06", "FR")).When(Grant(1)).ThenRefused("too_young");
        Given().On(1).After(Born("2014-06", "FR")).When(Grant(1, Actor.Guardian)).ThenRefused("too_young");
    }

    [Fact]
    public void Of_age_a_guardians_consent_waits_to_be_affirmed()
    {
        var child = Given().Under(Packs.Of("quintus")).On(1).After(Born("2008-05", null)).After(News(1, Actor.Guardian));
        child.On(60).Asked("newsletter").Code.ShouldBe("consent_given");
        var grown = child.On(95);
        grown.Asked("newsletter").Code.ShouldBe("reaffirmation_needed");
        grown.When(News(95, Actor.Guardian)).ThenRefused("subject_of_age");
        grown.After(News(95)).Asked("newsletter").Code.ShouldBe("consent_given");
        grown.Record(new SubjectCameOfAge(grown.State.Age!.OfAgeFrom), Day(95)).State.Age!.Told.ShouldBeTrue();
    }

    [Fact]
    public void A_childs_own_yes_is_none_when_the_age_is_told_later() =>
        Given().Under(Packs.Of("quintus")).On(1).After(News(1)).On(2).After(Born("2018-01", null)).Asked("newsletter").Code.ShouldBe("guardian_needed");

    [Fact]
    public void A_guardian_makes_good_what_a_child_could_not_say() =>
        Given().Under(Packs.Of("quintus")).On(1).After(News(1)).On(2).After(Born("2018-01", null)).On(3).After(News(3, Actor.Guardian)).Asked("newsletter").Code.ShouldBe("consent_given");

    [Theory]
    [InlineData("2030-01")]
    [InlineData("2012-13")]
    [InlineData("2012-05-03")]
    [InlineData("1700-01")]
    [InlineData("x")]
    public void A_birth_month_is_a_month_that_has_come(string month) => Given().On(1).When(Born(month, null)).ThenRefused("birth_month_invalid");

    [Fact]
    public void What_is_said_under_one_law_never_overwrites_what_is_said_under_another()
    {
        var story = Given().Under(Packs.Of("assutech")).On(1).After(Offer(1, "FR")).On(2);
        var optedOut = story.After(new Consents.Withdrawing.WithdrawConsent("product-offers", Day(2), Actor.Subject, Token.Parse("link"), "email", Jurisdiction: Token.Parse("US")));
        Asked(optedOut, "FR").Code.ShouldBe("consent_given");
        Asked(optedOut, "US").Code.ShouldBe("consent_withdrawn");
        Asked(optedOut, null).Code.ShouldBe("consent_withdrawn", "where nobody says which law, each one's no counts");
        var everywhere = optedOut.On(3).After(new Consents.Withdrawing.WithdrawConsent("product-offers", Day(3), Actor.Subject, Token.Parse("link"), "email"));
        Asked(everywhere, "FR").Code.ShouldBe("consent_withdrawn");
        Asked(everywhere.On(4).After(Offer(4, "FR")), "FR").Code.ShouldBe("consent_given");
        Asked(everywhere.On(4).After(Offer(4, "FR")), "US").Code.ShouldBe("consent_withdrawn");
    }

    [Fact]
    public void Silence_passes_only_where_the_law_lets_it_and_never_as_consent()
    {
        var story = Given().Under(Packs.Of("assutech")).On(1);
        Asked(story, "US").ShouldBe(new(true, "opt_out_regime", null, null, Packs.Of("assutech").Version));
        Asked(story, "FR").Code.ShouldBe("consent_unknown");
        Asked(story, null).Code.ShouldBe("consent_unknown");
        Asked(story.After(new Consents.Refusing.RefuseConsent("product-offers", Day(1), Actor.Subject, Token.Parse("link"), "email")), "US").Code.ShouldBe("consent_refused");
        story.Asked(Question("facebook-account-access", null, null) with { Scope = "friends-list", Jurisdiction = "US" }).Code.ShouldBe("consent_unknown", "what has to be express never passes in silence");
    }

    [Fact]
    public void Silence_passes_nowhere_that_came_after_a_no_to_all_there_was()
    {
        var v1 = Packs.Of("assutech");
        var before = v1.FindPurpose("product-offers")!;
        PolicyPack With(string version, Purpose purpose) => v1 with { Version = version, Purposes = [.. v1.Purposes.Select(p => p.Id == purpose.Id ? purpose : p)] };
        var v2 = With("2026-03-02", before with { Channels = ["email", "sms"], Recipients = ["google"] });
        var v3 = With("2026-03-04", before with { Channels = ["email", "sms", "phone"], Recipients = ["google"] });
        var story = Given().Under(v1).On(1);
        var left = story.After(Leaving(1, "US")).On(2).Then(v2).On(3);
        InTheStates(left, "sms").Code.ShouldBe("consent_unknown");
        InTheStates(left, "email", "google").Code.ShouldBe("consent_unknown");
        InTheStates(left, "email").Code.ShouldBe("consent_withdrawn");
        InTheStates(left.On(4).After(Offer(4, "US")), "sms").Allowed.ShouldBeTrue("they said yes to what they had said no to");
        InTheStates(story.On(2).Then(v2).On(3), "sms").Code.ShouldBe("opt_out_regime");
        InTheStates(story.After(Leaving(1, "FR")).On(2).Then(v2).On(3), "sms").Code.ShouldBe("opt_out_regime", "that was under another law");

        var chosen = story.On(2).Then(v2).On(3).After(Leaving(3, "US") with { Channel = "email" });
        InTheStates(chosen, "sms").Code.ShouldBe("opt_out_regime", "they could have left it, and left the other");
        InTheStates(chosen.On(4).Then(v3).On(5), "phone").Code.ShouldBe("consent_unknown");
        InTheStates(story.On(2).Then(v2).On(3), "sms", others: [story.After(Leaving(1, "US")).State]).Code.ShouldBe("consent_unknown", "under whichever id they said it");

        // Dropped, and back: they left all that there was meanwhile.
        var back = chosen.On(4).Then(v1 with { Version = "2026-03-04" }).On(5).After(Leaving(5, "US")).On(6).Then(v2 with { Version = "2026-03-06" }).On(7);
        InTheStates(back, "sms").Code.ShouldBe("consent_unknown");

        static DecisionAnswer InTheStates(Story story, string channel, string? recipient = null, params SubjectConsents[] others) =>
            story.Asked(Question("product-offers", channel, recipient) with { Jurisdiction = "US" }, others);
        static Consents.Withdrawing.WithdrawConsent Leaving(double day, string place) => new("product-offers", Day(day), Actor.Subject, Token.Parse("link"), Jurisdiction: Token.Parse(place));
    }

    [Fact]
    public void An_authorisation_is_given_and_withdrawn_scope_by_scope()
    {
        var story = Given().Under(Packs.Of("assutech")).On(1);
        var grant = new GrantConsent("facebook-account-access", Day(1), Actor.Subject, Token.Parse("oauth"), Scopes: ["friends-list", "contact-email"]);
        story.When(grant with { Scopes = null }).ThenRefused("scope_required");
        story.When(grant with { Scopes = ["everything"] }).ThenRefused("scope_undeclared");
        var granted = story.After(grant);
        Scope(granted, "friends-list").Code.ShouldBe("consent_given");
        Scope(granted, "basic-information").Code.ShouldBe("consent_unknown");
        granted.Asked("facebook-account-access", null).Code.ShouldBe("scope_required");
        var less = granted.On(2).After(new Consents.Withdrawing.WithdrawConsent("facebook-account-access", Day(2), Actor.Subject, Token.Parse("link"), Scopes: ["friends-list"]));
        Scope(less, "friends-list").Code.ShouldBe("consent_withdrawn");
        Scope(less, "contact-email").Code.ShouldBe("consent_given");
        Scope(less.On(3).After(new Consents.Withdrawing.WithdrawConsent("facebook-account-access", Day(3), Actor.Subject, Token.Parse("link"))), "contact-email").Code.ShouldBe("consent_withdrawn");
        story.When(Offer(1, "FR") with { Scopes = ["x"] }).ThenRefused("scope_undeclared");
    }

    [Fact]
    public void Yes_again_under_one_law_answers_a_no_under_another_where_nobody_says_which_law()
    {
        var story = Given().Under(Packs.Of("assutech")).On(1).After(Offer(1, "FR"))
            .On(2).After(new Consents.Withdrawing.WithdrawConsent("product-offers", Day(2), Actor.Subject, Token.Parse("link"), "email", Jurisdiction: Token.Parse("US")));
        Asked(story, null).Code.ShouldBe("consent_withdrawn");
        var again = story.On(3).After(Offer(3, "FR"));
        Asked(again, null).Code.ShouldBe("consent_given");
        Asked(again, "US").Code.ShouldBe("consent_withdrawn");
    }

    [Fact]
    public void A_new_version_that_cuts_the_laws_otherwise_loses_no_no()
    {
        var optedOut = Given().Under(Packs.Of("assutech")).On(1).After(new Consents.Withdrawing.WithdrawConsent("product-offers", Day(1), Actor.Subject, Token.Parse("link"), "email", Jurisdiction: Token.Parse("US")));
        Asked(optedOut, "US").Code.ShouldBe("consent_withdrawn");
        var pack = Packs.Of("assutech").Next("2026-03-02");
        var cut = pack with { Regimes = [.. pack.Regimes, new JurisdictionRegime { Jurisdiction = "US", Regime = Regime.OptOut }] };
        Asked(optedOut.Then(cut).On(3), "US").Code.ShouldBe("consent_withdrawn");
        Asked(optedOut.Then(cut).On(3).After(Offer(3, "US")), "US").Code.ShouldBe("consent_given");
        Asked(optedOut.Then(cut).On(3).After(Offer(3, "JP")), "US").Allowed.ShouldBeFalse("a yes elsewhere is none there, and less so after a no");
    }

    [Fact]
    public void Silence_passes_for_no_child_and_after_no_answer()
    {
        var story = Given().Under(Packs.Of("assutech")).On(1);
        Asked(story.After(Born("2018-01", "US")), "US").Code.ShouldBe("consent_unknown");
        var expired = story.After(Offer(1, "US") with { Until = Day(3) }).On(4).Record(new ConsentExpired(new Lane("product-offers", "email", "controller", "*"), 1), Day(4));
        Asked(expired.After(new Consents.Asking.AskConsent("product-offers", new TextShown(Token.Parse("product-offers-v1"), Token.Parse("en")), Day(4), Actor.System, Token.Parse("web-form"), "email", Jurisdiction: Token.Parse("US"))), "US")
            .Code.ShouldBe("consent_expired");
    }

    [Fact]
    public void A_transfer_is_consented_to_under_the_same_law_and_stopped_by_the_same_things()
    {
        var abroad = Question("order-processing", "email", null) with { Destination = "US" };
        var agreed = Given().On(1).After(Grant(1, purpose: "cross-border-transfer", channel: null) with { Text = null });
        agreed.Asked(abroad).Safeguard.ShouldBe(Safeguard.Consent);
        agreed.On(2).After(new Consents.Restricting.RestrictProcessing(RestrictionGround.UnlawfulProcessing, Day(2), Actor.Subject, Token.Parse("desk"), ["cross-border-transfer"])).Asked(abroad).Code.ShouldBe("transfer_not_authorised");
    }

    [Fact]
    public void Consumers_and_businesses_are_asked_about_as_what_they_are()
    {
        var granted = Given(Granted(1, purpose: "reseller-sharing", channel: null, recipient: "resellers"));
        var question = Question("reseller-sharing", null, "resellers");
        granted.Asked(question).Code.ShouldBe("category_required");
        granted.Asked(question with { Category = "consumer" }).Code.ShouldBe("category_excluded");
        granted.Asked(question with { Category = "business" }).Code.ShouldBe("consent_given");
    }

    [Fact]
    public void Data_leaves_the_country_under_a_safeguard_or_not_at_all()
    {
        var spectral = Given().On(1);
        var abroad = Question("cross-border-transfer", null, "affiliates") with { Destination = "US" };
        spectral.Asked(abroad).Code.ShouldBe("consent_unknown");
        spectral.After(Grant(1, purpose: "cross-border-transfer", channel: null, recipient: "affiliates") with { Text = null }).Asked(abroad).Safeguard.ShouldBe(Safeguard.Consent);
        spectral.Asked(Question("debt-recovery", "email", null) with { Destination = "US" }).Code.ShouldBe("transfer_undeclared");
        spectral.Asked(Question("order-processing", "email", null) with { Destination = "FR" }).Allowed.ShouldBeTrue();
        spectral.Asked(Question("order-processing", "email", null) with { Destination = "SE" }).Allowed.ShouldBeTrue("within the EEA nothing leaves");
        var assutech = Given().Under(Packs.Of("assutech"));
        assutech.On(1).Asked(Question("hosting", null, null) with { Destination = "US" }).Code.ShouldBe("transfer_safeguard_void");
        (assutech with { Now = new DateTimeOffset(2019, 5, 1, 0, 0, 0, TimeSpan.Zero) }).Asked(Question("hosting", null, null) with { Destination = "US" }).Safeguard.ShouldBe(Safeguard.PrivacyShield);
    }

    private static DecisionAnswer Asked(Story story, string? jurisdiction) => story.Asked(Question("product-offers", "email", null) with { Jurisdiction = jurisdiction });

    private static DecisionAnswer Scope(Story story, string scope) => story.Asked(Question("facebook-account-access", null, null) with { Scope = scope });

    private static GrantConsent Offer(double day, string jurisdiction) => new("product-offers", Day(day), Actor.Subject, Token.Parse("web-form"), "email", Jurisdiction: Token.Parse(jurisdiction));

    private static Consents.Withdrawing.WithdrawConsent No(double day, string jurisdiction) => new("product-offers", Day(day), Actor.Subject, Token.Parse("link"), "email", Jurisdiction: Token.Parse(jurisdiction));

    private static GrantConsent News(double day, Actor actor = Actor.Subject) => new("newsletter", Day(day), actor, Token.Parse("web-form"), "email");

    private static StateBirthMonth Born(string month, string? jurisdiction) => new(month, Day(1), Actor.Subject, Token.Parse("web-form"), Jurisdiction: jurisdiction is null ? null : Token.Parse(jurisdiction));

    private static MergeSubjects Merging()
    {
        SubjectId.TryParse(Twin.ToString(), out var twin).ShouldBeTrue();
        return new MergeSubjects(twin, Day(1), Actor.Agent, Token.Parse("desk"));
    }

    private static StreamKey Key(Guid id) => new(Tenant, new StreamId(id));
}
