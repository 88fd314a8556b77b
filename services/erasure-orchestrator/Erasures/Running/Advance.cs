using ConsentLedger.Contracts.Policies;
using ConsentLedger.ErasureOrchestrator.Deadlines;
using ConsentLedger.ErasureOrchestrator.Erasures.Planning;
using ConsentLedger.ErasureOrchestrator.Erasures.Requesting;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Running;

/// <summary>
/// What follows from what was just recorded, in the same commit: a request that nothing keeps any more begins, the next phase is told, the last answer completes it.
/// So no crash leaves a request done but open, or free to go but standing.
/// </summary>
public static class Advance
{
    /// <param name="persons">Everybody whose stream the decision may have written to.</param>
    /// <param name="patience">How long our own systems may stay silent.</param>
    public static Decision Advancing(this Decision decision, IReadOnlyCollection<Person> persons, TenantRegister register, Patience patience, DateTimeOffset now)
    {
        if (decision is not Decision.Record record) return decision;
        var missed = persons.SelectMany(p => record.Events.Where(e => e.Stream == p.Stream).SelectMany(e => MissedBefore(e.Facts, p.State, now)).Select(m => new NewEvent(m) { Stream = p.Stream }));
        record = record with { Events = [.. missed, .. record.Events] };
        var events = record.Events.ToList();
        foreach (var person in persons)
        {
            var (subject, version) = (person.State, person.Version);
            foreach (var e in record.Events.Where(e => e.Stream == person.Stream)) After(e.Facts);
            long before;
            do
            {
                before = version;

                // Looked at again after the end of a request that stood before it.
                if (subject.Retention is { Over: true, Erased: false } kept && (kept.ConsentEnded || kept.LastsFor(register.Policy).Count == 0)) Receive(kept);
                while (subject.All.Select(r => Next(r, subject, register, patience)).FirstOrDefault(next => next.Count > 0) is { } next)
                {
                    foreach (var facts in next.SelectMany(n => MissedBefore(n, subject, now).Append(n)).ToList())
                    {
                        events.Add(new NewEvent(facts) { Stream = person.Stream });
                        After(facts);
                    }
                }
            }
            while (version != before);

            void Receive(Retention over)
            {
                // One that had begun before left in place what was kept until now.
                if (subject.Answering(RequestType.Erasure) is { } answering && (answering.IsOpen || answering.Outcome == RequestOutcome.Fully || answering.PlannedAt >= over.EraseAt)) return;
                var asked = ReceiveRequest.Of(SubjectId.Of(default), over.Ended == RetentionEnd.ServiceTerminated ? ErasureReason.Termination : ErasureReason.NoLongerNeeded);
                if (ReceiveRequest.Decide(asked, over.Request, subject with { All = [.. subject.All.Where(r => r.IsOpen)] }, register, now) is not Decision.Record received) return;
                foreach (var e in received.Events)
                {
                    events.Add(e with { Stream = person.Stream });
                    After(e.Facts);
                }
            }

            // The position is not known yet, and nothing that follows looks at it.
            void After(object facts) => subject = SubjectRequests.Stream.After(subject, facts, new EventPlace(-1, ++version, now));
        }

        return record with { Events = events };
    }

    private static IEnumerable<object> MissedBefore(object facts, SubjectRequests subject, DateTimeOffset now) =>
        (facts switch { ErasureCompleted completed => completed.Request, ErasureWithdrawn withdrawn => withdrawn.Request, _ => (Guid?)null }) is { } ended && subject.Find(ended) is { } request
            ? MeetDeadline.MissedBy(request, now)
            : [];

    private static List<object> Next(PersonRequest request, SubjectRequests subject, TenantRegister register, Patience patience)
    {
        if (!request.IsOpen) return [];
        if (request.HasBegun && request.Tasks.Values.All(t => !t.IsOpen)) return [new ErasureCompleted(request.Id, OutcomeOf(request), Type: TypeOf(request), Systems: SystemsOf(request))];

        // Somebody who is known has asked for the same: nobody is waited for any more who may be a stranger.
        if (request.IsUnconfirmed && subject.All.Exists(r => r.Type == request.Type && r.IsOpen && !r.IsUnconfirmed)) return [new ErasureCompleted(request.Id, RequestOutcome.Refused, "asked-again", TypeOf(request))];
        if (request.Instruction == Instruction.Decline && !request.HasBegun) return [new ErasureCompleted(request.Id, RequestOutcome.Refused, "instructed-otherwise", TypeOf(request))];

        var holds = request.Type == RequestType.Erasure ? subject.Holds.Keys.ToList() : [];
        if (holds.Count > 0 && request.HeldSince is null) return [new ErasureHeld(request.Id, holds, ToldOf(request))];
        if (holds.Count == 0 && request.HeldSince is not null) return [new ErasureResumed(request.Id)];

        // Neither a hold nor the time to think better of an erasure is a reason to go on using what the person took the consent for back.
        if (request.WaitsFor is not null)
            return request.OwesWithdrawals ? [Tell(request, OwnSystems.Withdrawals, RequestTask.Unplanned(OwnSystems.Withdrawals), patience)] : [];
        if (!request.HasBegun) return [MakePlan.Of(request, register, patience.AsksForAddresses)];

        var phase = request.Tasks.Values.Where(t => t.IsOpen).Min(t => t.Phase);
        return [.. request.Tasks.Where(t => t.Value is { Stage: TaskStage.Planned, IsOpen: true } && t.Value.Phase == phase).Select(t => Tell(request, t.Key, t.Value, patience))];
    }

    private static ErasureTaskDispatched Tell(PersonRequest request, string system, RequestTask task, Patience patience) =>
        new(request.Id, system, task.Attempts + 1, TypeOf(request), task.Kind == ProcessorKind.Service ? (int)patience.After.TotalSeconds : null);

    /// <summary>As events say it: nothing for an erasure.</summary>
    public static RequestType? TypeOf(PersonRequest request) => request.Type == RequestType.Erasure ? null : request.Type;

    /// <summary>What they have answered; null where nobody has.</summary>
    public static IReadOnlyList<SystemOutcome>? SystemsOf(PersonRequest request)
    {
        var systems = request.Tasks.Where(t => t.Value.Outcome is not null).Select(t => new SystemOutcome(t.Key, t.Value.Outcome!.Value, t.Value.Reason)).ToList();
        return systems.Count > 0 ? systems : null;
    }

    /// <summary>A call that is out cannot be called back, so whoever placed the hold hears who has it.</summary>
    private static IReadOnlyList<string>? ToldOf(PersonRequest request)
    {
        var told = request.Tasks.Where(t => t.Value is { IsOpen: true, Stage: not TaskStage.Planned } && t.Key is not (OwnSystems.Withdrawals or OwnSystems.Addresses)).Select(t => t.Key).ToList();
        return told.Count > 0 ? told : null;
    }

    private static RequestOutcome OutcomeOf(PersonRequest request)
    {
        if (request.Tasks.Values.All(t => t.Outcome is TaskOutcome.Refused or TaskOutcome.Kept)) return RequestOutcome.Refused;
        var nothingKept = request.Plan is null or { Kept.Count: 0 };
        return nothingKept && request.Tasks.Values.All(t => t.IsWhole) ? RequestOutcome.Fully : RequestOutcome.Partially;
    }
}

/// <param name="Stream">Null for the command's own.</param>
public sealed record Person(StreamKey? Stream, SubjectRequests State, long Version);
