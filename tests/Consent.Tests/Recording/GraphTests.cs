using System.Text.Json;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Recording;
using ConsentLedger.Contracts.Policies;
using static ConsentLedger.Consent.Tests.Acts;
using static ConsentLedger.Consent.Tests.Recording.Records;
using static ConsentLedger.Consent.Tests.Story;

namespace ConsentLedger.Consent.Tests.Recording;

/// <summary>ISO/IEC TS 27560, as JSON-LD with the Data Privacy Vocabulary.</summary>
public sealed class GraphTests
{
    /// <summary>Every status that a record can have, and what leads to it.</summary>
    private static readonly Dictionary<string, (Story Story, string Status)> Lives = new()
    {
        ["asked"] = (Given(Asked(1)), "dpv:ConsentRequested"),
        ["waiting for confirmation"] = (Given(Pending(1, until: 8)).On(7), "dpv:ConsentRequestDeferred"),
        ["never confirmed"] = (Given(Pending(1, until: 8)).On(8), "dpv:ConsentExpired"),
        ["confirmed"] = (Given(Pending(1, until: 8), Confirmed(2, confirms: 1)), "dpv:ConsentGiven"),
        ["given"] = (Given(Granted(1)), "dpv:ConsentGiven"),
        ["given again after a withdrawal"] = (Given(Granted(1), Withdrawn(2), Granted(3)), "dpv:ConsentGiven"),
        ["renewed"] = (Given(Granted(1), Renewed(2, renews: 1)), "dpv:RenewedConsentGiven"),
        ["refused"] = (Given(Asked(1), Refused(2)), "dpv:ConsentRefused"),
        ["withdrawn"] = (Given(Granted(1), Withdrawn(2)), "dpv:ConsentWithdrawn"),
        ["withdrawn, and an older yes heard of"] = (Given(Withdrawn(2), Granted(1, inForce: false).OnDay(3)), "dpv:ConsentWithdrawn"),
        ["over"] = (Given(GrantedUntil(1, until: 5), Expired(6, rested: 1)), "dpv:ConsentExpired"),
        ["over, and not yet told"] = (Given(GrantedUntil(1, until: 5)).On(5), "dpv:ConsentExpired"),
        ["not over yet"] = (Given(GrantedUntil(1, until: 5)).On(4), "dpv:ConsentGiven"),
        ["recorded by mistake"] = (Given(Granted(1), Voided(2, corrects: 1)), "dpv:ConsentInvalidated"),
        ["changed in substance since"] = (Given(Granted(1)).Then(Packs.Spectral.Next("2026-04-01") with { Changes = new() { Material = [new() { Purpose = Offers, Summary = new Dictionary<string, string> { ["en"] = "More partners" } }] } }), "dpv:ConsentInvalidated"),
        ["another version, nothing changed"] = (Given(Granted(1)).Then(Packs.Spectral.Next("2026-04-01")), "dpv:ConsentGiven"),
        ["a guardian's, and still a child's"] = (Given(OfAge(9), Granted(2, Actor.Guardian)).On(8), "dpv:ConsentGiven"),
        ["a guardian's, and of age"] = (Given(OfAge(9), Granted(2, Actor.Guardian)).On(9), "dpv:ConsentInvalidated"),
        ["being erased"] = (Given(Granted(1), ErasureBegun(2)), "dpv:ConsentInvalidated"),
        ["erased"] = (Given(Granted(1), ErasureBegun(2), Erased(3)), "dpv:ConsentInvalidated"),
        ["withdrawn, and erased"] = (Given(Granted(1), Withdrawn(2), ErasureBegun(3), Erased(4)), "dpv:ConsentWithdrawn"),
    };

    public static TheoryData<string> Kinds { get; } = new(Lives.Keys);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_record_has_the_status_that_the_vocabulary_has_for_it(string life) => Lives[life].Story.Graph().ShouldHaveSingleItem().StatusOf().ShouldBe(Lives[life].Status);

