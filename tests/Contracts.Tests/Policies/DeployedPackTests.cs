using System.Text;
using System.Text.Json;
using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Contracts.Tests.Policies;

public sealed class DeployedPackTests
{
    public static TheoryData<string> Tenants => Packs.Tenants;

    [Theory, MemberData(nameof(Tenants))]
    public void A_pack_is_read_and_breaks_no_rule(string tenant)
    {
        var reading = PolicyPack.Parse(Packs.Bytes(tenant));

        if (reading is PolicyPackReading.Refused refused)
            Assert.Fail(string.Join('\n', refused.Errors));
        Packs.Of(tenant).Tenant.ShouldBe(tenant);
    }

    [Theory, MemberData(nameof(Tenants))]
    public void A_pack_survives_being_written_and_read(string tenant)
    {
        var pack = Packs.Of(tenant);

        var again = PolicyPack.Parse(pack.ToJson()).ShouldBeOfType<PolicyPackReading.Accepted>().Pack;

        JsonElement.DeepEquals(again.ToJson(), pack.ToJson()).ShouldBeTrue();
    }

    [Theory, MemberData(nameof(Tenants))]
    public void A_pack_is_laid_out_in_steps_of_two_spaces(string tenant)
    {
        var lines = Encoding.UTF8.GetString(Packs.Bytes(tenant)).Split('\n');

        lines[^1].ShouldBeEmpty();
        lines[..^1].ShouldAllBe(line => line.Length == line.TrimEnd().Length && (line.Length - line.TrimStart(' ').Length) % 2 == 0);
    }

    [Theory, MemberData(nameof(Tenants))]
    public void Every_tenant_has_mail_that_waits_for_consent_and_mail_that_unsubscribing_does_not_stop(string tenant)
    {
        var pack = Packs.Of(tenant);

        pack.Topics.ShouldContain(t => t.MessageClass == MessageClass.Marketing && t.Channels.Contains(Channels.Email)
            && pack.FindPurpose(t.Purpose)!.RestsOn(LawfulBasis.Consent));
        pack.Topics.ShouldContain(t => t.MessageClass == MessageClass.Transactional && t.Channels.Contains(Channels.Email));
    }

    [Theory, MemberData(nameof(Tenants))]
    public void Leaving_a_marketing_topic_can_withdraw_its_consent_and_nothing_else(string tenant)
    {
        var pack = Packs.Of(tenant);

        foreach (var topic in pack.Topics.Where(t => t.MessageClass == MessageClass.Marketing))
        {
            pack.TopicsFor(topic.Purpose).ShouldHaveSingleItem();
            topic.Channels.ShouldBe(pack.FindPurpose(topic.Purpose)!.Channels);
        }
    }

    [Theory, MemberData(nameof(Tenants))]
    public void Consent_never_stands_beside_another_basis(string tenant) =>
        Packs.Of(tenant).Purposes.Where(p => p.RestsOn(LawfulBasis.Consent)).ShouldAllBe(p => p.Bases.Count == 1);

    [Theory, MemberData(nameof(Tenants))]
    public void Everything_a_subject_reads_is_said_in_every_language_of_the_pack(string tenant)
    {
        var pack = Packs.Of(tenant);

        foreach (var locale in pack.Locales)
        {
            pack.Purposes.ShouldAllBe(p => p.Title.ContainsKey(locale));
            pack.Topics.ShouldAllBe(t => t.Title.ContainsKey(locale) && t.Description!.ContainsKey(locale));
            pack.Purposes.Where(p => p.RestsOn(LawfulBasis.Consent)).ShouldAllBe(p => p.ConsentTexts.Any(t => t.Locale == locale));
        }
    }

    [Theory, MemberData(nameof(Tenants))]
    public void A_pack_declares_nothing_that_it_does_not_use(string tenant)
    {
        var pack = Packs.Of(tenant);

        pack.DataCategories.Select(d => d.Id).Except(pack.Purposes.SelectMany(p => p.Data)).ShouldBeEmpty();
        pack.Channels.Except(pack.Purposes.SelectMany(p => p.Channels)).ShouldBeEmpty();
        pack.Transfers.Select(t => t.Id).Except(pack.Purposes.SelectMany(p => p.Transfers)).ShouldBeEmpty();
        pack.Recipients.Select(r => r.Id).Except(pack.Purposes.SelectMany(p => p.Recipients).Append(PolicyPack.ControllerRecipient)).ShouldBeEmpty();
    }
}
