using System.Text.Json;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Instructing;
using ConsentLedger.ErasureOrchestrator.Erasures.Requesting;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Erasures.Withdrawing;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.EventStore;
using static ConsentLedger.ErasureOrchestrator.Tests.People;

namespace ConsentLedger.ErasureOrchestrator.Tests;

public sealed class ReceiveRequestTests
{
    [Fact]
    public void A_first_request_is_planned_and_tells_every_system_in_one_commit() => Receive(Given()).ShouldRecord(Requested);

    [Fact]
    public void A_request_needs_no_reason() =>
        ReceiveRequest.Decide(Asking with { Reason = null }, Request, Given(), TenantRegister.Empty, Noon).Facts()[0].ShouldBeOfType<ErasureRequested>().Reason.ShouldBeNull();

    [Fact]
    public void Asking_again_while_it_runs_starts_nothing() => Receive(Given(Requested), OtherRequest).ShouldBe(Decision.Unchanged);

    [Fact]
    public void Asking_again_after_its_end_starts_nothing() => Receive(Given([.. Requested, new ErasureCompleted(Request, RequestOutcome.Fully)]), OtherRequest).ShouldBe(Decision.Unchanged);

    [Theory]
    [MemberData(nameof(Over))]
    public void Asking_again_after_it_came_to_nothing_is_a_new_request(object end) =>
        Receive(Given(Requested[0], end), OtherRequest).Facts()[0].ShouldBeOfType<ErasureRequested>().Request.ShouldBe(OtherRequest);

    [Fact]
    public void Another_right_is_another_request() =>
        ReceiveRequest.Decide(Asking with { Type = RequestType.Access }, OtherRequest, Given(Requested), TenantRegister.Empty, Noon).Facts()[0].ShouldBeOfType<ErasureRequested>().Type.ShouldBe(RequestType.Access);

    [Fact]
    public void The_day_of_receipt_is_the_one_where_the_tenant_is()
    {
        // Half past ten in the evening of 31 January in New York is 1 February in UTC.
        var received = ReceiveRequest.Decide(
            Asking, Request, Given(), Registered(new RequestsConfigured(new RequestSettings("America/New_York"))), new DateTimeOffset(2026, 2, 1, 3, 30, 0, TimeSpan.Zero)).Facts()[0].ShouldBeOfType<ErasureRequested>();
        (received.ReceivedOn, received.DueOn).ShouldBe((new DateOnly(2026, 1, 31), new DateOnly(2026, 2, 28)));
        received.LapsesAt.ShouldBe(new DateTimeOffset(2026, 3, 1, 5, 0, 0, TimeSpan.Zero));
    }

    [Fact]
    public void A_tenant_may_let_people_think_better_of_it()
    {
        var register = Registered(new RequestsConfigured(new RequestSettings(CoolingOffHours: 48)));
        var asked = ReceiveRequest.Decide(Asking, Request, Given(), register, Noon).Whole(Given(), register).Facts().ShouldHaveSingleItem().ShouldBeOfType<ErasureRequested>();
        asked.CoolsOffAt.ShouldBe(Noon.AddHours(48));
        Given(asked).All[0].State.ShouldBe(RequestState.CoolingOff);
    }

    [Fact]
    public void Whoever_may_think_better_of_being_erased_is_not_marketed_to_meanwhile()
    {
        var register = Registered(new RequestsConfigured(new RequestSettings(CoolingOffHours: 48)));
        var facts = ReceiveRequest.Decide(Asking with { WithdrawAll = true }, Request, Given(), register, Noon).Whole(Given(), register).Facts();
        facts[1].ShouldBe(new ErasureTaskDispatched(Request, OwnSystems.Withdrawals, 1, WaitSeconds: 600));
        var state = Given(facts).All[0];
        (state.State, state.HasBegun).ShouldBe((RequestState.CoolingOff, false));

        new WithdrawRequest().Decide(state, register, Noon).ShouldRecord(new ErasureWithdrawn(Request));
        CodeOf(new RefuseRequest(RefusalReason.Excessive).Decide(state, register, Noon)).ShouldBe("request_begun", "a withdrawal of consents is not refused");
        var withdrawn = Given([.. facts, new ErasureTaskCompleted(Request, OwnSystems.Withdrawals, TaskOutcome.Withdrawn)]).All[0];
        new RefuseRequest(RefusalReason.Excessive).Decide(withdrawn, register, Noon).ShouldRecord(
            new ErasureCompleted(Request, RequestOutcome.Refused, "excessive", Systems: [new SystemOutcome(OwnSystems.Withdrawals, TaskOutcome.Withdrawn)]));
    }

    [Fact]
    public void Withdrawals_that_end_after_the_person_thought_better_of_the_rest_are_recorded()
    {
        object[] taken = [((ErasureRequested)Requested[0]) with { CoolsOffAt = Noon.AddDays(1), WithdrawsAll = true }, new ErasureTaskDispatched(Request, OwnSystems.Withdrawals, 1), new ErasureWithdrawn(Request)];
        RecordReply.Decide(Request, OwnSystems.Withdrawals, new TaskReply.Done(TaskOutcome.Withdrawn, Reason: null), attempt: 1, Given(taken), Noon).Whole(Given(taken))
            .ShouldRecord(new ErasureTaskCompleted(Request, OwnSystems.Withdrawals, TaskOutcome.Withdrawn));
    }