    [Theory]
    [MemberData(nameof(Packs.Tenants), MemberType = typeof(Packs))]
    public void A_record_says_what_the_policy_says_of_every_purpose_that_rests_on_consent(string tenant)
    {
        var pack = Packs.Of(tenant);
        foreach (var purpose in pack.Purposes.Where(p => p.RestsOn(LawfulBasis.Consent)))
        {
            var (channel, recipient) = (purpose.Channels is [var first, ..] ? first : null, purpose.Recipients is [var other, ..] ? other : PolicyPack.ControllerRecipient);
            var record = Given(Granted(1, purpose: purpose.Id, channel: channel, recipient: recipient, version: pack.Version)).Under(pack).Graph().ShouldHaveSingleItem();
            record.GetProperty("@type").GetString().ShouldBe("dpv:ConsentRecord");
            record.GetProperty("dct:conformsTo").GetString().ShouldBe("https://w3id.org/dpv/schema/dpv-27560#record");
            record.GetProperty("header").GetProperty("pii_principal_id").GetString().ShouldBe($"urn:uuid:{Person}");

            var processing = record.GetProperty("processing");
            processing.GetProperty("purposes")[0].GetProperty("title").GetProperty("en").GetString().ShouldBe(purpose.Title["en"]);
            Texts(processing.GetProperty("lawful_basis")).ShouldContain("dpv:Consent");
            processing.GetProperty("pii_information").EnumerateArray().Select(p => p.GetProperty("pii_attribute_id").GetString()!).ShouldBe(purpose.Data, ignoreOrder: true);
            processing.GetProperty("privacy_notice")[0].GetProperty("version").GetString().ShouldBe(pack.Version);
            processing.GetProperty("retention_period").GetProperty("until").GetString().ShouldNotBeNullOrEmpty();
            Texts(processing.GetProperty("privacy_rights")).ShouldBeSubsetOf(["eu-gdpr:A7-3", "eu-gdpr:A15", "eu-gdpr:A16", "eu-gdpr:A17", "eu-gdpr:A18", "eu-gdpr:A20", "eu-gdpr:A21", "eu-gdpr:A77"]);
            processing.TryGetProperty("withdrawal_method", out _).ShouldBe(pack.WithdrawalWays.Count > 0);
            processing.TryGetProperty("geographic_restrictions", out _).ShouldBe(purpose.Transfers.Count > 0);
            record.GetProperty("parties")[0].GetProperty("party_name").GetString().ShouldBe(pack.Controller.Name);
            processing.TryGetProperty("recipient_third_parties", out _).ShouldBe(recipient != PolicyPack.ControllerRecipient);
        }
    }

    [Fact]
    public void A_record_carries_all_its_events_and_no_others()
    {
        var records = Given(Asked(1), Granted(2), Granted(3, channel: "sms"), Withdrawn(4)).Graph();
        records.Count.ShouldBe(2);
        var events = records[0].GetProperty("events").EnumerateArray().ToList();
        events.Select(e => (e.GetProperty("event_type").GetString(), e.GetProperty("event_state").GetString())).ShouldBe(
            [("dpv:ObtainConsent", "dpv:ConsentRequested"), ("dpv:ExpressedConsent", "dpv:ConsentGiven"), ("dpv:WithdrawConsent", "dpv:ConsentWithdrawn")]);
        events.Select(e => e.GetProperty("event_time").GetDateTimeOffset()).ShouldBe([Day(1), Day(2), Day(4)]);
        events[1].GetProperty("entity_id").GetString().ShouldBe($"urn:uuid:{Person}");
        events[1].GetProperty("receipt").GetString().ShouldBe("/v1/receipts/1");
    }

    [Fact]
    public void The_words_that_were_shown_are_part_of_the_notice()
    {
        var notice = Given(Granted(1)).Graph()[0].GetProperty("processing").GetProperty("privacy_notice")[1];
        notice.GetProperty("text").GetString().ShouldBe(Packs.Spectral.FindPurpose(Offers)!.FindText("partner-offers-v1", "en")!.Text);
        notice.GetProperty("hash").GetString().ShouldBe(Text.Hash!.Value);
    }

    [Fact]
    public void How_long_a_consent_stands_is_a_duration() =>
        Given(GrantedUntil(1, until: 31)).Graph()[0].GetProperty("events")[0].GetProperty("validity_duration").GetString().ShouldBe("P30D");

    [Fact]
    public void What_was_purged_is_not_in_it() =>
        Given(Granted(1), Withdrawn(2)).Purged(1).Graph()[0].GetProperty("events").GetArrayLength().ShouldBe(1);

    [Fact]
    public void Of_a_policy_that_is_gone_nothing_is_said()
    {
        var record = Given(Granted(1, version: "1999")).Graph().ShouldHaveSingleItem();
        record.StatusOf().ShouldBe("dpv:ConsentInvalidated");
        record.GetProperty("parties").GetArrayLength().ShouldBe(0);
        record.GetProperty("processing").TryGetProperty("pii_information", out _).ShouldBeFalse();
    }

    /// <summary>A JSON-LD processor drops without a word what no context names.</summary>
    [Fact]
    public void Every_member_has_a_meaning()
    {
        var graph = JsonSerializer.SerializeToElement(WriteGraph.Of(Everything.Record()), ConsentGraph.Json);
        var known = graph.GetProperty("@context").EnumerateObject().Select(m => m.Name).ToHashSet();
        Members(graph.GetProperty("@graph")).Where(m => m[0] != '@' && !known.Contains(m)).Distinct().ShouldBeEmpty();
    }

    private static IEnumerable<string> Members(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Array => json.EnumerateArray().SelectMany(Members),
        JsonValueKind.Object => json.EnumerateObject().SelectMany(m => m.Name is "title" or "description" ? [m.Name] : Members(m.Value).Prepend(m.Name)),
        _ => [],
    };

    private static IEnumerable<string> Texts(JsonElement array) => array.EnumerateArray().Select(t => t.GetString()!);
}
