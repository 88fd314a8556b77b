using System.Collections.Concurrent;
using System.Text.Json;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Answering;
using ConsentLedger.ErasureOrchestrator.Erasures.Planning;
using ConsentLedger.ErasureOrchestrator.Erasures.Requesting;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Holds;
using ConsentLedger.ErasureOrchestrator.Identities;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.EventStore;
using ConsentLedger.Support;
using ConsentLedger.Vault;
using Npgsql;
using static ConsentLedger.ErasureOrchestrator.Tests.People;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>Whoever asks to be forgotten seldom says by which address processors know them. The consent service knows until it forgets, so it is asked before.</summary>
public sealed class AddressesTests : IAsyncLifetime
{
    private const string Canary = "canary.known@example.org";

    private static readonly ErasureRequested Asked = (ErasureRequested)Requested[0];
    private static readonly Patience Asking = TenMinutes with { AsksForAddresses = true };
    private static readonly StreamKey Place = new(Replica.Tenant, new StreamId(Request));
    private static readonly Processor Crm = new("crm", "The CRM", ProcessorKind.Webhook, new Uri("https://crm.example"), Assignee: null, []);
    private static readonly Processor Archive = new("archive", "The archive", ProcessorKind.Manual, Endpoint: null, "archivist", []);
    private static readonly SubjectIdentity Known = new("email", Canary);

    private readonly MovedClock _clock = new();
    private readonly List<Replica> _replicas = [];
    private readonly ConcurrentQueue<TaskCall> _told = [];
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("addresses-");
    private readonly SystemStandIn _consent = new(200, $$"""{"addresses":[{"kind":"email","value":"{{Canary}}"},{"kind":"phone","value":"+46 8 123 45 67"}]}""");
    private PostgresDatabase _database = null!, _vault = null!;

