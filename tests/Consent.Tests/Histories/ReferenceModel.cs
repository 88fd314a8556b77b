using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Granting;
using ConsentLedger.Consent.Consents.Withdrawing;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.EventStore;

namespace ConsentLedger.Consent.Tests.Histories;

/// <summary>
/// The rules once more, by looking back over everything that was said instead of keeping a state: a "no" stands unless the person
/// said a "yes" after it that is dated later than every "no".
/// </summary>
internal sealed class ReferenceModel
{
    /// <summary>The purpose without channels that every second policy drops.</summary>
    public const string Sharing = "agreed-sharing";

    private readonly List<Words> _said = [];
    private readonly List<(PolicyPack Pack, DateTimeOffset At)> _published = [];
    private int _erasure;

    private sealed record Words(bool Yes, Lane Lane, Actor Actor, DateTimeOffset Claimed, DateTimeOffset Recorded, string Version, TextShown? Text, bool Counts = false);

    public static IReadOnlyList<Lane> AllLanes { get; } =
    [
        .. from channel in (string[])["email", "sms"] from recipient in (string[])["controller", Acts.Partners] select new Lane(Acts.Offers, channel, recipient),
        new Lane(Sharing, null, "controller"), new Lane(Sharing, null, "third-parties"),
    ];

    /// <summary>What a message must come to, in words.</summary>
    public string Hear(Turn turn) => turn switch
    {
        { First: { } first } => Tell(first),
        { Said: PolicyPack pack } => Publish(pack, turn.Now),
        { Said: GrantConsent grant } => Grant(grant, turn.Now),
        { Said: WithdrawConsent withdrawal } => Withdraw(withdrawal, turn.Now),
        _ => Erase(),
    };

    public static string Tell(Outcome outcome) => outcome switch
    {
        Outcome.Recorded recorded => $"recorded {recorded.Events} {recorded.Note}".TrimEnd(),
        Outcome.Refused { Refusal: var refusal } => refusal.Code,
        _ => outcome.GetType().Name.ToLowerInvariant(),
    };

    /// <summary>The code a decision must carry.</summary>
    public string Decide(Lane lane) => this switch
    {
        { _erasure: > 0 } => "subject_erased",
        _ when !Declares(lane.Purpose) => "purpose_undeclared",
        _ => Holds(lane) switch
        {
            null => "consent_unknown",
            true when WasAway(lane) => "renewal_needed",
            true => "consent_given",
            false => "consent_withdrawn",
        },
    };

    private string Publish(PolicyPack pack, DateTimeOffset now)
    {
        // An older version that comes again does not come into force again.
        if (_published.Any(p => p.Pack.Version == pack.Version)) return "unchanged";
        _published.Add((pack, now));
        return "recorded 1";
    }

    private string Grant(GrantConsent grant, DateTimeOffset now)
    {
        var lane = new Lane(grant.Purpose, grant.Channel, grant.Recipient ?? "controller");
        if (_erasure > 0) return "subject_erased";
        if (grant.OccurredAt > now.AddMinutes(5)) return "occurred_in_future";
        if (!Declares(grant.Purpose)) return "purpose_undeclared";

        var version = _published.LastOrDefault(p => p.At <= grant.OccurredAt, _published[0]).Pack.Version;
        var counts = LastNo(lane) is null || (IsOwn(grant.Actor) && grant.OccurredAt > LastNo(lane));
        var words = new Words(true, lane, grant.Actor, grant.OccurredAt, now, version, grant.Text, counts);
        if (!counts && !IsOwn(grant.Actor)) return "withdrawal_prevails";
        if (counts && Holds(lane) == true && LastYes(lane) is var last
            && ((IsOwn(last.Actor) && !IsOwn(words.Actor)) || ((last.Version, last.Text) == (words.Version, words.Text) && (last.Actor == words.Actor || !IsOwn(words.Actor))))) return "unchanged";
        _said.Add(words);
        return counts ? "recorded 1" : "recorded 1 withdrawal_prevails";
    }

    private string Withdraw(WithdrawConsent withdrawal, DateTimeOffset now)
    {
        if (_erasure > 0) return "subject_erased";
        var known = _said.Select(w => w.Lane).Distinct()
            .Where(l => l.Purpose == withdrawal.Purpose && l.Channel == (withdrawal.Channel ?? l.Channel) && l.Recipient == (withdrawal.Recipient ?? l.Recipient)).ToList();
        if (known.Count == 0 && !Declares(withdrawal.Purpose)) return "purpose_undeclared";

        var named = Declares(withdrawal.Purpose)
            ? AllLanes.Where(l => l.Purpose == withdrawal.Purpose && l.Channel == (withdrawal.Channel ?? l.Channel) && l.Recipient == (withdrawal.Recipient ?? l.Recipient))
            : [];
        var lanes = known.Union(named).Where(l => Holds(l) != false || HeardAt(withdrawal.OccurredAt, now) > LastNo(l)).ToList();
        _said.AddRange(lanes.Select(l => new Words(false, l, withdrawal.Actor, withdrawal.OccurredAt, now, _published[^1].Pack.Version, null)));
        return lanes.Count == 0 ? "unchanged" : $"recorded {lanes.Count}";
    }

    private string Erase()
    {
        _erasure++;
        return "recorded 1";
    }

    private bool? Holds(Lane lane)
    {
        var said = _said.Where(w => w.Lane == lane).ToList();
        var no = said.FindLastIndex(w => !w.Yes);
        if (no < 0) return said.Count > 0 ? true : null;
        return said.Skip(no).Any(w => w.Yes && IsOwn(w.Actor) && w.Claimed > LastNo(lane));
    }

    private DateTimeOffset? LastNo(Lane lane) => _said.Where(w => w.Lane == lane && !w.Yes).Max(w => (DateTimeOffset?)HeardAt(w.Claimed, w.Recorded));

    /// <summary>From when a no counts: from its claim, or from the end of the millisecond in which it was recorded.</summary>
    public static DateTimeOffset HeardAt(DateTimeOffset claimed, DateTimeOffset recorded) => claimed < recorded.AddMilliseconds(1) ? claimed : recorded.AddMilliseconds(1).AddTicks(-1);

    private static bool IsOwn(Actor actor) => actor is Actor.Subject or Actor.Guardian;

    /// <summary>A purpose that was dropped and declared again is another one.</summary>
    private bool WasAway(Lane lane) => _published.SkipWhile(p => p.Pack.Version != LastYes(lane).Version).Any(p => p.Pack.Purposes.All(purpose => purpose.Id != lane.Purpose));

    /// <summary>The yes that was done last, of those since the last no; the person's own before anybody else's.</summary>
    private Words LastYes(Lane lane) => _said.Skip(_said.FindLastIndex(w => w.Lane == lane && !w.Yes) + 1).Where(w => w.Lane == lane && w.Counts)
        .Aggregate((one, next) => IsOwn(one.Actor) != IsOwn(next.Actor) ? (IsOwn(one.Actor) ? one : next) : next.Claimed < one.Claimed ? one : next);

    private bool Declares(string purpose) => _published[^1].Pack.Purposes.Any(p => p.Id == purpose);
}
