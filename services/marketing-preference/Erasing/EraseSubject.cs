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

    /// <param name="task">Names the message that asks. The same one again adds nothing; another one, such as a reminder, is answered anew.</param>
    public static Command Of(StreamKey subject, Guid request, Digest task) => new(
        subject, SubjectPreferences.Stream, task, default, context => Decide(request, context.State<SubjectPreferences>()));
}
