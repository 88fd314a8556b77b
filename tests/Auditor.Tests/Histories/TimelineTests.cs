using System.Text.Json;
using ConsentLedger.Auditor.Histories;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.Consent;
using ConsentLedger.Consent.Consents;
using ConsentLedger.EventStore;
using ConsentLedger.Ledger;
using Clocks = ConsentLedger.Consent.Consents.Reading.Replay;

namespace ConsentLedger.Auditor.Tests.Histories;

/// <summary>What a person reads of another's history.</summary>
public sealed class TimelineTests : IDisposable
{
    private static readonly Guid Person = Guid.Parse("0195a1b2-0000-7000-8000-000000000001"), Request = Guid.Parse("0195a1b2-0000-7000-8000-000000000002");
    private static readonly Clocks Now = new(AsOf: null, KnownAt: null);

    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void Each_event_is_told_with_what_it_changed() =>
        Steps(Granted(1), Granted(2), Granted(3, policy: "2.0"), Withdrawn(4), Withdrawn(5), Granted(3.5), Granted(6), Read(7)).Select(s => (s.Happened(), s.Effect())).ShouldBe(
        [
            ("Consent given", "in force"),
            ("Consent given", "in force as before"),
            ("Consent given", "in force, now under policy 2.0"),
            ("Consent withdrawn", "no longer in force"),
            ("Consent withdrawn", "still not in force"),
            ("Consent given", "none: a later no prevails"),
            ("Consent given", "in force again"),
            ("History read, evidence opened", ""),
        ]);

    [Fact]
    public void A_no_that_was_never_asked_for_is_told_as_such() => Steps(Withdrawn(1)).Single().Effect().ShouldBe("refused before it was ever given");

    [Fact]
    public void What_is_said_under_several_laws_is_told_apart()
    {
        Lane lane = new("offers", "email", "controller"), eu = lane with { Law = "EU" }, elsewhere = lane with { Law = "*" }, right = lane with { Scope = "contacts:read" };
        var history = History([.. new[] { lane, eu, elsewhere, right }.Select(l => Granted(1) with { Lane = l })]);

        var told = Replay.Tell(history, Now, showEvidence: false);
        foreach (var name in (string[])["offers, email, controller ", "offers, email, controller (EU)", "offers, email, controller (other places)", "offers, email, controller, contacts:read"])
            told.ToText().ShouldContain(name);
        Machine(told).GetProperty("lanes").EnumerateArray().Select(l => (Word(l, "law"), Word(l, "scope"))).ShouldBe(
            [(null, null), ("EU", null), ("*", null), (null, "contacts:read")], ignoreOrder: true);
        Machine(told).GetProperty("history").EnumerateArray().Select(e => Word(e, "law")).ShouldBe([null, "EU", "*", null]);

        static string? Word(JsonElement element, string name) => element.TryGetProperty(name, out var word) ? word.GetString() : null;
    }

    [Fact]
    public void An_erasure_ends_every_consent()
    {
        var history = History(Granted(1), new ErasureStarted(Request), new SubjectErased(Request));
        Step.Fold(history, Now)[^1].Effect().ShouldBe("key destroyed, 1 consents forgotten");
        Replay.Tell(history, Now, showEvidence: false).ToText().ShouldContain("This person was erased");
    }

    [Fact]
    public void Both_clocks_turn_back()
    {
        // Given on day 1; on day 6 it was heard that it was withdrawn on day 3.
        var history = HistoryOn((Granted(1), 1), (Withdrawn(3), 6));
        State(history, new Clocks(AsOf: Day(4), KnownAt: Day(5))).ShouldBe("given");
        State(history, new Clocks(AsOf: Day(4), KnownAt: null)).ShouldBe("withdrawn");
        State(history, new Clocks(AsOf: null, KnownAt: Day(5))).ShouldBe("given");
        State(history, new Clocks(AsOf: Day(0), KnownAt: null)).ShouldBeNull();

        static string? State(SubjectHistory history, Clocks clocks) =>
            Machine(Replay.Tell(history, clocks, showEvidence: false)).GetProperty("lanes").EnumerateArray().Select(l => l.GetProperty("now").GetProperty("state").GetString()).SingleOrDefault();
    }

    [Fact]
    public void Evidence_is_shown_only_when_it_is_asked_for()
    {
        var evidence = JsonDocument.Parse("""{"address":"canary@example.org"}""").RootElement;
        var history = History(Granted(1));
        history = history with { Events = [.. history.Events.Select(e => e with { Evidence = evidence })] };
        foreach (var text in (string[])[Replay.Tell(history, Now, showEvidence: false).ToText(), Replay.Tell(history, Now, showEvidence: false).ToJson("replay"), Diff.Tell(history, Now).ToText(), Diff.Tell(history, Now).ToJson("diff")])
            text.ShouldNotContain("canary");
        Replay.Tell(history, Now, showEvidence: true).ToText().ShouldContain("canary@example.org");
        Machine(Replay.Tell(history, Now, showEvidence: true)).GetProperty("history")[0].GetProperty("evidence").GetProperty("address").GetString().ShouldBe("canary@example.org");
    }

