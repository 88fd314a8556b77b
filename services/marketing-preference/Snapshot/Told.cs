using System.Text.Json;
using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.MarketingPreference.Preferences.Reading;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Snapshot;

/// <summary>One line of a snapshot.</summary>
public abstract record Told;

/// <summary>Where a snapshot stands: its first line.</summary>
/// <param name="Position">Of the last event that is in it, -1 where there is none. What follows is asked for from here.</param>
public sealed record ToldStart(string Tenant, long Position) : Told;

/// <summary>A person, with all that they ever chose.</summary>
/// <param name="Version">The last one of their stream that is in.</param>
/// <param name="Preferences">Empty for somebody of whom only other things are known. A topic that is missing was never asked for.</param>
public sealed record ToldSubject(SubjectId Subject, long Version, IReadOnlyList<ToldPreference> Preferences) : Told
{
    public static ToldSubject Of(StreamId subject, long version, SubjectPreferences state) => new(SubjectId.Of(subject), version, ToldPreference.AllOf(state));
}

/// <param name="Position">Of the event it rests on.</param>
public sealed record ToldPreference(string Topic, string Channel, PreferenceState State, Cause Cause, Actor Actor, string Method, DateTimeOffset OccurredAt, long Position)
{
    public static IReadOnlyList<ToldPreference> AllOf(SubjectPreferences state) =>
        [.. state.Lanes.OrderBy(lane => lane.Key.Topic, StringComparer.Ordinal).ThenBy(lane => lane.Key.Channel, StringComparer.Ordinal).Select(lane => Of(lane.Key, lane.Value))];

    private static ToldPreference Of(Lane lane, LaneState state) =>
        new(lane.Topic, lane.Channel, state.IsOpen ? PreferenceState.Subscribed : PreferenceState.Unsubscribed, state.Cause, state.Actor, state.Method, state.OccurredAt, state.Place.Position);
}

/// <summary>An address that nothing goes to, as <see cref="Contracts.MarketingSuppressedV1"/> told of it.</summary>
public sealed record ToldAddress(AddressTag AddressTag, string State, string Cause, bool Everything, DateTimeOffset OccurredAt, long Position) : Told
{
    /// <summary>Null where mail goes, and for a stream that is about no address.</summary>
    public static ToldAddress? Of(IReadOnlyList<StoredEvent> stream, EventCatalog catalog)
    {
        var address = Address.Stream.Replay(stream, catalog);
        return (address.Tag, address.Standing) switch
        {
            ({ } tag, (AddressStanding.Barred or AddressStanding.Suppressed, { } place)) => new(
                tag, "suppressed", JsonNamingPolicy.KebabCaseLower.ConvertName($"{address.Cause}"), address.SuppressesEverything, At<AddressSuppressed>(place).OccurredAt, place.Position),
            ({ } tag, (AddressStanding.HardBounced, { } place)) => new(tag, "suppressed", "bounce", true, At<AddressBounced>(place).OccurredAt, place.Position),
            ({ } tag, (AddressStanding.Complained, { } place)) => new(tag, "suppressed", "complaint", false, At<AddressComplained>(place).OccurredAt, place.Position),
            _ => null,
        };

        T At<T>(EventPlace place) => (T)catalog.Decode(stream.Single(e => e.Place == place));
    }
}

/// <summary>A snapshot's last line. One without it was cut off, and is no snapshot.</summary>
public sealed record ToldEnd(long Position, long Subjects, long Suppressions) : Told;
