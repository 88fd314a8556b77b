using System.Text.Json;
using System.Text.Json.Nodes;
using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Contracts.Tests.Policies;

public sealed class PackDiffTests
{
    private static readonly PolicyPack Base = Sound("""
        {
          "tenant": "shop", "version": "1", "role": "controller", "controller": { "name": "Shop", "country": "SE" }, "locales": ["en", "sv"], "defaultRegime": "opt-in",
          "regimes": [{ "jurisdiction": "EU", "regime": "opt-in" }],
          "channels": ["email", "sms", "web"], "subjectCategories": ["consumer"],
          "dataCategories": [{ "id": "contact", "name": "Contact", "items": ["address"] }, { "id": "location", "name": "Location" }],
          "recipients": [
            { "id": "controller", "name": "Shop", "kind": "controller" },
            { "id": "partners", "name": "Partners", "kind": "partner", "boundBy": "Their word", "toldOfWithdrawal": true },
            { "id": "platforms", "name": "Platforms", "kind": "platform" }
          ],
          "processors": [
            { "id": "mailer", "name": "Mailer", "purposes": ["newsletter"], "data": ["contact"], "places": ["DE", "CH"], "safeguard": "adequacy" },
            { "id": "helper", "name": "Helper", "purposes": ["orders"], "data": ["contact"], "places": ["US"], "safeguard": "scc" }
          ],
          "transfers": [
            { "id": "pacific", "destinations": ["APEC"], "safeguard": "scc", "recipients": ["partners"] },
            { "id": "india", "destinations": ["IN"], "safeguard": "contractual" }
          ],
          "purposes": [
            {
              "id": "newsletter", "title": { "en": "Newsletter" }, "bases": [{ "basis": "consent" }], "data": ["contact"], "channels": ["email"],
              "recipients": ["partners"], "transfers": ["pacific"], "subjectCategories": ["consumer"], "validMonths": 24,
              "retention": { "until": "consent-withdrawn", "furtherMonths": 1 },
              "consentTexts": [{ "id": "newsletter-v1", "locale": "en", "text": "Write to me." }]
            },
            {
              "id": "analysis", "title": { "en": "Analysis" }, "bases": [{ "basis": "consent" }], "data": ["contact"], "channels": ["web"],
              "retention": { "until": "consent-withdrawn" }, "consentTexts": [{ "id": "analysis-v1", "locale": "en", "text": "Count me." }]
            },
            {
              "id": "orders", "title": { "en": "Orders" }, "bases": [{ "basis": "contract" }], "data": ["contact"], "channels": ["email"], "transfers": ["india"],
              "retention": { "until": "contract-ended" }
            }
          ],
          "topics": [
            { "id": "letter", "purpose": "analysis", "messageClass": "service", "channels": ["web"], "title": { "en": "Letter" }, "cap": { "messages": 2, "days": 7 } },
            { "id": "tips", "purpose": "analysis", "messageClass": "service", "channels": ["web"], "title": { "en": "Tips" } }
          ],
          "quietHours": [{ "channel": "email", "from": "21:00", "to": "08:00", "timeZone": "Europe/Berlin" }],
          "rights": { "offered": ["access"], "deadlineMonths": 1, "extensionMonths": 2, "freeOfCharge": true },
          "tracking": { "technologies": ["cookies"], "purposes": ["analysis"] },
          "purposeLimitation": ["contract"], "sellsData": false
        }
        """);

