using System.Text.Json;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Finding;

namespace ConsentLedger.Consent.Tests;

/// <summary>By which addresses a subject is known.</summary>
public sealed class ReadAddressesTests
{
    private const string Address = "canary.known@example.org";

    [Fact]
    public void Each_address_of_the_evidence_is_told_once_the_latest_first() => Of(
        (1, new { address = " Canary.Known@example.org ", name = "Zoë" }), (2, new { address = "+46 (0)8-123 45 67" }), (3, new { address = Address, ip = "203.0.113.7" }), (4, new { address = "other@example.org" }))
        .ShouldBe([new(AddressKind.Email, "other@example.org"), new(AddressKind.Email, Address), new(AddressKind.Phone, "+46 (0)8-123 45 67")]);

    [Fact]
    public void What_is_no_address_is_none() =>
        Of((1, new { said = $"Write to {Address}" }), (2, new { address = "1 High Street" }), (3, new { address = 7 }), (4, Array.Empty<string>()), (5, new { refused = "The envelope does not open." })).ShouldBeEmpty();

    [Fact]
    public void An_address_that_was_recorded_for_the_wrong_person_is_not_told()
    {
        (long, object)[] evidence = [(6, new { address = Address }), (7, new { address = "own@example.org" })];
        Of(evidence).Count.ShouldBe(2);
        ReadAddresses.Of(Sealed(evidence), [Samples.Full<RecordCorrected>()]).ShouldBe([new(AddressKind.Email, "own@example.org")]);
        ReadAddresses.Of(Sealed(evidence), [Samples.Minimal<RecordCorrected>()]).Count.ShouldBe(2, "a typing error makes nobody somebody else");
    }

    [Fact]
    public void Nobody_reads_an_address_in_a_log() => $"{new KnownAddresses(Of((1, new { address = Address })))}".ShouldBe("1 addresses");

    private static IReadOnlyList<FindSubject> Of(params (long Version, object Evidence)[] evidence) => ReadAddresses.Of(Sealed(evidence), []);

    private static Dictionary<long, byte[]> Sealed((long Version, object Evidence)[] evidence) => evidence.ToDictionary(e => e.Version, e => JsonSerializer.SerializeToUtf8Bytes(e.Evidence));
}
