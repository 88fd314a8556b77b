using System.Text.Json;
using ConsentLedger.Contracts;
using ConsentLedger.EventStore;
using ConsentLedger.MarketingPreference.AskingConsent;
using ConsentLedger.MarketingPreference.Policies;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Tests;

/// <summary>Persons with a history, made by way of the stored form.</summary>
internal static class People
{
    public static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    public static readonly SubjectId Somebody = NewSubject();

    public static readonly PolicyBook InForce = PolicyBook.Empty with { Packs = [Packs.Northwind], Version = 1 };

    /// <summary>The state after these facts, each recorded a minute after the one before.</summary>
    public static SubjectPreferences Given(params IEnumerable<object> facts) => SubjectPreferences.Stream.Replay(facts.Select(Stored), MarketingCatalog.Events);

    public static StoredEvent Stored(object facts, int index = 0) => new(
        new StreamKey(TenantId.Parse(Packs.Tenant), Somebody.Stream), new EventPlace(index, index + 1, Noon.AddMinutes(index)), NewId(), MarketingCatalog.Events.NameOf(facts),
        JsonSerializer.SerializeToUtf8Bytes(facts, facts.GetType(), EventCatalog.Json), TraceParent: null);

    public static Subscribed Opened(string topic, string channel = "email", Cause cause = Cause.ConsentGranted, string basis = "consent") =>
        new(topic, channel, PurposeOf(topic), basis, cause, Actor.Subject, "web-form", Noon);

    public static Unsubscribed Closed(string topic, string channel = "email", Cause cause = Cause.OneClick, bool withdrawsConsent = false, DateTimeOffset? at = null) =>
        new(topic, channel, PurposeOf(topic), "consent", cause, Actor.Subject, "web-form", at ?? Noon, withdrawsConsent);

    public static ConsentFollowed Heard(long version, bool given, string purpose = "newsletter", string? channel = "email", string recipient = "controller") =>
        new(NewId(), version, new ConsentChange(purpose, channel, recipient, given));

    public static ConsentFollowed Tied(long version, SubjectId other, bool isOne = true) => new(NewId(), version, null, new Tie(other.Stream.Value, isOne));

    public static ConsentEntry Granted(long version, string purpose = "newsletter", string? channel = "email", string recipient = "controller", bool inForce = true) =>
        new(version, NewId(), ConsentGrantedV1.Type, new ConsentAct(purpose, recipient, Noon, Actor.Subject, "web-form", channel, inForce));

    public static ConsentEntry Withdrawn(long version, string purpose = "newsletter", string? channel = "email", string recipient = "controller") =>
        new(version, NewId(), ConsentWithdrawnV1.Type, new ConsentAct(purpose, recipient, Noon, Actor.Agent, "phone", channel));

    public static ConsentEntry Objected(long version) => new(version, NewId(), ObjectionRaisedV1.Type, null, new ObjectionAct("marketing", Noon, Actor.Subject, "web-form"));

    public static IReadOnlyList<object> Recorded(this Decision decision) => [.. decision.ShouldBeOfType<Decision.Record>().Events.Select(e => e.Facts)];

    public static void ShouldRefuse(this Decision decision, string code) => decision.ShouldBeOfType<Decision.Refuse>().Refusal.Code.ShouldBe(code);

    public static Guid NewId() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    public static SubjectId NewSubject() => SubjectId.TryParse(NewId().ToString(), out var subject) ? subject : throw new InvalidOperationException("A version 7 UUID is a subject.");

    public static Word WordOf(string text) => Word.TryParse(text).ShouldNotBeNull();

    private static string PurposeOf(string topic) => Packs.Northwind.FindTopic(topic)!.Purpose;
}
