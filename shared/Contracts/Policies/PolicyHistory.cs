namespace ConsentLedger.Contracts.Policies;

/// <summary>What the versions of one controller's policy, in the order of their publication, mean for consents given on the way.</summary>
public static class PolicyHistory
{
    /// <summary>
    /// Whether a consent given under a version has to be renewed: a later version changed its purpose in substance, or the purpose was away in between.
    /// A consent covers what was asked and nothing else (GDPR art. 4(11), 7; recital 42).
    /// </summary>
    /// <param name="versions">In the order of publication. For "as known then", those published by then.</param>
    /// <param name="versionOfConsent">The version in force when the consent was given. One that is not among them vouches for nothing.</param>
    public static bool IsMaterialSince(this IReadOnlyList<PolicyPack> versions, string purpose, string versionOfConsent)
    {
        // Backwards: nearly every consent is of the last version or the one before.
        for (var i = versions.Count - 1; i >= 0; i--)
        {
            var pack = versions[i];
            if (pack.FindPurpose(purpose) is null)
                return true;
            if (pack.Version == versionOfConsent)
                return false;
            if (pack.Changes.IsMaterialFor(purpose))
                return true;
        }

        return true;
    }
}
