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
/// <param name="Receipt">Proves offline that the entry at <paramref name="Position"/> is in the log (C2SP tlog-proof), where one was asked for and came in time.</param>
public sealed record CommandAnswer(string Outcome, long? Position, long Version, bool? InForce, IReadOnlyList<string>? Events, string? Note, string? Receipt = null);

public static class OutcomeResults
{
    /// <summary>200 with the stream's version as ETag; 422 refused, 412 stale If-Match, 409 key reused.</summary>
    /// <param name="inForce">What only the service can say; left out of the answer where null.</param>
    /// <param name="receipt">Of something recorded, for a caller who prefers one.</param>
    public static IResult ToResult(this Outcome outcome, bool? inForce = null, IReadOnlyList<string>? events = null, string? receipt = null) => outcome switch
    {
        Outcome.Recorded recorded when receipt is not null => new WithPreferenceApplied(
            ReceiptPreference.Receipt, Ok(new CommandAnswer("recorded", recorded.Position, recorded.Version, inForce, events, recorded.Note, receipt))),
        Outcome.Recorded recorded => Ok(new CommandAnswer("recorded", recorded.Position, recorded.Version, inForce, events, recorded.Note)),
        Outcome.Unchanged unchanged => Ok(new CommandAnswer("unchanged", null, unchanged.Version, inForce, [], null)),
        Outcome.Refused { Refusal: var refusal } => KnownProblems.Refused(refusal.Code, refusal.Reason),
        Outcome.Conflict conflict => KnownProblems.VersionStale(conflict.ActualVersion),
        Outcome.IdReused => KnownProblems.IdempotencyKeyReused,
        _ => throw new UnreachableException(),
    };

    private static WithEntityTag Ok(CommandAnswer answer) => new(answer.Version, TypedResults.Json(answer, StrictJson.Options));

    /// <summary>Tells the caller which of their preferences was heeded (RFC 7240, section 3).</summary>
    private sealed class WithPreferenceApplied(string preference, IResult inner) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.Headers[ReceiptPreference.AppliedHeader] = preference;
            return inner.ExecuteAsync(httpContext);
        }
    }
}
