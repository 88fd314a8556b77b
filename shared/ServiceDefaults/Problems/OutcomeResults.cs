using System.Diagnostics;
using ConsentLedger.EventStore;
using Microsoft.AspNetCore.Http;

namespace ConsentLedger.ServiceDefaults;

/// <summary>What a command that was carried out answers.</summary>
/// <param name="Outcome"><c>recorded</c> or <c>unchanged</c>.</param>
/// <param name="Position">The tenant-wide position of the first event, where one was recorded.</param>
/// <param name="Version">The stream's version, also in the ETag.</param>
/// <param name="InForce">Whether what was asked holds now.</param>
/// <param name="Events">The types of the recorded events.</param>
/// <param name="Note">A word about the effect, such as <c>withdrawal-prevails</c>.</param>
public sealed record CommandAnswer(string Outcome, long? Position, long Version, bool? InForce, IReadOnlyList<string>? Events, string? Note);

public static class OutcomeResults
{
    /// <summary>200 with the stream's version as ETag; 422 refused, 412 stale If-Match, 409 key reused.</summary>
    /// <param name="inForce">What only the service can say; left out of the answer where null.</param>
    public static IResult ToResult(this Outcome outcome, bool? inForce = null, IReadOnlyList<string>? events = null) => outcome switch
    {
        Outcome.Recorded recorded => Ok(new CommandAnswer("recorded", recorded.Position, recorded.Version, inForce, events, recorded.Note)),
        Outcome.Unchanged unchanged => Ok(new CommandAnswer("unchanged", null, unchanged.Version, inForce, [], null)),
        Outcome.Refused { Refusal: var refusal } => KnownProblems.Refused(refusal.Code, refusal.Reason),
        Outcome.Conflict conflict => KnownProblems.VersionStale(conflict.ActualVersion),
        Outcome.IdReused => KnownProblems.IdempotencyKeyReused,
        _ => throw new UnreachableException(),
    };

    private static WithEntityTag Ok(CommandAnswer answer) => new(answer.Version, TypedResults.Json(answer, StrictJson.Options));
}
