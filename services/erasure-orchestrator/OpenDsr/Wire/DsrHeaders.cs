using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Primitives;

namespace ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;

/// <summary>The two headers under which a processor signs, by the name of the specification or by its former one (section 10.1: all parties honour both).</summary>
public sealed record DsrHeaders(string Domain, string Signature)
{
    public static readonly DsrHeaders
        OpenDsr = new("X-OpenDSR-Processor-Domain", "X-OpenDSR-Signature"),
        OpenGdpr = new("X-OpenGDPR-Processor-Domain", "X-OpenGDPR-Signature");

    /// <summary>What somebody says about who signed, and how. Where both names are there, they have to say the same.</summary>
    public static bool TryRead(Func<string, StringValues> header, [NotNullWhen(true)] out string? domain, [NotNullWhen(true)] out string? signature)
    {
        domain = Only(header(OpenDsr.Domain), header(OpenGdpr.Domain));
        signature = Only(header(OpenDsr.Signature), header(OpenGdpr.Signature));
        return domain is not null && signature is not null;
    }

    private static string? Only(StringValues named, StringValues formerly) => (named, formerly) switch
    {
        ([{ } one], []) => one,
        ([], [{ } one]) => one,
        ([{ } one], [{ } same]) when one == same => one,
        _ => null,
    };
}
