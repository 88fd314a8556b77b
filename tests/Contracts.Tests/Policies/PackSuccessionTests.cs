using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Contracts.Tests.Policies;

public sealed class PackSuccessionTests
{
    private static readonly PolicyPack First = Packs.Of("quintus");

    private static readonly PolicyPack Wider = Next("2", p => p with { Profiling = true });

    [Fact]
    public void Nothing_stands_in_the_way_of_the_first_version() => PackSuccession.Check(First, []).ShouldBeEmpty();

    [Fact]
    public void A_change_in_substance_has_to_be_declared()
    {
        var error = PackSuccession.Check(Wider, [First]).ShouldHaveSingleItem();

        error.Code.ShouldBe(PolicyPackErrors.MaterialChangeUndeclared);
        error.Path.ShouldBe($"/purposes/{IndexOf(First, "newsletter")}/profiling");
        error.Message.ShouldContain("'newsletter'");
        error.Message.ShouldContain("profiling-added");
    }

    [Fact]
    public void Declared_it_may_be_published() => PackSuccession.Check(Declaring(Wider, "newsletter"), [First]).ShouldBeEmpty();

    [Fact]
    public void Declaring_another_purpose_does_not_help() => PackSuccession.Check(Declaring(Wider, "surveys"), [First]).ShouldHaveSingleItem();

    [Fact]
    public void More_may_be_declared_than_is_found() => PackSuccession.Check(Declaring(First with { Version = "2" }, "newsletter", "surveys"), [First]).ShouldBeEmpty();

    [Fact]
    public void A_version_answers_for_what_it_changes_itself() => PackSuccession.Check(Wider with { Version = "3" }, [First, Declaring(Wider, "newsletter")]).ShouldBeEmpty();

    [Fact]
    public void A_text_keeps_its_words_under_its_id()
    {
        var edited = Next("2", p => p with { ConsentTexts = [.. p.ConsentTexts.Select(t => t with { Text = $"{t.Text} And more." })] });

        var errors = PackSuccession.Check(edited, [First]);

        errors.Count.ShouldBe(First.FindPurpose("newsletter")!.ConsentTexts.Count);
        errors.ShouldAllBe(e => e.Code == PolicyPackErrors.TextEdited && e.Path.StartsWith($"/purposes/{IndexOf(First, "newsletter")}/consentTexts/", StringComparison.Ordinal) && e.Path.EndsWith("/text", StringComparison.Ordinal));
    }

    [Fact]
    public void A_text_that_was_away_comes_back_with_the_words_it_had()
    {
        var away = Next("2", p => p with { ConsentTexts = [.. p.ConsentTexts.Select(t => t with { Id = $"{t.Id}-next" })] });
        var edited = Next("3", p => p with { ConsentTexts = [.. p.ConsentTexts.Select(t => t with { Text = "Other words." })] });

        PackSuccession.Check(away, [First]).ShouldBeEmpty();
        PackSuccession.Check(First with { Version = "3" }, [First, away]).ShouldBeEmpty();
        PackSuccession.Check(edited, [First, away]).ShouldContain(e => e.Code == PolicyPackErrors.TextEdited);
    }

    [Fact]
    public void The_lines_are_those_of_the_file()
    {
        var bytes = Packs.Bytes("quintus");
        var reading = PolicyPack.Parse(bytes).ShouldBeOfType<PolicyPackReading.Accepted>();

        var errors = reading.Locate(PackSuccession.Check(reading.Pack, [Next("0", p => p with { Data = [], Recipients = [] })]));

        var text = System.Text.Encoding.UTF8.GetString(bytes).Split('\n');
        errors.Count.ShouldBe(reading.Pack.FindPurpose("newsletter")!.Data.Count);
        errors.Select(e => text[e.Line!.Value - 1]).ShouldAllBe(line => line.Contains("\"data\""));
        errors.Select(e => e.Line).ShouldBeInOrder();
    }

    private static PolicyPack Next(string version, Func<Purpose, Purpose> change) =>
        First with { Version = version, Purposes = [.. First.Purposes.Select(p => p.Id == "newsletter" ? change(p) : p)] };

    private static PolicyPack Declaring(PolicyPack pack, params string[] purposes) => pack with
    {
        Changes = pack.Changes with { Material = [.. purposes.Select(p => new MaterialChange { Purpose = p, Summary = new Dictionary<string, string> { ["en"] = "More" } })] },
    };

    private static int IndexOf(PolicyPack pack, string purpose) => pack.Purposes.Index().First(p => p.Item.Id == purpose).Index;
}
