using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.Preferences;

namespace ConsentLedger.MarketingPreference.Erasing;

/// <summary>
/// Erases one person from this service (GDPR art. 17). Nothing here is sealed and there is no key to destroy: the facts identify nobody, and what
/// they said is forgotten by the same commit that raises the fence.
/// </summary>
public static class EraseSubject
{
    /// <summary>
    /// Whoever asks about someone already erased is answered too, because an answer can be lost: its sender waits for one. What was asked before the last answer was given has that one, however many
    /// reminders had piled up.
    /// </summary>
    /// <param name="askedAt">Null where that is not known.</param>
    public static Decision Decide(Guid request, SubjectPreferences subject, DateTimeOffset? askedAt = null) =>
        subject.Answered is { } answered && answered.Request == request && askedAt <= answered.At ? Decision.Unchanged
        : subject.IsErased ? Decision.Of(new SubjectErased(request))
        : Decision.Of(new ErasureStarted(request), new SubjectErased(request));

    /// <summary>
    /// The person leaves an address. Where they had left something it is suppressed by its tag, at once or when nobody has it any more: the "no" is all that stays of them, and no list
    /// brings a yes back.
    /// </summary>
    public static IEnumerable<object> Unlinked(Guid link, SubjectPreferences person, Address address, DateTimeOffset now)
    {
        if (address.Tag is not { } tag || !address.Links.Contains(link)) yield break;
        var (hadLeft, isShared) = (person.Lanes.Values.Any(lane => !lane.IsOpen), address.Links.Count > 1);
        yield return new AddressUnlinked(tag, link, Actor.System, "erasure", now, NoStays: hadLeft && isShared);
        if (!isShared && address.Suppressed is null && (hadLeft || address.NoStays))
            yield return new AddressSuppressed(tag, SuppressionCause.Erased, Actor.System, "erasure", now);
    }

    /// <param name="task">Names the message that asks. The same one again adds nothing; another one, such as a reminder, is answered anew.</param>
    /// <param name="askedAt">When it was asked.</param>
    public static Command Of(StreamKey subject, Guid request, Digest task, DateTimeOffset? askedAt = null) => new(
        subject, SubjectPreferences.Stream, task, default, context => Decide(request, context.State<SubjectPreferences>(), askedAt));

    /// <summary>
    /// In a commit of its own and before the fence: after it, nobody knows whether they had left something. What is killed in between is done again from the start, and finds the
    /// address left. Under no trace: that of the task is on what happens to the person, and would lead there from the tag.
    /// </summary>
    public static Command Leave(StreamKey subject, AddressLink link) => new(
        link.Address, Address.Stream, null, default, context => Decision.Of(Unlinked(link.Link, context.State<SubjectPreferences>(subject), context.State<Address>(), context.Now)))
    {
        Reads = [(subject, SubjectPreferences.Stream)],
        TraceParent = null,
    };
}
