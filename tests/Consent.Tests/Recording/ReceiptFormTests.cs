using System.Text.Json;
using ConsentLedger.Consent.Consents.Recording;
using ConsentLedger.ServiceDefaults;
using static ConsentLedger.Consent.Tests.Acts;
using static ConsentLedger.Consent.Tests.Recording.Records;
using static ConsentLedger.Consent.Tests.Story;

namespace ConsentLedger.Consent.Tests.Recording;

/// <summary>The form of the Kantara Initiative.</summary>
public sealed class ReceiptFormTests
{
    [Fact]
    public void A_consent_that_stands_has_a_receipt()
    {
        var story = Given(Granted(1, recipient: Partners));
        var receipt = JsonSerializer.SerializeToElement(KantaraReceipt.Of(story.Record()).ShouldHaveSingleItem(), StrictJson.Options);
        receipt.GetProperty("version").GetString().ShouldBe("KI-CR-v1.1.0");
        receipt.GetProperty("consentTimestamp").GetInt64().ShouldBe(Day(1).ToUnixTimeSeconds());
        receipt.GetProperty("consentReceiptID").GetGuid().ShouldBe(story.Log[0].Id);
        receipt.GetProperty("collectionMethod").GetString().ShouldBe("web-form");
        receipt.GetProperty("piiPrincipalId").GetString().ShouldBe(Person.ToString());
        receipt.GetProperty("piiControllers")[0].GetProperty("piiController").GetString().ShouldBe(Packs.Spectral.Controller.Name);
        receipt.GetProperty("policyUrl").GetString().ShouldBe($"/v1/policies/{Packs.Spectral.Version}");
        receipt.GetProperty("sensitive").GetBoolean().ShouldBeFalse();
        receipt.GetProperty("spiCat").GetArrayLength().ShouldBe(0);

        var purpose = receipt.GetProperty("services")[0].GetProperty("purposes")[0];
        purpose.GetProperty("consentType").GetString().ShouldBe("EXPLICIT");
        purpose.GetProperty("purposeCategory")[0].GetString().ShouldBe("Marketing Third Parties");
        purpose.GetProperty("piiCategory").GetArrayLength().ShouldBe(Packs.Spectral.FindPurpose(Offers)!.Data.Count);
        purpose.GetProperty("thirdPartyDisclosure").GetBoolean().ShouldBeTrue();
        purpose.GetProperty("thirdPartyName").GetString().ShouldBe(Packs.Spectral.FindRecipient(Partners)!.Name);
    }

    [Fact]
    public void What_does_not_stand_has_none()
    {
        Given(Asked(1)).Receipts().ShouldBe(0);
        Given(Pending(1, until: 8)).Receipts().ShouldBe(0);
        Given(Refused(1)).Receipts().ShouldBe(0);
        Given(Granted(1), Withdrawn(2)).Receipts().ShouldBe(0);
        Given(GrantedUntil(1, until: 5)).On(5).Receipts().ShouldBe(0);
        Given(Granted(1), ErasureBegun(2), Erased(3)).Receipts().ShouldBe(0);
    }

    [Fact]
    public void Each_consent_has_its_own() => Given(Granted(1), Granted(2, channel: "sms"), Withdrawn(3, channel: "sms")).Receipts().ShouldBe(1);
}

file static class Counting
{
    public static int Receipts(this Story story) => KantaraReceipt.Of(story.Record()).Count;
}
