using System.Text.Json;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Disclosing;
using ConsentLedger.Consent.Consents.Objecting;
using ConsentLedger.Consent.Consents.Restricting;
using ConsentLedger.Consent.Consents.Signalling;
using ConsentLedger.Consent.Consents.Terms;
using ConsentLedger.Consent.Decisions;
using ConsentLedger.Contracts.Policies;
using static ConsentLedger.Consent.Tests.Acts;
using static ConsentLedger.Consent.Tests.Story;

namespace ConsentLedger.Consent.Tests;

/// <summary>Objection, restriction, signals, terms and what is done without the person's say.</summary>
public sealed class RightsTests
{
    private static readonly JsonElement Reason = JsonSerializer.SerializeToElement(new { reason = "My own situation" });
    private static readonly Token Desk = Token.Parse("desk");

    [Fact]
    public void An_objection_to_marketing_needs_no_reason_and_stops_all_of_it_at_once()
    {
        var objected = Given(Granted(1)).On(2).After(Object(2, ObjectionTo.Marketing));
        objected.Asked("product-news").ShouldBe(new(false, "subject_objected", null, 1, Packs.Spectral.Version));
        objected.Asked().Code.ShouldBe("subject_objected", "consent given before does not stand against it");
        objected.Asked("order-processing").Allowed.ShouldBeTrue();
        objected.On(3).After(Grant(3)).Asked().Code.ShouldBe("consent_given", "the person's later yes does");
        objected.On(3).After(Grant(3)).Asked("product-news").Code.ShouldBe("subject_objected");
    }

    [Fact]
    public void An_objection_to_profiling_stops_profiling()
    {
        var objected = Given().On(2).After(Object(2, ObjectionTo.Profiling));
        objected.Asked("usage-analytics", "web").Code.ShouldBe("subject_objected");
        objected.Asked("content-analysis", null).Allowed.ShouldBeTrue();
    }

    [Fact]
    public void A_reasoned_objection_stops_its_purpose_until_it_is_decided_and_the_outcome_counts()
    {
        Given().On(2).When(Object(2, ObjectionTo.Purpose, "content-analysis") with { Evidence = null }).ThenRefused("reason_required");
        var objected = Given().On(2).After(Object(2, ObjectionTo.Purpose, "content-analysis"));
        objected.State.Objections.Single().Due.ShouldBe(Day(2).AddMonths(1));
        objected.Asked("content-analysis", null).Code.ShouldBe("objection_pending");
        objected.Asked("data-hosting", null).Allowed.ShouldBeTrue();
        objected.On(5).After(Decide(1, upheld: true, 5)).Asked("content-analysis", null).Code.ShouldBe("subject_objected");
        var rejected = objected.On(5).After(Decide(1, upheld: false, 5));
        var interest = Packs.Spectral.FindPurpose("content-analysis")!.Bases.Single().Interest;
        rejected.Asked("content-analysis", null).ShouldBe(new(true, "rests_on_other_basis", LawfulBasis.LegitimateInterests, null, Packs.Spectral.Version, interest));
        rejected.When(Decide(1, upheld: true, 6)).ThenRefused("objection_decided");
        objected.On(5).Record(new ObjectionOverdue(1, Day(33)), Day(33)).Asked("content-analysis", null).Code.ShouldBe("objection_pending", "nobody's silence lets it go on");
    }

    [Fact]
    public void An_objection_takes_away_the_interest_and_leaves_the_contract()
    {
        var objected = Given().On(2).After(Object(2, ObjectionTo.Purpose, "app-activation"));
        objected.Asked("app-activation", null).ShouldBe(new(true, "rests_on_other_basis", LawfulBasis.Contract, null, Packs.Spectral.Version));
    }

    [Fact]
    public void What_rests_on_consent_is_withdrawn_and_not_objected_to() =>
        Given().On(2).When(Object(2, ObjectionTo.Purpose, Offers)).ThenRefused("objection_not_applicable");

