using System.Text;
using System.Text.Json.Nodes;
using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Contracts.Tests.Policies;

public sealed class RefusedPackTests
{
    private const string Smallest = """
        {
          "tenant": "shop",
          "version": "1.0.0",
          "role": "controller",
          "controller": { "name": "Shop" },
          "locales": ["en", "fr"],
          "defaultRegime": "opt-in",
          "regimes": [{ "jurisdiction": "EU", "regime": "opt-in" }],
          "channels": ["email", "sms"],
          "subjectCategories": ["consumer"],
          "dataCategories": [{ "id": "contact", "name": "Contact" }],
          "recipients": [{ "id": "controller", "name": "Shop", "kind": "controller" }],
          "processors": [{ "id": "mailer", "name": "Mailer", "purposes": ["newsletter"], "data": ["contact"], "transfer": "abroad" }],
          "transfers": [{ "id": "abroad", "destinations": ["US"], "safeguard": "consent", "recipients": ["controller"], "purpose": "newsletter" }],
          "purposes": [
            {
              "id": "newsletter",
              "title": { "en": "Newsletter", "fr": "Lettre" },
              "bases": [{ "basis": "consent" }],
              "data": ["contact"],
              "channels": ["email"],
              "recipients": ["controller"],
              "transfers": ["abroad"],
              "subjectCategories": ["consumer"],
              "marketing": true,
              "retention": { "until": "consent-withdrawn", "furtherMonths": 1 },
              "consentTexts": [{ "id": "newsletter-v1", "locale": "en", "text": "Write to me." }, { "id": "newsletter-v1", "locale": "fr", "text": "Oui." }]
            },
            {
              "id": "orders",
              "title": { "en": "Orders" },
              "description": { "en": "From order to delivery" },
              "bases": [{ "basis": "legitimate-interests", "interest": "Selling" }],
              "data": ["contact"],
              "channels": ["email", "sms"],
              "retention": { "until": "obligation-ended", "survivesErasure": true, "reason": "Accounts are kept." }
            }
          ],
          "topics": [
            { "id": "newsletter", "purpose": "newsletter", "messageClass": "marketing", "channels": ["email"], "title": { "en": "Newsletter" } },
            { "id": "orders", "purpose": "orders", "messageClass": "transactional", "channels": ["sms"], "title": { "en": "Orders" } }
          ],
          "authorisations": [{ "provider": "calendar", "name": "Calendar", "purpose": "newsletter", "scopes": ["read"] }],
          "rights": { "offered": ["access"], "deadlineMonths": 1, "extensionMonths": 2, "freeOfCharge": true },
          "changes": { "announcedBy": ["email"], "material": [{ "purpose": "newsletter", "summary": { "en": "More often" } }] },
          "children": { "majorityYears": 18, "ages": [{ "jurisdiction": "EU", "years": 16 }] },
          "tracking": { "technologies": ["cookies"], "purposes": ["orders"], "honouredIn": ["EU"] },
          "disclosures": [{ "ground": "safety", "purpose": "orders" }],
          "handOver": { "purpose": "orders", "causes": ["sale"] },
          "breachNotice": { "purpose": "orders" }
        }
        """;

    private const string MisnamedPurpose = """
        {
          "id": "A b", "title": { "en": "" }, "bases": [{ "basis": "contract" }], "data": [], "channels": [], "retention": { "until": "contract-ended" }
        }
        """;

    [Fact]
    public void The_pack_that_the_others_are_made_of_is_sound() =>
        PolicyPack.Parse(Encoding.UTF8.GetBytes(Smallest)).ShouldBeOfType<PolicyPackReading.Accepted>();

