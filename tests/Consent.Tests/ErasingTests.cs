using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Reading;
using ConsentLedger.EventStore;
using ConsentLedger.ServiceDefaults;
using static ConsentLedger.Consent.Tests.Acts;
using static ConsentLedger.Consent.Tests.Story;

namespace ConsentLedger.Consent.Tests;

public sealed class ErasingTests
{
    private static readonly Guid Request = Guid.Parse("0195a1b2-0000-7000-8000-00000000000e");

    [Fact]
    public void An_erased_person_is_refused_and_decided_no()
    {
        var started = Given(Granted(1)).On(2).WhenErasureStarts(Request).Then(new ErasureStarted(Request));
        var finished = started.WhenErasureFinishes(Request).Then(new SubjectErased(Request));
        foreach (var story in (Story[])[started, finished])
        {
            story.When(Grant(2)).ThenRefused("subject_erased");
            story.When(Withdraw(2)).ThenRefused("subject_erased");
            story.Asked().ShouldBe(new(false, "subject_erased", null, null, Packs.Spectral.Version));
        }
    }

    [Fact]
    public void After_the_end_nothing_is_left_to_decide_on() =>
        Given(Granted(1), new(new ErasureStarted(Request), Day(2)), new(new SubjectErased(Request), Day(2))).State.Lanes.ShouldBeEmpty();

    [Fact]
    public void One_answer_is_that_of_every_reminder_before_it()
    {
        var erased = Given(Granted(1), new(new ErasureStarted(Request), Day(2)), new(new SubjectErased(Request), Day(3)));
        erased.WhenErasureFinishes(Request, askedAt: Day(2)).ThenNothing();
        erased.WhenErasureFinishes(Request, askedAt: Day(4)).Then(new SubjectErased(Request));
        erased.WhenErasureFinishes(Guid.Empty, askedAt: Day(2)).Then(new SubjectErased(Guid.Empty));
    }

    [Fact]
    public void Starting_twice_raises_one_fence()
    {
        var another = Guid.Parse("0195a1b2-0000-7000-8000-00000000000f");
        Given(new Recorded(new ErasureStarted(Request), Day(2))).WhenErasureStarts(another).ThenNothing();
        Given(new(new ErasureStarted(Request), Day(2)), new(new SubjectErased(Request), Day(2))).WhenErasureStarts(another).ThenNothing();
    }

    [Fact]
    public void A_person_nobody_knows_is_fenced_too() => Given().On(1).WhenErasureStarts(Request).Then(new ErasureStarted(Request));

    [Fact]
    public void Reading_the_history_of_nobody_is_not_recorded()
    {
        var read = new HistoryRead("auditor", null, null, false);
        Readings.Decide(read, version: 0).ShouldBe(Decision.Unchanged);
        Readings.Decide(read, version: 1).ShouldBeOfType<Decision.Record>().Events.Select(e => e.Facts).ShouldBe([read]);
    }

    [Fact]
    public async Task A_reading_that_is_repeated_under_its_key_is_recorded_once()
    {
        using var engine = new MemoryEngine();
        await using var ledger = new DeciderLoop(engine, ConsentCatalog.Events, TimeProvider.System);
        var person = new StreamKey(Story.Tenant, new StreamId(Person));
        var started = new Command(person, SubjectConsents.Stream, Digest.Of("test", "1"), default, _ => Decision.Of(new ErasureStarted(Request)));
        await ledger.ExecuteAsync(started, CancellationToken.None);

        (await ReadAsync("1", "mail")).ShouldBeOfType<Outcome.Recorded>().Version.ShouldBe(2);
        (await ReadAsync("2", "mail")).ShouldBeOfType<Outcome.Recorded>().Version.ShouldBe(2);
        (await ReadAsync("3", "mail", disclosed: true)).ShouldBeOfType<Outcome.IdReused>();
        (await ReadAsync("4", key: null)).ShouldBeOfType<Outcome.Recorded>().Version.ShouldBe(3);
        (await ReadAsync("5", key: null)).ShouldBeOfType<Outcome.Recorded>().Version.ShouldBe(4);

        Task<Outcome> ReadAsync(string request, string? key, bool disclosed = false)
        {
            SubjectId.TryParse(Person.ToString(), out var subject).ShouldBeTrue();
            return ledger.ExecuteAsync(
                Readings.CommandOf(
                    "history", new Caller("auditor", Story.Tenant, new HashSet<string>()), subject, new CommandOptions(Digest.Of("fresh", request), key, null), new HistoryRead("auditor", null, null, disclosed)),
                CancellationToken.None);
        }
    }
}
