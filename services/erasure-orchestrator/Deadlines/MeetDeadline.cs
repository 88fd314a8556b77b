using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.Timers;

namespace ConsentLedger.ErasureOrchestrator.Deadlines;

/// <summary>Somebody is told while there is time to act, and once more when there is none left. What keeps a request waiting does not stop the month.</summary>
public static class MeetDeadline
{
    /// <summary>Days before the last day is over.</summary>
    private static readonly int[] Reminders = [14, 7, 2];

    public static IEnumerable<Due> DueIn(PersonRequest request)
    {
        if (request.Overdue) yield break;
        var (due, lapsesAt) = (request.Deadline.DueOn, request.Deadline.LapsesAt);
        foreach (var days in Reminders)
        {
            // What was due before the request was extended is not given again.
            if (request.DaysLeftSaid is { } said && said <= days) continue;
            yield return new Due(lapsesAt.AddDays(-days), new ErasureEscalated(request.Id, days, due));
        }

        yield return new Due(lapsesAt, new ErasureOverdue(request.Id, due, request.WaitsFor));
    }
}
