using System.Text.Json;

namespace EmailSystem;

/// <summary>
/// Who wants what, as of a position. A real e-mail system keeps it in its database, the position in the same transaction; then nothing is ever applied twice, whatever comes
/// twice.
/// </summary>
public sealed class Wishes
{
    private readonly Dictionary<string, Dictionary<string, bool>> _subjects = [];
    private readonly HashSet<string> _suppressed = [];

    /// <summary>The last event that is in here.</summary>
    public long Position { get; private set; } = -1;

    /// <summary>Every line of a snapshot, in order. What was known before is replaced by it, and not added to.</summary>
    public void Start(JsonElement line)
    {
        if (line.TryGetProperty("subject", out var subject))
        {
            foreach (var wish in line.GetProperty("preferences").EnumerateArray())
                Set(subject.GetString()!, wish, Text(wish, "state") == "subscribed");
        }
        else if (line.TryGetProperty("addressTag", out var tag))
        {
            _suppressed.Add(tag.GetString()!);
        }
        else if (line.TryGetProperty("tenant", out _))
        {
            _subjects.Clear();
            _suppressed.Clear();
            Position = line.GetProperty("position").GetInt64();
        }
    }

    /// <summary>Positions have no gaps. One that was passed over is a message that was lost.</summary>
    public bool Lacks(JsonElement e) => PositionOf(e) > Position + 1;

    /// <returns>False for what is known already: every message comes at least once.</returns>
    public bool Apply(JsonElement e)
    {
        if (PositionOf(e) <= Position) return false;
        switch (Text(e, "type"))
        {
            case "marketing.subscribed.v1" or "marketing.resubscribed.v1":
                Set(Text(e, "subject"), e.GetProperty("data"), wanted: true);
                break;
            case "marketing.unsubscribed.v1":
                Set(Text(e, "subject"), e.GetProperty("data"), wanted: false);
                break;
            case "marketing.suppressed.v1":
                _suppressed.Add(Text(e.GetProperty("data"), "addressTag"));
                break;
            case "marketing.released.v1":
                _suppressed.Remove(Text(e.GetProperty("data"), "addressTag"));
                break;
            case "subject.erasure-started.v1" or "subject.erased.v1":
                _subjects.Remove(Text(e, "subject"));
                break;
        }

        Position = PositionOf(e);
        return true;
    }

    /// <summary>Everything, one line each, in order: to look at, and to compare.</summary>
    public IEnumerable<string> Told() =>
        _subjects.SelectMany(s => s.Value, (s, wish) => $"{s.Key} {wish.Key} {(wish.Value ? "subscribed" : "unsubscribed")}").Concat(_suppressed.Select(tag => $"{tag} suppressed"))
            .Order(StringComparer.Ordinal);

    private static long PositionOf(JsonElement e) => e.GetProperty("position").GetInt64();

    private static string Text(JsonElement e, string name) => e.GetProperty(name).GetString()!;

    private void Set(string subject, JsonElement lane, bool wanted)
    {
        if (!_subjects.TryGetValue(subject, out var wishes)) _subjects[subject] = wishes = [];
        wishes[$"{Text(lane, "topic")} {Text(lane, "channel")}"] = wanted;
    }
}
