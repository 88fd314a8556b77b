using System.Text.Json;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Requesting;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;

namespace ConsentLedger.ErasureOrchestrator.Identities;

/// <summary>What identifies the person of one request. It lies in a stream of the request's own, and only ever leaves this process sealed, or to a processor.</summary>
/// <param name="ConfirmAt">Where the link is mailed.</param>
public sealed record SealedIdentities(IReadOnlyList<SubjectIdentity> Identities, string? ConfirmAt)
{
    /// <summary>The stream says only that something was sealed, each time somebody gave more.</summary>
    public static readonly StreamType<IdentityStream> Stream = new(new IdentityStream(Request: null), (state, e, _) => state.Evolve(e));

    /// <summary>All of it, as it was given at first and after.</summary>
    public static SealedIdentities? Of(IReadOnlyList<SealedIdentities> given) =>
        given.Count == 0 ? null : new SealedIdentities([.. given.SelectMany(g => g.Identities).Distinct()], given.Select(g => g.ConfirmAt).FirstOrDefault(address => address is not null));

    public static SealedIdentities Of(ReceiveRequest asked) => new(asked.Identities ?? [], asked.ConfirmAt);

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, JsonSerializerOptions.Web);

    public static SealedIdentities Read(ReadOnlySpan<byte> bytes) => JsonSerializer.Deserialize<SealedIdentities>(bytes, JsonSerializerOptions.Web)!;

    public override string ToString() => "sealed";
}

/// <param name="Request">Whose identities were sealed here.</param>
public sealed record IdentityStream(Guid? Request)
{
    internal IdentityStream Evolve(object e) => e is IdentitiesSealed s ? new IdentityStream(s.Request) : this;
}
