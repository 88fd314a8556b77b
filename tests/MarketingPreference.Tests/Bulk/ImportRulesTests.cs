using ConsentLedger.EventStore;
using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.Bulk;
using ConsentLedger.MarketingPreference.Policies;
using ConsentLedger.MarketingPreference.Preferences;
using static ConsentLedger.MarketingPreference.Tests.People;

namespace ConsentLedger.MarketingPreference.Tests.Bulk;

public sealed class ImportRulesTests
{
    private static readonly AddressTag Tag = AddressTag.TryParse(new string('a', AddressTag.Length), out var tag) ? tag : default;

    [Fact]
    public void A_no_of_whatever_age_restricts_what_is_open_or_was_never_asked()
    {
        foreach (var subject in new[] { Given(), Given(Opened("module-crm")) })
        {
            var closed = Decide(No() with { OccurredAt = Noon.AddYears(-3) }, subject).Recorded().ShouldHaveSingleItem().ShouldBeOfType<Unsubscribed>();
            (closed.Cause, closed.Actor, closed.Method, closed.OccurredAt).ShouldBe((Cause.Import, Actor.Agent, "import", Noon.AddYears(-3)));
        }

        Decide(No(), Given(Closed("module-crm"))).ShouldBe(Decision.Unchanged);
    }

    [Fact]
    public void Of_two_noes_the_later_counts_in_whatever_order_they_stand()
    {
        var (old, late) = (No() with { OccurredAt = Noon.AddYears(-3) }, No() with { OccurredAt = Noon.AddYears(-1) });
        foreach (var lines in new[] { new[] { old, late }, [late, old] })
        {
            var facts = new List<object>();
            foreach (var line in lines)
                if (Decide(line, Given(facts)) is Decision.Record record) facts.AddRange(record.Recorded());
            Decide(Yes() with { OccurredAt = Noon.AddYears(-2) }, Given(facts)).ShouldRefuse("unsubscribe_prevails");
        }
    }

    [Fact]
    public void A_yes_needs_the_person_s_own_act()
    {
        Decide(Yes(), Given()).Recorded().ShouldHaveSingleItem().ShouldBeOfType<Subscribed>().Cause.ShouldBe(Cause.Import);
        Decide(Yes() with { Actor = Actor.Guardian }, Given()).Recorded().ShouldHaveSingleItem();
        foreach (var actor in new Actor?[] { null, Actor.Agent, Actor.System }) Decide(Yes() with { Actor = actor }, Given()).ShouldRefuse("own_act_needed");
    }

    [Fact]
    public void No_list_brings_back_a_no_that_is_as_old_or_younger()
    {
        var left = Given(Closed("module-crm"));
        var when = left.Find("module-crm", "email")!.OccurredAt;
        foreach (var earlier in new[] { when, when.AddYears(-1) }) Decide(Yes() with { OccurredAt = earlier }, left).ShouldRefuse("unsubscribe_prevails");
        Decide(Yes() with { OccurredAt = when.AddSeconds(1) }, left).Recorded().ShouldHaveSingleItem().ShouldBeOfType<Subscribed>().Again.ShouldBeTrue();
    }

    [Fact]
    public void What_rests_on_consent_waits_for_the_consent()
    {
        Decide(Yes() with { Topic = "newsletter" }, Given()).ShouldRefuse("consent_needed");
        Decide(Yes() with { Topic = "newsletter" }, Given(Heard(1, given: true))).Recorded().ShouldHaveSingleItem();
    }

    [Fact]
    public void Who_is_erased_and_what_no_policy_knows_are_refused()
    {
        Decide(No(), Given(new ErasureStarted(NewId()))).ShouldRefuse("subject_erased");
        Decide(No() with { Topic = "horoscopes" }, Given()).ShouldRefuse("topic_undeclared");
        Decide(No() with { Channel = "post" }, Given()).ShouldRefuse("channel_undeclared");
        Decide(No() with { OccurredAt = Noon.AddHours(1) }, Given()).ShouldRefuse("occurred_in_future");
        ImportRules.Decide(No(), Given(), PolicyBook.Empty, Noon).ShouldRefuse("policy_missing");
    }

    [Fact]
    public void What_the_policy_has_dropped_can_be_left_by_a_list_and_not_begun()
    {
        var dropped = InForce with { Packs = [Packs.Northwind, Packs.Parse(Packs.NorthwindJson().Without("module-crm"))] };
        ImportRules.Decide(No(), Given(), dropped, Noon).Recorded().ShouldHaveSingleItem().ShouldBeOfType<Unsubscribed>().Basis.ShouldBe("legitimate-interests");
        ImportRules.Decide(Yes(), Given(), dropped, Noon).ShouldRefuse("topic_undeclared");
        ImportRules.Decide(No() with { Topic = "horoscopes" }, Given(), dropped, Noon).ShouldRefuse("topic_undeclared");
    }

