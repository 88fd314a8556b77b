using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;

// What a processor answers and calls back with. processor_signature, required by the text of 7.3 and 9.2 and in none of its examples, is the header:
// a body cannot hold its own signature.

/// <summary>Section 6.3.</summary>
public sealed record DsrDiscovery(
    string ApiVersion, IReadOnlyList<DsrSupportedIdentity> SupportedIdentities, IReadOnlyList<string> SupportedSubjectRequestTypes, string ProcessorCertificate)
{
    public static (DsrDiscovery? Discovery, IReadOnlyList<DsrFault> Faults) Read(ReadOnlyMemory<byte> body) => DsrMembers.Read(body, members =>
    {
        var (version, certificate) = (members.Text("api_version", 16), members.Text("processor_certificate", 2048));
        var identities = members.Many("supported_identities", 100, isRequired: true, identity =>
        {
            var (type, format) = (identity.Text("identity_type", 64), identity.Text("identity_format", 16));
            return type is null || format is null ? null : new DsrSupportedIdentity(type, format);
        });
        var types = members.Texts("supported_subject_request_types", 10, 32);
        return members.Faults.Count == 0 ? new DsrDiscovery(version!, identities, types, certificate!) : null;
    });

    public bool Takes(string type, DsrFormat format) => SupportedIdentities.Contains(new DsrSupportedIdentity(type, DsrWords.NameOf(format)));
}

public sealed record DsrSupportedIdentity(string IdentityType, string IdentityFormat);

/// <summary>Section 7.3.</summary>
/// <param name="EncodedRequest">The body as it came, in base64. Whoever gets it back compares it, and neither logs nor stores it.</param>
public sealed record DsrReceipt(string ControllerId, DateTimeOffset ExpectedCompletionTime, DateTimeOffset ReceivedTime, string EncodedRequest, Guid SubjectRequestId)
{
    public static (DsrReceipt? Receipt, IReadOnlyList<DsrFault> Faults) Read(ReadOnlyMemory<byte> body) => DsrMembers.Read(body, members =>
    {
        var (controller, encoded) = (members.Text("controller_id", 256), members.Text("encoded_request", 256 * 1024));
        var (expected, received, id) = (members.Time("expected_completion_time"), members.Time("received_time"), members.Id("subject_request_id"));
        return members.Faults.Count == 0 ? new DsrReceipt(controller!, expected, received, encoded!, id) : null;
    });

    public override string ToString() => $"{SubjectRequestId}";
}

/// <summary>Section 8.3.</summary>
public sealed record DsrState(
    string ControllerId, DateTimeOffset ExpectedCompletionTime, Guid SubjectRequestId, string RequestStatus, string? ApiVersion = null, string? ResultsUrl = null, int? ResultsCount = null)
{
    public DsrStatus Status => DsrWords.Statuses[RequestStatus];

    public static (DsrState? State, IReadOnlyList<DsrFault> Faults) Read(ReadOnlyMemory<byte> body) => DsrMembers.Read(body, members => Of(members));

    internal static DsrState? Of(DsrMembers members)
    {
        var (controller, expected, id) = (members.Text("controller_id", 256), members.Time("expected_completion_time"), members.Id("subject_request_id"));
        var status = members.Word("request_status", DsrWords.Statuses);
        var (version, url, count) = (members.Text("api_version", 16, isRequired: false), members.Text(DsrWords.ResultsUrl, 2048, isRequired: false), members.Count("results_count"));
        return members.Faults.Count == 0 ? new DsrState(controller!, expected, id, DsrWords.NameOf(status!.Value), version, url, count) : null;
    }
}

/// <summary>Section 8.6: the status and whom it is told to, less the version.</summary>
public sealed record DsrCallback(
    string ControllerId, DateTimeOffset ExpectedCompletionTime, string StatusCallbackUrl, Guid SubjectRequestId, string RequestStatus, string? ResultsUrl = null, int? ResultsCount = null)
{
    public DsrStatus Status => DsrWords.Statuses[RequestStatus];

    public static (DsrCallback? Callback, IReadOnlyList<DsrFault> Faults) Read(ReadOnlyMemory<byte> body) => DsrMembers.Read(body, members =>
    {
        var (state, url) = (DsrState.Of(members), members.Text("status_callback_url", 2048));
        return members.Faults.Count == 0
            ? new DsrCallback(state!.ControllerId, state.ExpectedCompletionTime, url!, state.SubjectRequestId, state.RequestStatus, state.ResultsUrl, state.ResultsCount)
            : null;
    });
}

/// <summary>Section 9.2.</summary>
public sealed record DsrCancellation(string ControllerId, Guid SubjectRequestId, DateTimeOffset ReceivedTime, string ApiVersion);

public static class DsrJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new Moments() },
    };

    /// <summary>The bytes that are signed and sent.</summary>
    public static byte[] Write<T>(T message) => JsonSerializer.SerializeToUtf8Bytes(message, Options);

    /// <summary>In UTC and whole seconds, as every example of the specification has them.</summary>
    private sealed class Moments : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture));
    }
}
