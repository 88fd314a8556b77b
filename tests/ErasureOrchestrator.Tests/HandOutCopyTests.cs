using System.Text.Json;
using System.Text.Json.Nodes;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Answering;
using ConsentLedger.ErasureOrchestrator.Erasures.Planning;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Identities;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.EventStore;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
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
    public void Handing_it_out_ends_the_part_of_each_of_our_own_systems_as_it_had_something_or_not()
    {
        object[] both = [
            Asked, MakePlan.Of(Given(Asked).All[0], TenantRegister.Empty), new ErasureTaskDispatched(Request, "consent", 1, RequestType.Access, 600), new ErasureTaskDispatched(Request, "marketing-preference", 1, RequestType.Access, 600),
            new ErasureTaskAccepted(Request, "consent", 1, Reference: null, Noon.AddDays(7)), new ErasureTaskFailed(Request, "marketing-preference", 1, "status-503", Noon.AddMinutes(1))];
        HandOutCopy.Decide(Given(both).All[0], empty: ["marketing-preference"], by: "the-desk").Whole(Given(both)).ShouldRecord(
            new ErasureCopyHandedOut(Request, By: "the-desk"),
            new ErasureTaskCompleted(Request, "consent", TaskOutcome.Provided, Type: RequestType.Access),
            new ErasureTaskCompleted(Request, "marketing-preference", TaskOutcome.NothingHeld, Type: RequestType.Access),
            new ErasureCompleted(
                Request, RequestOutcome.Fully, Type: RequestType.Access,
                Systems: [new SystemOutcome("consent", TaskOutcome.Provided), new SystemOutcome("marketing-preference", TaskOutcome.NothingHeld)]));
    }

    [Theory]
    [InlineData(RequestType.Access, true)]
    [InlineData(RequestType.Portability, true)]
    [InlineData(RequestType.Rectification, false)]
    [InlineData(RequestType.Restriction, false)]
    public void Marketing_preference_has_a_part_in_what_is_for_a_copy(RequestType type, bool hasPart) =>
        MakePlan.Of(Given(Asked with { Type = type }).All[0], TenantRegister.Empty).Steps.Contains(new PlannedStep("marketing-preference", ProcessorKind.Service)).ShouldBe(hasPart);

    [Fact]
    public void It_is_there_when_our_own_systems_have_said_so_and_the_others_have_answered_and_stays_so_until_it_is_handed_out()
    {
        List<object> facts = [
            Asked, new ErasurePlanned(Request, [new PlannedStep("consent", ProcessorKind.Service), new PlannedStep("marketing-preference", ProcessorKind.Service), new PlannedStep("crm", ProcessorKind.Webhook)], [], PolicyVersion: null),
            .. ((string[])["consent", "marketing-preference", "crm"]).Select(system => new ErasureTaskDispatched(Request, system, 1, RequestType.Access, 600))];
        foreach (object next in (object[])[
            new ErasureTaskAccepted(Request, "consent", 1, Reference: null, Noon.AddDays(7)), new ErasureTaskAccepted(Request, "crm", 1, "job-7", Noon.AddDays(1)),
            new ErasureTaskFailed(Request, "marketing-preference", 1, "status-503", Noon), new ErasureTaskAccepted(Request, "marketing-preference", 2, Reference: null, Noon.AddDays(7)),
            new ErasureTaskCompleted(Request, "crm", TaskOutcome.Refused, "not-ours", RequestType.Access)])
        {
            Given(facts).All[0].HasCopyReady.ShouldBeFalse($"before {next}");
            facts.Add(next);
        }

        Given(facts).All[0].HasCopyReady.ShouldBeTrue();
        Given([.. facts, new ErasureTaskDispatched(Request, "consent", 2, RequestType.Access, 600), new ErasureTaskFailed(Request, "consent", 2, "timeout", Noon)]).All[0].HasCopyReady.ShouldBeTrue("whoever was told so fetches it, though it may take them two tries");
        Given([.. facts, .. HandOutCopy.Decide(Given(facts).All[0]).Whole(Given(facts)).Facts()]).All[0].HasCopyReady.ShouldBeFalse();
        Given([.. Requested]).All[0].HasCopyReady.ShouldBeFalse("an erasure makes none");
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
        var copy = JsonDocument.Parse(HandOutCopy.Add(request, register, [new SealedResults("crm", new Uri("https://crm.example/exports/7"), 3)], Part("""{"consents":[1]}"""))).RootElement;
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
        HandOutCopy.Handed(Given(Told).All[0], isPart: true).Whole(Given(Told)).ShouldRecord(new ErasureCopyHandedOut(Request, Partial: true));
        HandOutCopy.Handed(Given([.. Told, new ErasureCopyHandedOut(Request)]).All[0], isPart: true).ShouldBe(Decision.Unchanged);
        HandOutCopy.Handed(Given(Told).All[0], isPart: false).Whole(Given(Told)).Facts()[^1].ShouldBeOfType<ErasureCompleted>();
        CodeOf(HandOutCopy.Handed(Given([.. Told, new ErasureCopyHandedOut(Request)]).All[0], isPart: false)).ShouldBe("copy_handed_out", "another one was sent at the same time");
    }

    [Fact]
    public void What_is_known_under_another_id_of_the_person_is_in_the_copy()
    {
        var copy = JsonDocument.Parse(HandOutCopy.Add(Given(Told).All[0], TenantRegister.Empty, [], Part("""{"consents":[]}"""), Part("""{"consents":[1]}""", """{"choices":[7]}"""))).RootElement;
        copy.GetProperty("otherIds")[0].GetProperty("consents")[0].GetInt32().ShouldBe(1);
        copy.GetProperty("otherIds")[0].GetProperty("preferences").GetProperty("choices")[0].GetInt32().ShouldBe(7);
        copy.TryGetProperty("processors", out _).ShouldBeFalse();
    }

    [Fact]
    public void What_marketing_preference_keeps_is_in_the_copy_or_that_it_has_not_answered()
    {
        var request = Given([.. Told, new ErasureTaskDispatched(Request, "marketing-preference", 1, RequestType.Access, 600)]).All[0];
        var whole = JsonDocument.Parse(HandOutCopy.Add(request, TenantRegister.Empty, [], Part("""{"consents":[1]}""", """{"choices":[7]}"""))).RootElement;
        (whole.GetProperty("consents")[0].GetInt32(), whole.GetProperty("preferences").GetProperty("choices")[0].GetInt32()).ShouldBe((1, 7));
        whole.TryGetProperty("processors", out _).ShouldBeFalse();

        var lacking = JsonDocument.Parse(HandOutCopy.Add(request, TenantRegister.Empty, [], Part("""{"consents":[1]}"""))).RootElement;
        lacking.TryGetProperty("preferences", out _).ShouldBeFalse();
        var said = lacking.GetProperty("processors").EnumerateArray().ShouldHaveSingleItem();
        (said.GetProperty("system").GetString(), said.TryGetProperty("outcome", out _)).ShouldBe(("marketing-preference", false));
    }

    [Fact]
    public async Task Marketing_preference_is_asked_with_our_own_token_whether_it_will_answer_and_for_its_part()
    {
        await using var preference = new SystemStandIn(200, Kept);
        (await preference.Preferences.SendAsync(CallOf("marketing-preference"), CancellationToken.None)).ShouldBeOfType<TaskReply.Accepted>();
        var part = (await preference.Preferences.ReadAsync(Tenant, NewId(), CancellationToken.None)).ShouldNotBeNull();
        (part.HoldsNothing, part.Kept["choices"]!.AsArray().Count).ShouldBe((false, 1));
        preference.Asked.Select(a => (a.Method, a.Token, a.Tenant)).ShouldBe([("HEAD", "Bearer token", "quintus"), ("GET", "Bearer token", "quintus")]);

        await using var stranger = new SystemStandIn(200, """{"isEmpty":true,"choices":[],"events":[],"addresses":[]}""");
        (await stranger.Preferences.ReadAsync(Tenant, NewId(), CancellationToken.None)).ShouldNotBeNull().HoldsNothing.ShouldBeTrue("whoever it never saw has an empty part");
    }

    [Theory]
    [InlineData(503, Kept, "status-503")]
    [InlineData(403, Kept, "status-403")]
    [InlineData(404, Kept, "status-404")]
    [InlineData(200, "{}", null)]
    [InlineData(200, "not json", null)]
    public async Task While_marketing_preference_has_no_answer_it_is_asked_again_and_there_is_no_copy(int status, string body, string? code)
    {
        await using var preference = new SystemStandIn(status, body);
        if (code is not null) (await preference.Preferences.SendAsync(CallOf("marketing-preference"), CancellationToken.None)).ShouldBeOfType<TaskReply.Unreachable>().Code.ShouldBe(code);
        (await preference.Preferences.ReadAsync(Tenant, NewId(), CancellationToken.None)).ShouldBeNull();
    }

    [Fact]
    public async Task Where_nobody_said_where_marketing_preference_is_the_request_waits_and_says_why()
    {
        using var provider = SystemStandIn.Calling([]);
        var nowhere = provider.GetRequiredService<PreferenceCalls>();
        (await nowhere.SendAsync(CallOf("marketing-preference"), CancellationToken.None)).ShouldBeOfType<TaskReply.Unreachable>().Code.ShouldBe("no-client");
        (await nowhere.ReadAsync(Tenant, NewId(), CancellationToken.None)).ShouldBeNull();
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
        await using var consent = new SystemStandIn(200, """{"consents":[]}""");
        var reply = await consent.Own.SendAsync(CallOf("consent", type), CancellationToken.None);
        reply.ShouldBeOfType<TaskReply.Accepted>();
    }

    [Fact]
    public async Task Each_copy_is_read_anew_and_whole()
    {
        await using var consent = new SystemStandIn(200, "{}");
        foreach (var portable in (bool[])[false, false, true]) (await consent.Own.ReadCopyAsync(Tenant, NewId(), portable, CancellationToken.None)).ShouldNotBeNull().HoldsNothing.ShouldBeFalse();
        consent.Asked.Select(a => a.Key).Distinct().Count().ShouldBe(3, "what was recorded since the first reading is in the second");
        consent.Asked.Select(a => a.Query).ShouldBe(["?format=json&disclose=true", "?format=json&disclose=true", "?format=dpv"], "only the first has room for what was sealed");
    }

    [Fact]
    public async Task Who_was_never_seen_gets_a_copy_that_says_so()
    {
        await using var consent = new SystemStandIn(404, """{"code":"not_found"}""");
        var person = NewId();
        var copy = (await consent.Own.ReadCopyAsync(Tenant, person, portable: false, CancellationToken.None)).ShouldNotBeNull();
        copy.HoldsNothing.ShouldBeTrue();
        var said = JsonDocument.Parse(copy.Bytes).RootElement;
        (said.GetProperty("subject").GetGuid(), said.GetProperty("consents").GetArrayLength()).ShouldBe((person, 0));
        HandOutCopy.Decide(Given(Told).All[0], empty: ["consent"]).Whole(Given(Told)).Facts()[^1].ShouldBeOfType<ErasureCompleted>().Systems.ShouldNotBeNull().ShouldBe([new SystemOutcome("consent", TaskOutcome.NothingHeld)]);

        await using var other = new SystemStandIn(404, "{}");
        (await other.Own.ReadCopyAsync(Tenant, person, portable: false, CancellationToken.None)).ShouldBeNull("who is no consent service knows nothing of the person");
        await using var closed = new SystemStandIn(403, """{"code":"scope_missing"}""");
        (await closed.Own.ReadCopyAsync(Tenant, person, portable: false, CancellationToken.None)).ShouldBeNull();
    }

    private const string Kept = """{"isEmpty":false,"choices":[{"topic":"newsletter"}],"events":[{}],"addresses":[]}""";

    private static OwnPart Part(string consents, string? kept = null) =>
        new(new OwnCopy(System.Text.Encoding.UTF8.GetBytes(consents), "application/json"), kept is null ? null : new KeptPart(JsonNode.Parse(kept)!.AsObject(), HoldsNothing: false));

    private static TaskCall CallOf(string system, RequestType type = RequestType.Access) =>
        new(Tenant, Request, type, new Processor(system, system, ProcessorKind.Service, Endpoint: null, Assignee: null, []), 1, new SubjectIdentities(NewId(), []));
}