    [Fact]
    public void A_processor_forwards_and_does_nothing_by_itself()
    {
        var register = Registered(new RequestsConfigured(new RequestSettings(Instructor: "acme-legal")));
        var facts = ReceiveRequest.Decide(Asking, Request, Given(), register, Noon).Whole(Given(), register).Facts();
        facts.Count.ShouldBe(2);
        facts[1].ShouldBe(new ErasureForwarded(Request, "acme-legal"));
        Given(facts).All[0].State.ShouldBe(RequestState.AwaitingInstruction);
    }

    [Fact]
    public void What_nobody_has_confirmed_stands_in_nobodys_way()
    {
        var facts = Receive(Given(Unconfirmed), OtherRequest).Facts();
        facts[0].ShouldBeOfType<ErasureRequested>().ShouldBe((ErasureRequested)Requested[0] with { Request = OtherRequest });
        facts[1].ShouldBe(new ErasureCompleted(Request, RequestOutcome.Refused, "asked-again"));
        var after = Given([Unconfirmed, .. facts]);
        (after.Find(OtherRequest)!.State, after.Answering(RequestType.Erasure)!.Id).ShouldBe((RequestState.Running, OtherRequest));
    }

    [Fact]
    public void Each_address_has_a_request_of_its_own_until_one_of_them_is_confirmed()
    {
        var second = ReceiveRequest.Decide(Asking with { ConfirmAt = "doe@example.org" }, OtherRequest, Given(Unconfirmed), TenantRegister.Empty, Noon).Whole(Given(Unconfirmed)).Facts();
        second.ShouldHaveSingleItem().ShouldBeOfType<ErasureRequested>().Identity.ShouldBe(IdentityCheck.MailedLink);
        var both = Given([Unconfirmed, .. second]);
        Decision.Of(new ErasureIdentityVerified(OtherRequest, IdentityMethod.MailedLink)).Whole(both).Facts()[1].ShouldBe(new ErasureCompleted(Request, RequestOutcome.Refused, "asked-again"));

        var known = Given(((ErasureRequested)Requested[0]) with { CoolsOffAt = Noon.AddDays(1) });
        ReceiveRequest.Decide(Asking with { ConfirmAt = "doe@example.org", WithdrawAll = true }, OtherRequest, known, TenantRegister.Empty, Noon).ShouldBe(Decision.Unchanged, "a stranger adds nothing to what the person asked for");
    }

    [Fact]
    public void Who_asks_again_may_say_by_what_else_others_know_them()
    {
        var (place, again) = (new StreamKey(TenantId.Parse("quintus"), new StreamId(Request)), Asking with { Identities = [new SubjectIdentity("email", "canary@example.org")] });
        var record = ReceiveRequest.Decide(again, Request, Given(Requested), TenantRegister.Empty, Noon, place).ShouldBeOfType<Decision.Record>();
        record.Events.Select(e => (e.Facts, e.Stream)).ShouldBe([(new ErasureIdentitiesAdded(Request), null), (new IdentitiesSealed(Request), place)]);
        JsonSerializer.Serialize(record.Events.Select(e => e.Facts)).ShouldNotContain("canary");
        Given([.. Requested, new ErasureIdentitiesAdded(Request)]).All[0].HasIdentities.ShouldBeTrue();

        ReceiveRequest.Decide(again with { ConfirmAt = "doe@example.org" }, Request, Given(Requested), TenantRegister.Empty, Noon, place).ShouldBe(Decision.Unchanged, "a stranger adds nothing");
        CodeOf(ReceiveRequest.Decide(again, OtherRequest, Given(Requested), TenantRegister.Empty, Noon, new StreamKey(place.Tenant, new StreamId(OtherRequest)))).ShouldBe("request_moved", "sealed under the key of the request that answers");
        CodeOf(ReceiveRequest.Decide(again, Request, Given(Requested[0], new ErasureWithdrawn(Request)), TenantRegister.Empty, Noon, place)).ShouldBe("request_moved", "that one has ended meanwhile");
    }

    [Fact]
    public void Who_asks_again_may_want_every_consent_withdrawn_until_it_begins()
    {
        var waiting = ((ErasureRequested)Requested[0]) with { CoolsOffAt = Noon.AddDays(1) };
        var again = Asking with { WithdrawAll = true };
        ReceiveRequest.Decide(again, OtherRequest, Given(waiting), TenantRegister.Empty, Noon).ShouldRecord(new ErasureWithdrawsAll(Request));
        var after = Given(waiting, new ErasureWithdrawsAll(Request));
        after.All[0].WithdrawsAll.ShouldBeTrue();
        ReceiveRequest.Decide(again, OtherRequest, after, TenantRegister.Empty, Noon).ShouldBe(Decision.Unchanged);
        ReceiveRequest.Decide(again, OtherRequest, Given(Requested), TenantRegister.Empty, Noon).ShouldBe(Decision.Unchanged, "it has begun");
    }

    public static IEnumerable<object[]> Over => [[new ErasureWithdrawn(Request)], [new ErasureCompleted(Request, RequestOutcome.Refused, "excessive")]];

    private static ErasureRequested Unconfirmed => ((ErasureRequested)Requested[0]) with { Identity = IdentityCheck.MailedLink };

    private static Decision Receive(SubjectRequests state, Guid? id = null) => ReceiveRequest.Decide(Asking, id ?? Request, state, TenantRegister.Empty, Noon).Whole(state);
}
