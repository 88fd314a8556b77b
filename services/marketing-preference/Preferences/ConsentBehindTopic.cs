using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.MarketingPreference.Preferences;

/// <summary>How a topic and the consent it may rest on hang together.</summary>
public static class ConsentBehindTopic
{
    /// <summary>What the topic's purpose rests on, as the contract names it. A processor has no basis of its own (GDPR art. 28(3)).</summary>
    public static string BasisOf(this PolicyPack pack, Topic topic) => pack.FindPurpose(topic.Purpose)! switch
    {
        var purpose when purpose.RestsOn(LawfulBasis.Consent) => "consent",
        { Bases: [var first, ..] } => System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName($"{first.Basis}"),
        _ => "instruction",
    };

    /// <summary>True where leaving this topic leaves nothing open that rests on the same consent over this channel. Never asked for is not left.</summary>
    public static bool ConsentEndsWith(this PolicyPack pack, Topic topic, string channel, SubjectPreferences subject) =>
        topic.MessageClass != MessageClass.Transactional
        && pack.FindPurpose(topic.Purpose)!.RestsOn(LawfulBasis.Consent)
        && pack.TopicsRestingOn(topic.Purpose, channel).All(other => other.Id == topic.Id || subject.Find(other.Id, channel) is { IsOpen: false });

    /// <summary>Transactional topics are sent whatever was consented to, so they stand and fall with nothing.</summary>
    public static IEnumerable<Topic> TopicsRestingOn(this PolicyPack pack, string purpose, string channel) =>
        pack.TopicsFor(purpose).Where(topic => topic.MessageClass != MessageClass.Transactional && topic.Channels.Contains(channel));
}
