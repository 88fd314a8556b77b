using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.OpenDsr;
using ConsentLedger.Timers;

namespace ConsentLedger.ErasureOrchestrator.Deadlines;

/// <summary>Somebody is told while there is time to act, and once more when there is none left. What keeps a request waiting does not stop the month.</summary>
public static class MeetDeadline
{
    /// <summary>Days before the last day is over.</summary>
    private static readonly int[] Reminders = [14, 7, 2];

    public static IEnumerable<Due> DueIn(PersonRequest request) => request.Overdue
        ? []
        : Of(
            request.Deadline.LapsesAt, request.DaysLeftSaid, days => new ErasureEscalated(request.Id, days, request.Deadline.DueOn),
            new ErasureOverdue(request.Id, request.Deadline.DueOn, request.WaitsFor));

    /// <summary>A controller's month runs while somebody has still to find out whose request it is.</summary>
    public static IEnumerable<Due> DueIn(DsrCase waiting) => waiting is { AwaitsMatch: true, Overdue: false }
        ? Of(waiting.LapsesAt, waiting.DaysLeftSaid, days => new DsrEscalated(waiting.Received!.Id, days, waiting.DueOn), new DsrOverdue(waiting.Received!.Id, waiting.DueOn))
        : [];

    private static IEnumerable<Due> Of(DateTimeOffset lapsesAt, int? said, Func<int, object> reminder, object overdue)
    {
        // What was due before the request was extended is not given again.
        foreach (var days in Reminders.Where(days => said is null || said > days)) yield return new Due(lapsesAt.AddDays(-days), reminder(days));
        yield return new Due(lapsesAt, overdue);
    }

    /// <summary>What goes before the end of a request that ends too late, where that was not said yet: whoever was down when the day was over looks at answers before the clock.</summary>
    public static IEnumerable<object> MissedBy(PersonRequest request, DateTimeOffset now) =>
        request is { IsOpen: true, Overdue: false } && now >= request.Deadline.LapsesAt ? [new ErasureOverdue(request.Id, request.Deadline.DueOn, request.WaitsFor)] : [];
}
