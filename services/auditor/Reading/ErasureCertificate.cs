using System.Text;
using System.Text.Json;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Reading;

/// <summary>
/// A certificate of a person's request, <c>consentledger-erasure-certificate/1</c>: what the operator states, the entries it rests on from the request to its end, the
/// receipt (C2SP tlog-proof) of the last of them, and a signature over all of it. One form only, the canonical one, so that no byte is free.
/// </summary>
/// <param name="Events">Of the person's stream, without a gap. Each entry names the one before it, so the receipt of the last proves them all.</param>
/// <param name="Receipt">Carries the last entry and the checkpoint.</param>
/// <param name="Signature">One signature line of a note.</param>
internal sealed record ErasureCertificate(JsonElement Certificate, IReadOnlyList<CertifiedEvent> Events, string Format, string Receipt, string Signature)
{
    public const string KnownFormat = "consentledger-erasure-certificate/1";

    public const int MaxLength = 4 * 1024 * 1024;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerOptions.Strict) { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <returns>Null where the bytes are no such certificate, or not in their one form.</returns>
    public static ErasureCertificate? Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxLength || !CanonicalJson.IsCanonical(bytes)) return null;
        try
        {
            var read = JsonSerializer.Deserialize<ErasureCertificate>(bytes, Json);
            return read is { Format: KnownFormat, Certificate.ValueKind: JsonValueKind.Object } && !read.Events.Contains(null!) && IsOneLine(read.Signature) ? read : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The second is what the framework says to half a surrogate pair.
            return null;
        }
    }

    /// <summary>
    /// What the signature is over, as a note: the format, and everything but the signature. Its member comes last, so the rest is what stands before it; and no text has a bare quote in it, so nothing
    /// after that looks like the member.
    /// </summary>
    public static byte[] SignedText(ReadOnlySpan<byte> bytes) =>
        [.. Encoding.UTF8.GetBytes($"{KnownFormat}\n"), .. bytes[..bytes.LastIndexOf(",\"signature\":"u8)], (byte)'}', (byte)'\n'];

    private static bool IsOneLine(string signature) =>
        Note.TryParse([.. "\n\n"u8, .. Encoding.UTF8.GetBytes(signature)], out var note, out _) && note.Signatures is [var line] && line.ToString() == signature;
}

/// <param name="Entry">The encoded entry, in base64.</param>
/// <param name="Type">Left out, as are salt and data, where the event is of another request of the same person.</param>
internal sealed record CertifiedEvent(string Entry, string? Type = null, string? Salt = null, JsonElement? Data = null);
