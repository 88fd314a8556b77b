using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Text.Unicode;

namespace ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;

/// <summary>
/// Reads the members of one message and gathers what is wrong with them. Strict in what is said: types, words, dates, nothing twice. Members that the specification
/// does not name are passed over, because a minor version may add some; and a comma too many is, because its own example has one.
/// </summary>
internal sealed partial class DsrMembers
{
    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = 16, AllowTrailingCommas = true, AllowDuplicateProperties = false };

    private static readonly DsrFault NotJson = new("body_not_json", "The body is not a JSON object in UTF-8.");

    private readonly JsonElement _object;
    private readonly List<DsrFault> _faults = [];

    private DsrMembers(JsonElement members) => _object = members;

    public IReadOnlyList<DsrFault> Faults => _faults;

    /// <summary>Runs <paramref name="read"/> on the message, which answers null where it gathered faults.</summary>
    public static (T? Value, IReadOnlyList<DsrFault> Faults) Read<T>(ReadOnlyMemory<byte> body, Func<DsrMembers, T?> read)
        where T : class
    {
        if (!Utf8.IsValid(body.Span)) return (null, [NotJson]);
        try
        {
            using var document = JsonDocument.Parse(body, Reading);
            if (document.RootElement.ValueKind != JsonValueKind.Object) return (null, [NotJson]);
            var members = new DsrMembers(document.RootElement);
            var value = read(members);
            return members._faults.Count == 0 ? (value, []) : (null, members._faults);
        }
        catch (JsonException)
        {
            return (null, [NotJson]);
        }
        catch (InvalidOperationException)
        {
            // What the framework says to half a surrogate pair, as late as when it is read.
            return (null, [new DsrFault("text_invalid", "A text holds what no text can.")]);
        }
    }

    public void Add(DsrFault fault) => _faults.Add(fault);

    public string? Text(string member, int maxLength, bool isRequired = true)
    {
        if (Find(member, isRequired) is not { } value) return null;
        if (value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text && text.Length <= maxLength && !text.Contains('\0', StringComparison.Ordinal)) return text;
        Add(DsrFault.Invalid(member, $"is a text of 1 to {maxLength} characters"));
        return null;
    }

    /// <summary>Section 1.1: lower-case, version 4.</summary>
    public Guid Id(string member)
    {
        if (Find(member, isRequired: true) is not { } value) return default;
        if (value.ValueKind == JsonValueKind.String && StreamId.TryParse(value.GetString(), out var id) && id.Value.Version == 4) return id.Value;
        Add(DsrFault.Invalid(member, "is a UUID of version 4 in lower case"));
        return default;
    }

    public DateTimeOffset Time(string member)
    {
        if (Find(member, isRequired: true) is not { } value) return default;
        if (value.ValueKind == JsonValueKind.String && TryReadTime(value.GetString()!, out var time)) return time;
        Add(DsrFault.Invalid(member, "is a date and time as RFC 3339 writes it"));
        return default;
    }

    public T? Word<T>(string member, IReadOnlyDictionary<string, T> words, bool isRequired = true)
        where T : struct
    {
        if (Find(member, isRequired) is not { } value) return null;
        if (value.ValueKind == JsonValueKind.String && words.TryGetValue(value.GetString()!, out var word)) return word;
        Add(DsrFault.Invalid(member, $"is one of {string.Join(", ", words.Keys.Order(StringComparer.Ordinal))}"));
        return null;
    }

    public int? Count(string member)
    {
        if (Find(member, isRequired: false) is not { } value) return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var count) && count >= 0) return count;
        Add(DsrFault.Invalid(member, "is a whole number, not negative"));
        return null;
    }

    public void Object(string member)
    {
        if (Find(member, isRequired: false) is { ValueKind: not JsonValueKind.Object }) Add(DsrFault.Invalid(member, "is an object"));
    }

    public IReadOnlyList<T> Many<T>(string member, int atMost, bool isRequired, Func<DsrMembers, T?> read)
        where T : class =>
        Items(member, atMost, isRequired).Select(item =>
        {
            if (item.ValueKind != JsonValueKind.Object)
            {
                Add(DsrFault.Invalid(member, "holds objects"));
                return null;
            }

            var inner = new DsrMembers(item);
            var value = read(inner);
            _faults.AddRange(inner._faults);
            return value;
        }).OfType<T>().ToList();

    public IReadOnlyList<string> Texts(string member, int atMost, int maxLength) =>
        Items(member, atMost, isRequired: false).Select(item =>
        {
            if (item.ValueKind == JsonValueKind.String && item.GetString() is { Length: > 0 } text && text.Length <= maxLength) return text;
            Add(DsrFault.Invalid(member, $"holds texts of 1 to {maxLength} characters"));
            return null;
        }).OfType<string>().ToList();

    private IEnumerable<JsonElement> Items(string member, int atMost, bool isRequired)
    {
        if (Find(member, isRequired) is not { } value) return [];
        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() <= atMost && (!isRequired || value.GetArrayLength() > 0)) return [.. value.EnumerateArray()];
        Add(DsrFault.Invalid(member, $"is an array of {(isRequired ? 1 : 0)} to {atMost}"));
        return [];
    }

    private JsonElement? Find(string member, bool isRequired)
    {
        if (_object.TryGetProperty(member, out var value) && value.ValueKind != JsonValueKind.Null) return value;
        if (isRequired) Add(DsrFault.Missing(member));
        return null;
    }

    private static bool TryReadTime(string text, out DateTimeOffset time)
    {
        time = default;
        return Rfc3339().IsMatch(text) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out time);
    }

    [GeneratedRegex(@"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})\z")]
    private static partial Regex Rfc3339();
}
