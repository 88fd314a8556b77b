using System.Collections.Immutable;

namespace ConsentLedger.MarketingPreference.Preferences;

/// <summary>
/// A subject's consents as far as the consent service's stream was followed. Good enough to keep the preferences in step with; whether
/// something may be sent is asked over there.
/// </summary>
/// <param name="Version">The last version of that stream heard here.</param>
public sealed record ConsentMirror(long Version, ImmutableDictionary<ConsentMirror.Lane, bool> Lanes)
{
    public static readonly ConsentMirror Empty = new(0, ImmutableDictionary<Lane, bool>.Empty);

    public readonly record struct Lane(string Purpose, string? Channel, string Recipient);

    /// <summary>Whether anybody may use this purpose over this channel; null where nobody was heard to ask.</summary>
    public bool? Given(string purpose, string channel)
    {
        var answers = Lanes.Where(lane => lane.Key.Purpose == purpose && (lane.Key.Channel ?? channel) == channel)
            .GroupBy(lane => lane.Key.Recipient, (_, lanes) => lanes.MaxBy(lane => lane.Key.Channel is not null).Value).ToList();
        return answers.Count == 0 ? null : answers.Contains(true);
    }

    public ConsentMirror Follow(ConsentFollowed followed)
    {
        if (followed.Change is not { } change) return this with { Version = followed.Version };
        var others = change.Channel is null ? Lanes.RemoveRange(Lanes.Keys.Where(lane => lane.Purpose == change.Purpose && lane.Recipient == change.Recipient)) : Lanes;
        return new ConsentMirror(followed.Version, others.SetItem(new Lane(change.Purpose, change.Channel, change.Recipient), change.Given));
    }
}
