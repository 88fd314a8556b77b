using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Granting;
using ConsentLedger.Consent.Consents.Withdrawing;
using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Consent.Tests;

/// <summary>Facts and when they came to be recorded.</summary>
internal sealed record Recorded(object Facts, DateTimeOffset At);

/// <summary>What people say in these tests: about offers of partners, over two channels, for the controller or its partners.</summary>
internal static class Acts
{
    public const string Offers = "partner-offers";
    public const string Partners = "marketing-partners";

    public static readonly TextShown Text = Shown("en");

    /// <summary>The text that the policy has for offers, as it is recorded: with its hash.</summary>
    public static TextShown Shown(string locale) => new(
        Token.Parse("partner-offers-v1"), Token.Parse(locale), Token.Parse($"sha256:{Packs.Spectral.FindPurpose(Offers)!.FindText("partner-offers-v1", locale)!.Hash()}"));

    public static DateTimeOffset Day(double day) => new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero).AddDays(day - 1);

    public static GrantConsent Grant(
        double day, Actor actor = Actor.Subject, string purpose = Offers, string? channel = "email", string? recipient = null, TextShown? text = null) =>
        new(purpose, Day(day), actor, Token.Parse("web-form"), channel, recipient, Text: text ?? Text);

    public static WithdrawConsent Withdraw(
        double day, Actor actor = Actor.Subject, string purpose = Offers, string? channel = "email", string? recipient = PolicyPack.ControllerRecipient) =>
        new(purpose, Day(day), actor, Token.Parse("account-page"), channel, recipient);

    /// <summary>Consent was given on this day, and recorded on the same.</summary>
    public static Recorded Granted(
        double day, Actor actor = Actor.Subject, string purpose = Offers, string? channel = "email", string recipient = PolicyPack.ControllerRecipient,
        string? version = null, bool inForce = true) => new(
            new ConsentGranted(
                new Lane(purpose, channel, recipient), version ?? Packs.Spectral.Version, Day(day), actor, Token.Parse("web-form"), null, null, Text, inForce), Day(day));

    /// <inheritdoc cref="Granted"/>
    public static Recorded Withdrawn(
        double day, Actor actor = Actor.Subject, string purpose = Offers, string? channel = "email", string recipient = PolicyPack.ControllerRecipient,
        string? version = null) => new(
            new ConsentWithdrawn(
                new Lane(purpose, channel, recipient), version ?? Packs.Spectral.Version, Day(day), actor, Token.Parse("account-page"), null, null, null), Day(day));

    public static Recorded OnDay(this Recorded recorded, double day) => recorded with { At = Day(day) };
}