    [Theory]
    // shape
    [InlineData("member_missing", "/tenant", "/tenant", null)]
    [InlineData("member_missing", "/purposes/1/retention", "/purposes/1/retention", null)]
    [InlineData("member_missing", "/rights/deadlineMonths", "/rights/deadlineMonths", null)]
    [InlineData("member_unknown", "/surprise", "/surprise", "1")]
    [InlineData("member_unknown", "/purposes/0/purpos~1e", "/purposes/0/purpos~1e", "1")]
    [InlineData("member_unknown", "/purposes/0/Id", "/purposes/0/Id", "\"newsletter\"")]
    [InlineData("value_invalid", "/purposes", "/purposes", "{}")]
    [InlineData("value_invalid", "/purposes/0/bases/0", "/purposes/0/bases/0", "[]")]
    [InlineData("value_invalid", "/purposes/0/bases/0/basis", "/purposes/0/bases/0/basis", "\"habit\"")]
    [InlineData("value_invalid", "/purposes/0/bases/0/basis", "/purposes/0/bases/0/basis", "0")]
    [InlineData("value_invalid", "/purposes/0/title", "/purposes/0/title", "\"Newsletter\"")]
    [InlineData("value_invalid", "/purposes/0/title/en", "/purposes/0/title/en", "null")]
    [InlineData("value_invalid", "/purposes/0/data", "/purposes/0/data", "null")]
    [InlineData("value_invalid", "/purposes/0/data/0", "/purposes/0/data/0", "null")]
    [InlineData("value_invalid", "/purposes/0/marketing", "/purposes/0/marketing", "\"yes\"")]
    [InlineData("value_invalid", "/rights/deadlineMonths", "/rights/deadlineMonths", "1.5")]
    [InlineData("value_invalid", "/dated", "/dated", "\"yesterday\"")]
    // names
    [InlineData("tenant_invalid", "/tenant", "/tenant", "\"Shop\"")]
    [InlineData("version_invalid", "/version", "/version", "\"1/2\"")]
    [InlineData("version_invalid", "/version", "/version", "\"12345678901234567890123456789012345678901\"")]
    [InlineData("id_invalid", "/purposes/2/id", "/purposes/2", MisnamedPurpose)]
    [InlineData("id_duplicate", "/dataCategories/1/id", "/dataCategories/1", """{ "id": "contact", "name": "Again" }""")]
    [InlineData("id_duplicate", "/topics/1/id", "/topics/1/id", "\"newsletter\"")]
    [InlineData("id_duplicate", "/purposes/0/consentTexts/1/id", "/purposes/0/consentTexts/1/locale", "\"en\"")]
    [InlineData("id_duplicate", "/regimes/1/jurisdiction", "/regimes/1", """{ "jurisdiction": "EU", "regime": "opt-out" }""")]
    [InlineData("channel_unknown", "/channels/2", "/channels/2", "\"fax\"")]
    [InlineData("jurisdiction_invalid", "/regimes/0/jurisdiction", "/regimes/0/jurisdiction", "\"Europe\"")]
    [InlineData("jurisdiction_invalid", "/regimes/0/jurisdiction", "/regimes/0/jurisdiction", "\"UK\"")]
    [InlineData("jurisdiction_invalid", "/tracking/honouredIn/0", "/tracking/honouredIn/0", "\"eu\"")]
    [InlineData("jurisdiction_invalid", "/transfers/0/destinations/0", "/transfers/0/destinations/0", "\"America\"")]
    [InlineData("locale_missing", "/topics/0/title", "/topics/0/title", """{ "fr": "Lettre" }""")]
    [InlineData("locale_undeclared", "/purposes/1/description/de", "/purposes/1/description/de", "\"Bestellung\"")]
    [InlineData("locale_undeclared", "/purposes/0/consentTexts/1/locale", "/purposes/0/consentTexts/1/locale", "\"sv\"")]
    [InlineData("controller_undeclared", "/recipients", "/recipients/0/id", "\"owner\"", 3)]
    // references
    [InlineData("reference_unresolved", "/purposes/0/data/0", "/purposes/0/data/0", "\"nothing\"")]
    [InlineData("reference_unresolved", "/purposes/1/channels/2", "/purposes/1/channels/2", "\"post\"")]
    [InlineData("reference_unresolved", "/purposes/0/recipients/0", "/purposes/0/recipients/0", "\"nobody\"")]
    [InlineData("reference_unresolved", "/purposes/0/transfers/0", "/purposes/0/transfers/0", "\"nowhere\"")]
    [InlineData("reference_unresolved", "/purposes/0/subjectCategories/0", "/purposes/0/subjectCategories/0", "\"nobody\"")]
    [InlineData("reference_unresolved", "/processors/0/purposes/0", "/processors/0/purposes/0", "\"nothing\"")]
    [InlineData("reference_unresolved", "/processors/0/data/0", "/processors/0/data/0", "\"nothing\"")]
    [InlineData("reference_unresolved", "/processors/0/transfer", "/processors/0/transfer", "\"nowhere\"")]
    [InlineData("reference_unresolved", "/transfers/0/recipients/0", "/transfers/0/recipients/0", "\"nobody\"")]
    [InlineData("reference_unresolved", "/transfers/0/purpose", "/transfers/0/purpose", "\"nothing\"")]
    [InlineData("reference_unresolved", "/topics/0/purpose", "/topics/0/purpose", "\"nothing\"")]
    [InlineData("reference_unresolved", "/authorisations/0/purpose", "/authorisations/0/purpose", "\"nothing\"")]
    [InlineData("reference_unresolved", "/changes/material/0/purpose", "/changes/material/0/purpose", "\"nothing\"")]
    [InlineData("reference_unresolved", "/changes/announcedBy/0", "/changes/announcedBy/0", "\"post\"")]
    [InlineData("reference_unresolved", "/tracking/purposes/0", "/tracking/purposes/0", "\"nothing\"")]
    [InlineData("reference_unresolved", "/disclosures/0/purpose", "/disclosures/0/purpose", "\"nothing\"")]
    [InlineData("reference_unresolved", "/handOver/purpose", "/handOver/purpose", "\"nothing\"")]
    [InlineData("reference_unresolved", "/breachNotice/purpose", "/breachNotice/purpose", "\"nothing\"")]
    // promises
    [InlineData("basis_missing", "/purposes/1/bases", "/purposes/1/bases", "[]")]
    [InlineData("interest_missing", "/purposes/1/bases/0/interest", "/purposes/1/bases/0/interest", "\" \"")]
    [InlineData("instructor_missing", "/purposes/1/instructedBy", "/purposes/1/role", "\"processor\"")]
    [InlineData("consent_text_missing", "/purposes/0/consentTexts", "/purposes/0/consentTexts/0/text", "\"\"")]
    [InlineData("retention_reason_missing", "/purposes/1/retention/reason", "/purposes/1/retention/reason", null)]
    [InlineData("period_invalid", "/purposes/0/retention/furtherMonths", "/purposes/0/retention/furtherMonths", "-1")]
    [InlineData("period_invalid", "/purposes/0/retention/furtherMonths", "/purposes/0/retention/furtherMonths", "1201")]
    [InlineData("period_invalid", "/purposes/0/validMonths", "/purposes/0/validMonths", "0")]
    [InlineData("period_invalid", "/purposes/0/validMonths", "/purposes/0/validMonths", "1201")]
    [InlineData("period_invalid", "/purposes/0/confirmWithinDays", "/purposes/0/confirmWithinDays", "0")]
    [InlineData("period_invalid", "/purposes/0/confirmWithinDays", "/purposes/0/confirmWithinDays", "367")]
    [InlineData("period_without_consent", "/purposes/1/validMonths", "/purposes/1/validMonths", "12")]
    [InlineData("period_invalid", "/topics/0/cap/messages", "/topics/0/cap", """{ "messages": 0, "days": 7 }""")]
    [InlineData("period_invalid", "/topics/0/cap/days", "/topics/0/cap", """{ "messages": 1, "days": 367 }""")]
    [InlineData("cap_on_transactional", "/topics/1/cap", "/topics/1/cap", """{ "messages": 1, "days": 7 }""")]
    [InlineData("quiet_hours_invalid", "/quietHours/0", "/quietHours", """[{ "channel": "sms", "from": "25:00", "to": "08:00", "timeZone": "Europe/Berlin" }]""")]
    [InlineData("quiet_hours_invalid", "/quietHours/0", "/quietHours", """[{ "channel": "sms", "from": "08:00", "to": "08:00", "timeZone": "Europe/Berlin" }]""")]
    [InlineData("quiet_hours_invalid", "/quietHours/0", "/quietHours", """[{ "channel": "sms", "from": "21:00", "to": "08:00", "timeZone": "Europe/Atlantis" }]""")]
    [InlineData("reference_unresolved", "/quietHours/0/channel", "/quietHours", """[{ "channel": "phone", "from": "21:00", "to": "08:00", "timeZone": "UTC" }]""")]
    [InlineData("id_duplicate", "/quietHours/1/channel", "/quietHours", """[{ "channel": "sms", "from": "21:00", "to": "08:00", "timeZone": "UTC" }, { "channel": "sms", "from": "22:00", "to": "08:00", "timeZone": "UTC" }]""")]
    [InlineData("period_without_consent", "/purposes/1/confirmWithinDays", "/purposes/1/confirmWithinDays", "7")]
    [InlineData("double_opt_in_without_consent", "/purposes/1/doubleOptIn", "/purposes/1/doubleOptIn", "{}")]
    [InlineData("double_opt_in_outside_purpose", "/purposes/0/doubleOptIn/channels/0", "/purposes/0/doubleOptIn", """{ "channels": ["sms"] }""")]
    [InlineData("period_invalid", "/rights/deadlineMonths", "/rights/deadlineMonths", "0")]
    [InlineData("period_invalid", "/rights/deadlineMonths", "/rights/deadlineMonths", "2")]
    [InlineData("period_invalid", "/rights/extensionMonths", "/rights/extensionMonths", "-1")]
    [InlineData("period_invalid", "/rights/extensionMonths", "/rights/extensionMonths", "3")]
    [InlineData("topic_channel_outside_purpose", "/topics/0/channels/1", "/topics/0/channels/1", "\"sms\"")]
    [InlineData("topic_class_mismatch", "/topics/1/messageClass", "/topics/1/messageClass", "\"marketing\"")]
    [InlineData("consent_purpose_missing", "/transfers/0/purpose", "/transfers/0/purpose", null)]
    [InlineData("consent_purpose_missing", "/authorisations/0/purpose", "/authorisations/0/purpose", "\"orders\"")]
    public void One_fault_is_named_once(string code, string path, string changed, string? value, int named = 1)
    {
        var pack = JsonNode.Parse(Smallest)!;
        Set(pack, changed, value);

        var errors = PolicyPack.Parse(Encoding.UTF8.GetBytes(pack.ToJsonString())).ShouldBeOfType<PolicyPackReading.Refused>().Errors;

        errors.Count.ShouldBe(named, string.Join('\n', errors));
        errors.Count(e => e.Code == code && e.Path == path && e.Line == 1).ShouldBe(1, string.Join('\n', errors));
    }

