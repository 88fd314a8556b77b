using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Requesting;
using ConsentLedger.ErasureOrchestrator.Identities;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.EventStore;
using static ConsentLedger.ErasureOrchestrator.Tests.People;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>How long a mailed link lives, and what becomes of a request that nobody confirms.</summary>
public sealed class IdentityLinkTests
{
    private const string Link = "5f0e";

    private static readonly ErasureRequested Unconfirmed = ((ErasureRequested)Requested[0]) with { Identity = IdentityCheck.MailedLink };
    private static readonly ErasureIdentityAsked Asked = new(Request, Link, IdentityLinks.EndOf(Noon));

    [Fact]
    public void However_long_a_mail_could_not_go_out_its_link_lives_as_long_as_it_says()
    {
        AskWhoItIs.Ask(Request, Link, Given(Unconfirmed), Noon).ShouldRecord(Asked);
        AskWhoItIs.Ask(Request, Link, Given(Unconfirmed, Asked), Noon.AddHours(23)).ShouldBe(Decision.Unchanged, "not at every try");
        AskWhoItIs.Ask(Request, Link, Given(Unconfirmed, Asked), Noon.AddHours(25)).ShouldRecord(new ErasureIdentityAsked(Request, Link, IdentityLinks.EndOf(Noon.AddHours(25))));
        AskWhoItIs.Ask(Request, Link, Given(Unconfirmed, Asked, new ErasureIdentityMailed(Request, Link)), Noon.AddDays(3)).ShouldBe(Decision.Unchanged, "it was mailed");

        var late = Noon.AddDays(8);
        var again = AskWhoItIs.Ask(Request, Link, Given(Unconfirmed, Asked), late).Facts()[0];
        ConfirmIdentity.Decide(Request, Link, Given(Unconfirmed, Asked, again, new ErasureIdentityMailed(Request, Link)), late + IdentityLinks.Life).ShouldRecord(new ErasureIdentityVerified(Request, IdentityMethod.MailedLink));
    }

    [Fact]
    public void What_nobody_confirms_while_its_link_lives_ends_as_refused()
    {
        object[] mailed = [Unconfirmed, Asked, new ErasureIdentityMailed(Request, Link)];
        var end = Asked.ExpiresAt;
        ByTime.Requests(TenMinutes).Decide(Given(mailed), 3, end.AddMilliseconds(-1)).ShouldBe(Decision.Unchanged);
        ByTime.Requests(TenMinutes).Decide(Given(mailed), 3, end).Whole(Given(mailed), now: end).ShouldRecord(new ErasureCompleted(Request, RequestOutcome.Refused, "identity-not-shown"));
        Given([.. mailed, new ErasureCompleted(Request, RequestOutcome.Refused, "identity-not-shown")]).Answering(RequestType.Erasure).ShouldBeNull("who asks anew is asked anew");

        AskWhoItIs.DueIn(Given(Unconfirmed, Asked).All[0]).ShouldBeEmpty("nobody has the mail yet");
        AskWhoItIs.DueIn(Given([.. mailed, new ErasureIdentityVerified(Request, IdentityMethod.ByHand)]).All[0]).ShouldBeEmpty();
    }

    [Fact]
    public void Who_asks_again_at_the_same_address_is_mailed_the_same_link_again_from_the_day_after()
    {
        object[] mailed = [Unconfirmed, Asked, new ErasureIdentityMailed(Request, Link)];
        var again = Asking with { ConfirmAt = "doe@example.org" };
        ReceiveRequest.Decide(again, Request, Given(Unconfirmed), TenantRegister.Empty, Noon).ShouldBe(Decision.Unchanged, "its mail is on its way");
        ReceiveRequest.Decide(again, Request, Given(mailed), TenantRegister.Empty, Noon.AddHours(23)).ShouldBe(Decision.Unchanged);
        var asked = ReceiveRequest.Decide(again, Request, Given(mailed), TenantRegister.Empty, Noon.AddHours(25)).Facts().ShouldHaveSingleItem();
        asked.ShouldBe(new ErasureIdentityAsked(Request, Link, IdentityLinks.EndOf(Noon.AddHours(25))));
        Given([.. mailed, asked]).All[0].LinkMailed.ShouldBeFalse();
        CodeOf(ReceiveRequest.Decide(again, Request, Given([.. mailed, ((ErasureRequested)Requested[0]) with { Request = OtherRequest }]), TenantRegister.Empty, Noon)).ShouldBe("request_moved", "somebody who is known has asked meanwhile");
    }
}
