using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.AskingConsent;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.MarketingPreference.Sending;
using static ConsentLedger.MarketingPreference.Tests.People;

namespace ConsentLedger.MarketingPreference.Tests;

public sealed class SendDecisionTests
{
    [Fact]
    public void What_nobody_declared_is_not_sent()
    {
        SendDecision.DecideHere(Asked("newsletter"), Given(), pack: null).ShouldBe(new Verdict(false, "policy_missing"));
        Here("horoscopes", Given()).ShouldBe(new Verdict(false, "topic_undeclared"));
        Here("newsletter", Given(), "phone").ShouldBe(new Verdict(false, "channel_undeclared"));
    }

    [Fact]
    public void Nothing_is_sent_to_someone_erased()
    {
        var erased = Given(Opened("newsletter"), new ErasureStarted(NewId()), new SubjectErased(NewId()));
        Here("newsletter", erased).ShouldBe(new Verdict(false, "subject_erased"));
        Here("account-notices", erased).ShouldBe(new Verdict(false, "subject_erased"));
    }

    [Fact]
    public void Transactional_mail_is_not_stopped_by_unsubscribing() => Here("account-notices", Given(Closed("account-notices"))).ShouldBe(new Verdict(true, "transactional"));

    [Fact]
    public void What_was_left_is_not_sent_and_consent_need_not_be_asked() =>
        Here("newsletter", Given(Opened("newsletter"), Closed("newsletter"))).ShouldBe(new Verdict(false, "unsubscribed", Position: 1));

    [Fact]
    public void What_rests_on_consent_is_asked_over_there() => Here("newsletter", Given(Heard(1, true), Opened("newsletter"))).ShouldBeNull();

    [Fact]
    public void What_rests_on_something_else_is_sent_until_it_is_left_or_stopped_over_there()
    {
        Here("module-crm", Given()).ShouldBeNull();
        var fine = new ConsentDecision(true, "rests_on_other_basis");
        On(fine, "module-crm", Given()).ShouldBe(new Verdict(true, "not_unsubscribed", null, fine));
        On(fine, "module-crm", Given(Opened("module-crm"))).ShouldBe(new Verdict(true, "not_unsubscribed", Position: 0, fine));
        var restricted = new ConsentDecision(false, "processing_restricted", 17);
        On(restricted, "module-crm", Given()).ShouldBe(new Verdict(false, "processing_restricted", null, restricted));
    }

    [Fact]
    public void Without_an_answer_a_service_goes_on_and_marketing_does_not_whatever_it_rests_on()
    {
        On(null, "module-crm", Given()).ShouldBe(new Verdict(true, "not_unsubscribed"));
        On(null, "newsletter", Given(Opened("newsletter"))).ShouldBe(new Verdict(false, "consent_unavailable", 0));
        var interest = Packs.Northwind with
        {
            Purposes = [.. Packs.Northwind.Purposes.Select(p => p.Id == "newsletter" ? p with { Bases = [new PurposeBasis { Basis = LawfulBasis.LegitimateInterests, Interest = "Growing" }] } : p)],
        };
        SendDecision.DecideOn(null, Asked("newsletter"), Given(), interest).ShouldBe(new Verdict(false, "consent_unavailable"));
        var objected = new ConsentDecision(false, "subject_objected", 17);
        SendDecision.DecideOn(objected, Asked("newsletter"), Given(), interest).ShouldBe(new Verdict(false, "subject_objected", null, objected));
    }

    [Fact]
    public void What_rests_on_nothing_is_not_sent()
    {
        var pack = Packs.Northwind with { Purposes = [.. Packs.Northwind.Purposes.Select(p => p with { Bases = [], Role = Role.Processor })] };
        SendDecision.DecideHere(Asked("module-crm"), Given(), pack).ShouldBe(new Verdict(false, "basis_missing"));
    }

    [Theory]
    [InlineData(true, "consent_given")]
    [InlineData(false, "consent_withdrawn")]
    public void The_consent_service_has_the_last_word(bool allowed, string code)
    {
        var said = new ConsentDecision(allowed, code, 17);
        On(said, "newsletter", Given(Opened("newsletter"))).ShouldBe(new Verdict(allowed, code, 0, said));
    }

    private static Verdict? Here(string topic, SubjectPreferences subject, string channel = "email") => SendDecision.DecideHere(Asked(topic, channel), subject, Packs.Northwind);

    private static Verdict On(ConsentDecision? said, string topic, SubjectPreferences subject) => SendDecision.DecideOn(said, Asked(topic), subject, Packs.Northwind);

    private static SendQuestion Asked(string topic, string channel = "email") => new(Somebody, topic, channel);
}
