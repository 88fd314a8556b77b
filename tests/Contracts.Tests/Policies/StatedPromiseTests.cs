using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Contracts.Tests.Policies;

/// <summary>What the five controllers promised can be read off their packs. That it is kept, the journeys show.</summary>
public sealed class StatedPromiseTests
{
    private readonly PolicyPack _spectral = Packs.Of("spectral-tms");
    private readonly PolicyPack _assutech = Packs.Of("assutech");
    private readonly PolicyPack _allure = Packs.Of("allure-systems");
    private readonly PolicyPack _quintus = Packs.Of("quintus");
    private readonly PolicyPack _vms = Packs.Of("vms");

    [Fact]
    public void P01_each_purpose_names_its_bases_and_its_interests()
    {
        _spectral.FindPurpose("terms-notices")!.Bases.Select(b => b.Basis)
            .ShouldBe([LawfulBasis.Contract, LawfulBasis.LegalObligation, LawfulBasis.LegitimateInterests]);
        new[] { _spectral, _assutech, _allure, _quintus, _vms }.SelectMany(p => p.Purposes).SelectMany(p => p.Bases).Select(b => b.Basis).Distinct().Count()
            .ShouldBe(Enum.GetValues<LawfulBasis>().Length);
    }

    [Fact]
    public void P02_P03_third_party_marketing_waits_for_consent_and_own_marketing_can_be_left()
    {
        var partners = _spectral.FindPurpose("partner-offers")!;
        partners.Bases.ShouldHaveSingleItem().Basis.ShouldBe(LawfulBasis.Consent);
        partners.Channels.ShouldBe([Channels.Email, Channels.Sms]);

        _spectral.FindTopic("product-news")!.MessageClass.ShouldBe(MessageClass.Marketing);
        _spectral.WithdrawalWays.ShouldContain(WithdrawalWay.AccountPreferences);
    }

    [Fact]
    public void P04_resellers_are_for_businesses_and_third_parties_need_the_consumers_consent()
    {
        var resellers = _spectral.FindPurpose("reseller-sharing")!;
        resellers.Concerns("business").ShouldBeTrue();
        resellers.Concerns("consumer").ShouldBeFalse();
        resellers.Reaches("resellers").ShouldBeTrue();

        var thirdParties = _spectral.FindPurpose("third-party-marketing")!;
        thirdParties.Concerns("consumer").ShouldBeTrue();
        thirdParties.Express.ShouldBeTrue();
        thirdParties.RestsOn(LawfulBasis.Consent).ShouldBeTrue();
    }

    [Fact]
    public void P05_each_transfer_is_authorised_or_has_a_safeguard()
    {
        Safeguards(_spectral).ShouldBe([Safeguard.Consent]);
        Safeguards(_assutech).ShouldBe([Safeguard.PrivacyShield, Safeguard.PrivacyShield]);
        Safeguards(_allure).ShouldBe([Safeguard.Contractual]);
        Safeguards(_quintus).ShouldBe([Safeguard.Scc, Safeguard.Cbpr]);

        static IEnumerable<Safeguard> Safeguards(PolicyPack pack) => pack.Transfers.Select(t => t.Safeguard);
    }

    [Fact]
    public void P06_silence_counts_outside_the_EU_only_and_never_where_the_place_is_unknown()
    {
        _assutech.RegimeFor("FR").ShouldBe(Regime.OptIn);
        _assutech.RegimeFor("US-CA").ShouldBe(Regime.OptOut);
        _assutech.RegimeFor((string?)null).ShouldBe(Regime.OptIn);
    }

    [Fact]
    public void P07_P31_access_to_other_accounts_is_authorised_scope_by_scope()
    {
        _assutech.FindAuthorisation("facebook")!.Scopes.ShouldBe(["contact-email", "basic-information", "friends-list"]);
        _vms.FindAuthorisation("google-calendar")!.Scopes.ShouldBe(["calendar.events.write"]);

        var access = _assutech.FindPurpose("facebook-account-access")!;
        access.Express.ShouldBeTrue();
        _assutech.RegimeFor(access, channel: null, "US").ShouldBe(Regime.OptIn);
    }

