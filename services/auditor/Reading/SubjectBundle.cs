using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace ConsentLedger.Auditor.Reading;

/// <summary>One subject's stream, with proofs: <c>consentledger-subject/1</c>. Nothing of it is believed here.</summary>
/// <param name="Checkpoint">A signed note.</param>
internal sealed record SubjectBundle(string Format, string Origin, string Subject, string Checkpoint, IReadOnlyList<BundledEntry> Entries)
{
    public const string KnownFormat = "consentledger-subject/1";

    // Strict: no member twice, none that is not known, none missing.
    private static readonly JsonSerializerOptions Json = new(JsonSerializerOptions.Strict) { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <returns>Null where the bytes are no such bundle.</returns>
    public static SubjectBundle? Read(ReadOnlySpan<byte> bytes)
    {
        // The framework would find what is not UTF-8 only when it is looked at.
        if (!Utf8.IsValid(bytes)) return null;
        try
        {
            var bundle = JsonSerializer.Deserialize<SubjectBundle>(bytes, Json);
            return bundle?.Format == KnownFormat && bundle.Stream.ToString("D") == bundle.Subject && !bundle.Entries.Contains(null!) ? bundle : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The second is what the framework says to half a surrogate pair.
            return null;
        }
    }

    /// <summary>The subject's id, which is spelled in lower case and in no other way.</summary>
    public Guid Stream => Guid.TryParseExact(Subject, "D", out var id) ? id : Guid.Empty;

    public byte[] CheckpointBytes => Encoding.UTF8.GetBytes(Checkpoint);
}

/// <param name="Entry">The encoded entry, in base64.</param>
/// <param name="Proof">Its inclusion proof, each hash in base64, the leaf's neighbour first.</param>
/// <param name="Okm">The two keys of this one event, in base64.</param>
/// <param name="Evidence">What the operator says that the envelope holds.</param>
internal sealed record BundledEntry(
    long Position, string Entry, IReadOnlyList<string> Proof, string? Type = null, string? Salt = null, JsonElement? Data = null, string? Envelope = null, string? Okm = null,
    JsonElement? Evidence = null)
{
    /// <summary>In its one form, or null.</summary>
    public static byte[]? Decode(string? base64)
    {
        if (base64 is null) return null;
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out var written) && Convert.ToBase64String(bytes, 0, written) == base64 ? bytes[..written] : null;
    }
}
