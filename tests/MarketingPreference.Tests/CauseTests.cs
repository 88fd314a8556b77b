using System.Text.Json;
using ConsentLedger.Contracts;
using ConsentLedger.MarketingPreference.Preferences;

namespace ConsentLedger.MarketingPreference.Tests;

public sealed class CauseTests
{
    [Fact]
    public void A_message_may_name_every_cause_and_no_other() =>
        CausesOf(MarketingUnsubscribedV1.Type).Union(CausesOf(MarketingSubscribedV1.Type))
            .ShouldBe(Enum.GetNames<Cause>().Select(JsonNamingPolicy.KebabCaseLower.ConvertName), ignoreOrder: true);

    private static IEnumerable<string?> CausesOf(string message)
    {
        using var schema = JsonDocument.Parse(typeof(CloudEvent).Assembly.GetManifestResourceStream($"ConsentLedger.Contracts.schemas.{message}.schema.json").ShouldNotBeNull());
        return [.. schema.RootElement.GetProperty("properties").GetProperty("cause").GetProperty("enum").EnumerateArray().Select(cause => cause.GetString())];
    }
}