    [Fact]
    public void Only_the_person_takes_a_marketing_objection_back()
    {
        var objected = Given().On(2).After(Object(2, ObjectionTo.Marketing));
        objected.On(3).When(Decide(1, upheld: false, 3)).ThenRefused("objection_holds");
        var retracted = new DecideObjection(1, false, Token.Parse(DecideObjection.Retracted), Day(3), Actor.Subject, Token.Parse("account-page"));
        objected.On(3).When(retracted with { Actor = Actor.Agent }).ThenRefused("objection_holds");
        objected.On(3).After(retracted).Asked("product-news").Allowed.ShouldBeTrue();
        objected.When(Decide(9, true, 3)).ThenRefused("objection_unknown");
        Given(Granted(1)).On(2).After(Object(-20000, ObjectionTo.Marketing)).Asked().Code.ShouldBe("subject_objected", "a clock that is decades behind is no reason not to hear it");
    }

    [Fact]
    public void While_restricted_data_is_stored_and_nothing_else_but_what_the_person_says_later()
    {
        var restricted = Given(Granted(1)).On(2).After(Restrict(2));
        restricted.Asked().ShouldBe(new(false, "processing_restricted", null, 1, Packs.Spectral.Version));
        restricted.Asked("order-processing").Code.ShouldBe("processing_restricted");
        restricted.Asked("data-hosting", null).Allowed.ShouldBeTrue();
        restricted.Asked("legal-disclosure", null).Allowed.ShouldBeTrue();
        restricted.On(3).After(Grant(3)).Asked().Code.ShouldBe("consent_given");
        var lifting = new LiftRestriction(2, Day(3), Day(4), Actor.Agent, Desk);
        restricted.On(4).When(lifting with { SubjectTold = Day(5) }).ThenRefused("subject_not_told");
        restricted.On(4).After(lifting).Asked("order-processing").Allowed.ShouldBeTrue();
        restricted.On(4).When(lifting with { Restriction = 1 }).ThenRefused("restriction_unknown");
    }

    [Fact]
    public void A_restriction_may_be_of_some_purposes()
    {
        var restricted = Given(Granted(1)).On(2).After(Restrict(2) with { Purposes = ["content-analysis"] });
        restricted.Asked("content-analysis", null).Code.ShouldBe("processing_restricted");
        restricted.Asked().Code.ShouldBe("consent_given");
        restricted.When(Restrict(2) with { Purposes = ["content-analysis"] }).ThenNothing();
        restricted.On(4).After(Restrict(4) with { Purposes = ["content-analysis"] }).State.Restrictions.Count.ShouldBe(2, "what the person consented to in between is restricted again");
        restricted.When(Restrict(2) with { Purposes = ["astrology"] }).ThenRefused("purpose_undeclared");
    }

    [Fact]
    public void A_signal_objects_where_the_policy_honours_it_and_nowhere_else()
    {
        var california = Given().On(2).After(Signal(2, "US-CA"));
        california.Asked("relevant-advertising", "web").Code.ShouldBe("signal_objected");
        california.Asked("product-news").Allowed.ShouldBeTrue("it is no tracking");
        california.On(3).When(Signal(3, "US-CA")).ThenNothing();
        california.Then(Packs.Spectral.Next("2026-03-02") with { Tracking = Packs.Spectral.Tracking! with { GlobalPrivacyControl = SignalStance.Ignored } }).On(3).After(Signal(3, "US-CA"))
            .Asked("relevant-advertising", "web").Code.ShouldBe("signal_objected", "a policy that ignores signals takes none back");
        Given().On(2).After(Signal(2, "US-TX")).Asked("relevant-advertising", "web").Allowed.ShouldBeTrue();
        Given().On(2).Asked("relevant-advertising", "web").Allowed.ShouldBeTrue("its absence means nothing");
    }

    [Fact]
    public void A_signal_from_a_place_that_is_none_is_one_from_anywhere() => Given().On(2).After(Signal(2, "California")).Asked("relevant-advertising", "web").Code.ShouldBe("signal_objected");

