using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using ConsentLedger.EventStore;
using ConsentLedger.Ledger;
using ConsentLedger.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ConsentLedger.Transparency;

/// <summary>
/// What the entries of a bundle commit to, a line each: <c>{"position":12,"type":"consent.granted.v1","salt":"…","data":{…}}</c>; of one whose contents were
/// purged <c>{"position":12,"purged":true}</c>, which leaves its place and its commitment.
/// </summary>
internal static class ReadFacts
{
    private const string NdJson = "application/x-ndjson";

    private static readonly JsonWriterOptions AsStored = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/log/{tenant}/facts/{**bundle}", HandleAsync).RequireScope(Scopes.LedgerAudit).Produces<string>(contentType: NdJson).WithMetadata(LogProblems.CheckpointMissing, LogProblems.TileOutside, LogProblems.TilePathInvalid)
            .WithSummary("The facts of a bundle's entries with their salts, a line of JSON each, in order.");

    // Never cached: it may be purged tomorrow.
    private static async Task<IResult> HandleAsync(string tenant, string bundle, Caller caller, Checkpoints checkpoints, IEventEngine engine, CancellationToken ct)
    {
        var (wanted, problem) = await ReadEntries.FindAsync(tenant, bundle, caller, checkpoints, ct);
        if (problem is not null) return problem;

        // Events after entries: what is purged in between is gone from both, or at least from the answer.
        var first = wanted.Index * TileId.FullWidth;
        var entries = await engine.ReadBundleAsync(caller.Tenant, wanted, ct);
        var events = (await engine.ReadFromAsync(caller.Tenant, first, wanted.Width, ct)).ToDictionary(e => e.Place.Position);
        var lines = new ArrayBufferWriter<byte>(wanted.Width * 512);
        using var json = new Utf8JsonWriter(lines, AsStored);
        for (var i = 0; i < entries.Count; i++)
        {
            Write(json, first + i, entries[i].Salt, events.GetValueOrDefault(first + i));
            json.Flush();
            json.Reset();
            lines.Write("\n"u8);
        }

        return TypedResults.Bytes(lines.WrittenMemory, NdJson);
    }

    private static void Write(Utf8JsonWriter json, long position, byte[]? salt, StoredEvent? e)
    {
        json.WriteStartObject();
        json.WriteNumber("position"u8, position);
        if (salt is null || e is null)
        {
            json.WriteBoolean("purged"u8, true);
        }
        else
        {
            json.WriteString("type"u8, e.Type);
            json.WriteBase64String("salt"u8, salt);
            json.WritePropertyName("data"u8);
            json.WriteRawValue(Canonical(e));
        }

        json.WriteEndObject();
    }

    // As it was committed to, and not as the database gives it: the one form leaves no byte free for a change that nobody would see.
    private static ReadOnlySpan<byte> Canonical(StoredEvent e)
    {
        var canonical = new ArrayBufferWriter<byte>(e.Data.Length + 1);
        return CanonicalJson.TryWrite(e.Data, canonical, out var fault) ? canonical.WrittenSpan : throw new InvalidDataException($"The facts of position {e.Place.Position} have no canonical form: {fault.Reason}");
    }
}
