using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.Timers;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Running;

/// <summary>Who stays silent, could not be reached or asked for time is told again, or asked. Systems do their part once, however often they are told.</summary>
public static class TellAgain
{
    public static IEnumerable<Due> DueIn(PersonRequest request)
    {
        foreach (var (system, task) in request.Tasks)
        {
            // Who was not reached before the hold has nothing of it and is left alone; who was reached answers by itself.
            if (request.IsHeldAt(system) || task is not { IsOpen: true, Stage: TaskStage.Waiting, NextAt: { } at }) continue;
            var wait = task.Wait * 2 < Patience.Longest ? task.Wait * 2 : Patience.Longest;
            yield return new Due(at, new ErasureTaskDispatched(
                request.Id, system, task.Attempts + 1, Advance.TypeOf(request), task.Kind == ProcessorKind.Service ? (int)wait.TotalSeconds : null));
        }
    }
}