    [Fact]
    public void No_later_version_takes_an_objection_back_by_calling_things_otherwise()
    {
        var renamed = Packs.Spectral.Next("2026-03-03") with { Purposes = [.. Packs.Spectral.Purposes.Select(p => p with { Marketing = false, Profiling = false })] };
        Given().On(2).After(Object(2, ObjectionTo.Marketing)).Then(renamed).On(4).Asked("product-news").Code.ShouldBe("subject_objected");
        Given().On(2).After(Object(2, ObjectionTo.Profiling)).Then(renamed).On(4).Asked("usage-analytics", "web").Code.ShouldBe("subject_objected");
        Given().Under(renamed).Then(Packs.Spectral).On(2).After(Object(2, ObjectionTo.Marketing)).Asked("product-news").Code.ShouldBe("subject_objected");
        var since = Given().Under(renamed).On(2).After(Object(2, ObjectionTo.Marketing)).On(3);
        since.Asked("product-news").Allowed.ShouldBeTrue("it is no marketing");
        since.Then(Packs.Spectral).On(4).Then(renamed with { Version = "2026-03-04" }).On(5).Asked("product-news").Code.ShouldBe("subject_objected", "it has been since");
    }

    [Fact]
    public void No_later_version_takes_a_signal_back_by_tracking_for_something_else()
    {
        const string Advertising = "relevant-advertising";
        var sent = Given().On(2).After(Signal(2, "US-CA"));
        sent.Then(Packs.Spectral.Next("2026-03-03") with { Tracking = null }).On(4).Asked(Advertising, "web").Code.ShouldBe("signal_objected");
        var less = sent.Then(Packs.Spectral.Next("2026-03-03") with { Tracking = Packs.Spectral.Tracking! with { Purposes = ["usage-analytics"] } }).On(4);
        less.Asked(Advertising, "web").Code.ShouldBe("signal_objected");
        less.After(Signal(4, "US-CA")).Asked(Advertising, "web").Code.ShouldBe("signal_objected", "the browser sends it with every page");
        less.After(Signal(4, "US-NV") with { Jurisdiction = null }).Asked("audience-advertising", "web").Code.ShouldBe("signal_objected");
    }

    [Fact]
    public void After_a_signal_that_was_heard_late_the_person_can_say_yes_again()
    {
        const string Measuring = "web-analytics";
        var stopped = Given().Under(Packs.Of("assutech")).On(5).After(Grant(5, purpose: Measuring, channel: "web") with { Text = null }).On(6).After(Signal(3, "FR"));
        stopped.Asked(Measuring, "web").Code.ShouldBe("signal_objected");
        stopped.On(7).After(Grant(7, purpose: Measuring, channel: "web") with { Text = null }).Asked(Measuring, "web").Code.ShouldBe("consent_given");
    }

    [Fact]
    public void What_stopped_everything_before_a_yes_stops_it_again_whatever_date_it_claims()
    {
        const string Measuring = "web-analytics";
        Given().On(2).After(Object(2, ObjectionTo.Marketing)).On(3).After(Grant(3)).On(4).After(Object(2, ObjectionTo.Marketing)).Asked().Code.ShouldBe("subject_objected");
        Given().On(2).After(Restrict(2)).On(3).After(Grant(3)).On(4).After(Restrict(2)).Asked().Code.ShouldBe("processing_restricted");
        Given().Under(Packs.Of("assutech")).On(2).After(Signal(2, "FR")).On(3).After(Grant(3, purpose: Measuring, channel: "web") with { Text = null }).On(4).After(Signal(1, "FR"))
            .Asked(Measuring, "web").Code.ShouldBe("signal_objected");
    }

    [Fact]
    public void What_stops_everything_is_heard_once_while_no_yes_comes_between()
    {
        Given().On(2).After(Object(2, ObjectionTo.Marketing)).On(4).When(Object(2, ObjectionTo.Marketing)).ThenNothing();
        var ignored = Given().On(2).After(Signal(2, "US-CA")).Then(Packs.Spectral.Next("2026-03-02") with { Tracking = Packs.Spectral.Tracking! with { GlobalPrivacyControl = SignalStance.Ignored } });
        ignored.On(3).After(Signal(3, "US-CA")).On(4).When(Signal(4, "US-CA")).ThenNothing();
    }