    [Fact]
    public void An_unknown_member_is_refused_with_its_line()
    {
        var text = Smallest.Replace("\"marketing\": true,", "\"marketting\": true,", StringComparison.Ordinal);

        var error = Refusals(text).ShouldHaveSingleItem();

        error.ShouldSatisfyAllConditions(
            e => e.Code.ShouldBe(PolicyPackErrors.MemberUnknown),
            e => e.Path.ShouldBe("/purposes/0/marketting"),
            e => e.Line.ShouldBe(LineOf("\"marketing\": true")));
    }

    [Fact]
    public void What_is_missing_is_reported_on_the_line_of_what_lacks_it() =>
        Refusals(Smallest.Replace("\"messageClass\": \"marketing\", ", "", StringComparison.Ordinal))
            .ShouldHaveSingleItem().Line.ShouldBe(LineOf("\"messageClass\": \"marketing\""));

    [Fact]
    public void Every_fault_of_a_pack_is_reported_in_the_order_of_lines() =>
        Refusals(Smallest
                .Replace("\"tenant\": \"shop\"", "\"tenant\": \"-\"", StringComparison.Ordinal)
                .Replace("\"interest\": \"Selling\"", "\"interest\": \"\"", StringComparison.Ordinal)
                .Replace("\"channels\": [\"sms\"]", "\"channels\": [\"post\"]", StringComparison.Ordinal))
            .Select(e => e.Code).ShouldBe([PolicyPackErrors.TenantInvalid, PolicyPackErrors.InterestMissing, PolicyPackErrors.TopicChannelOutsidePurpose]);

