using System.Globalization;
using System.Text.Json;
using ConsentLedger.Consent.Policies;

namespace ConsentLedger.Consent.Consents.Aging;

/// <summary>How old the person is, as exactly as decisions need it (GDPR art. 5(1)(c), 8).</summary>
/// <param name="BornIn">Year and month, as 2012-05.</param>
/// <param name="Jurisdiction">Whose age of consent holds; without one, the highest that the policy names.</param>
public sealed record StateBirthMonth(
    string BornIn, DateTimeOffset OccurredAt, Actor Actor, Token Method, Token? Source = null, Token? Jurisdiction = null, JsonElement? Evidence = null) : ISubjectAct
{
    /// <summary>Where a policy says nothing of the young, nobody under it consents alone before this age, in years.</summary>
    private const int Majority = 18;

    bool ISubjectAct.Restricts => false;

    public static void Map(IEndpointRouteBuilder api) => api.MapAct<StateBirthMonth>("birth-months", "policy_missing", "birth_month_invalid");

    public Decision Decide(SubjectConsents subject, PolicyBook policies, DateTimeOffset now)
    {
        if (policies.Current is not { } pack) return Decision.No("policy_missing", "The controller has not published a policy yet.");
        if (!DateOnly.TryParseExact(BornIn, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.None, out var month) || month.Year < 1850 || month > DateOnly.FromDateTime(now.UtcDateTime))
            return Decision.No("birth_month_invalid", "A birth month is a year and a month that have come, as 2012-05.");

        // With the month after: whoever was born on its last day must not be taken for older than they are.
        var from = new DateTimeOffset(month.AddMonths(1), TimeOnly.MinValue, TimeSpan.Zero);
        var stated = new BirthMonthStated(
            BornIn, from.AddYears(pack.Children?.AgeFor(Jurisdiction) ?? Majority), from.AddYears(pack.Children?.MajorityYears ?? Majority), OccurredAt, Actor, Method, Source, Jurisdiction);
        return subject.Age is { } age && (age.BornIn, age.ConsentsFrom, age.OfAgeFrom) == (stated.BornIn, stated.ConsentsFrom, stated.OfAgeFrom)
            ? Decision.Unchanged
            : this.Recording(stated);
    }
}
