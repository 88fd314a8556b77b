using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace ConsentLedger.Contracts;

/// <summary>The strict half of <see cref="CloudEvent"/>. What it can read before it fails is kept: whoever sent the message deserves an answer.</summary>
internal sealed class CloudEventReader
{
    public const int MaxBytes = 256 * 1024;
    public const int MaxTextLength = 200;

    private static readonly JsonDocumentOptions NoDuplicates = new() { AllowDuplicateProperties = false };

    private readonly JsonElement _root;
    private string? _id;
    private string? _source;
    private (string Code, string Reason)? _fault;

    private CloudEventReader(JsonElement root) => _root = root;

    public static bool TryRead(
        ReadOnlyMemory<byte> body, [NotNullWhen(true)] out CloudEvent? message, [NotNullWhen(false)] out CloudEventFault? fault)
    {
        (message, fault) = (null, null);
        if (body.Length > MaxBytes)
        {
            fault = new CloudEventFault("too_large", $"A message has at most {MaxBytes / 1024} KiB.");
            return false;
        }

        try
        {
            using var json = JsonDocument.Parse(body, NoDuplicates);
            var reader = new CloudEventReader(json.RootElement);
            message = reader.Read();
            fault = reader._fault is var (code, reason) ? new CloudEventFault(code, reason, reader._id, reader._source) : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The second is what the search for duplicates says of a name with half a surrogate pair.
            fault = new CloudEventFault("not_json", "The body is not JSON in UTF-8, or it has a field twice.");
        }

        if (fault is not null) message = null;
        return message is not null;
    }

    private CloudEvent? Read()
    {
        if (_root.ValueKind != JsonValueKind.Object)
        {
            Fail("not_a_cloud_event", "The body is not a CloudEvent in structured JSON: it is no object.");
            return null;
        }

        if (!Has("specversion", out var version)) Fail("not_a_cloud_event", "The body is not a CloudEvent in structured JSON: it has no specversion.");
        else if (TryGetString(version) is not "1.0") Fail("attribute_invalid", "specversion is not \"1.0\".");

        _id = Required("id");
        _source = Source();
        return new CloudEvent
        {
            Id = _id ?? "",
            Source = _source ?? "",
            Type = Required("type") ?? "",
            Time = Moment("time"),
            Subject = Text("subject"),
            Tenant = Tenant(),
            Position = Count("position"),
            StreamVersion = Count("streamversion"),
            TraceParent = TraceParent(),
            Data = Data(),
        };
    }

    // The first fault is the one that is told; the reading goes on, for the id and the source.
    private void Fail(string code, string reason) => _fault ??= (code, reason);

    private bool Has(string name, out JsonElement value) => _root.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;

    private string? Required(string name)
    {
        if (!Has(name, out _)) Fail("attribute_missing", $"{name} is missing.");
        return Text(name);
    }

    private string? Text(string name)
    {
        if (!Has(name, out var value)) return null;
        if (TryGetString(value) is { Length: > 0 and <= MaxTextLength } text && !text.Any(char.IsControl)) return text;
        Fail("attribute_invalid", $"{name} is not a text of 1 to {MaxTextLength} characters.");
        return null;
    }

    // It becomes a routing key, which is at most 255 bytes; a URI reference is ASCII anyway.
    private string? Source()
    {
        var source = Required("source");
        if (source is null || source.All(c => c is > ' ' and < (char)127)) return source;
        Fail("attribute_invalid", "source is not a URI reference.");
        return null;
    }

    private string? Tenant()
    {
        if (!Has("tenant", out var value)) return null;
        if (TryGetString(value) is { Length: > 0 and <= 63 } tenant && tenant[0] != '-' && tenant.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
            return tenant;
        Fail("attribute_invalid", "tenant is not 1 to 63 of a-z, 0-9 and '-', not starting with '-'.");
        return null;
    }

    private DateTimeOffset? Moment(string name)
    {
        if (!Has(name, out var value)) return null;
        if (TryGetString(value) is { } text && MomentConverter.TryParse(text, out var moment))
            return moment;
        Fail("attribute_invalid", $"{name} is not an RFC 3339 time with an offset.");
        return null;
    }

    private long? Count(string name)
    {
        if (!Has(name, out var value)) return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var count) && count >= 0) return count;
        Fail("attribute_invalid", $"{name} is not a whole number from 0.");
        return null;
    }

    // Tracing never makes a message fail: a trace context that is none is as good as absent (W3C Trace Context, 4.3).
    private string? TraceParent() =>
        Has("traceparent", out var value) && TryGetString(value) is { } text && ActivityContext.TryParse(text, null, out _) ? text : null;

    private ReadOnlyMemory<byte> Data()
    {
        if (Has("data_base64", out _)) Fail("attribute_invalid", "data_base64 is not accepted: data is JSON.");
        if (Has("datacontenttype", out var type) && !(TryGetString(type) is { } text && IsJson(text)))
            Fail("attribute_invalid", "datacontenttype is not application/json.");
        return Has("data", out var data) ? JsonMarshal.GetRawUtf8Value(data).ToArray() : default;
    }

    private static bool IsJson(string mediaType)
    {
        var type = mediaType.Split(';')[0].Trim();
        return type.Equals("application/json", StringComparison.OrdinalIgnoreCase) || type.EndsWith("+json", StringComparison.OrdinalIgnoreCase);
    }

    // A lone half of a surrogate pair is legal JSON and no text.
    private static string? TryGetString(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String) return null;
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
