using System.Text.Json;
using ConsentLedger.Consent.Consents.Recording;
using ConsentLedger.ServiceDefaults;
using static ConsentLedger.Consent.Tests.Acts;
using static ConsentLedger.Consent.Tests.Recording.Records;
using static ConsentLedger.Consent.Tests.Story;

namespace ConsentLedger.Consent.Tests.Recording;

/// <summary>What a person gets who asks for all there is (GDPR art. 15).</summary>
public sealed class AccessCopyTests
{
    [Fact]
    public void Everything_recorded_is_in_it_once()
    {
        var copy = Copy(Everything);
        var told = Events(copy).Select(e => e.GetProperty("version").GetInt64()).ToList();
        told.Order().ShouldBe(Everything.Log.Select(e => e.Place.Version));
        copy.GetProperty("other").GetArrayLength().ShouldBe(0);
    }

    [Theory]
    [InlineData("corrections", "record.corrected.v1")]
    [InlineData("terms", "terms.answered.v1")]
    [InlineData("objections", "objection.raised.v1")]
    [InlineData("restrictions", "processing.restricted.v1")]
    [InlineData("signals", "signal.received.v1")]
    [InlineData("disclosures", "data.disclosed.v1")]
    [InlineData("exceptionalUses", "use.excepted.v1")]
    [InlineData("merges", "subject.merged.v1")]
    [InlineData("age", "subject.birth-month-stated.v1")]
    [InlineData("readings", "consent.history-read.v1")]
    public void What_is_not_a_consent_stands_under_its_own_name(string part, string type) =>
        Copy(Everything).GetProperty(part).EnumerateArray().Select(e => e.GetProperty("type").GetString()).ShouldContain(type);

    [Fact]
    public void A_consent_says_what_the_policy_says_of_it()
    {
        var (copy, purpose) = (Copy(Given(Granted(1, recipient: Partners))), Packs.Spectral.FindPurpose(Offers)!);
        copy.GetProperty("controller").GetProperty("name").GetString().ShouldBe(Packs.Spectral.Controller.Name);
        var consent = copy.GetProperty("consents")[0];
        consent.GetProperty("title").GetProperty("en").GetString().ShouldBe(purpose.Title["en"]);
        consent.GetProperty("recipientName").GetString().ShouldBe(Packs.Spectral.FindRecipient(Partners)!.Name);
        consent.GetProperty("data").GetArrayLength().ShouldBe(purpose.Data.Count);
        consent.GetProperty("text").GetString().ShouldBe(purpose.FindText("partner-offers-v1", "en")!.Text);
        (consent.GetProperty("state").GetString(), consent.GetProperty("status").GetString()).ShouldBe(("given", "ConsentGiven"));
    }

    [Fact]
    public void What_was_sealed_is_in_it_where_it_was_opened()
    {
        var story = Given(Granted(1), Withdrawn(2));
        var opened = JsonSerializer.SerializeToElement(AccessCopy.Of(story.Record(new Dictionary<long, byte[]> { [2] = Utf8("""{"ip":"192.0.2.7"}""") })), StrictJson.Options);
        var events = Events(opened).ToList();
        events[0].TryGetProperty("evidence", out _).ShouldBeFalse();
        events[1].GetProperty("evidence").GetProperty("ip").GetString().ShouldBe("192.0.2.7");
        Events(Copy(story)).ShouldAllBe(e => !Has(e, "evidence"));
    }

    [Fact]
    public void Of_an_erased_person_there_is_what_is_left()
    {
        var copy = Copy(Given(Granted(1), ErasureBegun(2), Erased(3)));
        copy.GetProperty("erasure").GetString().ShouldBe("done");
        copy.GetProperty("consents")[0].GetProperty("status").GetString().ShouldBe("ConsentInvalidated");
        copy.GetProperty("erasing").GetArrayLength().ShouldBe(2);

        var purged = Copy(Given(Granted(1), ErasureBegun(2), Erased(3)).Purged(0));
        purged.GetProperty("consents").GetArrayLength().ShouldBe(0);
        Has(purged.GetProperty("other")[0], "facts").ShouldBeFalse();
    }

    private static JsonElement Copy(Story story) => JsonSerializer.SerializeToElement(AccessCopy.Of(story.Record()), StrictJson.Options);

    private static IEnumerable<JsonElement> Events(JsonElement copy) => copy.EnumerateObject().Where(m => m.Value.ValueKind == JsonValueKind.Array && m.Name != "samePersonAs")
        .SelectMany(m => m.Name == "consents" ? m.Value.EnumerateArray().SelectMany(c => c.GetProperty("events").EnumerateArray()) : m.Value.EnumerateArray());

    private static bool Has(JsonElement json, string member) => json.TryGetProperty(member, out _);
}
