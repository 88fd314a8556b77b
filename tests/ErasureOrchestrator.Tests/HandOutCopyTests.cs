using System.Net;
using System.Net.Sockets;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Answering;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.EventStore;
using Microsoft.Extensions.Configuration;
using static ConsentLedger.ErasureOrchestrator.Tests.People;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>A request for a copy is answered when somebody has it, and not when there is one.</summary>
public sealed class HandOutCopyTests
{
    private static readonly ErasureRequested Asked = ((ErasureRequested)Requested[0]) with { Type = RequestType.Access };
    private static readonly object[] Told = [
        Asked, new ErasurePlanned(Request, [new PlannedStep("consent", ProcessorKind.Service)], [], PolicyVersion: null), new ErasureTaskDispatched(Request, "consent", 1, RequestType.Access, 600),
        new ErasureTaskAccepted(Request, "consent", 1, Reference: null, Noon.AddDays(7))];

    [Fact]
    public void Handing_the_copy_out_completes_the_request()
    {
        var state = Given(Told);
        state.All[0].State.ShouldBe(RequestState.Running);
        HandOutCopy.Decide(state.All[0]).Whole(state).ShouldRecord(
            new ErasureCopyHandedOut(Request),
            new ErasureTaskCompleted(Request, "consent", TaskOutcome.Provided, Type: RequestType.Access),
            new ErasureCompleted(Request, RequestOutcome.Fully, Type: RequestType.Access, Systems: [new SystemOutcome("consent", TaskOutcome.Provided)]));
    }

    [Fact]
    public void A_copy_that_nobody_has_is_overdue() =>
        ByTime.Requests(TenMinutes).Decide(Given(Told), Told.Length, Asked.LapsesAt!.Value).Facts().OfType<ErasureOverdue>().ShouldHaveSingleItem();

    [Fact]
    public void It_is_handed_out_once_and_to_nobody_who_may_be_a_stranger()
    {
        CodeOf(HandOutCopy.Decide(Given([.. Told, new ErasureCopyHandedOut(Request)]).All[0])).ShouldBe("copy_handed_out");
        CodeOf(HandOutCopy.Decide(Given(Asked with { Identity = IdentityCheck.MailedLink }).All[0])).ShouldBe("copy_not_ready");
        CodeOf(HandOutCopy.Decide(Given([.. Told, new ErasureWithdrawn(Request)]).All[0])).ShouldBe("copy_not_ready");
        CodeOf(HandOutCopy.Decide(Given([.. Told, new ErasureCompleted(Request, RequestOutcome.Refused, "excessive", RequestType.Access)]).All[0])).ShouldBe("copy_not_ready");
        CodeOf(HandOutCopy.Decide(Given(Requested).All[0])).ShouldBe("copy_not_ready");
    }

    [Fact]
    public void A_request_of_the_release_before_was_completed_first()
    {
        object[] before = [.. Told, new ErasureTaskCompleted(Request, "consent", TaskOutcome.Provided, Type: RequestType.Access), new ErasureCompleted(Request, RequestOutcome.Fully, Type: RequestType.Access)];
        HandOutCopy.Decide(Given(before).All[0]).ShouldRecord(new ErasureCopyHandedOut(Request));
    }

    [Theory]
    [InlineData(RequestType.Access)]
    [InlineData(RequestType.Portability)]
    public async Task That_there_is_a_copy_does_not_end_the_part(RequestType type)
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var url = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/";
        probe.Stop();
        using var consent = new HttpListener { Prefixes = { url } };
        consent.Start();
        var answering = AnswerAsync(consent);
        var folder = Directory.CreateTempSubdirectory("copy-");
        try
        {
            var token = Path.Combine(folder.FullName, "token");
            await File.WriteAllTextAsync(token, "token");
            using var own = new OwnCalls(
                new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["Consent:Url"] = url, ["Consent:TokenFile"] = token }).Build(), TimeProvider.System);
            var service = new Processor("consent", "consent", ProcessorKind.Service, Endpoint: null, Assignee: null, []);
            var reply = await own.SendAsync(new TaskCall(TenantId.Parse("quintus"), Request, type, service, 1, new SubjectIdentities(NewId(), [])), CancellationToken.None);
            reply.ShouldBeOfType<TaskReply.Accepted>();
            await answering;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task AnswerAsync(HttpListener consent)
    {
        var context = await consent.GetContextAsync();
        context.Response.ContentType = "application/json";
        await context.Response.OutputStream.WriteAsync("""{"consents":[]}"""u8.ToArray());
        context.Response.Close();
    }
}
