namespace ConsentLedger.ErasureOrchestrator.Erasures.Requesting;

/// <summary>
/// The consent service has begun to forget somebody, and takes no more word on who else is the same person: what the person asked for under one id is asked for under all of them. An end of a
/// retention goes no further than its id, since under another one the person may have a contract that runs.
/// </summary>
public static class EraseEveryId
{
    /// <param name="persons">Everybody who is the same person, under each of their ids.</param>
    /// <param name="id">A request's id for each.</param>
    public static Decision Decide(StreamKey subject, Guid request, IReadOnlyDictionary<StreamKey, SubjectRequests> persons, Func<StreamKey, Guid> id)
    {
        if (persons[subject].Find(request) is not { Type: RequestType.Erasure } asked || persons[subject].Retention?.Request == request) return Decision.Unchanged;
        var others = persons.Where(p => p.Key != subject && p.Value.Answering(RequestType.Erasure) is null).Select(p => new NewEvent(
            new ErasureRequested(
                id(p.Key), asked.Reason, asked.Deadline.DueOn, LapsesAt: asked.Deadline.LapsesAt, ReceivedOn: asked.Deadline.ReceivedOn, WithdrawsAll: asked.WithdrawsAll ? true : null, ReceivedAt: asked.ReceivedAt,
                With: request))
        { Stream = p.Key }).ToList();
        return others.Count == 0 ? Decision.Unchanged : new Decision.Record(others);
    }
}