    public static TheoryData<string, string, string> MaterialChanges { get; } = new()
    {
        // purposes
        { "/purposes/0/bases/0", """{ "basis": "legitimate-interests", "interest": "Selling" }""", "newsletter: basis-changed, newsletter: basis-changed" },
        { "/purposes/2/bases/0", """{ "basis": "consent" }""", "orders: basis-changed, orders: basis-changed" },
        { "/purposes/0/bases/1", """{ "basis": "contract" }""", "newsletter: basis-changed" },
        { "/purposes/0/data/1", "\"location\"", "newsletter: data-added" },
        { "/purposes/0/recipients/1", "\"platforms\"", "newsletter: recipient-added" },
        { "/purposes/0/transfers/1", "\"india\"", "newsletter: destination-added" },
        { "/purposes/0/marketing", "true", "newsletter: marketing-added" },
        { "/purposes/0/profiling", "true", "newsletter: profiling-added" },
        { "/purposes/0/express", "true", "newsletter: express-required" },
        { "/purposes/0/role", "\"processor\"", "newsletter: controller-changed" },
        { "/purposes/0/validMonths", "25", "newsletter: validity-longer" },
        { "/purposes/0/validMonths", "", "newsletter: validity-longer" },
        { "/purposes/0/retention/until", "\"service-terminated\"", "newsletter: retention-longer" },
        { "/purposes/0/retention/furtherMonths", "2", "newsletter: retention-longer" },
        { "/purposes/1/retention/furtherMonths", "1", "analysis: retention-longer" },
        { "/purposes/0/retention/survivesErasure", "true", "newsletter: retention-longer" },
        // what purposes refer to
        { "/dataCategories/0/items/1", "\"shoe size\"", "newsletter: data-added, analysis: data-added" },
        { "/recipients/1/kind", "\"advertiser\"", "newsletter: recipient-changed" },
        { "/recipients/1/boundBy", "", "newsletter: recipient-changed" },
        { "/recipients/1/toldOfWithdrawal", "false", "newsletter: recipient-changed" },
        { "/transfers/0/recipients/1", "\"platforms\"", "newsletter: recipient-added" },
        { "/transfers/0/destinations/1", "\"BR\"", "newsletter: destination-added" },
        { "/transfers/0/destinations/0", "\"*\"", "newsletter: destination-added" },
        { "/transfers/0/safeguard", "\"consent\"", "newsletter: safeguard-weakened" },
        { "/transfers/0/safeguard", "\"privacy-shield\"", "newsletter: safeguard-weakened" },
        { "/processors/0/places/2", "\"BR\"", "newsletter: destination-added" },
        { "/processors/0/safeguard", "\"scc\"", "newsletter: safeguard-weakened" },
        { "/processors/1/purposes/1", "\"analysis\"", "analysis: destination-added" },
        { "/tracking/technologies/1", "\"pixel-tags\"", "analysis: tracking-added" },
        { "/topics/0/cap/messages", "3", "analysis: more-often" },
        { "/topics/0/cap/days", "6", "analysis: more-often" },
        { "/topics/0/cap", "", "analysis: more-often" },
        { "/tracking/purposes/1", "\"newsletter\"", "newsletter: tracking-added" },
        { "/purposeLimitation/1", "\"related-purpose\"", "newsletter: purpose-widened, analysis: purpose-widened" },
        { "/sellsData", "true", "newsletter: sale-allowed, analysis: sale-allowed" },
        { "/sellsData", "", "newsletter: sale-allowed, analysis: sale-allowed" },
    };

