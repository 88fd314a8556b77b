using ConsentLedger.MarketingPreference.Preferences;

namespace ConsentLedger.MarketingPreference.Erasing;

/// <summary>
/// Erases one person from this service (GDPR art. 17). Nothing here is sealed and there is no key to destroy: the facts identify nobody, and what
/// they said is forgotten by the same commit that raises the fence.
/// </summary>
public static class EraseSubject
{
    /// <summary>A second request for someone already erased is answered too: its sender waits for it.</summary>
    public static Decision Decide(Guid request, SubjectPreferences subject) =>
        subject.IsErased ? Decision.Of(new SubjectErased(request)) : Decision.Of(new ErasureStarted(request), new SubjectErased(request));

    /// <summary>Named by the request: whoever was told to erase and was killed is simply told again.</summary>
    public static Command Of(StreamKey subject, Guid request) => new(
        subject, SubjectPreferences.Stream, Digest.Of("erasure", $"{request}"), default, context => Decide(request, context.State<SubjectPreferences>()));
}
