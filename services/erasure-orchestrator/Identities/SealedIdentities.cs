using System.Text.Json;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Requesting;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;

namespace ConsentLedger.ErasureOrchestrator.Identities;

/// <summary>What identifies the person of one request, or leads to their data. It lies in a stream of the request's own, and only ever leaves this process sealed, or to a processor.</summary>
/// <param name="ConfirmAt">Where the link is mailed.</param>
/// <param name="Results">Where systems have put what they have.</param>
public sealed record SealedIdentities(IReadOnlyList<SubjectIdentity> Identities, string? ConfirmAt, IReadOnlyList<SealedResults>? Results = null)
{
    /// <summary>The stream says only that something was sealed, each time somebody gave more.</summary>
    public static readonly StreamType<IdentityStream> Stream = new(new IdentityStream(Request: null), (state, e, _) => state.Evolve(e));

    /// <summary>All of it, as it was given at first and after.</summary>
    public static SealedIdentities? Of(IReadOnlyList<SealedIdentities> given) =>
        given.Count == 0 ? null : new SealedIdentities([.. given.SelectMany(g => g.Identities).Distinct()], given.Select(g => g.ConfirmAt).FirstOrDefault(address => address is not null), [.. given.SelectMany(g => g.Results ?? [])]);

    public static SealedIdentities Of(string system, SystemResults results) => new([], ConfirmAt: null, [new SealedResults(system, results.Url, results.Count)]);

    public static SealedIdentities Of(ReceiveRequest asked) => new(asked.Identities ?? [], asked.ConfirmAt);

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, JsonSerializerOptions.Web);

    public static SealedIdentities Read(ReadOnlySpan<byte> bytes) => JsonSerializer.Deserialize<SealedIdentities>(bytes, JsonSerializerOptions.Web)!;

    public override string ToString() => "sealed";
}

public sealed record SealedResults(string System, Uri Url, int? Count)
{
    public override string ToString() => System;
}

/// <param name="Request">Whose identities, and results, were sealed here.</param>
public sealed record IdentityStream(Guid? Request)
{
    internal IdentityStream Evolve(object e) => e switch
    {
        IdentitiesSealed given => new IdentityStream(given.Request),
        ResultsSealed results => new IdentityStream(results.Request),
        _ => this,
    };
}
