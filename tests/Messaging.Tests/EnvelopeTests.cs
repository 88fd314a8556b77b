using ConsentLedger.Contracts;

namespace ConsentLedger.Messaging.Tests;

/// <summary>Whom a message is about, or why it is parked.</summary>
public sealed class EnvelopeTests
{
    private static readonly CloudEvent Sound = Messages.Event("note.taken.v1", new { });

    [Fact]
    public void A_message_about_a_person_names_their_stream() => $"{Sound.SubjectStream().Tenant}/{Sound.SubjectStream().Id}".ShouldBe($"{Messages.Tenant}/{Sound.Subject}");

    [Theory]
    [InlineData(null)]
    [InlineData("Not A Tenant")]
    public void Without_a_tenant_it_is_parked(string? tenant) => Park(Sound with { Tenant = tenant }).ShouldBe("tenant_invalid");

    [Theory]
    [InlineData(null)]
    [InlineData("maria@example.org")]
    [InlineData("5df41881-3aed-3515-88a7-2f4a814cf09e")]
    [InlineData("01999999-9999-7999-C999-999999999999")]
    public void Without_a_subject_that_leads_to_nobody_it_is_parked(string? subject) => Park(Sound with { Subject = subject }).ShouldBe("subject_id_invalid");

    private static string Park(CloudEvent message) => Should.Throw<ParkException>(() => message.SubjectStream()).Code;
}
