using System.Text;
using System.Text.Json;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Recording;
using ConsentLedger.ServiceDefaults;
using static ConsentLedger.Consent.Tests.Acts;

namespace ConsentLedger.Consent.Tests.Recording;

/// <summary>Records of the people in these stories.</summary>
internal static class Records
{
    public static readonly Lane Email = new(Offers, "email", "controller");

    private static readonly Token Form = Token.Parse("web-form");

    public static SubjectRecord Record(this Story story, IReadOnlyDictionary<long, byte[]>? evidence = null) =>
        SubjectRecord.Of(SubjectId.Of(story.Log[0].Stream.Id), story.Policies, story.Log, evidence ?? new Dictionary<long, byte[]>(), story.Now);

    /// <summary>The records as a client gets them.</summary>
    public static IReadOnlyList<JsonElement> Graph(this Story story) =>
        [.. JsonSerializer.SerializeToElement(WriteGraph.Of(story.Record()), ConsentGraph.Json).GetProperty("@graph").EnumerateArray()];

    public static string StatusOf(this JsonElement record) => record.GetProperty("dpv:hasConsentStatus").GetString()!;

    public static Recorded Asked(double day) => new(new ConsentAsked(Email, Packs.Spectral.Version, Day(day), Actor.System, Form, null, null, Text), Day(day));

    public static Recorded Pending(double day, double until) => new(new ConsentPending(Email, Packs.Spectral.Version, Day(day), Actor.Subject, Form, null, null, Text, Day(until)), Day(day));

    public static Recorded Confirmed(double day, long confirms) => new(new ConsentConfirmed(Email, Packs.Spectral.Version, Day(day), Actor.Subject, Form, null, Text, confirms, null), Day(day));

    public static Recorded Refused(double day) => new(new ConsentRefused(Email, Packs.Spectral.Version, Day(day), Actor.Subject, Form, null, null, Text), Day(day));

    public static Recorded Renewed(double day, long renews) => Granted(day) with { Facts = (ConsentGranted)Granted(day).Facts with { Renews = renews } };

    public static Recorded GrantedUntil(double day, double until) => Granted(day) with { Facts = (ConsentGranted)Granted(day).Facts with { Until = Day(until) } };

    public static Recorded Expired(double day, long rested) => new(new ConsentExpired(Email, rested), Day(day));

    public static Recorded Voided(double day, long corrects) =>
        new(new RecordCorrected(corrects, Voided: true, null, null, Token.Parse("wrong-person"), Day(day), Actor.Agent, Form, null), Day(day));

    public static Recorded OfAge(double day) => new(new BirthMonthStated("2008-03", Day(-700), Day(day), Day(1), Actor.Guardian, Form, null, null), Day(1));

    public static Recorded ErasureBegun(double day) => new(new ErasureStarted(Guid.Empty), Day(day));

    public static Recorded Erased(double day) => new(new SubjectErased(Guid.Empty), Day(day));

    /// <summary>A story in which everything happened that the catalog knows of, in some order or other.</summary>
    public static Story Everything { get; } = Story.Given(Samples.Events.Where(e => e is not Policies.PolicyPublished and not HandingOver.TenantHandedOver and not SubjectErased and not ErasureStarted).Select((e, i) => new Recorded(e, Day(i + 1))));

    /// <summary>The story, of which the facts of one event were purged.</summary>
    public static Story Purged(this Story story, int index) => story with { Log = story.Log.SetItem(index, story.Log[index] with { Data = default }) };

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
