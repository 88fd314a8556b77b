using ConsentLedger.Contracts.Policies;
using static ConsentLedger.Consent.Tests.Acts;
using static ConsentLedger.Consent.Tests.Story;

namespace ConsentLedger.Consent.Tests;

public sealed class DecisionTests
{
    private static readonly string Version = Packs.Spectral.Version;

    [Fact]
    public void A_yes_names_the_event_it_rests_on() =>
        Given(Granted(1, channel: "sms"), Granted(2)).Asked().ShouldBe(new(true, "consent_given", LawfulBasis.Consent, 1, Version));

    [Fact]
    public void A_no_names_the_withdrawal() =>
        Given(Granted(1), Withdrawn(2)).Asked().ShouldBe(new(false, "consent_withdrawn", null, 1, Version));

    [Fact]
    public void Silence_is_not_consent() => Given().Asked().ShouldBe(new(false, "consent_unknown", null, null, Version));

    [Fact]
    public void A_late_grant_does_not_move_what_a_no_rests_on() =>
        Given(Withdrawn(5), Granted(4, inForce: false).OnDay(6)).Asked().ShouldBe(new(false, "consent_withdrawn", null, 0, Version));

    [Fact]
    public void Another_basis_needs_no_consent() =>
        Given().Asked("order-processing").ShouldBe(new(true, "rests_on_other_basis", LawfulBasis.Contract, null, Version));

    [Theory]
    [InlineData("astrology", "email", null, "purpose_undeclared")]
    [InlineData(Offers, null, null, "channel_required")]
    [InlineData(Offers, "phone", null, "channel_undeclared")]
    [InlineData(Offers, "email", "advertisers", "recipient_undeclared")]
    [InlineData("customer-instructed-processing", null, null, "basis_missing")]
    public void What_is_not_declared_is_not_allowed(string purpose, string? channel, string? recipient, string code) =>
        Given(Granted(1)).Asked(purpose, channel, recipient).ShouldBe(new(false, code, null, null, Version));

    [Fact]
    public void Without_a_policy_nothing_is_allowed() => Given(Granted(1)).Under().Asked().ShouldBe(new(false, "policy_missing", null, null, null));

    [Fact]
    public void A_consent_to_what_the_policy_dropped_is_no_consent() =>
        Given(Granted(1)).Then(Packs.Spectral.Next("2026-03-02", dropped: Offers)).Asked().ShouldBe(new(false, "purpose_undeclared", null, null, "2026-03-02"));
}
