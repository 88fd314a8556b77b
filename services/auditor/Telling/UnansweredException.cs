using System.Text.Json.Nodes;

namespace ConsentLedger.Auditor.Telling;

/// <summary>The question is wrong, or nobody answered. A sentence for people, a code for machines.</summary>
internal sealed class UnansweredException(string code, string reason, Exception? inner = null) : Exception(reason, inner)
{
    public string Code { get; } = code;

    /// <summary>What was read again is not what was read.</summary>
    public static UnansweredException FilesChanged() => new("files_changed", "The files changed while they were read.");

    /// <returns>What the outside did to a verb, or null where the exception is a bug of ours.</returns>
    public static UnansweredException? Of(Exception e) => e switch
    {
        UnansweredException unanswered => unanswered,
        OperationCanceledException { InnerException: TimeoutException } => new("no_answer", "Nobody answered in time.", e),
        OperationCanceledException => new("interrupted", "Interrupted.", e),
        HttpRequestException => new("no_answer", e.Message, e),
        IOException or UnauthorizedAccessException => new("file_inaccessible", e.Message, e),

        // What .NET says to an empty name.
        ArgumentException { ParamName: "path" or "fileName" } => new("file_inaccessible", e.Message, e),
        _ => null,
    };

    public string ToJson(string verb) => $"{new JsonObject
    {
        ["verb"] = verb,
        ["holds"] = null,
        ["error"] = new JsonObject { ["code"] = Code, ["reason"] = Message },
    }.ToJsonString(Report.Options)}\n";
}
