using System.Text.Json;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Confirming;
using ConsentLedger.Consent.Consents.Correcting;
using ConsentLedger.Consent.Consents.Erasing;
using ConsentLedger.Consent.Consents.Objecting;
using ConsentLedger.Consent.Consents.Refusing;
using ConsentLedger.Consent.Consents.Restricting;
using ConsentLedger.Consent.Consents.Signalling;
using ConsentLedger.Consent.Consents.Telling;
using ConsentLedger.Consent.Consents.Withdrawing;
using ConsentLedger.Consent.Decisions;
using ConsentLedger.Consent.Decisions.Audiences;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.EventStore;
using static ConsentLedger.Consent.Tests.Acts;
using static ConsentLedger.Consent.Tests.Story;

namespace ConsentLedger.Consent.Tests;

/// <summary>Whoever holds the data hears that it was withdrawn, corrected, restricted or erased (GDPR art. 19), if the policy promised to tell them.</summary>
public sealed class TellingTests
{
    private static readonly Token Desk = Token.Parse("desk");
    private static readonly Guid Request = Guid.Parse("0195a1b2-0000-7000-8000-00000000000e");

    /// <summary>A policy under which partners and Google get data without a consent, too.</summary>
    private static readonly PolicyPack Assutech = Packs.Of("assutech");

    private static readonly Story Shared = Given(Granted(1), Granted(1, recipient: Partners)).On(2);

    [Fact]
    public void A_withdrawal_tells_the_recipient_it_takes_the_data_from_and_nobody_else()
    {
        Told(Shared, Withdraw(2, recipient: Partners)).ShouldBe([Partners]);
        Told(Shared, Withdraw(2)).ShouldBeEmpty("what the controller may do is none of the partners' business");
        Told(Shared, Withdraw(2, channel: null, recipient: null)).ShouldBe([Partners]);
        Told(Given().On(2), Withdraw(2, channel: null, recipient: null)).ShouldBeEmpty("no data went to anybody");
        Told(Given(Granted(1, recipient: Partners), Withdrawn(2, recipient: Partners)).On(3), Withdraw(3, recipient: Partners)).ShouldBeEmpty("they were told the first time");
    }

    [Fact]
    public void Each_event_names_those_that_it_takes_something_from()
    {
        var events = Telling(Shared, Withdraw(2, channel: null, recipient: null)).Cast<ConsentWithdrawn>().ToList();
        events.Select(e => (e.Lane.Channel, e.Lane.Recipient)).Where(l => l.Channel == "email").ShouldBe([("email", "controller"), ("email", Partners)]);
        foreach (var e in events) (e.RecipientsToTell ?? []).ShouldBe(e.Lane == new Lane(Offers, "email", Partners) ? [Partners] : []);
    }

    [Fact]
    public void Where_silence_passed_a_no_tells_whoever_got_data_in_silence()
    {
        var analytics = new WithdrawConsent("web-analytics", Day(2), Actor.Subject, Desk, Jurisdiction: Token.Parse("US"));
        var silent = Given().Under(Assutech).On(2);
        Told(silent, analytics).ShouldBe(["google"]);
        Told(silent, analytics with { Jurisdiction = null }).ShouldBe(["google"]);
        Told(silent, new RefuseConsent("web-analytics", Day(2), Actor.Subject, Desk, "web", "google", Jurisdiction: Token.Parse("US"))).ShouldBe(["google"]);
        Told(silent.After(analytics).On(3), analytics with { OccurredAt = Day(3) }).ShouldBeEmpty("they were told the first time");
        Told(silent, analytics with { Jurisdiction = Token.Parse("FR") }).ShouldBeEmpty("there silence passes for nothing");
        Told(silent, new WithdrawConsent("twitter-account-access", Day(2), Actor.Subject, Desk, Jurisdiction: Token.Parse("US"))).ShouldBeEmpty("nor does it for what has to be express");
        Told(silent, new ObjectToProcessing(ObjectionTo.Profiling, Day(2), Actor.Subject, Desk)).ShouldContain("advertising-partners");
    }

    [Fact]
    public void A_breach_concerns_whoever_gave_data_in_silence_too()
    {
        var nobody = Given().On(1);
        IsHeld(nobody, "partner-offers").ShouldBeFalse();
        IsHeld(nobody, "product-news").ShouldBeTrue("it rests on no consent");
        IsHeld(Given(Granted(1)), "partner-offers").ShouldBeTrue();
        var silent = nobody.Under(Assutech);
        IsHeld(silent, "web-analytics").ShouldBeTrue();
        IsHeld(silent, "twitter-account-access").ShouldBeFalse("that has to be express");
        IsHeld(silent.Then(Assutech.Next("2026-03-02") with { Regimes = [] }), "web-analytics").ShouldBeTrue("there may be data from before");

        static bool IsHeld(Story story, string purpose) => ListConcerned.IsHeld([story.State], [story.Policies.Current!.FindPurpose(purpose)!], story.Policies);
    }