    [Fact]
    public void A_member_named_twice_is_refused()
    {
        var text = Smallest.Replace("\"role\": \"controller\",", "\"role\": \"controller\",\n  \"role\": \"processor\",", StringComparison.Ordinal);

        var error = Refusals(text).ShouldHaveSingleItem();

        error.Code.ShouldBe(PolicyPackErrors.MemberDuplicate);
        error.Line.ShouldBe(LineOf("\"role\": \"controller\"") + 1);
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData("{\n  \"tenant\": }", 2)]
    [InlineData("{}\n{}", 2)]
    [InlineData("{\n\n  \"tenant\": \"\\ud800\"\n}", 3)]
    [InlineData("{\n\n  \"\\ud800\": 1\n}", 3)]
    [InlineData("// a pack\n{}", 1)]
    public void What_is_no_JSON_is_refused_with_its_line(string text, int line)
    {
        var error = Refusals(text).ShouldHaveSingleItem();

        error.Code.ShouldBe(PolicyPackErrors.Malformed);
        error.Line.ShouldBe(line);
    }

    [Fact]
    public void Bytes_that_are_no_text_are_refused() =>
        PolicyPack.Parse([.. "{ \"tenant\": \""u8, 0xFF, .. "\" }"u8]).ShouldBeOfType<PolicyPackReading.Refused>()
            .Errors.ShouldHaveSingleItem().Code.ShouldBe(PolicyPackErrors.Malformed);

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("1")]
    public void Another_JSON_value_is_no_pack(string text) => Refusals(text).ShouldHaveSingleItem().Code.ShouldBe(PolicyPackErrors.ValueInvalid);

    private static IReadOnlyList<PolicyPackError> Refusals(string text) =>
        PolicyPack.Parse(Encoding.UTF8.GetBytes(text)).ShouldBeOfType<PolicyPackReading.Refused>().Errors;

    private static int LineOf(string part) => Smallest[..Smallest.IndexOf(part, StringComparison.Ordinal)].Count(c => c == '\n') + 1;

    private static void Set(JsonNode node, string pointer, string? json)
    {
        var steps = pointer.Split('/')[1..];
        foreach (var step in steps[..^1])
            node = node is JsonArray array ? array[int.Parse(step)]! : node[step]!;

        var last = steps[^1].Replace("~1", "/", StringComparison.Ordinal);
        var value = json is null ? null : JsonNode.Parse(json);
        if (node is JsonArray list)
        {
            if (int.Parse(last) == list.Count) list.Add(value);
            else list[int.Parse(last)] = value;
        }
        else if (json is null)
        {
            node.AsObject().Remove(last);
        }
        else
        {
            node[last] = value;
        }
    }
}
