using System.Globalization;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Requesting;
using ConsentLedger.ErasureOrchestrator.Erasures.Retaining;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.EventStore;
using ConsentLedger.Support;
using static ConsentLedger.ErasureOrchestrator.Tests.People;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>What data was kept for ends, perhaps more than once.</summary>
public sealed class TerminateServiceTests
{
    private static readonly TenantRegister Register = TenantRegister.Empty with { Policy = KeepingFor((RetentionEnd.ContractEnded, 36), (RetentionEnd.ServiceTerminated, 6)) };
    private static readonly RetentionSet AfterContract = new(Request, RetentionEnd.ContractEnded, Noon.AddMonths(36));

    [Fact]
    public void Of_several_ends_the_earliest_counts_in_whatever_order_they_are_reported()
    {
        var earlier = new RetentionSet(OtherRequest, RetentionEnd.ServiceTerminated, Noon.AddMonths(6));
        End(RetentionEnd.ServiceTerminated, OtherRequest, Given(AfterContract)).ShouldRecord(earlier);
        End(RetentionEnd.ContractEnded, Request, Given(earlier)).ShouldBe(Decision.Unchanged);
        foreach (var order in (object[][])[[AfterContract, earlier], [earlier, AfterContract]])
        {
            var kept = Given(order).Retention.ShouldNotBeNull();
            (kept.Request, kept.EraseAt).ShouldBe((OtherRequest, Noon.AddMonths(6)));
        }
    }

    [Theory]
    [InlineData("2026-03-01T00:00:00+01:00", "Europe/Berlin", 1, "2026-03-31T22:00:00Z")] // the first of a month stays the first of a month
    [InlineData("2026-02-28T23:00:00Z", "Europe/Berlin", 1, "2026-03-31T22:00:00Z")] // whoever reports it, and from where
    [InlineData("2026-02-28T02:30:00+01:00", "Europe/Berlin", 1, "2026-03-28T01:30:00Z")]
    [InlineData("2026-02-28T23:00:00Z", "UTC", 1, "2026-03-28T23:00:00Z")]
    [InlineData("2025-12-29T02:30:00+01:00", "Europe/Berlin", 3, "2026-03-29T01:00:00Z")] // clocks skip from 2 to 3
    [InlineData("2026-01-31T12:00:00Z", "UTC", 99_999, "2126-01-31T12:00:00Z")] // a pack from before there was a longest period
    public void Months_are_counted_where_the_tenant_is(string ended, string zone, int months, string eraseAt)
    {
        var register = TenantRegister.Empty with { Settings = new RequestSettings(zone), Policy = KeepingFor((RetentionEnd.ContractEnded, months)) };
        TerminateService.Decide(new TerminateService(RetentionEnd.ContractEnded, At(ended)), Request, Given(), register, Noon.AddYears(1)).Facts()[0].ShouldBeOfType<RetentionSet>().EraseAt.ShouldBe(At(eraseAt));

        static DateTimeOffset At(string moment) => DateTimeOffset.Parse(moment, CultureInfo.InvariantCulture);
    }

    [Fact]
    public void An_end_that_is_reported_while_an_erasure_is_open_counts_if_that_comes_to_nothing()
    {
        object[] open = [((ErasureRequested)Requested[0]) with { CoolsOffAt = Noon.AddDays(1) }];
        var register = TenantRegister.Empty with { Policy = KeepingFor((RetentionEnd.ContractEnded, 0)) };
        var facts = TerminateService.Decide(new TerminateService(RetentionEnd.ContractEnded, Noon), OtherRequest, Given(open), register, Noon).Whole(Given(open), register).Facts();
        facts.Select(f => f.GetType()).ShouldBe([typeof(RetentionSet), typeof(RetentionOver)]);

        var state = Given([.. open, .. facts]);
        TerminateService.Decide(new TerminateService(RetentionEnd.ContractEnded, Noon), NewId(), state, register, Noon).ShouldBe(Decision.Unchanged, "reported twice");
        Decision.Of(new ErasureWithdrawn(Request)).Whole(state, register).Facts()[1].ShouldBeOfType<ErasureRequested>().Request.ShouldBe(OtherRequest);
    }

    [Fact]
    public void Who_may_be_a_stranger_does_not_keep_anybody_from_being_erased_in_time()
    {
        object[] kept = [AfterContract with { EraseAt = Noon }, ((ErasureRequested)Requested[0]) with { Request = OtherRequest, Identity = IdentityCheck.MailedLink }];
        Decision.Of(new RetentionOver(Request)).Whole(Given(kept), Register).Facts()[1].ShouldBeOfType<ErasureRequested>().Request.ShouldBe(Request);
    }

