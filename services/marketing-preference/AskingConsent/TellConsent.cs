using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.AskingConsent;

/// <summary>
/// Once an unsubscribe was answered with success, no decision of any service says yes. So the consent it ends is withdrawn over there before the answer.
/// The event is on disk by then: after a crash, or while consent is away, it arrives there over the bus and finds the consent withdrawn or withdraws it.
/// </summary>
public sealed class TellConsent(StateReader reader, ConsentClient consent, TimeProvider clock)
{
    public static Problem WithdrawalPending { get; } =
        new(StatusCodes.Status503ServiceUnavailable, "withdrawal_pending", "This is recorded and will take effect, but not everywhere yet. The same request again finds out.")
        {
            RetryAfterSeconds = 5,
        };

    /// <summary>Asked after every unsubscribe, and every repeat of one: what decides is how the lane stands now, not what this request did.</summary>
    /// <param name="recorded">By this very request, and not by an earlier one of its name: where that says by itself that it ends the consent, nothing else has to be read.</param>
    /// <returns>Null when the consent service knows, or need not.</returns>
    public async Task<Problem?> OfUnsubscribeAsync(StreamKey subject, Lane lane, Actor actor, string method, CancellationToken ct, Outcome.Recorded? recorded = null)
    {
        if (recorded is not null && await reader.ReadRecordedAsync(subject, recorded, ct) is [var own] && reader.Facts(own) is Unsubscribed { WithdrawsConsent: true } left)
            return await WithdrawOnceAsync(subject, own, left, ct);

        var events = await reader.ReadEventsAsync(subject, ct);
        var state = SubjectPreferences.Stream.Replay(events, MarketingCatalog.Events);
        if (state.Lanes.GetValueOrDefault(lane) is not { IsOpen: false } closed) return null;

        var closing = events[(int)closed.Place.Version - 1];
        var unsubscribed = (Unsubscribed)reader.Facts(closing);

        // What an objection closed opens with the next consent, which may have been given there already.
        var isObjected = closed.Cause == Cause.Objected && unsubscribed.Basis == "consent" && !IsAnyOpen();
        var isEnd = closed.EndedConsent || unsubscribed.WithdrawsConsent;
        if (!isEnd && !isObjected) return null;
        if (isEnd && !IsEndHeard()) return await WithdrawOnceAsync(subject, closing, unsubscribed, ct);

        // Heard to be withdrawn. The person may have consented again since then and changed their mind once more, so it is said again, as an act of now.
        return await WithdrawAsync(subject, new ConsentWithdrawal(unsubscribed.Purpose, lane.Channel, clock.GetUtcNow(), actor, method), key: null, ct);

        // A withdrawal from before this no is not the one that it leads to.
        bool IsEndHeard() => state.Consents.Given(unsubscribed.Purpose, lane.Channel) is false
            && (!closed.IsRepeated || closed.Cause is Cause.ConsentWithdrawn or Cause.ConsentExpired
                || events.Skip((int)closed.Place.Version).Any(e => reader.Facts(e) is ConsentFollowed { Change: { Given: false } change } && change.Purpose == unsubscribed.Purpose));

        bool IsAnyOpen() => state.Lanes.Any(other => other.Value.IsOpen && other.Key.Channel == lane.Channel
            && reader.Facts(events[(int)other.Value.Place.Version - 1]) is Subscribed { Purpose: var purpose } && purpose == unsubscribed.Purpose);
    }

    /// <summary>As above, for several lanes; the first that has to wait ends it.</summary>
    public async Task<Problem?> OfLanesAsync(StreamKey subject, IEnumerable<Lane> lanes, Actor actor, string method, CancellationToken ct)
    {
        foreach (var lane in lanes)
            if (await OfUnsubscribeAsync(subject, lane, actor, method, ct) is { } pending) return pending;
        return null;
    }

    /// <summary>Named by the event: however often this is asked, it is withdrawn once.</summary>
    private Task<Problem?> WithdrawOnceAsync(StreamKey subject, StoredEvent closing, Unsubscribed left, CancellationToken ct) =>
        WithdrawAsync(subject, new ConsentWithdrawal(left.Purpose, left.Channel, left.OccurredAt, left.Actor, left.Method), $"marketing:{closing.Id}", ct);

    private async Task<Problem?> WithdrawAsync(StreamKey subject, ConsentWithdrawal withdrawal, string? key, CancellationToken ct)
    {
        try
        {
            await consent.WithdrawAsync(subject, withdrawal, key, ct);
            return null;
        }
        catch (ConsentUnavailableException)
        {
            return WithdrawalPending;
        }
    }
}
