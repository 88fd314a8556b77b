using ConsentLedger.ServiceDefaults;
using Microsoft.AspNetCore.Http;

namespace ConsentLedger.Transparency;

internal static class LogProblems
{
    public static Problem CheckpointMissing { get; } = new(StatusCodes.Status404NotFound, "checkpoint_missing", "Nothing was published of this log yet.");

    public static Problem TileOutside { get; } = new(StatusCodes.Status404NotFound, "tile_outside_checkpoint", "The newest checkpoint is of a smaller tree.");

    public static Problem Busy { get; } = new(StatusCodes.Status503ServiceUnavailable, "log_busy", "Too many read this log at once.") { RetryAfterSeconds = 1 };

    public static Problem TilePathInvalid { get; } =
        new(StatusCodes.Status400BadRequest, "tile_path_invalid", "A tile's index is in groups of three digits, all but the last behind an x; a narrower one is at .p/<width> below that.");
}
