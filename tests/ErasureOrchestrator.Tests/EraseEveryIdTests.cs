using System.Collections.Immutable;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Planning;
using ConsentLedger.ErasureOrchestrator.Erasures.Requesting;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.EventStore;
using static ConsentLedger.ErasureOrchestrator.Tests.People;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>Who is known under several ids is forgotten under all of them.</summary>
public sealed class EraseEveryIdTests
{
    private static readonly StreamKey A = New(), B = New();

    [Fact]
    public void What_was_asked_for_under_one_id_begins_under_every_other_as_of_the_same_day()
    {
        var asked = ((ErasureRequested)Requested[0]) with { WithdrawsAll = true };
        var other = Decide((A, [asked, .. Requested[1..]]), (B, [])).ShouldBeOfType<Decision.Record>().Events.ShouldHaveSingleItem();
        other.Stream.ShouldBe(B);
        other.Facts.ShouldBe(asked with { Request = OtherRequest, ReceivedAt = Noon, With = Request });
        Decision.Of(other.Facts).Whole(Given()).Facts().OfType<ErasureTaskDispatched>().ShouldHaveSingleItem().System.ShouldBe(OwnSystems.Withdrawals, "it waits for nobody");
    }

    [Fact]
    public void Who_is_being_erased_under_the_other_id_or_was_is_not_asked_about_again()
    {
        Decide((A, Requested), (B, [((ErasureRequested)Requested[0]) with { Request = OtherRequest }])).ShouldBe(Decision.Unchanged);
        Decide((A, Requested), (B, [((ErasureRequested)Requested[0]) with { Request = OtherRequest }, new ErasureCompleted(OtherRequest, RequestOutcome.Partially)])).ShouldBe(Decision.Unchanged);
        Decide((A, Requested)).ShouldBe(Decision.Unchanged);
    }

    [Fact]
    public void The_end_of_one_contract_ends_no_other() => Decide(
        (A, [new RetentionSet(Request, Contracts.Policies.RetentionEnd.ContractEnded, Noon), new RetentionOver(Request), .. Requested]), (B, [])).ShouldBe(Decision.Unchanged);

    [Theory]
    [InlineData(true, "consent-addresses", "consent", "marketing-preference", "crm", "mailer")]
    [InlineData(false, "consent", "marketing-preference", "crm", "mailer")]
    public void By_each_id_a_person_may_have_another_address_so_processors_hear_of_each(bool asksForAddresses, params string[] systems)
    {
        var register = Registered(
            new ProcessorConfigured(new Processor("crm", "The CRM", ProcessorKind.Webhook, new Uri("https://crm.example"), Assignee: null, [])),
            new ProcessorConfigured(new Processor("mailer", "The mailer", ProcessorKind.OpenDsr, new Uri("https://mailer.example"), Assignee: null, [])));
        var asked = (ErasureRequested)Requested[0];
        foreach (var requested in (ErasureRequested[])[asked, asked with { With = OtherRequest }])
            MakePlan.Of(Given(requested).All[0], register, asksForAddresses).Steps.Select(s => s.System).ShouldBe(systems);
    }

    private static Decision Decide(params (StreamKey Stream, object[] Facts)[] persons) =>
        EraseEveryId.Decide(A, Request, persons.ToImmutableDictionary(p => p.Stream, p => Given(p.Facts)), _ => OtherRequest);

    private static StreamKey New() => new(TenantId.Parse("quintus"), NewSubject().Stream);
}
