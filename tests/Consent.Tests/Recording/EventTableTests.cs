using ConsentLedger.Consent.Consents.Recording;
using static ConsentLedger.Consent.Tests.Acts;
using static ConsentLedger.Consent.Tests.Recording.Records;
using static ConsentLedger.Consent.Tests.Story;

namespace ConsentLedger.Consent.Tests.Recording;

/// <summary>The table for spreadsheets (RFC 4180).</summary>
public sealed class EventTableTests
{
    [Fact]
    public void Every_event_is_a_line_under_the_names_of_its_cells()
    {
        var story = Given(Granted(1), Withdrawn(2));
        var rows = Read(EventTable.Of(story.Record()));
        rows.Count.ShouldBe(3);
        rows.ShouldAllBe(r => r.Count == rows[0].Count);
        var granted = rows[0].Zip(rows[1]).ToDictionary(c => c.First, c => c.Second);
        granted["event"].ShouldBe("consent.granted.v1");
        granted["id"].ShouldBe(story.Log[0].Id.ToString());
        (granted["purpose"], granted["channel"], granted["recipient"], granted["statusAfter"]).ShouldBe((Offers, "email", "controller", "ConsentGiven"));
        granted["title"].ShouldBe(Packs.Spectral.FindPurpose(Offers)!.Title["en"]);
        DateTimeOffset.Parse(granted["occurredAt"]).ShouldBe(Day(1));
        granted["facts"].ShouldBe(System.Text.Encoding.UTF8.GetString(story.Log[0].Data.Span));
        rows[2][rows[0].IndexOf("statusAfter")].ShouldBe("ConsentWithdrawn");
    }

    [Fact]
    public void Whatever_was_recorded_is_in_it()
    {
        var rows = Read(EventTable.Of(Everything.Record()));
        rows.Skip(1).Select(r => r[rows[0].IndexOf("event")]).ShouldBe(Everything.Log.Select(e => e.Type));
    }

    [Fact]
    public void Of_what_was_purged_the_place_is_left()
    {
        var rows = Read(EventTable.Of(Given(Granted(1), Withdrawn(2)).Purged(1).Record()));
        rows.Count.ShouldBe(3);
        (rows[2][rows[0].IndexOf("event")], rows[2][rows[0].IndexOf("purpose")], rows[2][rows[0].IndexOf("facts")]).ShouldBe(("consent.withdrawn.v1", "", ""));
    }

    [Theory]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("+33", "'+33")]
    [InlineData("-2", "'-2")]
    [InlineData("@SUM(A1)", "'@SUM(A1)")]
    [InlineData("\t=1", "'\t=1")]
    [InlineData("\r=1", "\"'\r=1\"")]
    [InlineData("\n=1", "\"'\n=1\"")]
    [InlineData("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("say \"no\"", "\"say \"\"no\"\"\"")]
    [InlineData("1-2", "1-2")]
    [InlineData("", "")]
    [InlineData(null, "")]
    public void No_cell_is_a_formula_and_none_is_two(string? cell, string written) => EventTable.Quoted(cell).ShouldBe(written);

    private static List<List<string>> Read(string csv)
    {
        csv.ShouldEndWith("\r\n");
        var (rows, row, cell, quoted) = (new List<List<string>>(), new List<string>(), "", false);
        for (var i = 0; i < csv.Length; i++)
        {
            if (quoted && csv[i] == '"' && csv[i + 1] == '"') cell += csv[++i];
            else if (csv[i] == '"') quoted = !quoted;
            else if (quoted || csv[i] is not (',' or '\r' or '\n')) cell += csv[i];
            else if (csv[i] != '\r')
            {
                row.Add(cell);
                cell = "";
                if (csv[i] == ',') continue;
                rows.Add(row);
                row = [];
            }
        }

        return rows;
    }
}
