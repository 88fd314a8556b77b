using System.Text.Encodings.Web;
using System.Text.Json;

namespace ConsentLedger.Consent.HandingOver;

/// <summary>
/// <c>consentledger-handover/1</c>, in lines of JSON: a head, a key for each living subject in the order of their ids, an envelope for each sealed entry in the order of the log, an
/// end, and a MAC over every byte before it. Each line has one spelling: what a reader would write is what it has to have read.
/// </summary>
public static class HandOverFile
{
    public const string Format = "consentledger-handover/1";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerOptions.Strict) { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The line with its newline.</summary>
    public static byte[] ToLine<T>(T line) => [.. JsonSerializer.SerializeToUtf8Bytes(line, Json), (byte)'\n'];

    /// <param name="bytes">Without a newline.</param>
    /// <returns>Null where this is no such line, or one in another spelling.</returns>
    public static T? Read<T>(ReadOnlySpan<byte> bytes)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(bytes, Json) is { } line && JsonSerializer.SerializeToUtf8Bytes(line, Json).AsSpan().SequenceEqual(bytes) ? line : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            // The latter two are what the framework says to half a surrogate pair.
            return null;
        }
    }
}

/// <param name="Position">Of the entry that records this hand-over.</param>
/// <param name="Checkpoint">A signed note. What is below it in the log is handed over.</param>
/// <param name="TransportKey">Wrapped for the successor.</param>
public sealed record HandOverHead(string Format, string Origin, string Tenant, string Successor, long Position, string Checkpoint, HandOverAlgorithms Algorithms, byte[] TransportKey);

public sealed record HandOverAlgorithms(string TransportKey, string Keys, string Mac)
{
    public static HandOverAlgorithms Known { get; } = new(Vault.TransportKey.Wrapping, Vault.TransportKey.KeyWrapping, Vault.TransportKey.Mac);
}

/// <param name="Key">Its id.</param>
/// <param name="Wrapped">Under the transport key.</param>
public sealed record HandedOverKey(Guid Subject, Guid Key, byte[] Wrapped);

public sealed record HandedOverEnvelope(long Position, byte[] Envelope);

/// <param name="Keys">How many lines of keys there were.</param>
/// <param name="Size">Of the log when everything was read, in entries. Whoever is left out though the head's checkpoint knows them as living has a fence before this.</param>
public sealed record HandOverEnd(long Keys, long Envelopes, long Size);

/// <param name="Mac">Over every byte before this line.</param>
public sealed record HandOverSeal(byte[] Mac);
