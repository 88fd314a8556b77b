using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using ConsentLedger.Contracts;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.AskingConsent;

// What goes over to the consent service and comes back, as far as it concerns sending.

/// <summary>"May this be done to this person's data?"</summary>
public sealed record ConsentQuestion(SubjectId Subject, string Purpose, string? Channel, string? Recipient, string? Category = null, string? Jurisdiction = null);

/// <summary>A question, without whom it is about, and they: 16 bytes each, as RFC 9562 orders them.</summary>
internal sealed record ConsentQuestionAboutMany(string Purpose, string? Channel, string? Recipient, string? Category, string? Jurisdiction, byte[] Subjects);

/// <param name="Rule">A byte a subject: which of the rules.</param>
/// <param name="Positions">Eight bytes a subject, big-endian; -1 for none.</param>
internal sealed record ConsentAnswersAboutMany(IReadOnlyList<ConsentDecision> Rules, byte[] Rule, byte[] Positions);

/// <param name="Code">Why, as the consent service says it.</param>
/// <param name="Position">The event it rests on there.</param>
public sealed record ConsentDecision(bool Allowed, string Code, long? Position = null);

/// <summary>What became of an act.</summary>
/// <param name="Outcome"><c>recorded</c> or <c>unchanged</c>; null where it was refused.</param>
/// <param name="Code">Why it was refused.</param>
/// <param name="Note">A word about the effect of what was recorded.</param>
public sealed record ConsentReply(string? Outcome, string? Code, string? Note = null)
{
    /// <summary>It was the first of two steps, and allows nothing yet.</summary>
    public bool IsFirstStep => Outcome == "recorded" && Note == "confirmation_needed";

    /// <summary>It is kept as history: a no that is later goes before it.</summary>
    public bool IsOvertaken => Outcome == "recorded" && Note == "withdrawal_prevails";
}

/// <summary>How one consent stands.</summary>
/// <param name="State">As the consent service names it: <c>given</c>, <c>pending</c>.</param>
/// <param name="Position">Of the event that it rests on there.</param>
/// <param name="Until">When it ends, or the time to confirm it does.</param>
/// <param name="Renewal">The first step of one that would take its place.</param>
public sealed record ConsentRecord(string Purpose, string? Channel, string Recipient, string State, DateTimeOffset OccurredAt, long Position, DateTimeOffset? Until, FirstStep? Renewal = null)
{
    /// <summary>What waits for the second step of a double opt-in.</summary>
    public FirstStep? WaitingAt(DateTimeOffset now) => (State == "pending" ? new FirstStep(Position, Until) : Renewal) is { } step && step.Until > now ? step : null;
}

/// <param name="Until">The last moment to confirm it.</param>
public sealed record FirstStep(long Position, DateTimeOffset? Until);

/// <param name="Version">Of the subject's stream there.</param>
/// <param name="Objections">Those that stand; null from an older release, which is replaced at this moment.</param>
public sealed record ConsentRecords(long Version, IReadOnlyList<ConsentRecord> Consents, IReadOnlyList<StandingObjection>? Objections = null)
{
    /// <summary>The first step of a double opt-in that was made last, and waits for the second.</summary>
    public FirstStep? FindWaiting(string purpose, string? channel, string? recipient, DateTimeOffset now) => Of(purpose, channel, recipient).Select(c => c.WaitingAt(now)).OfType<FirstStep>().MaxBy(c => c.Position);

    public IEnumerable<ConsentRecord> Of(string purpose, string? channel, string? recipient) =>
        Consents.Where(c => c.Purpose == purpose && c.Channel == channel && c.Recipient == (recipient ?? PolicyPack.ControllerRecipient));
}

/// <param name="To"><c>marketing</c>, <c>profiling</c> or <c>purpose</c>.</param>
public sealed record StandingObjection(string To, string? Purpose = null);

/// <summary>A yes, given on a page here under the words that it showed.</summary>
public sealed record ConsentGrant(string Purpose, string? Channel, string? Recipient, DateTimeOffset OccurredAt, string Method, ShownText? Text)
{
    public Actor Actor => Actor.Subject;

    public string Source => "marketing-preference";
}

/// <summary>The second step of a double opt-in.</summary>
public sealed record ConsentConfirmation(string Purpose, string? Channel, string? Recipient, DateTimeOffset OccurredAt, string Method)
{
    public Actor Actor => Actor.Subject;

    public string Source => "marketing-preference";
}

/// <param name="Hash">SHA-256 of what was shown, <c>sha256:</c> and 64 hex digits.</param>
public sealed record ShownText(string Id, string Locale, string Hash);

public sealed record ConsentWithdrawal(string Purpose, string Channel, DateTimeOffset OccurredAt, Actor Actor, string Method)
{
    public string Source => "marketing-preference";
}

