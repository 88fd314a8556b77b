using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ConsentLedger.Auditor.Histories;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.Consent.Consents;
using Clocks = ConsentLedger.Consent.Consents.Reading.Replay;

namespace ConsentLedger.Auditor;

/// <summary><c>ledger replay</c>: one subject's history as a timeline, and what it came to.</summary>
internal static class Replay
{
    private static readonly string[] Headings = ["version", "recorded (UTC)", "done (UTC), if another", "what happened", "purpose, channel, recipient (law)", "by", "policy", "effect"];

    public static Command Verb(Surroundings surroundings)
    {
        var options = new HistoryOptions();
        var showEvidence = new Option<bool>("--show-evidence") { Description = "Prints what identifies the person, where the bundle discloses it; a server is asked to, and records it." };
        var verb = new Verb(
            "replay", "Shows one subject's history as a timeline, as of any time. Believes what it reads: verify is the verb that does not.", surroundings,
            "ledger replay subject.json",
            "ledger replay subject.json --known-at 2026-01-01T00:00:00Z",
            "ledger replay export/ --subject 0195a1b2-0000-7000-8000-000000000001 --as-of 2026-01-01T00:00:00+01:00",
            "ledger replay --server https://consent.example --token-file auditor.token --subject 0195a1b2-0000-7000-8000-000000000001");
        options.AddTo(verb);
        verb.Options.Add(showEvidence);
        return verb.Runs(async (parsed, ct) =>
        {
            var shown = parsed.GetValue(showEvidence);
            var clocks = options.ReadClocks(parsed);
            return Tell(await options.ReadAsync(parsed, shown, surroundings, ct), clocks, shown);
        });
    }

    internal static Report Tell(SubjectHistory history, Clocks clocks, bool showEvidence)
    {
        var steps = Step.Fold(history, clocks);
        var state = Step.StateOf(steps);
        var lines = new List<string> { $"subject    {history.Subject}", $"source     {history.Source}" };
        if (clocks.AsOf is { } asOf) lines.Add($"as of      {asOf.Utc()}");
        if (clocks.KnownAt is { } knownAt) lines.Add($"known at   {knownAt.Utc()}");
        lines.Add(string.Create(CultureInfo.InvariantCulture, $"events     {steps.Count} of {history.Events.Count}"));
        lines.Add("");
        lines.AddRange(Words.Table(Headings, [.. steps.Select(Row)]));
        if (showEvidence) lines.AddRange(steps.Where(s => s.Event.Evidence is not null).Select(s => $"evidence of version {s.Event.Place.Version}: {JsonSerializer.Serialize(s.Event.Evidence, Report.Options)}"));
        lines.Add("");
        lines.AddRange(StateLines(state));
        return new Report(true, lines, new
        {
            history.Subject,
            history.Source,
            clocks.AsOf,
            clocks.KnownAt,
            history = steps.Select(s => Machine(s, showEvidence)),
            state.Erasure,
            lanes = state.Lanes.Keys.InOrder().Select(l => Machine(l, state.Lanes[l])),
        });
    }

    /// <summary>One lane's state as machines read it; null where it was never asked for.</summary>
    internal static object? Machine(LaneState? lane) => lane is null ? null : new
    {
        state = lane.State(),
        lane.OccurredAt,
        lane.Place.RecordedAt,
        lane.Place.Version,
        lane.Place.Position,
        lane.PolicyVersion,
    };

    private static object Machine(Lane lane, LaneState state) => new { lane.Purpose, lane.Channel, lane.Recipient, lane.Law, lane.Scope, now = Machine(state) };

    private static object Machine(Step step, bool showEvidence) => new
    {
        step.Event.Place.Version,
        step.Event.Place.Position,
        step.Event.Place.RecordedAt,
        doneAt = step.DoneAt(),
        step.Event.Stored?.Type,
        purged = step.Event.Stored is null ? true : (bool?)null,
        happened = step.Happened(),
        step.LaneOf()?.Purpose,
        step.LaneOf()?.Channel,
        step.LaneOf()?.Recipient,
        step.LaneOf()?.Law,
        step.LaneOf()?.Scope,
        by = step.By() is { Length: > 0 } by ? by : null,
        policyVersion = step.PolicyOf(),
        effect = step.Effect() is { Length: > 0 } effect ? effect : null,
        facts = step.Event.Stored is { } stored ? JsonSerializer.Deserialize<JsonElement>(stored.Data.Span) : (JsonElement?)null,
        evidence = showEvidence ? step.Event.Evidence : null,
    };

    private static string[] Row(Step step)
    {
        var (recorded, done) = (step.Event.Place.RecordedAt.Utc(), step.DoneAt().Utc());
        return
        [
            step.Event.Place.Version.ToString(CultureInfo.InvariantCulture), recorded, done == recorded ? "" : done, step.Happened(), step.LaneOf()?.Name() ?? "", step.By(), step.PolicyOf() ?? "",
            step.Effect(),
        ];
    }

    private static IEnumerable<string> StateLines(SubjectConsents state)
    {
        if (state.Erasure == Erasure.Done) return ["This person was erased: no consent is in force, and none of it can be read any more."];
        var lanes = state.Lanes.Keys.InOrder().Select(l => (IReadOnlyList<string>)
            [l.Name(), state.Lanes[l].State(), state.Lanes[l].OccurredAt.Utc(), state.Lanes[l].Place.Version.ToString(CultureInfo.InvariantCulture), state.Lanes[l].PolicyVersion]);
        return
        [
            .. state.Erasure == Erasure.Started ? ["The person is being erased."] : (string[])[],
            .. state.Lanes.IsEmpty ? ["Nothing was ever asked."] : Words.Table(["purpose, channel, recipient (law)", "state", "since (UTC)", "by version", "policy"], [.. lanes]),
        ];
    }
}
