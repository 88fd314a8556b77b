using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using ConsentLedger.Consent.Consents.Reading;
using ConsentLedger.Ledger;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Transparency;
using ConsentLedger.Vault;

namespace ConsentLedger.Consent.Consents.Exporting;

/// <summary>
/// Everything recorded about one subject, with what proves it: a bundle (<c>consentledger-subject/1</c>) that an auditor checks offline. It ends with the
/// reading that made it. An erased subject has one too, in which nothing can be opened.
/// </summary>
public static class ExportSubject
{
    public const string Format = "consentledger-subject/1";

    /// <summary>A stream is written as it is read, so many events at a time, however long it is.</summary>
    private const int EventsAtOnce = 500;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/v1/subjects/{subject}/export", HandleAsync).RequireScope(Scopes.ConsentAudit)
            .Produces<object>(contentType: "application/json").WithMetadata(KnownProblems.NotFound, KnownProblems.CheckpointPending);

    private static async Task<IResult> HandleAsync(
        SubjectId subject, bool? disclose, HttpResponse response, Caller caller, CommandOptions options, DeciderLoop ledger, IEventEngine engine, SubjectKeys keys,
        Checkpoints checkpoints, LogTree tree, LogKeys log, CancellationToken ct)
    {
        var read = new HistoryRead(caller.ClientId, AsOf: null, KnownAt: null, disclose ?? false);
        var (reading, refusal) = await ledger.RecordAsync("export", caller, subject, options, read, ct);
        if (reading is null) return refusal;
        if (await checkpoints.WaitForAsync(caller.Tenant, reading.Position + 1, Patience, ct) is not { } checkpoint) return KnownProblems.CheckpointPending;

        var stream = new StreamKey(caller.Tenant, subject.Stream);
        // Before anything is written, so that a store that is away is a problem like any other.
        var events = await ReadAsync(afterVersion: 0);
        response.ContentType = "application/json";
        response.Headers.ETag = EntityTag.Of(reading.Version);
        await using var json = new Utf8JsonWriter(response.BodyWriter, Json);
        json.WriteStartObject();
        json.WriteString("format", Format);
        json.WriteString("origin", log.OriginOf(caller.Tenant));
        json.WriteString("subject", subject.ToString());
        json.WriteString("checkpoint", checkpoint.Note);
        json.WriteStartArray("entries");
        while (true)
        {
            await WriteAsync(events);
            await json.FlushAsync(ct);
            await response.BodyWriter.FlushAsync(ct);
            var version = events[^1].Event.Event.Place.Version;
            if (version == reading.Version) break;
            events = await ReadAsync(version);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        return Results.Empty;

        // The key for one page and no longer: a reader may be slow, and an erasure counts on a key being out of use when its lease is over.
        async Task WriteAsync(IReadOnlyList<(ProvableEvent Event, Hash[] Proof)> page)
        {
            using var key = read.Disclosed && await keys.FindAsync(stream, ct) is KeyAnswer.Present { Key: var found } ? found : null;
            foreach (var (e, proof) in page) Write(json, e, proof, key);
        }

        async Task<IReadOnlyList<(ProvableEvent Event, Hash[] Proof)>> ReadAsync(long afterVersion)
        {
            var page = await engine.ReadProvableAsync(stream, afterVersion, (int)Math.Min(EventsAtOnce, reading.Version - afterVersion), ct);
            if (page.Count == 0) throw new InvalidDataException($"The stream lacks versions after {afterVersion}.");
            return [.. page.Zip(await tree.ProveInclusionAsync(caller.Tenant, [.. page.Select(e => e.Event.Place.Position)], checkpoint.Head.Size, ct))];
        }
    }

    private static void Write(Utf8JsonWriter json, ProvableEvent e, Hash[] proof, SubjectKey? key)
    {
        json.WriteStartObject();
        json.WriteNumber("position", e.Event.Place.Position);
        json.WriteBase64String("entry", e.Entry.Bytes);
        json.WriteStartArray("proof");
        foreach (var hash in proof) json.WriteBase64StringValue(hash.Bytes);
        json.WriteEndArray();

        // Without the salt the facts can no longer be held against the entry: they were purged.
        if (e.Entry.Salt is { } salt)
        {
            json.WriteString("type", e.Event.Type);
            json.WriteBase64String("salt", salt);
            json.WritePropertyName("data");
            json.WriteRawValue(Canonical(e.Event.Data));
        }

        if (e.Envelope is { } envelope)
        {
            json.WriteBase64String("envelope", envelope);
            if (key is not null) Disclose(json, e, envelope, key);
        }

        json.WriteEndObject();
    }

    // As it was committed to, and not as the database gives it: the one form leaves no byte free.
    private static ReadOnlySpan<byte> Canonical(ReadOnlyMemory<byte> data)
    {
        var canonical = new ArrayBufferWriter<byte>(data.Length);
        return CanonicalJson.TryWrite(data, canonical, out var fault) ? canonical.WrittenSpan : throw new InvalidDataException($"Stored facts have no canonical form: {fault.Reason}");
    }

    private static void Disclose(Utf8JsonWriter json, ProvableEvent e, byte[] envelope, SubjectKey key)
    {
        if (!Entry.TryDecode(e.Entry.Bytes, out var entry, out _)) return;
        byte[] keys, evidence;
        try
        {
            keys = key.Disclose(e.Event.Place.Version, envelope);
            evidence = Sealing.OpenDisclosed(
                keys, new SealedPlace(entry.Type, new StreamId(entry.Stream), entry.Version, entry.KeyId), new SealedPart(envelope, entry.SealedCommit.Bytes.ToArray()));
        }
        catch (EnvelopeRefusedException)
        {
            // Somebody touched the envelope. The bundle tells so by itself: it is not the one that the entry commits to.
            return;
        }

        json.WriteBase64String("okm", keys);
        json.WritePropertyName("evidence");
        json.WriteRawValue(evidence);
    }
}
