using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Identities;
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
}