    [Fact]
    public void Who_declined_the_terms_agrees_to_no_later_version_but_by_their_own_word()
    {
        var declined = Given().Under(Packs.Of("quintus")).On(1).After(Terms(Given().Under(Packs.Of("quintus")), false, 1)).On(2).Then(Packs.Of("quintus").Next("2026-03-02")).On(3);
        var told = declined.After(Terms(declined, true, 3) with { Actor = Actor.System });
        Use(told).ShouldBe(new(false, "terms_declined", null, 0, "2026-03-02"));
        var agreed = told.On(4).After(Terms(declined, true, 4));
        Use(agreed).Code.ShouldBe("terms_accepted");
        agreed.On(5).When(Terms(declined, true, 5) with { Actor = Actor.System }).ThenNothing();
        Use(agreed.On(5).After(Terms(declined, false, 5))).Code.ShouldBe("terms_declined");
    }

    [Fact]
    public void Who_declined_the_terms_under_one_id_agrees_under_another_by_their_own_word()
    {
        var quintus = Given().Under(Packs.Of("quintus")).On(1);
        var declined = quintus.After(Terms(quintus, false, 1)).State;
        Use(quintus.On(2).After(Terms(quintus, true, 2) with { Actor = Actor.Agent }), declined).Code.ShouldBe("terms_declined");
        Use(quintus.On(2).After(Terms(quintus, true, 2)), declined).Code.ShouldBe("terms_accepted");
        Use(quintus.After(Terms(quintus, true, 0.5)), declined).Code.ShouldBe("terms_declined");
    }

    [Fact]
    public void A_revised_policy_is_agreed_to_by_whoever_declined_the_one_before_in_their_own_word()
    {
        var allure = Given().Under(Packs.Of("allure-systems")).On(1);
        var revised = allure.After(Terms(allure, false, 1)).On(2).Then(Packs.Of("allure-systems").Next("2026-03-02")).On(3);
        Use(revised).Code.ShouldBe("terms_unanswered", "it is another one, and has to be asked for");
        Use(revised.After(Terms(revised, true, 3) with { Actor = Actor.System })).Code.ShouldBe("terms_declined");
        Use(revised.After(Terms(revised, true, 3))).Code.ShouldBe("terms_accepted");
    }

    [Fact]
    public void Terms_are_agreed_to_before_use_where_the_policy_says_so()
    {
        var quintus = Given().Under(Packs.Of("quintus")).On(1);
        Use(quintus).Code.ShouldBe("terms_unanswered");
        Use(quintus.After(Terms(quintus, true, 1))).Code.ShouldBe("terms_accepted");
        var declined = quintus.After(Terms(quintus, false, 1));
        Use(declined).Code.ShouldBe("terms_declined");
        Use(declined.On(2).After(Terms(quintus, true, 2))).Code.ShouldBe("terms_accepted");
        declined.On(2).When(Terms(quintus, true, 0.5)).ThenNothing();
        declined.On(2).When(Terms(quintus, true, 2) with { Actor = Actor.System }).ThenNothing();
        Use(declined.On(5).After(Terms(quintus, false, 5)).On(6).When(Terms(quintus, true, 3)).Before).Code.ShouldBe("terms_declined");
        Use(Given()).ShouldBe(new(true, "terms_not_asked", null, null, Packs.Spectral.Version));
        Given().When(Terms(Given(), true, 1)).ThenRefused("acceptance_not_asked");
        quintus.When(Terms(quintus, true, 1) with { Version = "0" }).ThenRefused("policy_version_unknown");
    }

