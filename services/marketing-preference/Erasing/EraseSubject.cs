using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.Preferences;

namespace ConsentLedger.MarketingPreference.Erasing;

/// <summary>
/// Erases one person from this service (GDPR art. 17). Nothing here is sealed and there is no key to destroy: the facts identify nobody, and what
/// they said is forgotten by the same commit that raises the fence.
/// </summary>
public static class EraseSubject
{
    /// <summary>Whoever asks about someone already erased is answered too, because an answer can be lost: its sender waits for one.</summary>
    public static Decision Decide(Guid request, SubjectPreferences subject) =>
        subject.IsErased ? Decision.Of(new SubjectErased(request)) : Decision.Of(new ErasureStarted(request), new SubjectErased(request));

    /// <summary>
    /// The person leaves their addresses in the same commit. Where they had left something and nobody else has the address, it is suppressed by its tag: the "no" is all that
    /// stays of them, and no list brings a yes back.
    /// </summary>
    public static IEnumerable<object> Unlinked(Guid subject, SubjectPreferences person, Address address, DateTimeOffset now)
    {
        if (address.Tag is not { } tag || !address.Subjects.Contains(subject)) yield break;
        yield return new AddressUnlinked(tag, subject, Actor.System, "erasure", now);
        if (address.Subjects.Count == 1 && address.Suppressed is null && person.Lanes.Values.Any(lane => !lane.IsOpen))
            yield return new AddressSuppressed(tag, SuppressionCause.Erased, Actor.System, "erasure", now);
    }

    /// <param name="task">Names the message that asks. The same one again adds nothing; another one, such as a reminder, is answered anew.</param>
    /// <param name="addresses">Those the subject is linked to.</param>
    public static Command Of(StreamKey subject, Guid request, Digest task, params IReadOnlyList<StreamKey> addresses) => new(
        subject, SubjectPreferences.Stream, task, default, context =>
        {
            var person = context.State<SubjectPreferences>();
            var erased = ((Decision.Record)Decide(request, person)).Events;
            return new Decision.Record([.. addresses.SelectMany(a => Unlinked(subject.Id.Value, person, context.State<Address>(a), context.Now).Select(e => new NewEvent(e) { Stream = a })), .. erased]);
        })
    {
        Reads = [.. addresses.Select(a => (a, (StreamType)Address.Stream))],
    };

    /// <summary>For a link that came between the look at the links and the fence; none can come after it.</summary>
    public static Command Unlink(StreamKey subject, StreamKey address) => new(
        address, Address.Stream, null, default, context => Decision.Of(Unlinked(subject.Id.Value, SubjectPreferences.Unknown, context.State<Address>(), context.Now)));
}
