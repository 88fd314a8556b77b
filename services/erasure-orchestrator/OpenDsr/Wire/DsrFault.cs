using System.Text.Json.Serialization;

namespace ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;

/// <summary>One thing that is wrong with a message. Names members of the specification, and nothing that was sent.</summary>
/// <param name="Reason">A stable code; docs/opendsr.md lists them.</param>
public sealed record DsrFault(string Reason, string Message)
{
    public string Domain => "opendsr";

    public static DsrFault Missing(string member) => new("member_missing", $"{member} is required.");

    public static DsrFault Invalid(string member, string why) => new("member_invalid", $"{member} {why}.");
}

/// <summary>The error object of section 7.6.</summary>
public sealed record DsrError(DsrErrorBody Error)
{
    public static DsrError Of(int status, params IReadOnlyList<DsrFault> faults) => new(new DsrErrorBody(status, faults.Count == 0 ? null : faults[0].Message, faults.Count == 0 ? null : faults));
}

/// <param name="Code">The HTTP status once more.</param>
public sealed record DsrErrorBody(
    int Code,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Message,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<DsrFault>? Errors);
