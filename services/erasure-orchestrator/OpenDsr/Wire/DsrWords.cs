using System.Collections.Frozen;
using System.Text.Json;

namespace ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;

// The words of the OpenDSR specification, version 2.0, as they stand on the wire. docs/opendsr.md says what was decided where its text contradicts itself.

/// <summary>Section 6.2. The protocol knows no rectification and no restriction.</summary>
public enum DsrType
{
    Access,
    Portability,
    Erasure,
}

/// <summary>Section 8.</summary>
public enum DsrStatus
{
    /// <summary>Well-formed and received; it can still be cancelled.</summary>
    Pending,
    InProgress,
    Completed,
    Cancelled,
}

/// <summary>Section 5.2: how an identity's value is written.</summary>
public enum DsrFormat
{
    Raw,
    Sha1,
    Md5,
    Sha256,
}

public static class DsrWords
{
    public const string ApiVersion = "2.0";

    public const string Email = "email";

    public const string ControllerCustomerId = "controller_customer_id";

    public const string RequestId = "subject_request_id";

    public const string CallbackUrl = "status_callback_url";

    public const string ResultsUrl = "results_url";

    /// <summary>What requests were called in paths before the specification was renamed.</summary>
    public const string OldRequests = "opengdpr_requests";

    /// <summary>Section 5.1.</summary>
    public static FrozenSet<string> IdentityTypes { get; } = FrozenSet.Create(
        StringComparer.Ordinal, ControllerCustomerId, "android_advertising_id", "android_id", Email, "fire_advertising_id", "ios_advertising_id", "ios_vendor_id",
        "microsoft_advertising_id", "microsoft_publisher_id", "roku_publisher_id", "roku_advertising_id");

    public static FrozenDictionary<string, DsrType> Types { get; } = Named<DsrType>();

    public static FrozenDictionary<string, DsrStatus> Statuses { get; } = Named<DsrStatus>();

    public static FrozenDictionary<string, DsrFormat> Formats { get; } = Named<DsrFormat>();

    public static string NameOf(Enum value) => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    private static FrozenDictionary<string, T> Named<T>()
        where T : struct, Enum => Enum.GetValues<T>().ToFrozenDictionary(value => NameOf(value), StringComparer.Ordinal);
}
