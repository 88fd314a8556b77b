using System.Collections.Immutable;
using System.Text.Json;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Erasing;
using ConsentLedger.Consent.Consents.Granting;
using ConsentLedger.Consent.Consents.Withdrawing;
using ConsentLedger.Consent.Decisions;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.EventStore;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Tests;

/// <summary>One person's stream so far, the policy in force, and the moment: given this, when that, then what?</summary>
internal sealed record Story(ImmutableList<StoredEvent> Log, PolicyPack? Policy, DateTimeOffset Now)
{
    public static readonly TenantId Tenant = TenantId.Parse("spectral-tms");
    public static readonly Guid Person = Guid.Parse("0195a1b2-0000-7000-8000-000000000001");

    public SubjectConsents State => SubjectConsents.Stream.Replay(Log, ConsentCatalog.Events);

    public static Story Given(params IEnumerable<Recorded> events) =>
        events.Aggregate(new Story([], Packs.Spectral, Acts.Day(1)), (story, e) => story.Record(e.Facts, e.At));

    public Story Under(PolicyPack? policy) => this with { Policy = policy };

    public Story On(double day) => this with { Now = Acts.Day(day) };

    public Verdict When(GrantConsent grant) => new(this, GrantConsent.Decide(grant, State, Policy, Now));

    public Verdict When(WithdrawConsent withdrawal) => new(this, WithdrawConsent.Decide(withdrawal, State, Policy, Now));

    public Verdict WhenErasureStarts(Guid request) => new(this, EraseSubject.Start(request, State));

    public Verdict WhenErasureFinishes(Guid request) => new(this, EraseSubject.Finish(request));

    public DecisionAnswer Asked(string purpose = Acts.Offers, string? channel = "email", string? recipient = null) =>
        ConsentDecision.Decide(Question(purpose, channel, recipient), State, Policy);

    public static DecisionRequest Question(string purpose, string? channel, string? recipient)
    {
        SubjectId.TryParse(Person.ToString(), out var subject).ShouldBeTrue();
        return new DecisionRequest(subject, purpose, channel, recipient);
    }

    public Story Record(object facts, DateTimeOffset at) => this with
    {
        Now = at,
        Log = Log.Add(new StoredEvent(
            new StreamKey(Tenant, new StreamId(Person)), new EventPlace(Log.Count, Log.Count + 1, at), Guid.CreateVersion7(at), ConsentCatalog.Events.NameOf(facts),
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
