using System.Text.Json;
using System.Text.Json.Serialization;

namespace ConsentLedger.Consent.Consents.Recording;

// ISO/IEC TS 27560 says which fields a consent record has, and the context which terms of the Data Privacy Vocabulary they are. What a policy does not say is absent.

/// <summary>Consent records as JSON-LD: whoever reads JSON finds the fields of the standard, whoever reads RDF the vocabulary.</summary>
public sealed record ConsentGraph([property: JsonPropertyName("@context")] JsonElement Context, [property: JsonPropertyName("@graph")] IReadOnlyList<ConsentRecord> Records)
{
    public static JsonSerializerOptions Json { get; } = new(EventCatalog.Json)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        TypeInfoResolver = null,
    };

    /// <summary>Where the record's schema is described.</summary>
    public const string Schema = "https://w3id.org/dpv/schema/dpv-27560#record";
}

/// <summary>One consent with all that happened to it.</summary>
public sealed record ConsentRecord(
    [property: JsonPropertyName("@id")] string Id,
    [property: JsonPropertyName("@type")] string Type,
    [property: JsonPropertyName("dct:conformsTo")] string ConformsTo,
    [property: JsonPropertyName("dpv:hasConsentStatus")] string Status,
    RecordHeader Header,
    RecordProcessing Processing,
    IReadOnlyList<RecordParty> Parties,
    IReadOnlyList<RecordEvent> Events);

public sealed record RecordHeader(string SchemaVersion, Guid RecordId, string PiiPrincipalId);

public sealed record RecordProcessing(
    IReadOnlyList<RecordNotice> PrivacyNotice,
    string? Language,
    IReadOnlyList<RecordPurpose> Purposes,
    IReadOnlyList<string> LawfulBasis,
    IReadOnlyList<RecordPii>? PiiInformation,
    IReadOnlyList<string>? PiiControllers,
    string? CollectionMethod,
    string? ProcessingMethod,
    RecordRetention? RetentionPeriod,
    IReadOnlyList<string>? ProcessingLocations,
    IReadOnlyList<RecordTransfer>? GeographicRestrictions,
    string? Jurisdiction,
    IReadOnlyList<string>? RecipientThirdParties,
    IReadOnlyList<string>? WithdrawalMethod,
    IReadOnlyList<string>? PrivacyRights);

/// <summary>The policy, or the words that consent was asked for with.</summary>
public sealed record RecordNotice(
    [property: JsonPropertyName("@type")] string Type, string Identifier, string? Version, string? Locale, string? Text, string? Hash);

/// <param name="Medium">The channel.</param>
/// <param name="Scope">The right at another provider.</param>
public sealed record RecordPurpose(
    [property: JsonPropertyName("@type")] IReadOnlyList<string> Type, string Identifier, IReadOnlyDictionary<string, string>? Title, IReadOnlyDictionary<string, string>? Description,
    string? Medium, string? Scope);

public sealed record RecordPii([property: JsonPropertyName("@type")] string Type, string PiiType, string PiiAttributeId, IReadOnlyList<string>? Items);

/// <param name="Until">What ends it.</param>
/// <param name="Duration">How long beyond that, or how long the consent stands at most.</param>
public sealed record RecordRetention([property: JsonPropertyName("@type")] string Type, string Until, string? Duration);

public sealed record RecordTransfer([property: JsonPropertyName("@type")] string Type, IReadOnlyList<string> Destinations, string Safeguard);

public sealed record RecordParty(
    [property: JsonPropertyName("@id")] string Id, string PartyName, string PartyRole, string? PartyAddress, IReadOnlyList<string>? PartyContact, string? PartyType);

/// <param name="EventState">What the consent was after it.</param>
/// <param name="Name">As it is stored.</param>
/// <param name="Receipt">Where its proof is.</param>
public sealed record RecordEvent(
    DateTimeOffset EventTime, string? ValidityDuration, string EntityId, string EventType, string EventState, Guid Identifier, string Name, DateTimeOffset Recorded, string Receipt);