    [Fact]
    public void A_list_adds_a_suppression_and_never_lifts_one()
    {
        var line = new ImportLine(LineState.Suppressed, AddressTag: Tag);
        ImportRules.Decide(line, Address.Unknown, Noon).Recorded().ShouldHaveSingleItem().ShouldBe(new AddressSuppressed(Tag, SuppressionCause.Imported, Actor.Agent, "import", Noon));
        var suppressed = Address.Stream.Replay([Stored(new AddressSuppressed(Tag, SuppressionCause.Asked, Actor.Agent, "phone", Noon))], MarketingCatalog.Events);
        ImportRules.Decide(line, suppressed, Noon).ShouldBe(Decision.Unchanged);
    }

    [Fact]
    public void A_bounce_and_a_complaint_stay_what_they_were_and_are_added_once()
    {
        var line = new ImportLine(LineState.Suppressed, AddressTag: Tag, OccurredAt: Noon.AddYears(-1));
        foreach (var (told, fact) in new (ImportLine, object)[]
        {
            (line with { Cause = WordOf("bounce"), Everything = true }, new AddressBounced(Tag, BounceKind.Hard, "import", Noon.AddYears(-1))),
            (line with { Cause = WordOf("complaint") }, new AddressComplained(Tag, "import", Noon.AddYears(-1))),
            (line with { Cause = WordOf("erased") }, new AddressSuppressed(Tag, SuppressionCause.Imported, Actor.Agent, "import", Noon.AddYears(-1))),
            (line with { Cause = WordOf("complaint"), Everything = true }, new AddressSuppressed(Tag, SuppressionCause.Imported, Actor.Agent, "import", Noon.AddYears(-1), Everything: true)),
        })
        {
            ImportRules.Decide(told, Address.Unknown, Noon).Recorded().ShouldBe([fact]);
            ImportRules.Decide(told, Address.Stream.Replay([Stored(fact)], MarketingCatalog.Events), Noon).ShouldBe(Decision.Unchanged);
        }

        // Further than before, and no less far again.
        var barred = Address.Stream.Replay([Stored(new AddressSuppressed(Tag, SuppressionCause.Asked, Actor.Agent, "phone", Noon, Everything: true))], MarketingCatalog.Events);
        ImportRules.Decide(line, barred, Noon).ShouldBe(Decision.Unchanged);
        var asked = Address.Stream.Replay([Stored(new AddressSuppressed(Tag, SuppressionCause.Asked, Actor.Agent, "phone", Noon))], MarketingCatalog.Events);
        ImportRules.Decide(line with { Everything = true }, asked, Noon).Recorded().ShouldHaveSingleItem().ShouldBeOfType<AddressSuppressed>().Everything.ShouldBeTrue();
    }

    [Theory]
    [InlineData("app:settings/mail")]
    [InlineData("import")]
    public void A_method_is_taken_as_the_consent_service_names_its_own(string method) => (Yes() with { Method = method }).Fault.ShouldBeNull();

    [Theory]
    [InlineData("")]
    [InlineData("by phone")]
    [InlineData("a@example.org")]
    public void A_method_that_is_no_word_is_a_fault(string method) => (Yes() with { Method = method }).Fault.ShouldBe("method");

    [Fact]
    public void An_import_advances_part_by_part_and_is_told_of_each_once()
    {
        var accepted = new ImportAccepted(WordOf("old-list"), ImportFormat.Csv, "00", 3, 0, 2);
        var (one, two) = (new Counts(1, 0, 1, 0), new Counts(0, 1, 0, 0));
        var running = Import.Stream.Replay([Stored(accepted), Stored(new ImportStarted("operator"), 1)], MarketingCatalog.Events);
        ImportRunner.Advance(running, 0, one).Recorded().ShouldBe([new ImportAdvanced(0, one)]);
        ImportRunner.Advance(running, 1, two).ShouldBe(Decision.Unchanged);
        var advanced = Import.Stream.After(running, new ImportAdvanced(0, one), default);
        ImportRunner.Advance(advanced, 0, one).ShouldBe(Decision.Unchanged);
        ImportRunner.Advance(advanced, 1, two).Recorded().ShouldBe([new ImportAdvanced(1, two), new ImportCompleted(one + two)]);
    }

    [Fact]
    public void A_list_that_nobody_ran_lapses()
    {
        var accepted = Import.Stream.Replay([Stored(new ImportAccepted(WordOf("old-list"), ImportFormat.Csv, "00", 3, 0, 2))], MarketingCatalog.Events);
        RunImport.Decide("operator", accepted, Noon + Import.Lifetime - TimeSpan.FromSeconds(1)).Recorded().ShouldBe([new ImportStarted("operator")]);
        RunImport.Decide("operator", accepted, Noon + Import.Lifetime).ShouldRefuse("import_lapsed");
        RunImport.Decide("operator", accepted with { State = ImportState.Running }, Noon + Import.Lifetime).ShouldBe(Decision.Unchanged);
    }

    private static ImportLine Yes() => new(LineState.Subscribed, Somebody, "module-crm", "email", Noon, Actor: Actor.Subject);

    private static ImportLine No() => Yes() with { State = LineState.Unsubscribed, Actor = null };

    private static Decision Decide(ImportLine line, SubjectPreferences subject) => ImportRules.Decide(line, subject, InForce, Noon);
}
