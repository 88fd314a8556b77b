using System.Text.Json;
using ConsentLedger.Consent.Consents.Reading;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Vault;

namespace ConsentLedger.Consent.Consents.Finding;

/// <summary>
/// By which addresses a subject is known, from the evidence that was sealed: for whoever tells others of an erasure, before this service destroys them. Reading is recorded before anything is answered.
/// </summary>
public static class ReadAddresses
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/v1/subjects/{subject}/addresses", HandleAsync).RequireScope(Scopes.ConsentAddresses).Produces<KnownAddresses>().WithMetadata(KnownProblems.NotFound);

    /// <summary>Each once, the latest first. What is said never to have happened was perhaps somebody else's.</summary>
    /// <param name="evidence">By the version of the event that it lies beside.</param>
    public static IReadOnlyList<FindSubject> Of(IReadOnlyDictionary<long, byte[]> evidence, IEnumerable<object> facts)
    {
        var voided = facts.OfType<RecordCorrected>().Where(c => c.Voided).Select(c => c.Corrects).ToHashSet();
        return
        [
            .. evidence.Where(e => !voided.Contains(e.Key)).OrderByDescending(e => e.Key)
                .Select(e => FindSubject.AddressIn(JsonSerializer.Deserialize<JsonElement>(e.Value))).OfType<FindSubject>().DistinctBy(a => (a.Kind, a.Value.ToLowerInvariant())),
        ];
    }

    private static async Task<IResult> HandleAsync(
        SubjectId subject, Caller caller, CommandOptions options, DeciderLoop ledger, StateReader reader, IEventEngine engine, SubjectKeys keys, CancellationToken ct)
    {
        var (reading, refusal) = await ledger.RecordAllowedAsync("addresses", caller, subject, options, new HistoryRead(caller.ClientId, AsOf: null, KnownAt: null, Disclosed: true), ct);
        if (reading is null) return refusal;
        var stream = new StreamKey(caller.Tenant, subject.Stream);
        var evidence = await ReadHistory.OpenAsync(stream, engine, keys, ct);
        var events = await reader.ReadEventsAsync(stream, ct);
        return TypedResults.Json(new KnownAddresses(Of(evidence.Where(e => e.Key <= reading.Version).ToDictionary(), events.Where(e => !e.Data.IsEmpty).Select(reader.Facts))), StrictJson.Options).WithEntityTag(reading.Version);
    }
}

/// <summary>Personal: for the one who tells, and kept nowhere.</summary>
public sealed record KnownAddresses(IReadOnlyList<FindSubject> Addresses)
{
    public override string ToString() => $"{Addresses.Count} addresses";
}
