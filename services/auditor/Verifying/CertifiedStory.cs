using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Verifying;

/// <summary>What became of one request, told from its proven events alone. A certificate has to state exactly this.</summary>
internal sealed class CertifiedStory(string origin, Guid subject, Guid request)
{
    private const string Withdrawals = "consent-withdrawals";

    private readonly SortedDictionary<string, JsonObject> _systems = new(StringComparer.Ordinal);
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private JsonArray _kept = [];
    private List<(string? System, string? Outcome, string? Reason)>? _named;
    private string? _type, _reason, _dueOn, _extendedFor, _outcome, _refusedFor;
    private long? _receivedMs, _completedMs;
    private DateTimeOffset? _lapsesAt;

    public bool IsBegun => _receivedMs is not null;

    public bool IsEnded => _completedMs is not null;

    /// <summary>Systems that were to do something and of which nothing is said.</summary>
    public IEnumerable<string> Missing => _told.Where(system => !_systems.ContainsKey(system));

    /// <summary>The end of the request names the answers that it rests on: these are all of them, and no other.</summary>
    public bool HasWhatItsEndNames =>
        _named is null || (_named.Count == _systems.Count && _systems.All(told => _named.Contains((told.Key, told.Value["outcome"]?.GetValue<string>(), told.Value["reason"]?.GetValue<string>()))));

    /// <summary>What the answers of all systems come to.</summary>
    public string? OutcomeOfSystems
    {
        get
        {
            var outcomes = _systems.Values.Select(row => row["outcome"]?.GetValue<string>()).ToList();

            // Consents are withdrawn before a request begins, and stay so where the rest of it is refused.
            if (_told.All(system => system == Withdrawals)) return _outcome == "refused" ? "refused" : null;
            if (outcomes.Count == 0) return null;
            if (outcomes.All(o => o is "refused" or "kept")) return "refused";
            return _kept.Count == 0 && !outcomes.Any(o => o is "refused" or "kept" or "partly-erased") ? "fully" : "partially";
        }
    }

    public bool HasRightOutcome => OutcomeOfSystems == _outcome;

    public void Follow(in Entry entry, string type, JsonElement data)
    {
        switch (type)
        {
            case "erasure.requested.v1":
                // What came before its person was found says when.
                (_receivedMs, _type, _reason) = (MomentOf(data, "receivedAt")?.ToUnixTimeMilliseconds() ?? entry.RecordedMs, TextOf(data, "type") ?? "erasure", TextOf(data, "reason"));
                (_dueOn, _lapsesAt) = (TextOf(data, "dueOn"), MomentOf(data, "lapsesAt"));
                break;
            case "erasure.extended.v1":
                (_dueOn, _lapsesAt, _extendedFor) = (TextOf(data, "dueOn"), MomentOf(data, "lapsesAt"), TextOf(data, "reason"));
                break;
            case "erasure.planned.v1":
                foreach (var step in Items(data, "steps")) if (TextOf(step, "system") is { } planned) _told.Add(planned);
                _kept = [.. Items(data, "kept").Select(kept => JsonNode.Parse(kept.GetRawText()))];
                break;
            case "erasure.task-dispatched.v1":
                if (TextOf(data, "system") is { } told) _told.Add(told);
                break;
            case "erasure.task-completed.v1":
                if (TextOf(data, "system") is not { } system) break;
                _told.Add(system);
                var row = new JsonObject { ["at"] = Moment(entry.RecordedMs), ["outcome"] = TextOf(data, "outcome"), ["system"] = system };
                if (TextOf(data, "reason") is { } why) row["reason"] = why;
                _systems[system] = row;
                break;
            case "erasure.task-contradicted.v1":
                // It was said after the answer, which stands; whoever reads the one reads the other.
                if (TextOf(data, "system") is not { } whose || !_systems.TryGetValue(whose, out var answered)) break;
                var other = new JsonObject { ["at"] = Moment(entry.RecordedMs), ["outcome"] = TextOf(data, "outcome") };
                if (TextOf(data, "reason") is { } because) other["reason"] = because;
                if (answered["contradictions"] is JsonArray before) before.Add(other);
                else answered["contradictions"] = new JsonArray(other);
                break;
            case "erasure.completed.v1":
                (_completedMs, _outcome, _refusedFor) = (entry.RecordedMs, TextOf(data, "outcome") ?? "fully", TextOf(data, "reason"));
                if (data.TryGetProperty("systems", out _)) _named = [.. Items(data, "systems").Select(named => (TextOf(named, "system"), TextOf(named, "outcome"), TextOf(named, "reason")))];
                break;
        }
    }

    public JsonObject ToStatement()
    {
        var statement = new JsonObject
        {
            ["completedAt"] = Moment(_completedMs!.Value),
            ["dueOn"] = _dueOn,
            ["inTime"] = IsInTime(),
            ["kept"] = _kept.DeepClone(),
            ["origin"] = origin,
            ["outcome"] = _outcome,
            ["receivedAt"] = Moment(_receivedMs!.Value),
            ["request"] = request.ToString("D"),
            ["subject"] = subject.ToString("D"),
            ["systems"] = new JsonArray([.. _systems.Values.Select(row => row.DeepClone())]),
            ["type"] = _type,
        };
        if (_reason is not null) statement["reason"] = _reason;
        if (_extendedFor is not null) statement["extendedFor"] = _extendedFor;
        if (_refusedFor is not null) statement["refusedFor"] = _refusedFor;
        return statement;
    }

    /// <summary>As certificates write it: UTC, milliseconds.</summary>
    public static string Moment(long ms) => ms <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
        ? DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{ms}");

    // Before the day is over where the tenant is; in UTC where the request does not say where that is.
    private bool IsInTime()
    {
        var completed = DateTimeOffset.FromUnixTimeMilliseconds(Math.Min(_completedMs!.Value, DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()));
        if (_lapsesAt is { } lapses) return completed < lapses;
        return DateOnly.TryParseExact(_dueOn, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var due) && DateOnly.FromDateTime(completed.UtcDateTime) <= due;
    }

    internal static string? TextOf(JsonElement data, string member) =>
        data.ValueKind == JsonValueKind.Object && data.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static DateTimeOffset? MomentOf(JsonElement data, string member) =>
        DateTimeOffset.TryParse(TextOf(data, member), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment) ? moment : null;

    private static IEnumerable<JsonElement> Items(JsonElement data, string member) =>
        data.ValueKind == JsonValueKind.Object && data.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [];
}
