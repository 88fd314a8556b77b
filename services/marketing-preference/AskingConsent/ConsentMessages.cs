using System.Text.Json;
using System.Text.Json.Serialization;
using ConsentLedger.Contracts;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.AskingConsent;

// What goes over to the consent service and comes back, as far as it concerns sending.

/// <summary>"May this be done to this person's data?"</summary>
public sealed record ConsentQuestion(SubjectId Subject, string Purpose, string Channel, string? Recipient);

/// <param name="Code">Why, as the consent service says it.</param>
/// <param name="Position">The event it rests on there.</param>
public sealed record ConsentDecision(bool Allowed, string Code, long? Position = null);

public sealed record ConsentWithdrawal(string Purpose, string Channel, DateTimeOffset OccurredAt, Actor Actor, string Method)
{
    public string Source => "marketing-preference";
}

/// <summary>The part of a grant or a withdrawal that changes what is sent. The bus and the history say it in the same words.</summary>
/// <param name="InForce">False for a grant that an earlier-recorded withdrawal already overtook.</param>
public sealed record ConsentAct(
    string Purpose, string Recipient, DateTimeOffset OccurredAt, [property: JsonConverter(typeof(JsonStringEnumConverter<Actor>))] Actor Actor, string Method,
    string? Channel = null, bool InForce = true);

/// <summary>One event of a subject's stream in the consent service.</summary>
/// <param name="Act">Null for what is neither a grant nor a withdrawal.</param>
public sealed record ConsentEntry(long Version, Guid Id, string Type, ConsentAct? Act)
{
    /// <summary>What it changes; null for what changes nothing, such as a grant that was overtaken.</summary>
    public ConsentChange? Change => Act is { InForce: true } act ? new ConsentChange(act.Purpose, act.Channel, act.Recipient, Given: Type == ConsentGrantedV1.Type) : null;

    internal static bool IsAct(string type) => type is ConsentGrantedV1.Type or ConsentWithdrawnV1.Type;
}

/// <summary>One line of a subject's history.</summary>
internal sealed record HistoryLine(long Version, Guid Id, string Type, JsonElement Data)
{
    public ConsentEntry ToEntry() => new(Version, Id, Type, ConsentEntry.IsAct(Type) ? Data.Deserialize<ConsentAct>(MessageJson.Options) : null);
}