    [Fact]
    public void A_renewal_is_asked_of_whoever_still_says_yes_under_all_of_their_ids()
    {
        var more = new MaterialChange { Purpose = Offers, Summary = new Dictionary<string, string> { ["en"] = "More partners" } };
        var changed = Given(Granted(1)).Then(Packs.Spectral.Next("2026-03-02") with { Changes = Packs.Spectral.Changes with { Material = [more] } });
        changed.On(4).Asked().Code.ShouldBe("renewal_needed");
        NeedsRenewal().ShouldBeTrue();
        NeedsRenewal(Given(Withdrawn(3)).State).ShouldBeFalse("they said no under another id");
        NeedsRenewal(Given(new Recorded(new ErasureStarted(Guid.Empty), Day(2))).State).ShouldBeFalse("they are erased under another id");

        bool NeedsRenewal(params SubjectConsents[] others) =>
            ListConcerned.NeedsRenewal([changed.State, .. others], Offers, new SubjectsAsOf(Tenant, 9, changed.Policies, new Dictionary<StreamId, SubjectConsents>()));
    }

    [Fact]
    public void Whom_the_policy_does_not_promise_to_tell_is_not_told_and_a_promise_outlives_the_version_that_made_it()
    {
        var quiet = Packs.Spectral with { Version = "quiet", Recipients = [.. Packs.Spectral.Recipients.Select(r => r with { ToldOfWithdrawal = false })] };
        Told(Shared.Under(quiet), Withdraw(2, recipient: Partners)).ShouldBeEmpty();
        var gone = Packs.Spectral with { Version = "gone", Recipients = [.. Packs.Spectral.Recipients.Where(r => r.Id != Partners)] };
        Told(Shared.Then(gone), Withdraw(2, recipient: Partners)).ShouldBe([Partners]);
    }

    [Fact]
    public void A_refusal_after_a_consent_tells_also_where_it_names_no_law()
    {
        Told(Shared, new RefuseConsent(Offers, Day(2), Actor.Subject, Desk, "email", Partners)).ShouldBe([Partners]);
        Told(Given().On(2), new RefuseConsent(Offers, Day(2), Actor.Subject, Desk, "email", Partners)).ShouldBeEmpty();

        var inEurope = (ConsentGranted)Granted(1, recipient: Partners).Facts;
        var given = Given(new Recorded(inEurope with { Lane = inEurope.Lane with { Law = "EU" } }, Day(1))).On(2);
        Told(given, new RefuseConsent(Offers, Day(2), Actor.Subject, Desk, "email", Partners)).ShouldBe([Partners]);
    }

    [Fact]
    public void A_consent_that_runs_out_tells_and_one_that_never_was_does_not()
    {
        Told(Shared, new ConsentExpired(new Lane(Offers, "email", Partners), Rested: 2)).ShouldBe([Partners]);
        var pending = Given(new Recorded(
            new ConsentPending(new Lane(Offers, "email", Partners), Packs.Spectral.Version, Day(1), Actor.Subject, Desk, null, null, null, Day(8)), Day(1))).On(9);
        Told(pending, new ConsentExpired(new Lane(Offers, "email", Partners), Rested: 1)).ShouldBeEmpty();
        var confirmed = pending.On(2).After(new ConfirmConsent(Offers, Day(2), Actor.Subject, Desk, "email", Partners)).On(3);
        Told(confirmed, Withdraw(3, recipient: Partners)).ShouldBe([Partners]);
    }

    [Fact]
    public void A_correction_tells_whoever_got_data_on_what_was_wrong()
    {
        Told(Shared, Correct(2) with { Voided = true }).ShouldBe([Partners]);
        Told(Shared, Correct(2) with { DoneAt = Day(0) }).ShouldBe([Partners]);
        Told(Shared, Correct(1) with { Voided = true }).ShouldBeEmpty();
        var expired = Shared.Record(new ConsentExpired(new Lane(Offers, "email", Partners), Rested: 2), Day(3));
        Told(expired, Correct(2) with { Voided = true }).ShouldBe([Partners], "it was given all the same");
    }

