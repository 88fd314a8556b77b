using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.Addresses;
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
        SendDecision.DecideHere(Asked("newsletter"), [Given()], pack: null).ShouldBe(new Verdict(false, "policy_missing"));
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
    public void Transactional_mail_is_not_stopped_by_unsubscribing_nor_by_a_consent_service_that_is_away()
    {
        Here("account-notices", Given(Closed("account-notices"))).ShouldBeNull();
        On(null, "account-notices", Given(Closed("account-notices"))).ShouldBe(new Verdict(true, "transactional"));
        var objected = new ConsentDecision(false, "subject_objected", 17);
        On(objected, "account-notices", Given()).ShouldBe(new Verdict(true, "transactional", null, objected));
    }

    [Theory]
    [InlineData("processing_restricted")]
    [InlineData("subject_erased")]
    public void Data_that_may_only_be_stored_is_not_written_to_even_where_something_is_owed(string code)
    {
        var restricted = new ConsentDecision(false, code, 17);
        On(restricted, "account-notices", Given()).ShouldBe(new Verdict(false, code, null, restricted));
    }

    [Theory]
    [InlineData(AddressStanding.Deliverable, null, null, null)]
    [InlineData(AddressStanding.Released, null, null, null)]
    [InlineData(AddressStanding.SoftBounced, "address_soft_bounced", "address_soft_bounced", null)]
    [InlineData(AddressStanding.Complained, "address_complained", "address_complained", null)]
    [InlineData(AddressStanding.Suppressed, "address_suppressed", "address_suppressed", null)]
    [InlineData(AddressStanding.HardBounced, "address_hard_bounced", "address_hard_bounced", "address_hard_bounced")]
    [InlineData(AddressStanding.Barred, "address_barred", "address_barred", "address_barred")]
    public void What_became_of_an_address_stops_what_it_has_to(AddressStanding standing, string? marketing, string? service, string? transactional)
    {
        var address = new AddressRow(standing, Noon.AddDays(1), 5, Noon);
        foreach (var (topic, expected) in new[] { ("newsletter", marketing), ("module-crm", service), ("account-notices", transactional) })
        {
            var verdict = SendDecision.DecideHere(Asked(topic), [Given(Opened(topic))], Packs.Northwind, address, Noon);
            (verdict?.Rule, verdict?.Position, verdict?.NotBefore).ShouldBe((expected, expected is null ? null : 5, expected == "address_soft_bounced" ? address.PausedUntil : null), topic);
        }
    }

    [Fact]
    public void Soft_bounces_stop_for_as_long_as_the_address_is_paused() =>
        SendDecision.DecideHere(Asked("newsletter"), [Given()], Packs.Northwind, new AddressRow(AddressStanding.SoftBounced, Noon, 5, Noon), Noon).ShouldBeNull();

    [Fact]
    public void In_quiet_hours_nothing_goes_out_but_what_is_owed_and_whoever_may_never_be_written_to_hears_that_first()
    {
        var pack = Packs.Northwind with { QuietHours = [new() { Channel = "email", From = "11:00", To = "14:00", TimeZone = "UTC" }] };
        var (yes, no) = (new ConsentDecision(true, "consent_given"), new ConsentDecision(false, "consent_withdrawn"));
        SendDecision.DecideOn(yes, Asked("newsletter"), Given(), pack, Noon).ShouldBe(new Verdict(false, "quiet_hours", null, yes, Noon.AddHours(2)));
        SendDecision.DecideOn(yes, Asked("module-crm"), Given(), pack, Noon).Rule.ShouldBe("quiet_hours");
        SendDecision.DecideOn(no, Asked("newsletter"), Given(), pack, Noon).Rule.ShouldBe("consent_withdrawn");
        SendDecision.DecideOn(yes, Asked("account-notices"), Given(), pack, Noon).Rule.ShouldBe("transactional");
        SendDecision.DecideOn(yes, Asked("newsletter") with { TimeZone = new ZoneName(TimeZoneInfo.FindSystemTimeZoneById("Asia/Tokyo")) }, Given(), pack, Noon).Allowed.ShouldBeTrue();
        SendDecision.DecideOn(yes, Asked("newsletter", "sms"), Given(), pack, Noon).Allowed.ShouldBeTrue();
    }

    [Fact]
    public void While_the_store_is_away_what_is_owed_goes_out_and_nothing_else()
    {
        SendDecision.DecideBlind(Asked("account-notices"), Packs.Northwind).ShouldBe(new Verdict(true, "transactional_unchecked"));
        SendDecision.DecideBlind(Asked("account-notices", "phone"), Packs.Northwind).ShouldBe(new Verdict(false, "store_unavailable"));
        foreach (var topic in new[] { "newsletter", "module-crm", "horoscopes" }) SendDecision.DecideBlind(Asked(topic), Packs.Northwind).ShouldBe(new Verdict(false, "store_unavailable"));
        SendDecision.DecideBlind(Asked("account-notices"), lastKnown: null).ShouldBe(new Verdict(false, "store_unavailable"));
    }

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
        SendDecision.DecideHere(Asked("module-crm"), [Given()], pack).ShouldBe(new Verdict(false, "basis_missing"));
    }

    [Theory]
    [InlineData(true, "consent_given")]
    [InlineData(false, "consent_withdrawn")]
    public void The_consent_service_has_the_last_word(bool allowed, string code)
    {
        var said = new ConsentDecision(allowed, code, 17);
        On(said, "newsletter", Given(Opened("newsletter"))).ShouldBe(new Verdict(allowed, code, 0, said));
    }

    private static Verdict? Here(string topic, SubjectPreferences subject, string channel = "email") => SendDecision.DecideHere(Asked(topic, channel), [subject], Packs.Northwind);

    private static Verdict On(ConsentDecision? said, string topic, SubjectPreferences subject) => SendDecision.DecideOn(said, Asked(topic), subject, Packs.Northwind);

    private static SendQuestion Asked(string topic, string channel = "email") => new(Somebody, topic, channel);
}
