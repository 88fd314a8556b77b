using System.Collections.Immutable;
using System.Text.Json;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Erasing;
using ConsentLedger.Consent.Decisions;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.EventStore;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Tests;

/// <summary>One person's stream so far, the policy in force, and the moment: given this, when that, then what?</summary>
/// <param name="OfOthers">How many events of others stand before the next one in the tenant's log.</param>
internal sealed record Story(ImmutableList<StoredEvent> Log, PolicyBook Policies, DateTimeOffset Now, long OfOthers = 0)
{
    public static readonly TenantId Tenant = TenantId.Parse("spectral-tms");
    public static readonly Guid Person = Guid.Parse("0195a1b2-0000-7000-8000-000000000001");

    public SubjectConsents State => SubjectConsents.Stream.Replay(Log, ConsentCatalog.Events);

    public static Story Given(params IEnumerable<Recorded> events) =>
        events.Aggregate(new Story([], Book(Packs.Spectral), Acts.Day(1)), (story, e) => story.Record(e.Facts, e.At));

    /// <summary>These versions were published, the last one is in force.</summary>
    public Story Under(params IEnumerable<PolicyPack> versions) => this with { Policies = Book(versions) };

    /// <summary>This version was published after those before.</summary>
    public Story Then(PolicyPack next) => this with { Policies = new(Policies.Versions.Add(new PublishedVersion(new PolicyPublished(next, Guid.Empty), Now))) };

    public Story On(double day) => this with { Now = Acts.Day(day) };

    public Verdict When(ISubjectAct act) => new(this, SubjectActs.Decide(act, State, Policies, Now));

    public Verdict WhenErasureStarts(Guid request) => new(this, EraseSubject.Start(request, State));

    public Verdict WhenErasureFinishes(Guid request, DateTimeOffset? askedAt = null) => new(this, EraseSubject.Finish(request, State, askedAt: askedAt));

    public DecisionAnswer Asked(string purpose = Acts.Offers, string? channel = "email", string? recipient = null, params IEnumerable<SubjectConsents> others) =>
        Asked(Question(purpose, channel, recipient), others);

    public DecisionAnswer Asked(DecisionRequest question, params IEnumerable<SubjectConsents> others) => ConsentDecision.Decide(question, [State, .. others], Policies, Now);

    public static DecisionRequest Question(string purpose, string? channel, string? recipient)
    {
        SubjectId.TryParse(Person.ToString(), out var subject).ShouldBeTrue();
        return new DecisionRequest(subject, purpose, channel, recipient);
    }

    /// <summary>When nobody does anything but the clock.</summary>
    public Verdict WhenTimeHasCome() => new(this, ByTime.Decide(State, Version, Policies, Now));

    /// <summary>The story with what this act comes to recorded now; it must come to something.</summary>
    public Story After(ISubjectAct act) =>
        When(act).Decision.ShouldBeOfType<Decision.Record>().Events.Aggregate(this, (story, e) => story.Record(e.Facts, Now));

    /// <summary>The story with what happened recorded after so many events of others.</summary>
    public Story After(long others, Recorded recorded) => (this with { OfOthers = others }).Record(recorded.Facts, recorded.At);

    /// <summary>The version of the last event, which later ones point at.</summary>
    public long Version => Log.Count;

    private static PolicyBook Book(params IEnumerable<PolicyPack> versions) => new([.. versions.Select(v => new PublishedVersion(new PolicyPublished(v, Guid.Empty), DateTimeOffset.MinValue))]);

    public Story Record(object facts, DateTimeOffset at) => this with
    {
        Now = at,
        Log = Log.Add(new StoredEvent(
            new StreamKey(Tenant, new StreamId(Person)), new EventPlace(OfOthers + Log.Count, Log.Count + 1, at), Guid.CreateVersion7(at), ConsentCatalog.Events.NameOf(facts),
            JsonSerializer.SerializeToUtf8Bytes(facts, facts.GetType(), EventCatalog.Json), null)),
    };
}

/// <summary>What a decider made of a command.</summary>
internal sealed record Verdict(Story Before, Decision Decision)
{
    /// <summary>The story with what was decided recorded now.</summary>
    public Story Then(params IReadOnlyList<object> events)
    {
        var recorded = Decision.ShouldBeOfType<Decision.Record>();
        recorded.Events.Select(e => e.Facts).ShouldBe(events);
        return events.Aggregate(Before, (story, e) => story.Record(e, Before.Now));
    }

    /// <inheritdoc cref="Then"/>
    public Story ThenNoted(string note, params IReadOnlyList<object> events)
    {
        Decision.ShouldBeOfType<Decision.Record>().Note.ShouldBe(note);
        return Then(events);
    }

    public void ThenRefused(string code) => Decision.ShouldBeOfType<Decision.Refuse>().Refusal.Code.ShouldBe(code);

    public void ThenNothing() => Decision.ShouldBe(Decision.Unchanged);
}
