using System.Collections.Concurrent;
using System.Text.Json;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Answering;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Identities;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.EventStore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using static ConsentLedger.ErasureOrchestrator.Tests.People;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>A request for a copy is answered when somebody has it, and not when there is one.</summary>
public sealed class HandOutCopyTests
{
    private static readonly TenantId Tenant = TenantId.Parse("quintus");
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
    public async Task A_copy_is_handed_out_when_all_of_it_was_sent_and_not_before()
    {
        var sent = new MemoryStream();
        var (context, recorded) = (new DefaultHttpContext { Response = { Body = sent } }, new List<long>());
        Task RecordAsync()
        {
            recorded.Add(sent.Length);
            return Task.CompletedTask;
        }

        await new CopyResult([1, 2, 3], "application/json", RecordAsync).ExecuteAsync(context);
        (recorded.ShouldHaveSingleItem(), context.Response.ContentType, context.Response.ContentLength).ShouldBe((3, "application/json", null));

        // Whoever asked has gone.
        var gone = new DefaultHttpContext { RequestAborted = new CancellationToken(canceled: true), Response = { Body = new MemoryStream() } };
        await Should.ThrowAsync<OperationCanceledException>(() => new CopyResult([1, 2, 3], "application/json", RecordAsync).ExecuteAsync(gone));
        recorded.Count.ShouldBe(1);
    }

    [Fact]
    public void A_part_that_was_sent_is_recorded_as_one_whatever_was_answered_meanwhile()
    {
        HandOutCopy.Handed(Given(Told).All[0], isPart: true, holdsNothing: false).Whole(Given(Told)).ShouldRecord(new ErasureCopyHandedOut(Request, Partial: true));
        HandOutCopy.Handed(Given([.. Told, new ErasureCopyHandedOut(Request)]).All[0], isPart: true, holdsNothing: false).ShouldBe(Decision.Unchanged);
        HandOutCopy.Handed(Given(Told).All[0], isPart: false, holdsNothing: false).Whole(Given(Told)).Facts()[^1].ShouldBeOfType<ErasureCompleted>();
        CodeOf(HandOutCopy.Handed(Given([.. Told, new ErasureCopyHandedOut(Request)]).All[0], isPart: false, holdsNothing: false)).ShouldBe("copy_handed_out", "another one was sent at the same time");
    }

    [Fact]
    public void What_is_known_under_another_id_of_the_person_is_in_the_copy()
    {
        var copy = JsonDocument.Parse(HandOutCopy.Add("""{"consents":[]}"""u8.ToArray(), Given(Told).All[0], TenantRegister.Empty, [], """{"consents":[1]}"""u8.ToArray())).RootElement;
        copy.GetProperty("otherIds")[0].GetProperty("consents")[0].GetInt32().ShouldBe(1);
        copy.TryGetProperty("processors", out _).ShouldBeFalse();
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
        await using var consent = new LittleConsent(200, """{"consents":[]}""");
        var service = new Processor("consent", "consent", ProcessorKind.Service, Endpoint: null, Assignee: null, []);
        var reply = await consent.Own.SendAsync(new TaskCall(Tenant, Request, type, service, 1, new SubjectIdentities(NewId(), [])), CancellationToken.None);
        reply.ShouldBeOfType<TaskReply.Accepted>();
    }

    [Fact]
    public async Task Each_copy_is_read_anew_and_whole()
    {
        await using var consent = new LittleConsent(200, "{}");
        foreach (var portable in (bool[])[false, false, true]) (await consent.Own.ReadCopyAsync(Tenant, NewId(), portable, CancellationToken.None)).ShouldNotBeNull().HoldsNothing.ShouldBeFalse();
        consent.Asked.Select(a => a.Key).Distinct().Count().ShouldBe(3, "what was recorded since the first reading is in the second");
        consent.Asked.Select(a => a.Query).ShouldBe(["?format=json&disclose=true", "?format=json&disclose=true", "?format=dpv"], "only the first has room for what was sealed");
    }

    [Fact]
    public async Task Who_was_never_seen_gets_a_copy_that_says_so()
    {
        await using var consent = new LittleConsent(404, """{"code":"not_found"}""");
        var person = NewId();
        var copy = (await consent.Own.ReadCopyAsync(Tenant, person, portable: false, CancellationToken.None)).ShouldNotBeNull();
        copy.HoldsNothing.ShouldBeTrue();
        var said = JsonDocument.Parse(copy.Bytes).RootElement;
        (said.GetProperty("subject").GetGuid(), said.GetProperty("consents").GetArrayLength()).ShouldBe((person, 0));
        HandOutCopy.Decide(Given(Told).All[0], holdsNothing: true).Whole(Given(Told)).Facts()[^1].ShouldBeOfType<ErasureCompleted>().Systems.ShouldNotBeNull().ShouldBe([new SystemOutcome("consent", TaskOutcome.NothingHeld)]);

        await using var other = new LittleConsent(404, "{}");
        (await other.Own.ReadCopyAsync(Tenant, person, portable: false, CancellationToken.None)).ShouldBeNull("who is no consent service knows nothing of the person");
        await using var closed = new LittleConsent(403, """{"code":"scope_missing"}""");
        (await closed.Own.ReadCopyAsync(Tenant, person, portable: false, CancellationToken.None)).ShouldBeNull();
    }

    /// <summary>A consent service that always says the same.</summary>
    private sealed class LittleConsent : IAsyncDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("copy-");
        private readonly WebApplication _web;

        public LittleConsent(int status, string body)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            _web = builder.Build();
            _web.MapFallback((HttpRequest request) =>
            {
                Asked.Enqueue((request.Headers["Idempotency-Key"].ToString(), request.QueryString.ToString()));
                return Results.Text(body, "application/json", statusCode: status);
            });
            _web.Start();
            var token = Path.Combine(_folder.FullName, "token");
            File.WriteAllText(token, "token");
            Own = new OwnCalls(
                new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["Consent:Url"] = _web.Urls.Single(), ["Consent:TokenFile"] = token }).Build(), TimeProvider.System);
        }

        public OwnCalls Own { get; }

        public ConcurrentQueue<(string Key, string Query)> Asked { get; } = [];

        public async ValueTask DisposeAsync()
        {
            Own.Dispose();
            await _web.DisposeAsync();
            _folder.Delete(recursive: true);
        }
    }
}