    [Fact]
    public void P08_processors_are_named_with_data_places_and_ways_out()
    {
        var amazon = _assutech.ProcessorsFor("hosting").First(p => p.Id == "amazon-web-services");
        amazon.Places.ShouldBe(["US", "IE", "DE", "SG"]);
        amazon.Safeguard.ShouldBe(Safeguard.PrivacyShield);
        _assutech.ProcessorsFor("custom-audiences").ShouldHaveSingleItem().OffersWithdrawal.ShouldBeTrue();
        _spectral.Processors.Select(p => p.Id).ShouldBe(["support-providers", "mail-providers"]);
    }

    [Fact]
    public void P09_P10_P11_promotion_by_phone_and_profiling_can_be_objected_to()
    {
        _assutech.FindTopic("phone-offers")!.Channels.ShouldBe([Channels.Phone]);
        _assutech.FindPurpose("authority-disclosure")!.RestsOn(LawfulBasis.PublicTask).ShouldBeTrue();
        _assutech.FindPurpose("profiling")!.Profiling.ShouldBeTrue();
        _assutech.Rights.Offered.ShouldContain(SubjectRight.MarketingObjection);
        _assutech.Rights.Offered.ShouldContain(SubjectRight.ProfilingObjection);
    }

    [Fact]
    public void P12_P13_P14_P15_the_rights_are_offered()
    {
        Offer(_assutech, SubjectRight.Restriction, SubjectRight.Access, SubjectRight.Portability, SubjectRight.Rectification, SubjectRight.Erasure);
        Offer(_allure, SubjectRight.Restriction, SubjectRight.Access, SubjectRight.Portability, SubjectRight.Rectification, SubjectRight.Erasure);
        Offer(_quintus, SubjectRight.Access, SubjectRight.Portability, SubjectRight.Rectification, SubjectRight.Erasure);
        Offer(_spectral, SubjectRight.Access, SubjectRight.Portability);
        Offer(_vms, SubjectRight.Erasure);
        _assutech.Purposes.Where(p => p.StandsUnderRestriction).Select(p => p.Id).ShouldBe(["hosting", "legal-action", "authority-disclosure"]);
        _quintus.Erasure.Exceptions.ShouldContain(ErasureException.TechnicallyImpossible);

        static void Offer(PolicyPack pack, params SubjectRight[] rights) => rights.ShouldBeSubsetOf(pack.Rights.Offered);
    }

    [Fact]
    public void P16_requests_are_free_and_answered_within_a_month()
    {
        _assutech.Rights.DeadlineMonths.ShouldBe(1);
        _assutech.Rights.DeadlinePromised.ShouldBeTrue();
        _assutech.Rights.FreeOfCharge.ShouldBeTrue();
    }

    [Fact]
    public void P17_data_stays_for_the_contract_the_consent_or_the_law()
    {
        _assutech.FindPurpose("service-provision")!.Retention.Until.ShouldBe(RetentionEnd.ContractEnded);
        _assutech.FindPurpose("product-offers")!.Retention.Until.ShouldBe(RetentionEnd.ConsentWithdrawn);
        _assutech.FindPurpose("authority-disclosure")!.Retention.Until.ShouldBe(RetentionEnd.ObligationEnded);
    }

    [Fact]
    public void P18_P28_a_first_version_renews_nothing_and_changes_are_announced()
    {
        _assutech.Changes.Material.ShouldBeEmpty();
        _quintus.Changes.AnnouncedBy.ShouldBe([Channels.Web, Channels.Email]);
        _allure.Changes.AnnouncedBy.ShouldBe([Channels.Web, Channels.Email]);
    }

    [Fact]
    public void P19_P37_terms_are_agreed_to()
    {
        _allure.Acceptance.ShouldBe(new TermsAcceptance { BeforeUse = false, OnRevision = true, MayDecline = true });
        _quintus.Acceptance!.BeforeUse.ShouldBeTrue();
    }

    [Fact]
    public void P20_P21_there_are_ways_out()
    {
        _allure.WithdrawalWays.ShouldBe([WithdrawalWay.UnsubscribeLink, WithdrawalWay.Contact]);
        _quintus.WithdrawalWays.ShouldBe([WithdrawalWay.PreferencesPage, WithdrawalWay.UnsubscribeLink, WithdrawalWay.UnsubscribePage]);
        _vms.WithdrawalWays.ShouldContain(WithdrawalWay.UnsubscribeLink);
    }

    [Fact]
    public void P22_transactional_mail_goes_on()
    {
        _quintus.FindTopic("order-updates")!.MessageClass.ShouldBe(MessageClass.Transactional);
        _vms.FindTopic("account-notices")!.MessageClass.ShouldBe(MessageClass.Transactional);
    }

