using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Answering;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Identities;
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
    public void The_copy_that_ends_the_request_is_the_one_with_every_systems_answer_in_it()
    {
        object[] told = [
            Asked, new ErasurePlanned(Request, [new PlannedStep("consent", ProcessorKind.Service), new PlannedStep("crm", ProcessorKind.Webhook)], [], PolicyVersion: null),
            new ErasureTaskDispatched(Request, "consent", 1, RequestType.Access, 600), new ErasureTaskDispatched(Request, "crm", 1, RequestType.Access), new ErasureTaskAccepted(Request, "consent", 1, Reference: null, Noon.AddDays(7))];
        CodeOf(HandOutCopy.Decide(Given(told).All[0])).ShouldBe("copy_not_whole");
        HandOutCopy.Decide(Given(told).All[0], partial: true).Whole(Given(told)).ShouldRecord(new ErasureCopyHandedOut(Request, Partial: true));

        object[] answered = [.. told, new ErasureCopyHandedOut(Request, Partial: true), new ErasureTaskCompleted(Request, "crm", TaskOutcome.Provided, Type: RequestType.Access, HasResults: true)];
        Given(answered).All[0].State.ShouldBe(RequestState.Running, "the whole copy is still to come");
        HandOutCopy.Decide(Given(answered).All[0]).Whole(Given(answered)).Facts()[^1].ShouldBeOfType<ErasureCompleted>().Outcome.ShouldBe(RequestOutcome.Fully);
    }

    [Fact]
    public void What_others_answered_is_in_the_copy_beside_what_the_consent_service_has()
    {
        var request = Given(
            Asked, new ErasurePlanned(Request, [new PlannedStep("consent", ProcessorKind.Service), new PlannedStep("crm", ProcessorKind.Webhook), new PlannedStep("mailer", ProcessorKind.OpenDsr)], [], PolicyVersion: null),
            new ErasureTaskCompleted(Request, "crm", TaskOutcome.Provided, Type: RequestType.Access, HasResults: true), new ErasureTaskCompleted(Request, "mailer", TaskOutcome.Refused, "cancelled", RequestType.Access)).All[0];
        var register = Registered(new ProcessorConfigured(new Processor("crm", "The CRM", ProcessorKind.Webhook, new Uri("https://crm.example"), Assignee: null, [])));
        var copy = JsonDocument.Parse(HandOutCopy.Add("""{"consents":[1]}"""u8.ToArray(), request, register, [new SealedResults("crm", new Uri("https://crm.example/exports/7"), 3)])).RootElement;
        copy.GetProperty("consents")[0].GetInt32().ShouldBe(1);
        var (crm, mailer) = (copy.GetProperty("processors")[0], copy.GetProperty("processors")[1]);
        (crm.GetProperty("name").GetString(), crm.GetProperty("outcome").GetString(), crm.GetProperty("resultsUrl").GetString(), crm.GetProperty("resultsCount").GetInt32()).ShouldBe(("The CRM", "provided", "https://crm.example/exports/7", 3));
        (mailer.GetProperty("system").GetString(), mailer.GetProperty("outcome").GetString(), mailer.GetProperty("reason").GetString()).ShouldBe(("mailer", "refused", "cancelled"));
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