    [Fact]
    public void An_objection_tells_those_who_use_the_data_for_what_it_is_about()
    {
        Told(Shared, Object(ObjectionTo.Marketing)).ShouldBe([Partners]);
        Told(Shared, Object(ObjectionTo.Profiling)).ShouldBeEmpty();
        var reason = JsonSerializer.SerializeToElement(new { reason = "my own situation" });
        Told(Given().Under(Assutech).On(2), Object(ObjectionTo.Purpose, "spam-protection") with { Evidence = reason }).ShouldBe(["google"], "it gets data without a consent");
    }

    [Fact]
    public void A_restriction_tells_those_it_concerns()
    {
        Told(Shared, new RestrictProcessing(RestrictionGround.NeededForClaims, Day(2), Actor.Subject, Desk)).ShouldBe([Partners]);
        Told(Shared, new RestrictProcessing(RestrictionGround.NeededForClaims, Day(2), Actor.Subject, Desk, [Offers])).ShouldBe([Partners]);
        Told(Shared, new RestrictProcessing(RestrictionGround.NeededForClaims, Day(2), Actor.Subject, Desk, ["product-news"])).ShouldBeEmpty();
    }

    [Fact]
    public void A_signal_tells_only_where_the_policy_honours_it()
    {
        var tracked = Given(Granted(1, purpose: "web-analytics", channel: "web", recipient: "google")).Under(Assutech).On(2);
        Told(tracked, Signal("DE")).ShouldBe(["google"]);
        Told(tracked, Signal("JP")).ShouldBeEmpty();
    }

    [Fact]
    public void An_erasure_tells_everybody_who_ever_held_data_on_a_consent_and_all_who_need_none()
    {
        var withdrawn = Shared.Record(Withdrawn(2, recipient: Partners).Facts, Day(2));
        Told(withdrawn, EraseSubject.Start(Request, withdrawn.State)).ShouldBe([Partners], "they may have it still");
        var refused = Given(Withdrawn(1, recipient: Partners));
        Told(refused, EraseSubject.Start(Request, refused.State)).ShouldBeEmpty();
        var under = Given().Under(Assutech);
        Told(under, EraseSubject.Start(Request, under.State)).ShouldBe(["advertising-partners", "facebook", "google", "twitter"]);
    }

    [Fact]
    public void Where_the_person_is_known_under_another_id_the_recipient_is_told_in_any_case() =>
        Told(Given(new Recorded(new SubjectMerged(Request, Day(1), Actor.Agent, Desk, null), Day(1))).On(2), Withdraw(2, recipient: Partners)).ShouldBe([Partners]);

    [Fact]
    public void What_takes_nothing_from_anybody_stays_as_it_was_decided()
    {
        var decision = Given().On(1).When(Grant(1, recipient: Partners)).Decision;
        decision.TellingRecipients(Given().State, Given().Policies).ShouldBeSameAs(decision);
        Decision.Unchanged.TellingRecipients(Shared.State, Shared.Policies).ShouldBeSameAs(Decision.Unchanged);
    }

    private static IEnumerable<string> Told(Story story, ISubjectAct act) => Told(story, story.When(act).Decision);

    private static IEnumerable<string> Told(Story story, object facts) => Told(story, Decision.Of(facts));

    private static IEnumerable<string> Told(Story story, Decision decision) => Telling(story, decision).SelectMany(ToTell).Distinct();

    private static IEnumerable<object> Telling(Story story, ISubjectAct act) => Telling(story, story.When(act).Decision);

    private static IEnumerable<object> Telling(Story story, Decision decision) =>
        decision.TellingRecipients(story.State, story.Policies).ShouldBeOfType<Decision.Record>().Events.Select(e => e.Facts);

    // As it is recorded.
    private static IEnumerable<string> ToTell(object facts) =>
        JsonSerializer.SerializeToElement(facts, facts.GetType(), EventCatalog.Json).TryGetProperty("recipientsToTell", out var told) ? told.EnumerateArray().Select(r => r.GetString()!) : [];

    private static CorrectRecord Correct(long version) => new(version, Token.Parse("typing-error"), Day(2), Actor.Agent, Desk);

    private static ObjectToProcessing Object(ObjectionTo to, string? purpose = null) => new(to, Day(2), Actor.Subject, Desk, purpose);

    private static ReceiveSignal Signal(string jurisdiction) => new(PrivacySignal.Gpc, Day(2), Actor.Subject, Token.Parse("browser"), Jurisdiction: Token.Parse(jurisdiction));
}
