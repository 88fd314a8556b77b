using System.Text.Json;

namespace ConsentLedger.MarketingPreference.Sending;

/// <summary>Writes an answer as <see cref="System.Text.Json.JsonSerializer"/> would, at a third of the price: there are as many as lines of a mailing.</summary>
internal static class AnswerWriter
{
    private static readonly JsonEncodedText
        Allowed = JsonEncodedText.Encode("allowed"), Rule = JsonEncodedText.Encode("rule"), DecisionId = JsonEncodedText.Encode("decisionId"), Position = JsonEncodedText.Encode("position"),
        Consent = JsonEncodedText.Encode("consent"), Code = JsonEncodedText.Encode("code"), PolicyVersion = JsonEncodedText.Encode("policyVersion"),
        ListUnsubscribe = JsonEncodedText.Encode("listUnsubscribe"), ListUnsubscribePost = JsonEncodedText.Encode("listUnsubscribePost"), NotBefore = JsonEncodedText.Encode("notBefore");

    public static void Write(Utf8JsonWriter json, SendAnswer answer)
    {
        json.WriteStartObject();
        json.WriteBoolean(Allowed, answer.Allowed);
        json.WriteString(Rule, answer.Rule);
        json.WriteString(DecisionId, answer.DecisionId);
        if (answer.Position is { } position) json.WriteNumber(Position, position);
        if (answer.Consent is { } consent)
        {
            json.WriteStartObject(Consent);
            json.WriteString(Code, consent.Code);
            if (consent.Position is { } at) json.WriteNumber(Position, at);
            json.WriteEndObject();
        }

        if (answer.PolicyVersion is { } version) json.WriteString(PolicyVersion, version);
        if (answer.ListUnsubscribe is { } link) json.WriteString(ListUnsubscribe, link);
        if (answer.ListUnsubscribePost is { } post) json.WriteString(ListUnsubscribePost, post);
        if (answer.NotBefore is { } moment) json.WriteString(NotBefore, moment);
        json.WriteEndObject();
    }
}
