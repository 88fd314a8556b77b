using ConsentLedger.Contracts;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Requesting;
using ConsentLedger.Messaging;

namespace ConsentLedger.ErasureOrchestrator.Holds;

/// <summary>
/// The consent service says who is one person and who is not after all. A hold on one id is a hold on all of them from then on, and ends with the tie. Each message tells one
/// side; the other side has one of its own. What is older than the last word on the same two is passed over, so it does not matter how often or how late one is heard. When it
/// begins to forget one of them, it says that too.
/// </summary>
public sealed class FollowAliases(Aliases aliases, TimeProvider clock) : ICloudEventConsumer
{
    public static IReadOnlyList<string> Bindings { get; } = [SubjectMergedV1.Type, SubjectUnmergedV1.Type, SubjectErasureStartedV1.Type];

    public static Decision Join(StreamKey subject, Guid other, long version, IReadOnlyDictionary<StreamKey, SubjectRequests> persons)
    {
        if (version <= persons[subject].AliasesHeard.GetValueOrDefault(other)) return Decision.Unchanged;
        var events = new List<NewEvent> { new(new SubjectJoined(other, version)) { Stream = subject } };
        var holds = persons.SelectMany(p => p.Value.Holds.Values.Select(h => h with { On = h.On ?? p.Key.Id.Value })).DistinctBy(h => h.Hold).ToList();
        events.AddRange(persons.SelectMany(p => holds.Where(h => !p.Value.Holds.ContainsKey(h.Hold)).Select(h => new NewEvent(h) { Stream = p.Key })));
        return new Decision.Record(events);
    }

    public static Decision Part(StreamKey subject, Guid other, long version, IReadOnlyDictionary<StreamKey, SubjectRequests> persons)
    {
        if (version <= persons[subject].AliasesHeard.GetValueOrDefault(other)) return Decision.Unchanged;
        var left = persons.ToDictionary(p => p.Key, p => p.Key == subject ? p.Value with { Aliases = p.Value.Aliases.Remove(other) } : p.Value);
        var events = new List<NewEvent> { new(new SubjectParted(other, version)) { Stream = subject } };

        // On the other side as well: a hold that was placed when only that side had heard of it reaches it from this one.
        foreach (var person in left.Keys)
        {
            var reached = Aliases.ReachedFrom(person, left);
            events.AddRange(left[person].Holds.Values
                .Where(h => h.On is { } on && !reached.Contains(person with { Id = new StreamId(on) }))
                .Select(h => new NewEvent(new HoldLifted(h.Hold, HoldEnd.Parted)) { Stream = person }));
        }

        return new Decision.Record(events);
    }

    public async Task ConsumeAsync(CloudEvent message, CancellationToken ct)
    {
        // Of one person's messages those of a merge come before this one.
        if (message.Type == SubjectErasureStartedV1.Type)
        {
            var (erased, request) = (message.SubjectStream(), message.DataAs<SubjectErasureStartedV1>().Request);
            await aliases.ExecuteAsync([erased], id: null, default, persons => EraseEveryId.Decide(erased, request, persons, _ => Guid.CreateVersion7(clock.GetUtcNow())), ct);
            return;
        }

        var (subject, version) = (message.SubjectStream(), message.StreamVersion ?? throw new ParkException("stream_version_missing", "Without its streamversion an event cannot be put in order."));
        if (message.Type == SubjectMergedV1.Type)
        {
            var other = message.DataAs<SubjectMergedV1>().Other;
            await aliases.ExecuteAsync([subject], id: null, default, persons => Join(subject, other, version, persons), ct, subject with { Id = new StreamId(other) });
        }
        else
        {
            var other = message.DataAs<SubjectUnmergedV1>().Other;
            await aliases.ExecuteAsync([subject], id: null, default, persons => Part(subject, other, version, persons), ct);
        }
    }
}