    [Fact]
    public void P23_use_beyond_the_declared_purposes_has_five_grounds()
    {
        _quintus.PurposeLimitation.ShouldBe(Enum.GetValues<LimitationException>());
        _assutech.PurposeLimitation.ShouldBeEmpty();
    }

    [Fact]
    public void P24_partners_are_reached_by_explicit_consent_bound_likewise_and_told()
    {
        _quintus.FindPurpose("partner-sharing")!.Express.ShouldBeTrue();
        _quintus.FindRecipient("partners")!.BoundBy.ShouldNotBeNull();
        _quintus.FindRecipient("partners")!.ToldOfWithdrawal.ShouldBeTrue();
    }

    [Fact]
    public void P25_P32_what_starts_an_erasure()
    {
        _quintus.Erasure.OnFullWithdrawal.ShouldBeTrue();
        _vms.Erasure.OnTermination.ShouldBeTrue();
        _vms.FindPurpose("hosting")!.Retention.Until.ShouldBe(RetentionEnd.ServiceTerminated);
    }

    [Fact]
    public void P26_guardians_consent_for_the_young()
    {
        _quintus.Children!.GuardianConsent.ShouldBeTrue();
        _quintus.Children.AgeFor("SE").ShouldBe(13);
        _quintus.Children.AgeFor("DE").ShouldBe(16);
        _quintus.Children.AgeFor(null).ShouldBe(18);
    }

    [Fact]
    public void P27_job_applications_survive_erasure_with_a_reason()
    {
        var reporting = _quintus.FindPurpose("recruitment-reporting")!.Retention;
        reporting.SurvivesErasure.ShouldBeTrue();
        reporting.Reason.ShouldNotBeNullOrWhiteSpace();
    }

    [Fact]
    public void P29_breaches_are_announced() => _quintus.FindPurpose(_quintus.BreachNotice!.Purpose)!.Channels.ShouldContain(Channels.Email);

    [Fact]
    public void P30_the_newsletter_and_each_module_are_topics_of_their_own() =>
        new[] { ("newsletter", "newsletter"), ("module-booking", "booking-notifications"), ("module-crm", "crm-notifications") }
            .ShouldBeSubsetOf(_vms.Topics.Select(t => (t.Id, t.Purpose)));

    [Fact]
    public void P33_users_content_is_processed_on_their_instructions()
    {
        var content = _vms.FindPurpose("user-content")!;
        content.Role.ShouldBe(Role.Processor);
        content.InstructedBy.ShouldNotBeNull();
        content.Concerns("end-customer").ShouldBeTrue();
        content.Concerns("user").ShouldBeFalse();
    }

    [Fact]
    public void P34_browser_signals_count_where_the_law_says_so()
    {
        _vms.Tracking!.HonoursPrivacyControl("US-CA").ShouldBeTrue();
        _spectral.Tracking!.HonoursPrivacyControl("FR").ShouldBeTrue();
        _assutech.Tracking!.HonoursPrivacyControl("BR").ShouldBeFalse();
        _assutech.Tracking.DoNotTrack.ShouldBe(SignalStance.Ignored);
    }

    [Fact]
    public void P35_disclosure_under_legal_process_has_a_purpose()
    {
        _spectral.Disclosures.ShouldContain(d => d.Ground == DisclosureGround.LegalProcess && d.Purpose == "legal-disclosure");
        _quintus.Disclosures.ShouldContain(d => d.Ground == DisclosureGround.LegalProcess && d.Purpose == "legal-disclosure");
    }

    [Fact]
    public void P36_other_sources_are_named() => new[] { "reused", "purchased", "public" }.ShouldBeSubsetOf(_assutech.Sources.Select(s => s.Id));

    [Fact]
    public void P38_a_successor_takes_over()
    {
        _allure.HandOver!.Causes.ShouldContain(HandOverCause.Merger);
        _allure.FindPurpose(_allure.HandOver.Purpose)!.Reaches("successor").ShouldBeTrue();
        _quintus.HandOver!.Causes.ShouldContain(HandOverCause.Sale);
        _quintus.FindPurpose(_quintus.HandOver.Purpose)!.Reaches("successor").ShouldBeTrue();
        _spectral.HandOver.ShouldNotBeNull();
    }
}
