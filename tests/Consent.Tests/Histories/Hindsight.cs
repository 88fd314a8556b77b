using ConsentLedger.Consent.Consents;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.EventStore;

namespace ConsentLedger.Consent.Tests.Histories;

/// <summary>The rules once more at one moment of a life, naively: each yes that was ever said, held against everything that was ever said against it.</summary>
internal sealed class Hindsight(Life life)
{
    private readonly PolicyPack _policy = life.Policies.Current!;
    private readonly Dictionary<int, List<(int Who, EventPlace Place, object Facts)>> _said = [];

    /// <summary>The events that a yes to this may rest on.</summary>
    public IEnumerable<(EventPlace Place, object Facts)> WhatAllows(Asked asked)
    {
        var yeses = YesesTo(asked);
        if (yeses.Count == 0) yield break;
        var (said, noes, stops) = (SaidBy(asked.Who), NoesTo(asked), StopsOf(asked));
        var ages = AgesIn(said);
        foreach (var (by, at, facts) in yeses)
        {
            var (yes, until) = facts is ConsentGranted granted ? ((ILaneAct)granted, granted.Until) : ((ConsentConfirmed)facts, ((ConsentConfirmed)facts).Until);
            var corrections = said.Where(e => e.Who == by).Select(e => e.Facts).OfType<RecordCorrected>().Where(c => c.Corrects == at.Version).ToList();
            var done = corrections.Min(c => c.DoneAt) is { } earlier && earlier < yes.OccurredAt ? earlier : yes.OccurredAt;
            var isOwn = yes.Actor is Actor.Subject or Actor.Guardian;

            if (corrections.Any(c => c.Voided) || until - (yes.OccurredAt - done) <= life.Now) continue;
            if (noes.Any(no => !isOwn || done <= no.At || at.Position < no.Position)) continue;
            if (stops.Any(stop => !isOwn || done <= stop.At || at.Position < stop.Position)) continue;
            if (yes.Actor == Actor.Guardian ? ages.Any(a => a.OfAgeFrom <= life.Now) : ages.Any(a => a.ConsentsFrom > done)) continue;
            if (!Covers(corrections.LastOrDefault(c => c.PolicyVersion is not null)?.PolicyVersion ?? yes.PolicyVersion, asked.Purpose)) continue;
            yield return (at, facts);
        }
    }

    /// <summary>What was said against it that nothing took back, where it rests on no yes.</summary>
    /// <param name="isSilence">It rests on nobody having spoken: then not even of the rest of the purpose, as far as there was no more to speak of.</param>
    public string? WhatSpeaksAgainst(Asked asked, bool isSilence)
    {
        if (NoesTo(asked).Count > 0) return "a no to it";
        if (StopsOf(asked).Count > 0) return "an objection, a signal or a restriction";
        if (isSilence && IsYoung(asked.Who)) return "their age";
        return isSilence && NoesToAllThereWas(asked).Any() ? "a no to all there was of it then" : null;
    }

    /// <summary>All ids that merges connect with this one.</summary>
    public HashSet<int> SameAs(int who)
    {
        var pairs = new HashSet<(int, Guid)>();
        foreach (var (id, _, facts) in life.Log)
        {
            if (facts is SubjectMerged merged) pairs.Add((id, merged.Other));
            if (facts is SubjectUnmerged parted) pairs.Remove((id, parted.Other));
        }

        HashSet<int> same = [who];
        while (pairs.FirstOrDefault(p => same.Contains(p.Item1) && same.Add(p.Item2.ToString()[^1] - '1')) != default) { }
        return same;
    }

    public bool IsErased(int who) => SaidBy(who).Any(e => e.Facts is ErasureStarted);

    public bool IsYoung(int who) => AgesIn(SaidBy(who)).Any(a => a.ConsentsFrom > life.Now);

    private List<(int Who, EventPlace Place, object Facts)> SaidBy(int who)
    {
        if (_said.TryGetValue(who, out var said)) return said;
        var ids = SameAs(who);
        return _said[who] = [.. life.Log.Where(e => ids.Contains(e.Who))];
    }