    public static TheoryData<string, string> OtherChanges { get; } = new()
    {
        // wording
        { "/purposes/0/title/en", "\"News\"" },
        { "/purposes/0/title/sv", "\"Nyheter\"" },
        { "/purposes/0/description", """{ "en": "Once a month" }""" },
        { "/purposes/0/consentTexts/1", """{ "id": "newsletter-v1", "locale": "sv", "text": "Skriv." }""" },
        { "/recipients/1/name", "\"Our partners\"" },
        { "/recipients/1/boundBy", "\"A contract\"" },
        { "/dataCategories/0/name", "\"How to reach you\"" },
        { "/controller/name", "\"Shop AB\"" },
        // how a yes is made sure of, which is no more than was said
        { "/purposes/0/doubleOptIn", "{}" },
        { "/purposes/0/doubleOptIn", """{ "channels": ["email"] }""" },
        // less, safer, sooner
        { "/purposes/0/recipients", "[]" },
        { "/purposes/0/transfers", "[]" },
        { "/purposes/0/validMonths", "12" },
        { "/purposes/1/validMonths", "12" },
        { "/purposes/0/retention/furtherMonths", "0" },
        { "/purposes/0/retention/furtherMonths", "" },
        { "/dataCategories/0/items", "[]" },
        { "/transfers/0/destinations/0", "\"JP\"" },
        { "/transfers/0/destinations/1", "\"US\"" },
        { "/transfers/0/safeguard", "\"adequacy\"" },
        { "/transfers/0/recipients/1", "\"controller\"" },
        { "/processors/0/places/2", "\"FR\"" },
        { "/topics/0/cap/messages", "1" },
        { "/topics/0/cap/days", "8" },
        { "/topics/1/cap", """{ "messages": 9, "days": 1 }""" },
        { "/quietHours/0/to", "\"07:00\"" },
        { "/quietHours", "[]" },
        { "/processors/0/places/2", "\"SE\"" },
        { "/purposeLimitation/1", "\"legal-claim\"" },
        // each consent names its own channel, and each person is asked on their own
        { "/purposes/0/channels/1", "\"sms\"" },
        { "/purposes/0/subjectCategories", "[]" },
        { "/purposes/0/confirmWithinDays", "30" },
        // nobody consented to these
        { "/purposes/2/data/1", "\"location\"" },
        { "/purposes/2/recipients", "[\"platforms\"]" },
        { "/purposes/2/bases/1", """{ "basis": "legal-obligation" }""" },
        { "/transfers/1/destinations/1", "\"PK\"" },
        { "/transfers/1/safeguard", "\"consent\"" },
        { "/recipients/2/kind", "\"advertiser\"" },
        { "/dataCategories/1/items", "[\"city\"]" },
        { "/tracking/purposes/1", "\"orders\"" },
        { "/regimes/1", """{ "jurisdiction": "*", "regime": "opt-out" }""" },
        { "/rights/extensionMonths", "1" },
        { "/dated", "\"2026-11-21\"" },
        { "/purposes/3", """{ "id": "survey", "title": { "en": "Survey" }, "bases": [{ "basis": "consent" }], "data": ["location"], "channels": [], "retention": { "until": "consent-withdrawn" } }""" },
    };

    [Theory, MemberData(nameof(MaterialChanges))]
    public void Consents_given_before_do_not_cover(string path, string value, string found)
    {
        var diff = PackDiff.Between(Base, Changed(path, value));

        string.Join(", ", diff.Material.Select(m => $"{m.Purpose}: {m.Rule.Name()}")).ShouldBe(found);
        diff.Material.ShouldAllBe(m => diff.Changes.Contains(m.Change) && path.StartsWith(m.Change.Path, StringComparison.Ordinal));
    }

    /// <summary>Where one cannot be told from the other, both ways are material.</summary>
    [Theory, MemberData(nameof(MaterialChanges))]
    public void Taken_back_it_is_less_than_was_consented_to(string path, string value, string found)
    {
        var bothWays = path.Contains("/bases/", StringComparison.Ordinal) || path is "/purposes/0/role" or "/purposes/0/retention/until" or "/recipients/1/kind";

        PackDiff.Between(Changed(path, value), Base).Material.Any().ShouldBe(bothWays, found);
    }

    [Fact]
    public void Sale_is_news_where_the_policy_did_not_say() =>
        PackDiff.Between(Base with { SellsData = null }, Base with { SellsData = true }).Material.Select(m => m.Rule).Distinct().ShouldBe([MaterialRule.SaleAllowed]);

    [Theory, MemberData(nameof(OtherChanges))]
    public void Consents_given_before_still_stand_after(string path, string value)
    {
        var diff = PackDiff.Between(Base, Changed(path, value));

        diff.Material.ShouldBeEmpty();
        diff.Changes.ShouldNotBeEmpty();
    }

    [Fact]
    public void Every_rule_is_tried() =>
        MaterialChanges.Select(row => (string)row[2]).SelectMany(found => found.Split(", ")).Select(f => f.Split(": ")[1]).Distinct().Order()
            .ShouldBe(Enum.GetValues<MaterialRule>().Select(rule => rule.Name()).Order());

