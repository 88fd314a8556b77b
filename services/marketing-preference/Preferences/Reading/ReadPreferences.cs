using ConsentLedger.Contracts.Policies;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Preferences.Reading;

/// <summary>What a subject gets, and what not.</summary>
/// <param name="Preferences">Every topic and channel of the policy in force, and older ones that were chosen.</param>
public sealed record PreferencesAnswer(SubjectId Subject, long Version, bool Erased, string? PolicyVersion, IReadOnlyList<PreferenceAnswer> Preferences)
{
    public static PreferencesAnswer Of(SubjectId subject, SubjectPreferences state, long version, PolicyPack? pack)
    {
        var declared = pack?.Topics.SelectMany(topic => topic.Channels.Select(channel => new Lane(topic.Id, channel))) ?? [];
        var lanes = (state.IsErased ? [] : declared).Union(state.Lanes.Keys).OrderBy(lane => lane.Topic, StringComparer.Ordinal).ThenBy(lane => lane.Channel, StringComparer.Ordinal);
        return new(subject, version, state.IsErased, pack?.Version, [.. lanes.Select(lane => PreferenceAnswer.Of(lane, state.Lanes.GetValueOrDefault(lane), pack?.FindTopic(lane.Topic)))]);
    }
}

/// <param name="Purpose">Absent, as is the class, for a topic that the policy has dropped.</param>
public sealed record PreferenceAnswer(
    string Topic, string Channel, PreferenceState State, string? Purpose, MessageClass? MessageClass,
    Cause? Cause, DateTimeOffset? OccurredAt, DateTimeOffset? RecordedAt, long? Position)
{
    public static PreferenceAnswer Of(Lane lane, LaneState? state, Topic? topic) => new(
        lane.Topic, lane.Channel,
        state switch { null => PreferenceState.NeverAsked, { IsOpen: true } => PreferenceState.Subscribed, _ => PreferenceState.Unsubscribed },
        topic?.Purpose, topic?.MessageClass, state?.Cause, state?.OccurredAt, state?.Place.RecordedAt, state?.Place.Position);
}

public enum PreferenceState
{
    NeverAsked,
    Subscribed,
    Unsubscribed,
}

/// <summary>For whoever shows or checks a subject's preferences. Reading is recorded before anything is answered.</summary>
public static class ReadPreferences
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/v1/subjects/{subject}/preferences", HandleAsync).RequireScope(Scopes.PreferencesRead).Produces<PreferencesAnswer>();

    /// <summary>Of someone unknown there was nothing to read, and about someone erased nothing is recorded.</summary>
    public static Decision Decide(string reader, SubjectPreferences subject, long version) =>
        version == 0 || subject.IsErased ? Decision.Unchanged : Decision.Of(new PreferencesRead(reader));

    private static async Task<IResult> HandleAsync(
        SubjectId subject, Caller caller, CommandOptions options, DeciderLoop ledger, PreferenceReader reader, CancellationToken ct)
    {
        await ledger.ExecuteAsync(
            new Command(new StreamKey(caller.Tenant, subject.Stream), SubjectPreferences.Stream, options.FreshId, default,
                context => Decide(caller.ClientId, context.State<SubjectPreferences>(), context.Version)), ct);

        var (policies, subjects) = await reader.ReadAsync(caller.Tenant, [subject.Stream], ct);
        var (state, version) = subjects.Single();
        return TypedResults.Json(PreferencesAnswer.Of(subject, state, version, policies.Current), StrictJson.Options).WithEntityTag(version);
    }
}
