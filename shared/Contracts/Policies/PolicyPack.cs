using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace ConsentLedger.Contracts.Policies;

/// <summary>
/// What one controller promised in one version of its privacy policy, in a form that decisions can be taken from: GDPR art. 13 and 14 as data.
/// Its JSON is held to <c>policy-pack.schema.json</c>; an absent member means that the policy does not say.
/// </summary>
/// <remarks>What a pack does not declare is not allowed: an unknown purpose, channel or recipient answers no.</remarks>
public sealed record PolicyPack
{
    /// <summary>The recipient that every pack declares and every purpose reaches.</summary>
    public const string ControllerRecipient = "controller";

    public required string Tenant { get; init; }

    /// <summary>A date or a semantic version, at most 40 of <c>[0-9A-Za-z.-]</c>. Versions are ordered by publication, never by their text.</summary>
    public required string Version { get; init; }

    /// <summary>The date that the policy bears.</summary>
    public DateOnly? Dated { get; init; }

    /// <summary>The part that the tenant plays unless a purpose says otherwise (GDPR art. 4(7), 4(8)).</summary>
    public required Role Role { get; init; }

    public required Controller Controller { get; init; }

    /// <summary>BCP 47 tags, the controller's first choice first; <c>en</c> is always among them.</summary>
    public required IReadOnlyList<string> Locales { get; init; }

    /// <summary>Holds where the jurisdiction is not known, or named by no entry of <see cref="Regimes"/>.</summary>
    public required Regime DefaultRegime { get; init; }

    public IReadOnlyList<JurisdictionRegime> Regimes { get; init; } = [];

    /// <summary>Of <see cref="Policies.Channels.All"/>, those the controller uses.</summary>
    public required IReadOnlyList<string> Channels { get; init; }

    /// <summary>At most one entry a channel. Absent where it may be used at any hour.</summary>
    public IReadOnlyList<QuietHours> QuietHours { get; init; } = [];

    /// <summary>Kinds of people that the policy treats differently, such as <c>consumer</c> and <c>business</c>.</summary>
    public IReadOnlyList<string> SubjectCategories { get; init; } = [];

    public required IReadOnlyList<DataCategory> DataCategories { get; init; }

    /// <summary>Where data comes from when the subject does not hand it over (GDPR art. 14(2)(f)).</summary>
    public IReadOnlyList<DataSource> Sources { get; init; } = [];

    public required IReadOnlyList<Recipient> Recipients { get; init; }

    public IReadOnlyList<Processor> Processors { get; init; } = [];

    public IReadOnlyList<Transfer> Transfers { get; init; } = [];

    public required IReadOnlyList<Purpose> Purposes { get; init; }

    public required IReadOnlyList<Topic> Topics { get; init; }

    public IReadOnlyList<ScopedAuthorisation> Authorisations { get; init; } = [];

    /// <summary>The ways out that the policy promises. A withdrawal by another one counts as much (GDPR art. 7(3)).</summary>
    public IReadOnlyList<WithdrawalWay> WithdrawalWays { get; init; } = [];

    public required RightsOffer Rights { get; init; }

    public ErasureCommitment Erasure { get; init; } = new();

    public ChangeCommitment Changes { get; init; } = new();

    /// <summary>Absent where the policy is informed of, not agreed to.</summary>
    public TermsAcceptance? Acceptance { get; init; }

    public ChildrenCommitment? Children { get; init; }

    public TrackingStance? Tracking { get; init; }

    /// <summary>The grounds on which data may be used beyond the declared purposes; none means never (GDPR art. 5(1)(b), 6(4)).</summary>
    public IReadOnlyList<LimitationException> PurposeLimitation { get; init; } = [];

    public IReadOnlyList<Disclosure> Disclosures { get; init; } = [];

    public HandOverCommitment? HandOver { get; init; }

    public BreachCommitment? BreachNotice { get; init; }

    /// <summary>False where the policy promises never to sell data.</summary>
    public bool? SellsData { get; init; }

