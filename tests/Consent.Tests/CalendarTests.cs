using System.Text.Json;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Aging;
using ConsentLedger.Consent.Consents.Asking;
using ConsentLedger.Consent.Consents.Confirming;
using ConsentLedger.Consent.Consents.Correcting;
using ConsentLedger.Consent.Consents.Disclosing;
using ConsentLedger.Consent.Consents.Granting;
using ConsentLedger.Consent.Consents.Objecting;
using ConsentLedger.Consent.Consents.Refusing;
using ConsentLedger.Consent.Consents.Restricting;
using ConsentLedger.Consent.Consents.Signalling;
using ConsentLedger.Consent.Consents.Terms;
using ConsentLedger.Consent.Consents.Withdrawing;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.EventStore;
using static ConsentLedger.Consent.Tests.Acts;
using static ConsentLedger.Consent.Tests.Story;

namespace ConsentLedger.Consent.Tests;

/// <summary>Whatever moment somebody claims, up to both ends of the calendar: it is refused or recorded, and what was recorded is read, decided on and waited for.</summary>
public sealed class CalendarTests
{
    private static readonly Token Desk = Token.Parse("desk");

    private static readonly PolicyPack Pack = Packs.Spectral with
    {
        Acceptance = new TermsAcceptance { BeforeUse = true, OnRevision = false, MayDecline = true },
        PurposeLimitation = [LimitationException.LegalClaim],
        Children = new ChildrenCommitment { MajorityYears = 18, Ages = [], GuardianConsent = true },
    };

    // A consent for less than a month, a first step, an objection and a restriction, for acts to be about.
    private static readonly Story Before = Given().Under(Pack).On(1)
        .After(Grant(1) with { Until = Day(10) }).After(Grant(1, channel: "sms") with { Confirm = true })
        .After(new ObjectToProcessing(ObjectionTo.Marketing, Day(1), Actor.Subject, Desk)).After(new RestrictProcessing(RestrictionGround.AccuracyContested, Day(1), Actor.Subject, Desk)).On(2);

    public static TheoryData<DateTimeOffset> Ends { get; } = new(
        DateTimeOffset.MinValue, DateTimeOffset.MinValue.AddDays(20), new(1, 1, 1, 23, 0, 0, TimeSpan.FromHours(14)), new(1899, 12, 31, 23, 59, 59, TimeSpan.Zero), DateTimeOffset.MaxValue.AddDays(-20),
        DateTimeOffset.MaxValue);

    [Theory]
    [MemberData(nameof(Ends))]
    public void No_moment_that_an_act_claims_does_harm(DateTimeOffset end)
    {
        var acts = Acts(end).ToList();
        typeof(ISubjectAct).Assembly.GetTypes().Where(t => t.IsClass && t.IsAssignableTo(typeof(ISubjectAct))).ShouldBe(acts.Select(a => a.GetType()).Distinct(), ignoreOrder: true);
        foreach (var act in acts)
        {
            if (Before.When(act).Decision is not Decision.Record) continue;
            var after = Before.After(act);
            ByTime.DueIn(after.State).ToList().ForEach(due => due.At.ShouldBeGreaterThanOrEqualTo(DateTimeOffset.MinValue));
            foreach (var channel in Pack.FindPurpose(Offers)!.Channels) after.Asked(channel: channel).Code.ShouldNotBeEmpty();
            foreach (var day in (double[])[2, 40, 400]) _ = after.On(day).WhenTimeHasCome();
        }
    }

    [Fact]
    public void A_correction_dates_nothing_before_anything_that_can_be_remembered() =>
        Before.When(new CorrectRecord(1, Desk, Day(2), Actor.Agent, Desk, DoneAt: DateTimeOffset.MinValue)).ThenRefused("occurred_too_early");

    private static IEnumerable<ISubjectAct> Acts(DateTimeOffset end)
    {
        var (text, reason) = (Text, JsonSerializer.SerializeToElement(new { reason = "My own" }));
        foreach (var at in (DateTimeOffset[])[end, Day(2)])
        {
            yield return new AskConsent(Offers, text, at, Actor.System, Desk, "email");
            yield return new GrantConsent(Offers, at, Actor.Subject, Desk, "email", Text: text, Until: end);
            yield return new GrantConsent(Offers, at, Actor.Subject, Desk, "email", Text: text, Until: end, Confirm: true);
            yield return new ConfirmConsent(Offers, at, Actor.Subject, Desk, "sms");
            yield return new RefuseConsent(Offers, at, Actor.Subject, Desk, "email");
            yield return new WithdrawConsent(Offers, at, Actor.Subject, Desk);
            foreach (var done in (DateTimeOffset?[])[end, null])
                foreach (var voided in (bool[])[true, false])
                    foreach (var corrects in (long[])[1, 2])
                        yield return new CorrectRecord(corrects, Desk, at, Actor.Agent, Desk, voided, done, Evidence: reason);
            yield return new StateBirthMonth($"{end:yyyy-MM}", at, Actor.Subject, Desk);
            yield return new AnswerTerms(Pack.Version, false, at, Actor.Subject, Desk);
            yield return new AnswerTerms(Pack.Version, true, at, Actor.Subject, Desk);
            yield return new ObjectToProcessing(ObjectionTo.Profiling, at, Actor.Subject, Desk);
            yield return new ObjectToProcessing(ObjectionTo.Purpose, at, Actor.Subject, Desk, "content-analysis", Evidence: reason);
            yield return new DecideObjection(3, false, Token.Parse(DecideObjection.Retracted), at, Actor.Subject, Desk);
            yield return new RestrictProcessing(RestrictionGround.NeededForClaims, at, Actor.Subject, Desk);
            yield return new LiftRestriction(4, end, at, Actor.Agent, Desk);
            yield return new ReceiveSignal(PrivacySignal.Gpc, at, Actor.Subject, Desk);
            yield return new DiscloseData(DisclosureGround.LegalProcess, "authorities", [Pack.DataCategories[0].Id], at, Actor.Agent, Desk);
            yield return new ExceptUse(Token.Parse("claim"), LimitationException.LegalClaim, at, Actor.Agent, Desk);
        }
    }
}