    private List<(int Who, EventPlace Place, object Facts)> YesesTo(Asked asked)
    {
        var law = _policy.LawFor(asked.Place);
        return [.. SaidBy(asked.Who).Where(e => e.Facts is (ConsentGranted or ConsentConfirmed) and ILaneAct { Lane: var lane } && IsOf(lane, asked) && (lane.Law is null || law is null || lane.Law == law))];
    }

    private List<(DateTimeOffset At, long Position)> NoesTo(Asked asked) =>
        [.. SaidBy(asked.Who).Where(e => e.Facts is (ConsentWithdrawn or ConsentRefused) and ILaneAct { Lane: var lane } && IsOf(lane, asked) && IsThere(lane.Law, asked.Place)).Select(When)];

    // Where this could not have been named with them. A yes to the same after them takes them back.
    private IEnumerable<ILaneAct> NoesToAllThereWas(Asked asked) => SaidBy(asked.Who)
        .Where(e => e.Facts is ILaneAct { Lane: var lane } && lane.Purpose == asked.Purpose && IsThere(lane.Law, asked.Place)).GroupBy(e => (e.Who, ((ILaneAct)e.Facts).Lane), e => (ILaneAct)e.Facts)
        .SelectMany(acts => acts.Reverse().TakeWhile(act => act is not (ConsentConfirmed or ConsentGranted { InForce: true })))
        .Where(act => act is ConsentWithdrawn or ConsentRefused && Declared.Check(life.Policies.Find(act.PolicyVersion)!.Pack, new Named(asked.Purpose, asked.Channel, asked.Recipient, null, null)) is not null);

    private static bool IsOf(Lane lane, Asked asked) => (lane.Purpose, lane.Channel, lane.Recipient) == (asked.Purpose, asked.Channel, asked.Recipient ?? "controller");

    // What was said under a law that the place was ever under was said there.
    private bool IsThere(string? law, string? place) =>
        law is null || _policy.LawFor(place) is null || life.Policies.Packs.Any(p => p.LawFor(place) == law);

    private List<(DateTimeOffset At, long Position)> StopsOf(Asked asked)
    {
        var said = SaidBy(asked.Who);
        return
        [
            .. said.Where(e => e.Facts is ObjectionRaised objection && IsAbout(objection, asked.Purpose) && !said.Any(d => d.Who == e.Who && d.Facts is ObjectionDecided { Upheld: false } decided && decided.Objection == e.Place.Version)).Select(When),
            .. said.Where(e => e.Facts is ProcessingRestricted restricted && (restricted.Purposes.Count == 0 || restricted.Purposes.Contains(asked.Purpose))
                && !said.Any(l => l.Who == e.Who && l.Facts is RestrictionLifted lifted && lifted.Restriction == e.Place.Version)).Select(When),
            .. said.Where(e => e.Facts is SignalReceived { Honoured: true } signal && Since(signal.PolicyVersion).Any(p => p.Tracking!.Purposes.Contains(asked.Purpose))).Select(When),
        ];
    }

    private bool IsAbout(ObjectionRaised objection, string purpose) => objection.To switch
    {
        ObjectionTo.Marketing => Since(objection.PolicyVersion).Any(p => p.FindPurpose(purpose) is { Marketing: true }),
        _ => objection.Purpose == purpose && _policy.FindPurpose(purpose)!.Bases.All(b => b.Basis == LawfulBasis.LegitimateInterests),
    };

    // A version that changes the purpose in substance, or has none such, ends what was said to it before.
    private bool Covers(string version, string purpose) => Since(version).All(p => p.FindPurpose(purpose) is not null) && Since(version).Skip(1).All(p => !p.Changes.IsMaterialFor(purpose));

    private IEnumerable<PolicyPack> Since(string version) => life.Policies.Packs.SkipWhile(p => p.Version != version);

    private static List<BirthMonthStated> AgesIn(IEnumerable<(int Who, EventPlace Place, object Facts)> said) =>
        [.. said.Where(e => e.Facts is BirthMonthStated).GroupBy(e => e.Who, (_, stated) => (BirthMonthStated)stated.Last().Facts)];

    private static (DateTimeOffset At, long Position) When((int Who, EventPlace Place, object Facts) e) => (ReferenceModel.HeardAt(((IAct)e.Facts).OccurredAt, e.Place.RecordedAt), e.Place.Position);
}