    [Fact]
    public void The_same_data_by_another_transfer_is_no_news() =>
        PackDiff.Between(Base, Base with
        {
            Transfers = [.. Base.Transfers, Base.Transfers[0] with { Id = "pacific-too" }],
            Purposes = [Base.Purposes[0] with { Transfers = ["pacific-too"] }, .. Base.Purposes.Skip(1)],
        }).Material.ShouldBeEmpty();

    [Fact]
    public void The_country_of_the_controller_is_no_destination_until_it_is_anothers()
    {
        var older = Base with { Processors = [Base.Processors[0] with { Places = ["BR"], Transfer = null }], Controller = Base.Controller with { Country = "BR" } };

        Found(Base with { Processors = [], Controller = older.Controller }, older).ShouldBeEmpty();
        Found(older, older with { Controller = Base.Controller }).ShouldBe(["destination-added at controller/country"]);
    }

    [Fact]
    public void A_processor_is_as_safe_as_the_transfer_it_names()
    {
        var older = Base with { Processors = [Base.Processors[0] with { Safeguard = null, Transfer = "pacific", Places = ["BR"] }] };

        Found(older, older with { Transfers = [Base.Transfers[0] with { Safeguard = Safeguard.Cbpr }, Base.Transfers[1]] })
            .ShouldBe(["safeguard-weakened at transfers/pacific/safeguard"]);
        Found(older, older with { Processors = [older.Processors[0] with { Transfer = "india" }] }).ShouldBe(["safeguard-weakened at processors/mailer/transfer"]);
        Found(older, older with { Processors = [older.Processors[0] with { Safeguard = Safeguard.Scc, Transfer = null }] }).ShouldBeEmpty();
    }

    [Fact]
    public void A_transfer_that_a_purpose_takes_up_is_pointed_at_there() =>
        Found(Base, Base with { Purposes = [Base.Purposes[0] with { Transfers = ["pacific", "india"] }, .. Base.Purposes.Skip(1)] })
            .ShouldBe(["destination-added at purposes/newsletter/transfers/india"]);

    // Beside another change, which is not the cause.
    private static IEnumerable<string> Found(PolicyPack older, PolicyPack newer) =>
        PackDiff.Between(older, newer with { Controller = newer.Controller with { Address = "Elsewhere" } }).Material.Select(m => $"{m.Rule.Name()} at {m.Change.Place}").Distinct();

    [Fact]
    public void A_processor_in_a_country_that_the_data_went_to_before_is_no_news() =>
        PackDiff.Between(Base, Base with { Processors = [.. Base.Processors, Base.Processors[1] with { Id = "second", Purposes = ["newsletter"] }] }).Material.ShouldBeEmpty();

    [Fact]
    public void A_purpose_that_goes_or_comes_changes_nobodys_consent()
    {
        var without = Base with { Purposes = [.. Base.Purposes.Skip(1)], Processors = [] };

        PackDiff.Between(Base, without).Material.ShouldBeEmpty();
        PackDiff.Between(without, Base).Material.ShouldBeEmpty();
    }

    [Fact]
    public void Order_says_nothing_and_a_version_is_no_change_of_itself() =>
        PackDiff.Between(Base, Base with
        {
            Version = "2",
            Channels = [.. Base.Channels.Reverse()],
            Purposes = [.. Base.Purposes.Reverse()],
            Recipients = [.. Base.Recipients.Reverse()],
            Changes = new() { Material = [new() { Purpose = "newsletter", Summary = new Dictionary<string, string> { ["en"] = "Nothing" } }] },
        }).Changes.ShouldBeEmpty();