    [Fact]
    public void What_an_erasure_left_in_part_is_erased_when_its_time_is_over_and_what_it_did_not_leave_is_not()
    {
        object[] left = [AfterContract with { Request = OtherRequest, EraseAt = Noon.AddDays(1) }, .. Requested, new ErasureCompleted(Request, RequestOutcome.Partially)];
        var over = Decision.Of(new RetentionOver(OtherRequest)).Whole(Given(left), Register, Noon.AddDays(1)).Facts();
        over.Select(f => f.GetType().Name).ShouldBe(["RetentionOver", "ErasureRequested", "ErasurePlanned", "ErasureTaskDispatched", "ErasureTaskDispatched"]);
        over[1].ShouldBeOfType<ErasureRequested>().Request.ShouldBe(OtherRequest);

        Decision.Of(new RetentionOver(OtherRequest)).Whole(Given([.. left[..^1], new ErasureCompleted(Request, RequestOutcome.Fully)]), Register, Noon.AddDays(1)).Facts().Count.ShouldBe(1);
        object[] since = [left[0], new RetentionOver(OtherRequest), .. left[1..^1]];
        Decision.Of(new ErasureCompleted(Request, RequestOutcome.Partially)).Whole(Given([((RetentionSet)left[0]) with { EraseAt = Noon }, .. since[1..]]), Register, Noon.AddDays(1)).Facts().Count.ShouldBe(1, "it began when the time was over");
    }

    [Fact]
    public void What_an_erasure_leaves_in_part_that_was_open_when_the_time_was_over_is_erased_after_it()
    {
        object[] open = [AfterContract with { Request = OtherRequest, EraseAt = Noon.AddDays(1) }, Requested[0], ((ErasurePlanned)Requested[1]) with { Kept = [new Keeping(KeepReason.NotConnected, "crm")] }, .. Requested[2..],
            new RetentionOver(OtherRequest), new ErasureTaskCompleted(Request, "consent", TaskOutcome.Erased)];
        RecordReply.Decide(Request, "marketing-preference", new TaskReply.Done(TaskOutcome.Erased, Reason: null), attempt: null, Given(open), Noon.AddDays(2)).Whole(Given(open), Register, Noon.AddDays(2)).Facts()
            .Select(f => f.GetType().Name).ShouldBe(["ErasureTaskCompleted", "ErasureCompleted", "ErasureRequested", "ErasurePlanned", "ErasureTaskDispatched", "ErasureTaskDispatched"]);
    }

    [Fact]
    public void Who_is_back_is_not_erased_and_may_leave_again()
    {
        TakeBackTermination.Decide(Given(AfterContract)).ShouldRecord(new RetentionCancelled(Request));
        var back = Given(AfterContract, new RetentionCancelled(Request));
        ByTime.DueIn(back).ShouldBeEmpty();
        TakeBackTermination.Decide(back).ShouldBe(Decision.Unchanged);
        End(RetentionEnd.ContractEnded, OtherRequest, back).ShouldRecord(AfterContract with { Request = OtherRequest });

        object[] waiting = [AfterContract with { Request = OtherRequest }, new RetentionOver(OtherRequest), Requested[0]];
        Decision.Of(new ErasureWithdrawn(Request)).Whole(Given([.. waiting, new RetentionCancelled(OtherRequest)]), Register).Facts().Count.ShouldBe(1, "nothing follows any more");
        CodeOf(TakeBackTermination.Decide(Given([AfterContract, .. Requested]))).ShouldBe("erasure_requested");
    }

    [Fact]
    public void A_consent_that_lasts_outlives_the_contract_and_not_a_service_that_promises_to_erase_at_its_end()
    {
        var lasting = TenantRegister.Empty with { Policy = KeepingFor((RetentionEnd.ContractEnded, 0), (RetentionEnd.ConsentWithdrawn, 0)) };
        var over = TerminateService.Decide(new TerminateService(RetentionEnd.ContractEnded, Noon), Request, Given(), lasting, Noon).Whole(Given(), lasting).Facts();
        over.Select(f => f.GetType()).ShouldBe([typeof(RetentionSet), typeof(RetentionOver)], "the consent service is asked first");
        Given(over).Retention.ShouldNotBeNull().IsAsked.ShouldBeTrue();

        AskConsents.Decide(Request, Given(over)).Whole(Given(over), lasting).Facts().Select(f => f.GetType().Name).Take(3).ShouldBe(["RetentionConsentEnded", "ErasureRequested", "ErasurePlanned"]);
        AskConsents.Decide(OtherRequest, Given(over)).ShouldBe(Decision.Unchanged);
        AskConsents.Decide(Request, Given([.. over, new RetentionCancelled(Request)])).ShouldBe(Decision.Unchanged);

        var promised = lasting with { Policy = lasting.Policy! with { Erasure = new ErasureCommitment { OnTermination = true } } };
        TerminateService.Decide(new TerminateService(RetentionEnd.ServiceTerminated, Noon), Request, Given(), promised, Noon).Whole(Given(), promised).Facts()[2].ShouldBeOfType<ErasureRequested>();
        new Erasures.Retention(Request, RetentionEnd.ContractEnded, Noon, Over: true, Erased: false).LastsFor(promised.Policy).Count.ShouldBe(1, "it promises that of the service only");
    }

    private static Decision End(RetentionEnd ended, Guid id, SubjectRequests state) => TerminateService.Decide(new TerminateService(ended, Noon), id, state, Register, Noon);

    private static PolicyPack KeepingFor(params (RetentionEnd Until, int Months)[] kept)
    {
        var pack = PolicyPack.Parse(File.ReadAllBytes(Path.Combine(Servers.Checkout, "deploy", "policies", "assutech.json"))).ShouldBeOfType<PolicyPackReading.Accepted>().Pack;
        return pack with { Purposes = [.. kept.Select((k, n) => pack.Purposes[n] with { Retention = new Contracts.Policies.Retention { Until = k.Until, FurtherMonths = k.Months } })] };
    }
}
