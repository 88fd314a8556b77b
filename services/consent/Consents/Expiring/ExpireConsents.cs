using ConsentLedger.Timers;

namespace ConsentLedger.Consent.Consents.Expiring;

/// <summary>A consent whose time is over ends by itself, and so does a first step that nobody confirmed.</summary>
public static class ExpireConsents
{
    /// <summary>How long before a consent ends it is announced that it will.</summary>
    private const int MonthsBefore = 1;

    public static IEnumerable<Due> DueIn(SubjectConsents subject)
    {
        foreach (var (lane, state) in subject.Lanes)
        {
            if (state.Until is not { } until || state.Status is not (LaneStatus.Given or LaneStatus.Pending)) continue;
            yield return new Due(until, new ConsentExpired(lane, state.Place.Version));
            if (state is not { Given: true, RenewalDue: false }) continue;

            // One that never stood for longer than that was not given long ago.
            var ahead = until.AddMonths(-MonthsBefore);
            if (ahead > state.OccurredAt) yield return new Due(ahead, new ConsentRenewalDue(lane, state.Place.Version, until));
        }
    }

    /// <summary>What is over is not renewed any more: after an outage both fall due together.</summary>
    public static Decision WithoutIdleRenewals(this Decision decision)
    {
        if (decision is not Decision.Record record) return decision;
        var over = record.Events.Select(e => e.Facts).OfType<ConsentExpired>().Select(e => (e.Lane, e.Rested)).ToHashSet();
        return record with { Events = [.. record.Events.Where(e => e.Facts is not ConsentRenewalDue due || !over.Contains((due.Lane, due.Rested)))] };
    }
}