    [Fact]
    public void What_was_purged_leaves_its_place()
    {
        var history = History(Granted(1), Withdrawn(2));
        history = history with { Events = [history.Events[0] with { Stored = null }, history.Events[1]] };
        Step.Fold(history, Now).Select(s => (s.Happened(), s.Effect())).ShouldBe([("(purged)", ""), ("Consent withdrawn", "refused before it was ever given")]);
        Replay.Tell(history, new Clocks(AsOf: null, KnownAt: Day(0)), showEvidence: false).ToText().ShouldContain("events     0 of 2");
    }

    [Fact]
    public void A_kind_of_event_from_later_than_this_program_is_told_and_not_folded()
    {
        var history = History(Granted(1));
        history = history with { Events = [history.Events[0] with { Stored = history.Events[0].Stored! with { Type = "consent.renewed.v7" } }] };
        Step.Fold(history, Now).Single().Happened().ShouldBe("consent.renewed.v7 (unknown here)");
    }

    [Fact]
    public void Then_and_now_stand_side_by_side_lane_by_lane()
    {
        var history = HistoryOn((Granted(1), 1), (Granted(2) with { Lane = new Lane("news", "email", "controller") }, 2), (Withdrawn(3), 3));
        var report = Diff.Tell(history, new Clocks(AsOf: null, KnownAt: Day(2)));
        var lanes = Machine(report).GetProperty("lanes").EnumerateArray().Select(l => (
            l.GetProperty("purpose").GetString(), l.GetProperty("changed").GetBoolean(), l.GetProperty("then").GetProperty("state").GetString(), l.GetProperty("now").GetProperty("state").GetString()));
        lanes.ShouldBe([("news", false, "given", "given"), ("offers", true, "given", "withdrawn")]);
        report.Lines.ShouldContain(l => l.StartsWith('*') && l.Contains("offers, email, controller") && l.Contains("withdrawn"));
    }

    [Fact]
    public void Who_was_erased_since_has_no_consent_now()
    {
        var report = Diff.Tell(HistoryOn((Granted(1), 1), (new ErasureStarted(Request), 2), (new SubjectErased(Request), 3)), new Clocks(AsOf: null, KnownAt: Day(1)));
        report.Lines.ShouldContain(l => l.StartsWith('*') && l.Contains("erased"));
        Machine(report).GetProperty("erasure").ToString().ShouldBe("""{"then":"none","now":"done"}""");
    }

    [Fact]
    public async Task A_bundle_is_read_with_the_places_that_its_entries_name()
    {
        await File.WriteAllTextAsync(_file, Bundle());
        var history = await BundleHistory.ReadAsync(_file, CancellationToken.None);
        (history.Subject, history.Source).ShouldBe((Person, "ledger.example.org/consent/vms"));
        history.Events.Single().Place.ShouldBe(new EventPlace(7, 1, DateTimeOffset.FromUnixTimeMilliseconds(1_790_000_000_000)));
        Step.Fold(history, Now).Single().Effect().ShouldBe("in force");
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("{\"format\":\"consentledger-subject/2\"}")]
    public async Task What_is_no_bundle_is_not_replayed(string text)
    {
        await File.WriteAllTextAsync(_file, text);
        (await Should.ThrowAsync<UnansweredException>(() => BundleHistory.ReadAsync(_file, CancellationToken.None))).Code.ShouldBe("content_unknown");
    }

    private static string Bundle() => JsonSerializer.Serialize(new
    {
        format = "consentledger-subject/1",
        origin = "ledger.example.org/consent/vms",
        subject = Person,
        checkpoint = "",
        entries = new[]
        {
            new
            {
                position = 7,
                entry = new Entry(EntryType.Event, Person, 1, 1_790_000_000_000, Hash.Zero, Guid.Empty, Hash.Zero, Hash.Zero, Hash.Zero).Encode(),
                proof = Array.Empty<string>(),
                type = "consent.granted.v1",
                salt = new byte[32],
                data = JsonSerializer.SerializeToElement(Granted(1), EventCatalog.Json),
            },
        },
    });

    private static JsonElement Machine(Report report) => JsonDocument.Parse(report.ToJson("any")).RootElement;

    private static IReadOnlyList<Step> Steps(params object[] facts) => Step.Fold(History(facts), Now);

    private static SubjectHistory History(params object[] facts) => HistoryOn([.. facts.Select((f, i) => (f, (double)(i + 1)))]);

    private static SubjectHistory HistoryOn(params (object Facts, double Day)[] events) => new(
        Person, "test", [.. events.Select((e, i) => HistoryEvent.Of(
            Person, new EventPlace(i, i + 1, Day(e.Day)), ConsentCatalog.Events.NameOf(e.Facts), JsonSerializer.SerializeToUtf8Bytes(e.Facts, e.Facts.GetType(), EventCatalog.Json)))]);

    private static DateTimeOffset Day(double day) => new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddDays(day);

    private static ConsentGranted Granted(double day, string policy = "1.0") =>
        new(new Lane("offers", "email", "controller"), policy, Day(day), Actor.Subject, Token.Parse("web-form"), null, null, null, InForce: true);

    private static ConsentWithdrawn Withdrawn(double day) => new(new Lane("offers", "email", "controller"), "1.0", Day(day), Actor.Subject, Token.Parse("web-form"), null, null, null);

    private static HistoryRead Read(double day) => new($"auditor-{day}", null, null, Disclosed: true);
}