/// <summary>What is said about one consent, as far as it changes what is sent. The law it was said under matters to the decision, which is taken over there.</summary>
/// <param name="InForce">False for a grant that an earlier-recorded withdrawal already overtook.</param>
public sealed record ConsentAct(
    string Purpose, string Recipient, DateTimeOffset OccurredAt, [property: JsonConverter(typeof(JsonStringEnumConverter<Actor>))] Actor Actor, string Method,
    string? Channel = null, bool InForce = true);

/// <summary>What is said against all marketing, all profiling or one purpose (GDPR art. 21).</summary>
/// <param name="To"><c>marketing</c>, <c>profiling</c> or <c>purpose</c>.</param>
/// <param name="Purpose">The one, where it is to one.</param>
public sealed record ObjectionAct(
    string To, DateTimeOffset OccurredAt, [property: JsonConverter(typeof(JsonStringEnumConverter<Actor>))] Actor Actor, string Method, string? Purpose = null)
{
    public bool IsToMarketing => To == "marketing";

    /// <summary>Whether it keeps from this purpose, as the consent service decides: one to a purpose takes legitimate interests and the public task away, and nothing else (art. 21(1)).</summary>
    public bool Stops(Purpose purpose) => To switch
    {
        "marketing" => purpose.Marketing,
        "profiling" => purpose.Profiling,
        _ => Purpose == purpose.Id && purpose.Bases.All(TakesAway),
    };

    public static bool TakesAway(PurposeBasis basis) => basis.Basis is LawfulBasis.LegitimateInterests or LawfulBasis.PublicTask;
}

/// <summary>One event of a subject's stream in the consent service.</summary>
/// <param name="Act">Null for what says neither yes nor no to a purpose.</param>
/// <param name="Objection">Null for what is no objection.</param>
/// <param name="Ended">The version of the objection that this ends; null for what ends none.</param>
/// <param name="Tie">With whom this makes one person, or no longer does; null for what does neither.</param>
public sealed record ConsentEntry(long Version, Guid Id, string Type, ConsentAct? Act, ObjectionAct? Objection = null, long? Ended = null, Tie? Tie = null)
{
    /// <summary>What it changes; null for what changes no consent, such as a grant that was overtaken.</summary>
    public ConsentChange? Change => Act is { InForce: true } act ? new ConsentChange(act.Purpose, act.Channel, act.Recipient, Given: Type is ConsentGrantedV1.Type or ConsentConfirmedV1.Type) : null;

    /// <exception cref="UnreadableDataException"/>
    internal static ConsentEntry Of(CloudEvent said, long version, Guid id) => said.Type switch
    {
        ConsentGrantedV1.Type or ConsentConfirmedV1.Type or ConsentWithdrawnV1.Type or ConsentRefusedV1.Type => new(version, id, said.Type, said.DataAs<ConsentAct>()),
        ConsentExpiredV1.Type => new(version, id, said.Type, said.DataAs<Expiry>().At(said.Time ?? throw new UnreadableDataException($"{said.Type} has no time."))),
        ObjectionRaisedV1.Type => new(version, id, said.Type, null, said.DataAs<ObjectionAct>()),
        ObjectionDecidedV1.Type when said.DataAs<Outcome>() is { Upheld: false, Objection: var ended } => new(version, id, said.Type, null, Ended: ended),
        SubjectMergedV1.Type or SubjectUnmergedV1.Type => new(version, id, said.Type, null, Tie: new Tie(said.DataAs<Merge>().Other, IsOne: said.Type == SubjectMergedV1.Type)),
        _ => new(version, id, said.Type, null),
    };

    private sealed record Merge(Guid Other);

    private sealed record Outcome(long Objection, bool Upheld);

    private sealed record Expiry(string Purpose, string Recipient, string? Channel = null)
    {
        public ConsentAct At(DateTimeOffset moment) => new(Purpose, Recipient, moment, Actor.System, "expiry", Channel);
    }
}

/// <summary>One line of a subject's history. It tells facts, in which a consent's purpose, channel and recipient lie together as its lane; the bus tells them side by side.</summary>
internal sealed record HistoryLine(long Version, Guid Id, string Type, DateTimeOffset RecordedAt, JsonObject Data)
{
    public ConsentEntry ToEntry()
    {
        if (Data["lane"] is JsonObject lane)
            foreach (var (name, value) in lane) Data[name] = value?.DeepClone();
        try
        {
            return ConsentEntry.Of(new CloudEvent { Id = $"{Id}", Source = "history", Type = Type, Time = RecordedAt, Data = JsonSerializer.SerializeToUtf8Bytes(Data) }, Version, Id);
        }
        catch (UnreadableDataException e)
        {
            throw new JsonException(e.Message, e);
        }
    }
}