    [Fact]
    public void A_change_is_named_and_pointed_at_in_the_newer_pack()
    {
        var newer = Base with
        {
            Purposes = [Base.Purposes[1], Base.Purposes[0] with { Recipients = ["platforms"], ValidMonths = null, Profiling = true }, Base.Purposes[2]],
        };

        PackDiff.Between(Base, newer).Changes.Select(c => $"{c.Kind} {c.Place} at {c.Path}: {c.Was} -> {c.Is}").ShouldBe(
            [
                "Added purposes/newsletter/recipients/platforms at /purposes/1/recipients/0:  -> platforms",
                "Removed purposes/newsletter/recipients/partners at /purposes/1/recipients: partners -> ",
                "Changed purposes/newsletter/profiling at /purposes/1/profiling: False -> True",
                "Removed purposes/newsletter/validMonths at /purposes/1: 24 -> ",
            ], ignoreOrder: true);
    }

    [Theory, MemberData(nameof(Packs.Tenants), MemberType = typeof(Packs))]
    public void A_pack_does_not_differ_from_itself(string tenant) => PackDiff.Between(Packs.Of(tenant), Packs.Of(tenant)).Changes.ShouldBeEmpty();

    /// <summary>Whatever single value of a real policy is taken away, it is seen.</summary>
    [Theory, MemberData(nameof(Packs.Tenants), MemberType = typeof(Packs))]
    public void Nothing_that_changes_is_overlooked(string tenant)
    {
        var pack = Packs.Of(tenant);
        var written = pack.ToJson();
        var whole = JsonNode.Parse(written.GetRawText())!;
        foreach (var path in Leaves(whole, "").Where(p => p is not "/version" && !p.StartsWith("/changes/material", StringComparison.Ordinal)).ToArray())
        {
            var changed = whole.DeepClone();
            // A default that was written out is the same when it is not.
            if (!TryDrop(changed, path, out var other) || JsonElement.DeepEquals(other.ToJson(), written)) continue;
            PackDiff.Between(pack, other).Changes.ShouldNotBeEmpty(path);
            PackDiff.Between(other, pack).Changes.ShouldNotBeEmpty(path);
        }
    }

    private static IEnumerable<string> Leaves(JsonNode? node, string path) => node switch
    {
        JsonObject members => members.SelectMany(m => Leaves(m.Value, $"{path}/{m.Key}")),
        JsonArray { Count: > 0 } items => items.SelectMany((item, i) => Leaves(item, $"{path}/{i}")),
        _ => [path],
    };

    // Only what may be missing: the rest is no pack any more.
    private static bool TryDrop(JsonNode pack, string path, out PolicyPack changed)
    {
        var steps = path.Split('/')[1..];
        var owner = steps[..^1].Aggregate(pack, (node, step) => node is JsonArray list ? list[int.Parse(step)]! : node[step]!);
        if (owner is JsonArray items) items.RemoveAt(int.Parse(steps[^1]));
        else owner.AsObject().Remove(steps[^1]);
        changed = null!;
        try
        {
            changed = pack.Deserialize<PolicyPack>(PolicyPack.Json)!;
        }
        catch (JsonException)
        {
            return false;
        }

        return true;
    }

    private static PolicyPack Changed(string path, string value)
    {
        var pack = JsonNode.Parse(Base.ToJson().GetRawText())!;
        pack["version"] = "2";
        var steps = path.Split('/')[1..];
        var owner = steps[..^1].Aggregate(pack, (node, step) => node is JsonArray list ? list[int.Parse(step)]! : node[step]!);
        var node = value.Length == 0 ? null : JsonNode.Parse(value);
        if (owner is JsonArray items && int.Parse(steps[^1]) == items.Count) items.Add(node);
        else if (owner is JsonArray list) list[int.Parse(steps[^1])] = node;
        else if (node is null) owner.AsObject().Remove(steps[^1]);
        else owner[steps[^1]] = node;
        return pack.Deserialize<PolicyPack>(PolicyPack.Json)!;
    }

    private static PolicyPack Sound(string json) => PolicyPack.Parse(System.Text.Encoding.UTF8.GetBytes(json)).ShouldBeOfType<PolicyPackReading.Accepted>().Pack;
}
