using System.CommandLine;
using System.Globalization;
using ConsentLedger.Auditor.Histories;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.Consent.Consents;
using Clocks = ConsentLedger.Consent.Consents.Reading.Replay;

namespace ConsentLedger.Auditor;

/// <summary><c>ledger diff</c>: one subject's state then and now, lane by lane.</summary>
internal static class Diff
{
    public static Command Verb(Surroundings surroundings)
    {
        var options = new HistoryOptions();
        var verb = new Verb(
            "diff", "Shows what one subject had consented to at a moment, beside what they have now. The moment is --as-of, --known-at or both.", surroundings,
            "ledger diff subject.json --as-of 2026-01-01T00:00:00Z",
            "ledger diff export/ --subject 0195a1b2-0000-7000-8000-000000000001 --known-at 2026-01-01T00:00:00Z --json");
        options.AddTo(verb);
        return verb.Runs(async (parsed, ct) =>
        {
            var clocks = options.ReadClocks(parsed);
            if (clocks is { AsOf: null, KnownAt: null }) throw new UnansweredException("moment_missing", "Say when to compare with: --as-of, --known-at or both.");
            return Tell(await options.ReadAsync(parsed, evidence: false, surroundings, ct), clocks);
        });
    }

    internal static Report Tell(SubjectHistory history, Clocks clocks)
    {
        var before = Step.Fold(history, clocks);
        var (then, now) = (Step.StateOf(before), Step.StateOf(Step.Fold(history, new Clocks(AsOf: null, KnownAt: null))));
        var lanes = then.Lanes.Keys.Union(now.Lanes.Keys).InOrder().Select(l => (Lane: l, Then: then.Lanes.GetValueOrDefault(l), Now: now.Lanes.GetValueOrDefault(l))).ToList();
        return new Report(
            true,
            [
                $"subject    {history.Subject}",
                $"source     {history.Source}",
                $"then       {string.Join(", ", Moments(clocks))}: {before.Count.ToString(CultureInfo.InvariantCulture)} events of {history.Events.Count.ToString(CultureInfo.InvariantCulture)}",
                "",
                .. Words.Table(
                    ["", "purpose, channel, recipient (law)", "then", "now", "since (UTC)", "by version"],
                    [.. lanes.Select(l => (IReadOnlyList<string>)[Differs(l.Then, l.Now) ? "*" : "", l.Lane.Name(), l.Then.State(), StateNow(l.Now, now), l.Now?.OccurredAt.Utc() ?? "", Version(l.Now)])]),
                .. then.Erasure == now.Erasure ? (string[])[] : ["", $"erasure    {Named(then.Erasure)} then, {Named(now.Erasure)} now"],
            ],
            new
            {
                history.Subject,
                history.Source,
                clocks.AsOf,
                clocks.KnownAt,
                erasure = new { then = then.Erasure, now = now.Erasure },
                changed = lanes.Count(l => Differs(l.Then, l.Now)),
                lanes = lanes.Select(l => new { l.Lane.Purpose, l.Lane.Channel, l.Lane.Recipient, l.Lane.Law, l.Lane.Scope, changed = Differs(l.Then, l.Now), then = Replay.Machine(l.Then), now = Replay.Machine(l.Now) }),
            });
    }

    private static bool Differs(LaneState? then, LaneState? now) => then?.Given != now?.Given;

    private static string StateNow(LaneState? lane, SubjectConsents state) => lane is null && state.Erasure == Erasure.Done ? "erased" : lane.State();

    private static string Version(LaneState? lane) => lane?.Place.Version.ToString(CultureInfo.InvariantCulture) ?? "";

    private static string Named(Erasure erasure) => erasure switch
    {
        Erasure.None => "none",
        Erasure.Started => "begun",
        _ => "done",
    };

    private static IEnumerable<string> Moments(Clocks clocks)
    {
        if (clocks.AsOf is { } asOf) yield return $"as of {asOf.Utc()}";
        if (clocks.KnownAt is { } knownAt) yield return $"known at {knownAt.Utc()}";
    }
}
