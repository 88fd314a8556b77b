using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Consent.Consents;

/// <summary>Holds what is asked against what the controller's policy declares. Purpose limitation (GDPR art. 5(1)(b)) starts here.</summary>
public static class Declared
{
    /// <summary>Why this purpose, channel and recipient may not be used together, or null when the policy declares them.</summary>
    public static Refusal? Check(PolicyPack? pack, string purposeId, string? channel, string recipient)
    {
        if (pack is null) return new("policy_missing", "The controller has not published a policy yet.");
        if (pack.FindPurpose(purposeId) is not { } purpose) return new("purpose_undeclared", $"Policy {pack.Version} declares no such purpose.");
        if (channel is null && purpose.Channels.Count > 0) return new("channel_required", $"The purpose {purpose.Id} is declared per channel: name one.");
        if (channel is not null && !purpose.Channels.Contains(channel)) return new("channel_undeclared", $"Policy {pack.Version} does not declare this channel for {purpose.Id}.");
        if (!purpose.Reaches(recipient)) return new("recipient_undeclared", $"Policy {pack.Version} does not declare this recipient for {purpose.Id}.");
        return null;
    }
}