    public async Task InitializeAsync()
    {
        File.WriteAllBytes(KekFile, new byte[32]);
        File.SetUnixFileMode(KekFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        (_database, _vault) = (await PostgresDatabase.CreateAsync("addresses"), await PostgresDatabase.CreateAsync("addresses_vault"));
    }

    public async Task DisposeAsync()
    {
        foreach (var replica in _replicas) await replica.DisposeAsync();
        await _consent.DisposeAsync();
        await _database.DisposeAsync();
        await _vault.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private string KekFile => Path.Combine(_folder.FullName, "kek");

    [Fact]
    public void The_consent_service_is_asked_before_anybody_erases()
    {
        var facts = Begin(Asked, Crm);
        facts.OfType<ErasurePlanned>().Single().Steps.Select(s => (s.System, s.Phase)).ShouldBe([("consent-addresses", 0), ("consent", 1), ("marketing-preference", 1), ("crm", 1)]);
        facts.OfType<ErasureTaskDispatched>().ShouldHaveSingleItem().System.ShouldBe(OwnSystems.Addresses);
        Given([Asked, .. facts]).All[0].Tasks[OwnSystems.Addresses].Stage.ShouldBe(TaskStage.Calling);
    }

    [Fact]
    public void Whoever_tells_somebody_by_hand_needs_to_know_whom_as_well() => Plan(Asked, Archive).ShouldContain(OwnSystems.Addresses);

    [Fact]
    public void It_is_not_asked_for_what_nobody_needs()
    {
        Plan(Asked).ShouldNotContain(OwnSystems.Addresses, "our own systems know the subject by its id");
        Plan(Asked with { HasIdentities = true }, Crm).ShouldNotContain(OwnSystems.Addresses, "whoever asked said by what");
        Plan(Asked with { Type = RequestType.Access }, Crm with { Types = [RequestType.Access] }).ShouldNotContain(OwnSystems.Addresses, "nothing is lost with a copy");
        MakePlan.Of(Given(Asked).All[0], Registered(new ProcessorConfigured(Crm)), asksForAddresses: false).Steps.ShouldNotContain(s => s.System == OwnSystems.Addresses, "there is nobody to ask");
    }

    [Fact]
    public void An_address_where_the_person_confirmed_is_none_that_processors_were_told() =>
        Plan(Asked with { HasIdentities = true, Identity = IdentityCheck.MailedLink }, Crm).ShouldContain(OwnSystems.Addresses);

    [Fact]
    public void What_it_knows_is_sealed_and_everybody_is_told_in_the_same_commit()
    {
        var state = Asks(out _);
        var recorded = Reply(state, new TaskReply.Identified([Known])).ShouldBeOfType<Decision.Record>().Events;
        recorded.Select(e => e.Facts.GetType().Name).ShouldBe(
            [nameof(ErasureTaskCompleted), nameof(ErasureIdentitiesAdded), nameof(IdentitiesSealed), nameof(ErasureTaskDispatched), nameof(ErasureTaskDispatched), nameof(ErasureTaskDispatched)]);
        recorded[0].Facts.ShouldBe(new ErasureTaskCompleted(Request, OwnSystems.Addresses, TaskOutcome.Provided));
        recorded[2].Stream.ShouldBe(Place, "the request's own");
        SealedIdentities.Read(recorded[2].Personal.Span).Identities.ShouldBe([Known]);
        foreach (var e in recorded) JsonSerializer.Serialize(e.Facts, e.Facts.GetType(), EventCatalog.Json).ShouldNotContain(Canary);
        $"{new TaskReply.Identified([Known])}".ShouldNotContain(Canary);
    }

    [Fact]
    public void Where_it_knows_nothing_the_others_are_told_all_the_same()
    {
        var facts = Reply(Asks(out _), new TaskReply.Identified([])).Facts();
        facts[0].ShouldBe(new ErasureTaskCompleted(Request, OwnSystems.Addresses, TaskOutcome.NothingHeld));
        facts.OfType<ErasureTaskDispatched>().Select(d => d.System).ShouldBe(["consent", "crm", "marketing-preference"], ignoreOrder: true);
    }

    [Fact]
    public void An_answer_that_comes_twice_is_sealed_once()
    {
        var state = Asks(out var facts);
        state = Given([.. facts, .. Reply(state, new TaskReply.Identified([Known])).Facts().Where(f => f is not IdentitiesSealed)]);
        Reply(state, new TaskReply.Identified([Known])).ShouldBe(Decision.Unchanged);
        Reply(state, new TaskReply.Identified([])).ShouldBe(Decision.Unchanged);
    }

    [Fact]
    public void Where_nothing_can_be_sealed_any_more_nothing_is_kept() =>
        RecordReply.Decide(Request, OwnSystems.Addresses, new TaskReply.Identified([Known]), attempt: 1, Asks(out _), Noon, results: null)
            .ShouldRecord(new ErasureTaskCompleted(Request, OwnSystems.Addresses, TaskOutcome.Provided, "identities-not-kept"));

    [Fact]
    public void A_hold_names_nobody_as_told_who_was_only_asked_for_an_address()
    {
        var state = Asks(out _);
        Decision.Of(new HoldPlaced(Hold, HoldAuthority.CourtOrder, "T-1")).Whole(state).Facts().OfType<ErasureHeld>().Single().Told.ShouldBeNull();
    }

    [Fact]
    public void Whom_a_processor_cannot_know_by_anything_is_for_the_privacy_team_to_see_to()
    {
        object[] told = [.. Requested[..1], new ErasurePlanned(Request, [new PlannedStep("crm", ProcessorKind.OpenDsr)], [], PolicyVersion: null), new ErasureTaskDispatched(Request, "crm", 1)];
        RecordReply.Decide(Request, "crm", new TaskReply.NotTold("identity-unsupported"), attempt: 1, Given(told), Noon).Whole(Given(told)).ShouldRecord(new ErasureTaskHandedOver(Request, "crm", 1, "identity-unsupported"));

        object[] handed = [.. told, new ErasureTaskHandedOver(Request, "crm", 1, "identity-unsupported")];
        var request = Given(handed).All[0];
        (request.State, request.Tasks["crm"].Stage, request.Tasks["crm"].Assignee, request.Tasks["crm"].Failure).ShouldBe((RequestState.Running, TaskStage.WithPeople, TenantRegister.PrivacyTeam, "identity-unsupported"));
        RecordReply.Decide(Request, "crm", new TaskReply.NotTold("identity-unsupported"), attempt: 1, Given(handed), Noon).ShouldBe(Decision.Unchanged);
        new AnswerTask(TaskOutcome.Erased).Decide(request, "crm", Given(handed), Noon).Whole(Given(handed)).Facts()[^1].ShouldBeOfType<ErasureCompleted>().Outcome.ShouldBe(RequestOutcome.Fully);

        // Somebody found out by what it knows the person: it is told after all, but under a hold nobody is.
        var added = new ErasureIdentitiesAdded(Request);
        Decision.Of(added).Whole(Given(handed)).ShouldRecord(added, new ErasureTaskDispatched(Request, "crm", 2));
        object[] held = [.. handed, new HoldPlaced(Hold, HoldAuthority.CourtOrder, "T-1"), new ErasureHeld(Request, [Hold])];
        Decision.Of(added).Whole(Given(held)).ShouldRecord(added);
        Decision.Of(new HoldLifted(Hold, HoldEnd.Lifted)).Whole(Given([.. held, added])).Facts().ShouldContain(new ErasureTaskDispatched(Request, "crm", 2));
    }

    [Fact]
    public async Task What_lies_sealed_in_the_consent_service_reaches_the_processor_and_is_gone_with_the_request()
    {
        var here = await StartAsync();
        await here.RegisterAsync(Replica.Tenant, Crm);
        var person = Replica.NewPerson();
        var request = await here.ReceiveAsync(person);
        await here.UntilAsync(person, request, r => r.Tasks["crm"].Outcome == TaskOutcome.Erased);
        _told.ShouldHaveSingleItem().Identities.All.ShouldBe([Known, new SubjectIdentity("phone", "+46 8 123 45 67")]);
        var asked = _consent.Asked.ShouldHaveSingleItem();
        (asked.Key, asked.Query, asked.Path).ShouldBe(($"addresses {request} 1", "", $"/v1/subjects/{person.Id}/addresses"));

        await here.ReplyOfOursAsync(person, request);
        (await here.UntilAsync(person, request, r => r is { IsOpen: false, HasIdentities: false })).Outcome.ShouldBe(RequestOutcome.Fully);
        (await here.Get<IdentityVault>().OpenAsync(Replica.Tenant, request, CancellationToken.None)).ShouldBeNull();
        foreach (var facts in await here.FactsAsync(person)) JsonSerializer.Serialize(facts, facts.GetType(), EventCatalog.Json).ShouldNotContain(Canary);
    }

    [Fact]
    public async Task While_the_consent_service_is_away_nobody_erases_who_could_be_told_nothing_and_no_other_request_waits()
    {
        var answer = _consent.Answer;
        _consent.Answer = _ => Task.FromResult((503, "{}"));
        var here = await StartAsync();
        await here.RegisterAsync(Replica.Tenant, Crm);
        var (person, other) = (Replica.NewPerson(), Replica.NewPerson());
        var request = await here.ReceiveAsync(person);
        var waiting = await here.UntilAsync(person, request, r => r.Tasks[OwnSystems.Addresses].Failure == "status-503");
        waiting.Tasks.Where(t => t.Key != OwnSystems.Addresses).ShouldAllBe(t => t.Value.Stage == TaskStage.Planned);
        await here.UntilAsync(other, await here.ReceiveAsync(other, People.Asking with { Identities = [Known] }), r => r.Tasks["crm"].Outcome == TaskOutcome.Erased);

        _consent.Answer = answer;
        _clock.Pass(TimeSpan.FromHours(1));
        await here.WakeAsync();
        await here.UntilAsync(person, request, r => r.Tasks["crm"].Outcome == TaskOutcome.Erased);
        _told.Last().Identities.All.ShouldContain(Known);
    }

    [Fact]
    public async Task Killed_while_it_asks_the_next_one_asks_the_same_and_seals_it_once()
    {
        var (answer, reached) = (_consent.Answer, new TaskCompletionSource());
        _consent.Answer = async request =>
        {
            reached.TrySetResult();
            await Task.Delay(Timeout.Infinite, request.HttpContext.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return (200, "{}");
        };
        var dying = await StartAsync();
        await dying.RegisterAsync(Replica.Tenant, Crm);
        var person = Replica.NewPerson();
        var request = await dying.ReceiveAsync(person);
        await reached.Task;
        _replicas.Remove(dying);
        await dying.DisposeAsync();

        _consent.Answer = answer;
        var next = await StartAsync();
        await next.UntilAsync(person, request, r => r.Tasks["crm"].Outcome == TaskOutcome.Erased);
        _consent.Asked.Select(a => a.Key).Distinct().ShouldHaveSingleItem().ShouldBe($"addresses {request} 1", "one reading, however often it was asked for");
        (await next.FactsAsync(person)).OfType<ErasureIdentitiesAdded>().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Whom_nobody_knows_by_an_address_is_on_the_privacy_teams_list_until_somebody_says_one()
    {
        _consent.Answer = _ => Task.FromResult((404, """{"code":"not_found"}"""));
        var here = await StartAsync();
        await here.RegisterAsync(Replica.Tenant, Crm);
        var person = Replica.NewPerson();
        var request = await here.ReceiveAsync(person);
        await here.ReplyOfOursAsync(person, (await here.UntilAsync(person, request, r => r.Tasks["crm"].Stage == TaskStage.WithPeople)).Id);
        (await here.StateAsync(person)).All[0].IsOpen.ShouldBeTrue("nobody has said that it is not done");

        var asked = People.Asking with { Subject = ServiceDefaults.SubjectId.Of(person.Id), Identities = [Known] };
        var received = await here.Get<ReceiveRequests>().ReceiveAsync(Replica.Tenant, asked, new Digest(NewId()), default, CancellationToken.None);
        (received.Request?.Id, received.Identities?.Kept).ShouldBe((request, true));
        received.Identities!.ToldWithout.ShouldBeEmpty("it is told now, for the first time");
        var ended = await here.UntilAsync(person, request, r => !r.IsOpen);
        (ended.Outcome, ended.Tasks["crm"].Attempts).ShouldBe((RequestOutcome.Fully, 2));
    }

    [Fact]
    public async Task Whom_nobody_can_name_any_more_after_the_vault_went_back_in_time_is_on_the_privacy_teams_list()
    {
        var here = await StartAsync();
        await here.RegisterAsync(Replica.Tenant, Crm);
        var person = Replica.NewPerson();
        (await here.Aliases.ExecuteAsync([person], id: null, default, all => PlaceHold.Decide(new PlaceHold(HoldAuthority.CourtOrder, "T-1"), Hold, person, all), CancellationToken.None)).ShouldBeOfType<Outcome.Recorded>();
        var request = await here.ReceiveAsync(person, People.Asking with { Identities = [Known] });
        await using (var vault = NpgsqlDataSource.Create(_vault.ConnectionString))
        {
            await using var restore = vault.CreateCommand($"delete from subject_keys where stream_id = '{request}'");
            (await restore.ExecuteNonQueryAsync()).ShouldBe(1);
        }

        await Task.Delay(SubjectKeys.Lease);
        (await here.Aliases.ExecuteAsync([person], id: null, default, all => LiftHold.Decide(Hold, all), CancellationToken.None)).ShouldBeOfType<Outcome.Recorded>();
        var task = (await here.UntilAsync(person, request, r => r.Tasks["crm"].IsHandedOver)).Tasks["crm"];
        (task.Failure, _told.Count).ShouldBe(("identities-lost", 0));

        // Who says it again is heard, whatever lies beside it that nobody can read.
        await here.ReceiveAsync(person, People.Asking with { Identities = [Known] });
        await here.UntilAsync(person, request, r => r.Tasks["crm"].Outcome == TaskOutcome.Erased);
        _told.ShouldHaveSingleItem().Identities.All.ShouldBe([Known]);
    }

    [Fact]
    public async Task Where_the_ledger_went_back_to_before_the_end_and_the_key_did_not_whoever_asks_again_hears_that_nothing_was_kept()
    {
        var here = await StartAsync();
        var person = Replica.NewPerson();
        var request = await here.ReceiveAsync(person, People.Asking with { Identities = [Known] });
        await here.Get<IdentityVault>().DestroyAsync(person with { Id = new StreamId(request) }, CancellationToken.None);

        var asked = People.Asking with { Subject = ServiceDefaults.SubjectId.Of(person.Id), Identities = [new SubjectIdentity("email", "canary.other@example.org")] };
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var received = await here.Get<ReceiveRequests>().ReceiveAsync(Replica.Tenant, asked, new Digest(NewId()), default, limit.Token);
        (received.Outcome, received.Request?.Id, received.Identities?.Kept).ShouldBe((new Outcome.Unchanged(received.Version), request, false));
    }

    [Fact]
    public async Task What_is_no_identity_is_refused()
    {
        var here = await StartAsync();
        foreach (var identity in (SubjectIdentity[])[null!, Known with { Type = null! }, Known with { Value = "" }, Known with { Format = "rot13" }])
        {
            var asked = People.Asking with { Subject = ServiceDefaults.SubjectId.Of(Replica.NewPerson().Id), Identities = [identity] };
            (await here.Get<ReceiveRequests>().ReceiveAsync(Replica.Tenant, asked, new Digest(NewId()), default, CancellationToken.None)).Outcome.ShouldBeOfType<Outcome.Refused>().Refusal.Code.ShouldBe("identity_invalid");
        }
    }

    [Fact]
    public async Task A_404_or_a_refusal_of_somebody_else_is_no_answer()
    {
        foreach (var (status, body, code) in ((int, string, string)[])[(404, "{}", "status-404"), (403, """{"code":"scope_missing"}""", "status-403"), (200, "not json", "no-answer")])
        {
            await using var consent = new SystemStandIn(status, body);
            (await consent.Own.SendAsync(CallOf(attempt: 1), CancellationToken.None)).ShouldBeOfType<TaskReply.Unreachable>().Code.ShouldBe(code);
        }
    }

    [Fact]
    public async Task A_consent_service_that_fails_is_soon_not_asked_at_all_for_this_tenant_and_for_this()
    {
        await using var consent = new SystemStandIn(503, "{}");
        for (var call = 1; call <= 5; call++) (await consent.Own.SendAsync(CallOf(call), CancellationToken.None)).ShouldBe(new TaskReply.Unreachable("status-503", null));
        consent.Asked.Count.ShouldBe(15, "a hiccup would have been overcome within the call");
        (await consent.Own.SendAsync(CallOf(6), CancellationToken.None)).ShouldBeOfType<TaskReply.Unreachable>().Code.ShouldBe("circuit-open");
        consent.Asked.Count.ShouldBe(15);
        (await consent.Own.SendAsync(CallOf(6) with { Tenant = TenantId.Parse("vms") }, CancellationToken.None)).ShouldBe(new TaskReply.Unreachable("status-503", null), "another tenant's lane is another");
    }

    [Fact]
    public async Task One_that_hangs_fills_no_lane_but_its_own()
    {
        await using var consent = new SystemStandIn(200, """{"consents":[]}""", ("Processors:AtOnce", "1"), ("Processors:Waiting", "0"));
        var (reached, release, answer) = (new TaskCompletionSource(), new TaskCompletionSource(), consent.Answer);
        consent.Answer = async request =>
        {
            if (!request.Path.Value!.EndsWith("/addresses", StringComparison.Ordinal)) return await answer(request);
            reached.TrySetResult();
            await release.Task;
            return (200, """{"addresses":[]}""");
        };
        var hanging = consent.Own.SendAsync(CallOf(1), CancellationToken.None);
        await reached.Task;
        (await consent.Own.SendAsync(CallOf(2), CancellationToken.None)).ShouldBeOfType<TaskReply.Unreachable>().Code.ShouldBe("busy");
        (await consent.Own.ConsentLastsAsync(Replica.NewPerson(), ["newsletter"], CancellationToken.None)).ShouldBe(false);
        release.SetResult();
        (await hanging).ShouldBeOfType<TaskReply.Identified>();
    }

    private static IReadOnlyList<object> Begin(ErasureRequested asked, params IEnumerable<Processor> processors) => Decision.Of(asked)
        .Advancing([new Person(Stream: null, Given(), Version: 0)], Registered(processors.Select(p => new ProcessorConfigured(p))), Asking, Noon).Facts().Skip(1).ToList();

    private static IEnumerable<string> Plan(ErasureRequested asked, params IEnumerable<Processor> processors) =>
        MakePlan.Of(Given(asked).All[0], Registered(processors.Select(p => new ProcessorConfigured(p))), asksForAddresses: true).Steps.Select(s => s.System);

    /// <summary>A request that waits for the consent service's answer.</summary>
    private static SubjectRequests Asks(out object[] facts) => Given(facts = [Asked, .. Begin(Asked, Crm)]);

    private static Decision Reply(SubjectRequests state, TaskReply reply) =>
        RecordReply.Decide(Request, OwnSystems.Addresses, reply, attempt: 1, state, Noon, Place).Advancing([new Person(Stream: null, state, Version: 0)], TenantRegister.Empty, Asking, Noon);

    private static TaskCall CallOf(int attempt) => new(
        Replica.Tenant, Request, RequestType.Erasure, new Processor(OwnSystems.Addresses, OwnSystems.Addresses, ProcessorKind.Service, Endpoint: null, Assignee: null, []), attempt, new SubjectIdentities(OtherRequest, []));

    /// <summary>With a processor that knows people by their addresses only.</summary>
    private async Task<Replica> StartAsync()
    {
        var replica = await Replica.StartAsync(
            _database, _clock,
            (call, _) =>
            {
                _told.Enqueue(call);
                return Task.FromResult<TaskReply>(call.Identities.All.Count > 0 ? new TaskReply.Done(TaskOutcome.Erased, Reason: null) : new TaskReply.NotTold("identity-unsupported"));
            },
            [("ConnectionStrings:Vault", $"{_vault.ConnectionString};Maximum Pool Size=10"), ("Vault:KekFile", KekFile), .. _consent.Settings]);
        _replicas.Add(replica);
        return replica;
    }
}
