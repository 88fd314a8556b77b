using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.Ledger;

namespace ConsentLedger.ErasureOrchestrator.Certificates;

/// <summary>
/// Writes what became of a request, as anybody can check it who has the log's key: <c>consentledger-erasure-certificate/1</c>, described in docs/auditing.md. It names
/// the person by the subject's id alone, which is chance.
/// </summary>
public static class CertificateWriter
{
    public const string Format = "consentledger-erasure-certificate/1";

    /// <summary>The same for the same request, whenever it is asked.</summary>
    /// <param name="events">Of the person's stream, from the request to its end: what was said later is not part of it.</param>
    public static byte[] Statement(string origin, Guid subject, PersonRequest request, IEnumerable<StoredEvent> events)
    {
        var contradictions = events.Select(e => (Facts: ErasureCatalog.Events.Decode(e) as ErasureTaskContradicted, e.Place.RecordedAt))
            .Where(c => c.Facts?.Request == request.Id).ToLookup(c => c.Facts!.System, c => Contradiction(c.Facts!, c.RecordedAt));
        var statement = new JsonObject
        {
            ["completedAt"] = Moment(request.CompletedAt!.Value),
            ["dueOn"] = request.Deadline.DueOn.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            ["inTime"] = request.CompletedAt < request.Deadline.LapsesAt,
            ["kept"] = request.Plan is { } plan ? JsonSerializer.SerializeToNode(plan.Kept, EventCatalog.Json) : new JsonArray(),
            ["origin"] = origin,
            ["outcome"] = Word(request.Outcome ?? RequestOutcome.Fully),
            ["receivedAt"] = Moment(request.ReceivedAt),
            ["request"] = request.Id.ToString("D"),
            ["subject"] = subject.ToString("D"),
            ["systems"] = new JsonArray([.. request.Tasks.Where(t => t.Value.Outcome is not null).OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => Row(t.Key, t.Value, [.. contradictions[t.Key]]))]),
            ["type"] = Word(request.Type),
        };
        if (request.Reason is { } reason) statement["reason"] = Word(reason);
        if (request.Extension is { } extension) statement["extendedFor"] = Word(extension.Reason);
        if (request.RefusedFor is { } refused) statement["refusedFor"] = refused;
        return Canonical(statement);
    }

    /// <param name="events">Of the person's stream, from the request to its end.</param>
    /// <param name="receipt">Of the last of them.</param>
    /// <param name="sign">Signs a note with the log's key.</param>
    public static byte[] Write(byte[] statement, Guid request, IReadOnlyList<ProvableEvent> events, LogProof receipt, Func<byte[], Note> sign)
    {
        var unsigned = new JsonObject
        {
            ["certificate"] = JsonNode.Parse(statement),
            ["events"] = new JsonArray([.. events.Select(e => Told(e, request))]),
            ["format"] = Format,
            ["receipt"] = Encoding.UTF8.GetString(receipt.ToBytes()),
        };
        var note = sign([.. Encoding.UTF8.GetBytes($"{Format}\n"), .. Canonical(unsigned), (byte)'\n']);
        unsigned["signature"] = string.Concat(note.Signatures);
        return Canonical(unsigned);
    }

    /// <summary>What the person's other requests say is nobody's business here: of those only the commitments.</summary>
    private static JsonObject Told(ProvableEvent e, Guid request)
    {
        var told = new JsonObject { ["entry"] = Convert.ToBase64String(e.Entry.Bytes) };
        var data = JsonNode.Parse(e.Event.Data.Span)!.AsObject();
        if (e.Entry.Salt is not { } salt || data["request"]?.GetValue<string>() != request.ToString("D")) return told;
        (told["data"], told["salt"], told["type"]) = (data, Convert.ToBase64String(salt), e.Event.Type);
        return told;
    }

    private static JsonNode Contradiction(ErasureTaskContradicted said, DateTimeOffset at)
    {
        var row = new JsonObject { ["at"] = Moment(at), ["outcome"] = Word(said.Outcome) };
        if (said.Reason is { } reason) row["reason"] = reason;
        return row;
    }

    private static JsonObject Row(string system, RequestTask task, JsonArray contradictions)
    {
        var row = new JsonObject { ["at"] = Moment(task.CompletedAt!.Value), ["outcome"] = Word(task.Outcome!.Value), ["system"] = system };
        if (task.Reason is { } reason) row["reason"] = reason;
        if (contradictions.Count > 0) row["contradictions"] = contradictions;
        return row;
    }

    private static string Moment(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static string Word(Enum value) => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());

    private static byte[] Canonical(JsonObject json)
    {
        var canonical = new ArrayBufferWriter<byte>();
        return CanonicalJson.TryWrite(JsonSerializer.SerializeToUtf8Bytes(json), canonical, out var fault)
            ? canonical.WrittenSpan.ToArray()
            : throw new InvalidDataException($"A certificate has no canonical form: {fault.Reason}");
    }
}
