using ConsentLedger.Consent.Consents;
using ConsentLedger.Contracts.Policies;
using static ConsentLedger.Consent.Tests.Acts;
using static ConsentLedger.Consent.Tests.Story;

namespace ConsentLedger.Consent.Tests;

public sealed class GrantingTests
{
    [Fact]
    public void Granting_records_what_was_agreed_to() =>
        Given().On(1).When(Grant(1)).Then(Granted(1).Facts).Asked().Code.ShouldBe("consent_given");

    [Fact]
    public void Granting_again_under_the_same_text_writes_nothing() => Given(Granted(1)).On(3).When(Grant(3)).ThenNothing();

    [Fact]
    public void Granting_under_another_text_is_recorded()
    {
        var french = Shown("fr");
        Given(Granted(1)).On(3).When(Grant(3, text: french)).Then((ConsentGranted)Granted(3).Facts with { Text = french, Renews = 1 });
    }

    [Fact]
    public void Granting_under_a_newer_policy_is_recorded() =>
        Given(Granted(1)).Then(Packs.Spectral.Next("2026-03-02")).On(3).When(Grant(3)).Then((ConsentGranted)Granted(3, version: "2026-03-02").Facts with { Renews = 1 });

    [Fact]
    public void A_yes_over_one_channel_says_nothing_about_another()
    {
        Given(Granted(1)).Asked(channel: "sms").Code.ShouldBe("consent_unknown");
        Given(Granted(1)).Asked(recipient: Partners).Code.ShouldBe("consent_unknown");
    }

    [Theory]
    [InlineData(Actor.Subject)]
    [InlineData(Actor.Guardian)]
    public void A_later_act_of_the_subject_gives_consent_again(Actor actor) =>
        Given(Granted(1), Withdrawn(2)).On(3).When(Grant(3, actor)).Then(Granted(3, actor).Facts).Asked().Code.ShouldBe("consent_given");

    [Fact]
    public void A_late_grant_is_kept_as_history_and_does_not_count() =>
        Given(Withdrawn(5)).On(6).When(Grant(4)).ThenNoted("withdrawal_prevails", Granted(4, inForce: false).Facts).Asked().Code.ShouldBe("consent_withdrawn");

    [Fact]
    public void An_act_of_the_same_moment_does_not_undo_the_withdrawal() =>
        Given(Withdrawn(5)).On(6).When(Grant(5)).ThenNoted("withdrawal_prevails", Granted(5, inForce: false).Facts).Asked().Allowed.ShouldBeFalse();

    [Theory]
    [InlineData(Actor.System)]
    [InlineData(Actor.Agent)]
    public void An_import_never_resurrects(Actor actor) =>
        Given(Granted(1), Withdrawn(2)).On(9).When(Grant(8, actor) with { Method = Token.Parse("import") }).ThenRefused("withdrawal_prevails");

    [Fact]
    public void An_import_of_the_subjects_own_later_act_counts()
    {
        var imported = Grant(8) with { Method = Token.Parse("import"), Source = Token.Parse("old-crm") };
        Given(Granted(1), Withdrawn(2)).On(9).When(imported)
            .Then((ConsentGranted)Granted(8).Facts with { Method = imported.Method, Source = imported.Source }).Asked().Allowed.ShouldBeTrue();
    }

    [Fact]
    public void A_future_act_is_refused()
    {
        var tolerated = Day(1) + SubjectActs.ClockSkew;
        Given().On(1).When(Grant(1) with { OccurredAt = tolerated.AddTicks(1) }).ThenRefused("occurred_in_future");
        Given().On(1).When(Grant(1) with { OccurredAt = tolerated }).Then((ConsentGranted)Granted(1).Facts with { OccurredAt = tolerated });
    }

    [Fact]
    public void A_clock_ahead_cannot_keep_a_later_change_of_mind_out()
    {
        // The unsubscribing machine believed it was a month later.
        var ahead = new Recorded((ConsentWithdrawn)Withdrawn(2).Facts with { OccurredAt = Day(32) }, Day(2));
        Given(Granted(1), ahead).On(3).When(Grant(3)).Then(Granted(3).Facts).Asked().Code.ShouldBe("consent_given");
    }

    [Fact]
    public void A_moment_is_the_same_in_every_time_zone()
    {
        var inTokyo = Day(5).AddMinutes(-1).ToOffset(TimeSpan.FromHours(9));
        Given(Withdrawn(5)).On(6).When(Grant(5) with { OccurredAt = inTokyo })
            .ThenNoted("withdrawal_prevails", (ConsentGranted)Granted(5, inForce: false).Facts with { OccurredAt = inTokyo });
    }

    [Theory]
    [InlineData("astrology", "email", null, "purpose_undeclared")]
    [InlineData(Offers, null, null, "channel_required")]
    [InlineData(Offers, "phone", null, "channel_undeclared")]
    [InlineData("agreed-sharing", "email", null, "channel_undeclared")]
    [InlineData(Offers, "email", "advertisers", "recipient_undeclared")]
    [InlineData("order-processing", "email", null, "consent_not_the_basis")]
    public void What_the_policy_does_not_declare_cannot_be_granted(string purpose, string? channel, string? recipient, string code) =>
        Given().On(1).When(Grant(1, purpose: purpose, channel: channel, recipient: recipient)).ThenRefused(code);

    [Fact]
    public void Without_a_policy_nothing_can_be_granted() => Given().Under().On(1).When(Grant(1)).ThenRefused("policy_missing");

    [Theory]
    [MemberData(nameof(Packs.Tenants), MemberType = typeof(Packs))]
    public void Every_purpose_that_rests_on_consent_can_be_granted_and_no_other(string tenant)
    {
        var pack = Packs.Of(tenant);
        foreach (var purpose in pack.Purposes)
        {
            var verdict = Given().Under(pack).On(1).When(Grant(1, purpose: purpose.Id, channel: purpose.Channels is [var first, ..] ? first : null) with
            {
                Text = null,
                Scopes = pack.Authorisations.FirstOrDefault(a => a.Purpose == purpose.Id)?.Scopes,
            });
            if (purpose.RestsOn(LawfulBasis.Consent)) verdict.Decision.ShouldBeOfType<EventStore.Decision.Record>();
            else verdict.ThenRefused("consent_not_the_basis");
        }
    }
}