    /// <summary>How packs are written and read: camelCase, kebab-case enums, nothing unknown, nothing twice.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Strict)
    {
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false) },
        WriteIndented = true,
        NewLine = "\n",
    };

    /// <summary>Reads a pack from UTF-8 JSON. Either every rule holds, or every breach is named with its line.</summary>
    public static PolicyPackReading Parse(ReadOnlySpan<byte> utf8) => PackReader.Read(utf8);

    /// <summary>As above, for a pack that arrived inside a message.</summary>
    public static PolicyPackReading Parse(JsonElement json) => PackReader.Read(JsonSerializer.SerializeToUtf8Bytes(json));

    /// <summary>The pack as it goes into a message or onto a page; <see cref="Parse(JsonElement)"/> reads it back.</summary>
    public JsonElement ToJson() => JsonSerializer.SerializeToElement(this, Json);

    /// <summary>The rules that a pack breaks, none for a sound one. What was read by <see cref="Parse(ReadOnlySpan{byte})"/> breaks none.</summary>
    public IReadOnlyList<PolicyPackError> Validate() => [.. PackRules.Check(this)];

    public Purpose? FindPurpose(string id) => Purposes.FirstOrDefault(p => p.Id == id);

    public Topic? FindTopic(string id) => Topics.FirstOrDefault(t => t.Id == id);

    public Recipient? FindRecipient(string id) => Recipients.FirstOrDefault(r => r.Id == id);

    public Transfer? FindTransfer(string id) => Transfers.FirstOrDefault(t => t.Id == id);

    public ScopedAuthorisation? FindAuthorisation(string provider) => Authorisations.FirstOrDefault(a => a.Provider == provider);

    /// <summary>Who processes data for a purpose, which is whom its erasure has to reach.</summary>
    public IEnumerable<Processor> ProcessorsFor(string purpose) => Processors.Where(p => p.Purposes.Contains(purpose));

    /// <summary>What the preference centre lists under a purpose.</summary>
    public IEnumerable<Topic> TopicsFor(string purpose) => Topics.Where(t => t.Purpose == purpose);

    /// <summary>What a purpose says about data going to a place, the transfer that names it most narrowly first; none where it must not go there.</summary>
    /// <param name="destination">ISO 3166-1 or 3166-2 code.</param>
    public IEnumerable<Transfer> TransfersFor(Purpose purpose, string destination)
    {
        var declared = Transfers.Where(t => purpose.Transfers.Contains(t.Id)).ToArray();
        return Jurisdictions.Around(destination).SelectMany(place => declared.Where(t => t.Destinations.Contains(place))).Distinct();
    }

    /// <param name="jurisdiction">ISO 3166-1 or 3166-2 code, <c>EU</c>, or null where it is not known.</param>
    public Regime RegimeFor(string? jurisdiction) =>
        Jurisdictions.Closest(Regimes, r => r.Jurisdiction, jurisdiction)?.Regime ?? DefaultRegime;

    /// <summary>The jurisdiction of the entry of <see cref="Regimes"/> that applies; null where the jurisdiction is not known or no entry covers it.</summary>
    /// <remarks>What was chosen under one law says nothing about another: this names the law that a choice was made under.</remarks>
    public string? LawFor(string? jurisdiction) => Jurisdictions.Closest(Regimes, r => r.Jurisdiction, jurisdiction)?.Jurisdiction;

    /// <summary>As <see cref="RegimeFor(string?)"/>, but silence never stands for consent that has to be express, or said twice.</summary>
    public Regime RegimeFor(Purpose purpose, string? channel, string? jurisdiction) => purpose.Express || purpose.AsksTwice(channel) ? Regime.OptIn : RegimeFor(jurisdiction);

    /// <summary>Whether silence stands for consent over any channel, so that data is used about people who never said anything.</summary>
    /// <param name="law">As <see cref="LawFor"/> names it; null for any.</param>
    public bool LetsSilencePass(Purpose purpose, string? law = null) =>
        Regimes.Where(r => law is null || r.Jurisdiction == law).Select(r => r.Regime).Concat(law is null ? [DefaultRegime] : []).Contains(Regime.OptOut)
        && !purpose.Express && purpose.Channels.Select(c => (string?)c).DefaultIfEmpty(null).Any(c => !purpose.AsksTwice(c));
}

/// <summary>Who answers for the processing, and where to reach it (GDPR art. 13(1)(a) and (b)).</summary>
public sealed record Controller
{
    public required string Name { get; init; }

    public string? Address { get; init; }

    /// <summary>ISO 3166-1 alpha-2, where the policy says so.</summary>
    public string? Country { get; init; }

    public string? ContactEmail { get; init; }

    public string? ContactUrl { get; init; }

    public string? ProtectionOfficerEmail { get; init; }
}

/// <summary>GDPR art. 4(7) and 4(8).</summary>
public enum Role
{
    Controller,
    Processor,
}
