using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Policies;

namespace ConsentLedger.Consent.Tests;

/// <summary>Every event of the catalog, with all it can hold and with as little as it must.</summary>
internal static class Samples
{
    private static readonly Guid Id = Guid.Parse("0195a1b2-0000-7000-8000-0000000000aa");
    private static readonly DateTimeOffset Moment = new(2026, 3, 1, 13, 4, 5, 678, TimeSpan.FromHours(1));

    private static readonly TextShown Text = new(Token.Parse("partner-offers-v1"), Token.Parse("fr"), Token.Parse($"sha256:{new string('a', 64)}"));

    public static IReadOnlyList<object> Events { get; } =
    [
        new ConsentGranted(
            new Lane("partner-offers", "email", "marketing-partners"), "1", Moment, Actor.Guardian, Token.Parse("web-form"), Token.Parse("shop"), Token.Parse("FR"), Text, InForce: true),
        new ConsentGranted(new Lane("agreed-sharing", null, "controller"), "1", Moment, Actor.System, Token.Parse("import"), null, null, null, InForce: false),
        new ConsentWithdrawn(new Lane("partner-offers", "email", "controller"), "1", Moment, Actor.Subject, Token.Parse("one-click"), Token.Parse("marketing-preference"), "unsubscribed", Id),
        new ConsentWithdrawn(new Lane("agreed-sharing", null, "controller"), "1", Moment, Actor.Agent, Token.Parse("phone"), null, null, null),
        new HistoryRead("auditor", Moment, Moment.AddDays(1), Disclosed: true),
        new HistoryRead("auditor", null, null, Disclosed: false),
        new ErasureStarted(Id),
        new SubjectErased(Id),
        new PolicyPublished(Packs.Spectral, Id),
    ];
}
