using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.Preferences;

namespace ConsentLedger.MarketingPreference.Sending;

/// <summary>What a policy says of a topic over a channel: looked up once for many questions.</summary>
/// <param name="Topic">Null where the policy declares none.</param>
/// <param name="Purpose">That of the topic.</param>
public sealed record Aim(PolicyPack? Pack, Topic? Topic, bool HasChannel, Purpose? Purpose, QuietHours? Quiet)
{
    public bool IsTransactional => Topic!.MessageClass == MessageClass.Transactional;

    public bool NeedsConsent { get; } = Purpose?.RestsOn(LawfulBasis.Consent) == true;

    public static Aim Of(PolicyPack? pack, string topic, string channel)
    {
        var declared = pack?.FindTopic(topic);
        return new(pack, declared, declared?.Channels.Contains(channel) == true, declared is null ? null : pack!.FindPurpose(declared.Purpose), pack?.QuietHours.FirstOrDefault(hours => hours.Channel == channel));
    }
}

/// <summary>What one policy says of each thing that is aimed at, looked up once.</summary>
public sealed class Aims(PolicyPack? pack)
{
    private readonly Dictionary<Lane, Aim> _aims = [];
    private (string Topic, string Channel, Aim? Aim) _last = ("", "", null);

    public PolicyPack? Pack => pack;

    public Aim Of(SendQuestion question)
    {
        // Nearly always the one before, and the same texts.
        if (_last.Aim is { } last && ReferenceEquals(_last.Topic, question.Topic) && ReferenceEquals(_last.Channel, question.Channel)) return last;
        var lane = new Lane(question.Topic, question.Channel);
        if (!_aims.TryGetValue(lane, out var aim)) _aims.Add(lane, aim = Aim.Of(pack, lane.Topic, lane.Channel));
        _last = (question.Topic, question.Channel, aim);
        return aim;
    }
}