    [Fact]
    public void A_revised_policy_may_be_declined_and_has_to_be_accepted_to_go_on()
    {
        var allure = Given().Under(Packs.Of("allure-systems")).On(1);
        Use(allure).Code.ShouldBe("terms_not_asked");
        var revised = allure.Then(Packs.Of("allure-systems").Next("2026-03-02")).On(3);
        Use(revised).Code.ShouldBe("terms_unanswered");
        Use(revised.After(Terms(revised, false, 3))).Code.ShouldBe("terms_declined");
        Use(revised.After(Terms(revised, true, 3))).Code.ShouldBe("terms_accepted");
        Use(revised.After(Terms(allure, true, 3))).Code.ShouldBe("terms_unanswered", "another version was accepted");
    }

    [Fact]
    public void A_disclosure_names_a_ground_that_the_policy_has()
    {
        var disclosure = new DiscloseData(DisclosureGround.LegalProcess, "authorities", [Packs.Spectral.DataCategories[0].Id], Day(1), Actor.Agent, Desk);
        Given().On(1).After(disclosure).Log.Count.ShouldBe(1);
        Given().On(1).When(disclosure with { Ground = DisclosureGround.NationalSecurity }).ThenRefused("ground_undeclared");
        Given().On(1).When(disclosure with { Recipient = "advertisers" }).ThenRefused("recipient_undeclared");
        Given().On(1).When(disclosure with { Data = ["horoscopes"] }).ThenRefused("data_undeclared");
    }

    [Fact]
    public void A_use_beyond_the_declared_purposes_names_its_ground_and_is_recorded()
    {
        var quintus = Given().Under(Packs.Of("quintus")).On(1);
        var use = new ExceptUse(Token.Parse("fraud-investigation"), LimitationException.FraudPrevention, Day(1), Actor.Agent, Desk);
        quintus.After(use).Log.Count.ShouldBe(1);
        quintus.When(use with { Purpose = Token.Parse("newsletter") }).ThenRefused("purpose_declared");
        Given().On(1).When(use).ThenRefused("ground_undeclared");
        var restricted = quintus.After(Restrict(1));
        restricted.When(use).ThenRefused("processing_restricted");
        restricted.After(use with { Ground = LimitationException.LegalClaim }).Log.Count.ShouldBe(2);
    }

    [Fact]
    public void Nothing_is_recorded_of_the_erased_and_nothing_of_the_future()
    {
        var erased = Given(Granted(1)).Record(new ErasureStarted(Guid.Empty), Day(2));
        erased.When(Object(2, ObjectionTo.Marketing)).ThenRefused("subject_erased");
        erased.When(Restrict(2)).ThenRefused("subject_erased");
        Given().Under(Packs.Of("quintus")).On(1).When(Terms(Given().Under(Packs.Of("quintus")), true, 5)).ThenRefused("occurred_in_future");
        Given().On(1).After(Object(5, ObjectionTo.Marketing)).Asked("product-news").Code.ShouldBe("subject_objected", "a clock ahead is no reason not to hear a no");
    }

    private static ObjectToProcessing Object(double day, ObjectionTo to, string? purpose = null) =>
        new(to, Day(day), Actor.Subject, Token.Parse("account-page"), purpose, Evidence: to == ObjectionTo.Purpose ? Reason : null);

    private static DecideObjection Decide(long objection, bool upheld, double day) => new(objection, upheld, Token.Parse("compelling-grounds"), Day(day), Actor.Agent, Desk);

    private static RestrictProcessing Restrict(double day) => new(RestrictionGround.AccuracyContested, Day(day), Actor.Subject, Desk);

    private static ReceiveSignal Signal(double day, string jurisdiction) => new(PrivacySignal.Gpc, Day(day), Actor.Subject, Token.Parse("browser"), Jurisdiction: Token.Parse(jurisdiction));

    private static AnswerTerms Terms(Story of, bool accepted, double day) => new(of.Policies.Current!.Version, accepted, Day(day), Actor.Subject, Token.Parse("web-form"));

    private static DecisionAnswer Use(Story story, params IEnumerable<SubjectConsents> others) => story.Asked(Question(DecisionRequest.UseOfService, null, null), others);
}
