using Microsoft.AspNetCore.Http;

namespace ConsentLedger.ServiceDefaults;

/// <summary>Every problem that the edge itself answers with, on any service.</summary>
public static class KnownProblems
{
    public static Problem TokenMissing { get; } = new(StatusCodes.Status401Unauthorized, "token_missing", "A bearer token is needed.");

    public static Problem TokenInvalid { get; } = new(StatusCodes.Status401Unauthorized, "token_invalid", "The bearer token is not one this service accepts.");

    public static Problem TokenExpired { get; } = new(StatusCodes.Status401Unauthorized, "token_expired", "The bearer token has expired.");

    public static Problem ScopeMissing { get; } = new(StatusCodes.Status403Forbidden, "scope_missing", "The token does not carry the scope this needs.");

    public static Problem TenantMismatch { get; } = new(StatusCodes.Status403Forbidden, "tenant_mismatch", "The token belongs to another tenant.");

    public static Problem TenantRequired { get; } =
        new(StatusCodes.Status400BadRequest, "tenant_required", $"A service's token needs one {Caller.TenantHeader} header with the tenant it acts for.");

    public static Problem BodyNotJson { get; } = new(StatusCodes.Status400BadRequest, "body_not_json", "The body is not JSON in UTF-8.");

    public static Problem BodyUnknownMember { get; } =
        new(StatusCodes.Status400BadRequest, "body_unknown_member", "The body has a member that is not known here.");

    public static Problem BodyInvalid { get; } = new(StatusCodes.Status400BadRequest, "body_invalid", "The body is JSON, but not what this endpoint takes.");

    public static Problem BodyTooLarge { get; } = new(StatusCodes.Status413PayloadTooLarge, "body_too_large", "The body is larger than this endpoint takes.");

    public static Problem MediaTypeUnsupported { get; } =
        new(StatusCodes.Status415UnsupportedMediaType, "media_type_unsupported", "This endpoint does not take that Content-Type.");

    public static Problem SubjectIdInvalid { get; } =
        new(StatusCodes.Status400BadRequest, "subject_id_invalid", "A subject id is a UUID of version 4 or 7 in lower case.");

    public static Problem IdempotencyKeyInvalid { get; } =
        new(StatusCodes.Status400BadRequest, "idempotency_key_invalid",
            $"{CommandOptions.IdempotencyKeyHeader} is one header of 1 to {CommandOptions.MaxIdempotencyKeyLength} printable ASCII characters.");

    public static Problem IfMatchInvalid { get; } =
        new(StatusCodes.Status400BadRequest, "if_match_invalid", "If-Match is one strong ETag as this service gave it, such as \"3\".");

    public static Problem RequestInvalid { get; } =
        new(StatusCodes.Status400BadRequest, "request_invalid", "The request is malformed, or a parameter of it is.");

    public static Problem NotFound { get; } = new(StatusCodes.Status404NotFound, "not_found", "There is nothing here.");

    public static Problem MethodNotAllowed { get; } =
        new(StatusCodes.Status405MethodNotAllowed, "method_not_allowed", "This resource does not take that method.");

    public static Problem IdempotencyKeyReused { get; } =
        new(StatusCodes.Status409Conflict, "idempotency_key_reused", "The same idempotency key came before, with another request.");

    public static Problem InternalError { get; } = new(StatusCodes.Status500InternalServerError, "internal_error", "Something is wrong on our side.");

    public static Problem StoreUnavailable { get; } =
        new(StatusCodes.Status503ServiceUnavailable, "store_unavailable",
            "The store cannot be reached. Nothing is known to be recorded; the same request again finds out.")
        {
            RetryAfterSeconds = 2,
        };

    public static Problem CheckpointPending { get; } =
        new(StatusCodes.Status503ServiceUnavailable, "checkpoint_pending", "It is recorded, and no checkpoint covers it yet. The same request with the same Idempotency-Key finds one soon.")
        {
            RetryAfterSeconds = 1,
        };

    public static Problem PositionUnknown { get; } =
        new(StatusCodes.Status404NotFound, "position_unknown", "The tenant's ledger has no entry at this position.");

    public static Problem VersionStale(long actualVersion) =>
        new(StatusCodes.Status412PreconditionFailed, "version_stale", "The stream has moved on from the version in If-Match.") { Version = actualVersion };

    public static Problem Refused(string code, string reason) =>
        new(StatusCodes.Status422UnprocessableEntity, code, "The command was refused.") { Detail = reason };

    /// <summary>For statuses that the framework chooses without a body.</summary>
    internal static Problem OfStatus(int status) => status switch
    {
        StatusCodes.Status404NotFound => NotFound,
        StatusCodes.Status405MethodNotAllowed => MethodNotAllowed,
        StatusCodes.Status413PayloadTooLarge => BodyTooLarge,
        StatusCodes.Status415UnsupportedMediaType => MediaTypeUnsupported,
        >= StatusCodes.Status500InternalServerError => InternalError with { Status = status },
        _ => RequestInvalid with { Status = status },
    };
}
