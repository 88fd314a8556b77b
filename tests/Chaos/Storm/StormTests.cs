using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Support;
using Npgsql;
using Xunit.Abstractions;

namespace ConsentLedger.Chaos.Storm;

/// <summary>
/// Many requests of all types at once, while services, broker and database are killed: two of the five processors are flaky, one is dead for a week, one lies and one is slow.
/// STORM_REQUESTS sets how many (default 30), all of which are open at a time; STORM_SEED repeats what chance picked, as far as threads let it.
/// </summary>
[Collection(nameof(OwnServers))]
public sealed class StormTests(ITestOutputHelper output) : Killing(TimeSpan.FromSeconds(250 + (1.5 * Requests)))
{
    private const string Tenant = "vms";

    /// <summary>Whoever has many requests to send has so many hands.</summary>
    private const int Callers = 16;

    private static readonly int Requests = int.Parse(Environment.GetEnvironmentVariable("STORM_REQUESTS") ?? "30", CultureInfo.InvariantCulture);
    private static readonly int Seed = int.Parse(Environment.GetEnvironmentVariable("STORM_SEED") ?? $"{Environment.TickCount & 0xFFFF}", CultureInfo.InvariantCulture);
    private static readonly int Strikes = 3 + (Requests / 50);

    /// <summary>So many meet requests as they come in, and the rest what becomes of them.</summary>
    private static readonly int StrikesAtFirst = (Strikes + 1) / 2;

    // Of tasks t of requests r.
    private const string Copy = "(t.system in ('consent', 'marketing-preference') and r.type in ('access', 'portability'))";
    private const string Last = "not exists (select from open_request_tasks o where (o.tenant_id, o.request) = (t.tenant_id, t.request) and o.system not in ('consent', 'marketing-preference'))";

    /// <summary>Their part, or the copy that is whole.</summary>
    private const string ForPeople = $"(t.stage = 'with-people' or ({Copy} and t.system = 'consent' and t.stage <> 'planned' and {Last}))";

    /// <summary>Whoever should do it does not.</summary>
    private const string Left = $"((t.system = 'archive' or {Copy}) and t.request = any($1))";

    /// <summary>Where nothing is lost, so nothing has to be told again.</summary>
    private const string OnTheBus = "(t.stage = 'waiting' and r.type = 'erasure' and t.system in ('consent', 'marketing-preference'))";

    private static readonly string[] All = ["erasure", "access", "portability", "rectification", "restriction"];
    private static readonly TimeSpan Week = TimeSpan.FromDays(7);

    private readonly Random _chance = new(Seed);
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly ConcurrentDictionary<(Guid Request, string System), Word> _byHand = [];
    private readonly List<Task> _working = [];
    private string _stage = "";
    private IReadOnlyList<Asked> _asked = [];
    private volatile int _struck;
    private volatile bool _peopleWork;
    private volatile Guid[] _left = [];
    private IReadOnlyList<PlayedProcessor> _processors = [];
    private HttpClient _privacy = null!;

    protected override bool MovesTheClock => true;

    protected override async Task StartAsync()
    {
        var (certificate, key) = (await File.ReadAllTextAsync(Here.InFolder("opendsr.pem"), Ct), await File.ReadAllTextAsync(Here.InFolder("opendsr.key"), Ct));
        _processors =
        [
            new PlayedWebhook("flaky-hook", Manner.Flaky, All, Tenant, Here.Clock, Seed + 1, Ct),

            // The protocol knows no restriction, so that is refused in its name.
            new PlayedOpenDsr("flaky-dsr", Manner.Flaky, ["erasure", "access", "portability", "restriction"], certificate, key, Here.Clock, Seed + 2, Ct),
            new PlayedOpenDsr("dead", Manner.Good, ["erasure"], certificate, key, Here.Clock, Seed + 3, Ct),
            new PlayedWebhook("liar", Manner.Lying, All, Tenant, Here.Clock, Seed + 4, Ct),
            new PlayedWebhook("slow", Manner.Slow, ["erasure", "access", "portability"], Tenant, Here.Clock, Seed + 5, Ct),
        ];
        foreach (var processor in _processors.Where(p => p.Name != "dead")) await processor.OpenAsync();
        foreach (var webhook in _processors.OfType<PlayedWebhook>()) Here.Erasure.Settings[$"Processors__Secrets__{Tenant}__{webhook.Name}"] = webhook.Secret;

        // Of whoever hangs, three in a hundred do, a test does not wait for ten seconds each.
        Here.Erasure.Settings["Resilience__processor__AttemptTimeoutMs"] = "2000";
        foreach (var service in Here.Services) service.Patience = TimeSpan.FromMinutes(3);
        await Task.WhenAll(Here.Services.Select(s => s.StartAsync(Ct)));
        await RunningServices.PublishPolicyAsync(Here, Tenant, Ct);
        _privacy = Here.Client(Here.Erasure, Tenant, "privacy");
        await RegisterAsync();
        _asked = [.. Enumerable.Range(0, Requests).Select(n => Asked.Of(n, Acts.NewSubject()))];
    }

    public override async Task DisposeAsync()
    {
        await LosePatienceAsync();
        await Task.WhenAll(_working).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await base.DisposeAsync();
        foreach (var processor in _processors) await processor.DisposeAsync();
    }

    [Fact]
    public async Task Every_request_ends_right_no_task_is_done_twice_and_no_deadline_is_missed_silently()
    {
        output.WriteLine($"STORM_SEED={Seed} STORM_REQUESTS={Requests}");
        try
        {
            await PatientlyAsync(StormAsync);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"STORM_SEED={Seed} STORM_REQUESTS={Requests} may show it again. {Stage}: {e.Message}", e);
        }
    }

    private async Task StormAsync()
    {
        var listener = await Listener.DeclareAsync(Here.Broker, "erasure.events", ["erasure.#", "right.#"], Ct);
        await GrantAsync();

        // Early in a day, so that all are asked within one, and their months end on one: of reminders that fall due at once only the last is given.
        Here.Clock.MoveTo(new DateTimeOffset(Here.Clock.GetUtcNow().UtcDateTime.Date.AddDays(1).AddHours(1), TimeSpan.Zero));
        var start = Here.Clock.GetUtcNow();

        At("asking and striking, with one processor dead");
        var striking = StrikeAsync();
        var asking = AskAllAsync();
        _working.AddRange([striking, asking]);
        await LetTimeGoByAsync(asking, start.AddHours(20), StrikesAtFirst);
        (await ReportAsync()).Count(line => Text(line, "state") != "completed").ShouldBe(Requests);

        // From here on people do their part, but not for those whom they neglect.
        At("all are open at once");
        (_left, _peopleWork) = ([.. _asked.Where(a => a.IsNeglected).Select(a => a.Request)], true);
        _working.Add(WorkAtTheDeskAsync());
        await LetTimeGoByAsync(striking, start + Week, Strikes - StrikesAtFirst);
        for (; Here.Clock.GetUtcNow() <= start + Week; Here.Clock.Move(TimeSpan.FromHours(_chance.Next(4, 16)))) await QuietAsync(Ct);

        // Whoever is dead stops nobody else: the others come to their end without it.
        await UntilAsync("everything but what the dead one and neglected people have to do", $"t.system <> 'dead' and not {Left}", start.AddDays(13));
        var dead = _processors.Single(p => p.Name == "dead");
        (Here.Clock.GetUtcNow() - start).ShouldBeGreaterThan(Week);
        dead.Tasks.ShouldBeEmpty();

        At("the dead one is back");
        await dead.OpenAsync();
        await UntilAsync("everything but what neglected people have to do", $"not {Left}", start.AddDays(16));
        await MissDeadlinesAsync();

        At("listening to the last words");
        foreach (var processor in _processors) await UntilAsync(() => Task.FromResult(processor.HasSaidAll));
        await VerifyAsync(listener, start);
    }

    /// <summary>While this is done: now and then faster than anybody can follow, and no further than strikes go on.</summary>
    /// <param name="until">At most, when all of these strikes are over.</param>
    private async Task LetTimeGoByAsync(Task work, DateTimeOffset until, int strikes)
    {
        var (start, struck) = (Here.Clock.GetUtcNow(), _struck);
        while (!work.IsCompleted)
        {
            var left = start + ((until - start) * Math.Min(1, (_struck - struck + 1d) / strikes)) - Here.Clock.GetUtcNow();
            if (left > TimeSpan.Zero) Here.Clock.Move(left * Math.Min(1, 2 * _chance.NextDouble()));
            using var enough = CancellationTokenSource.CreateLinkedTokenSource(Ct);
            enough.CancelAfter(_chance.Next(500, 4000));
            try
            {
                await QuietAsync(enough.Token);
                await Task.Delay(100, Ct);
            }
            catch (OperationCanceledException) when (!Ct.IsCancellationRequested)
            {
                // Time waits for nobody.
            }
        }

        await work;
    }

    /// <summary>Time goes by, and nobody does what people have to: somebody is told of it while there is time, and when there is none.</summary>
    private async Task MissDeadlinesAsync()
    {
        var neglected = _asked.Where(a => a.IsNeglected).ToList();
        var lapses = (await Task.WhenAll(neglected.Select(ReadAsync))).Max(r => DateOnly.Parse(r.GetProperty("dueOn").GetString()!, CultureInfo.InvariantCulture).AddDays(1).ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc));
        foreach (var days in (int[])[14, 7, 2])
        {
            At($"{days} days before");
            if (days == 7) await Here.Erasure.KillAsync();
            MoveOnTo(new DateTimeOffset(lapses).AddDays(-days).AddHours(1));
            if (days == 7) await Here.Erasure.StartAsync(Ct);
            await UntilAsync(async () => (await RowsAsync(
                "erasure", "select data->>'request' from mt_events where type = 'erasure.escalated.v1' and (data->>'daysLeft')::int = $1 and (data->>'request')::uuid = any($2)", row => row.GetString(0),
                days, neglected.Select(a => a.Request).ToArray())).Count == neglected.Count);
        }

        // Nobody is there when the day is over; and then people answer before anybody else looks.
        At("the day is over");
        await Here.Erasure.KillAsync();
        MoveOnTo(new DateTimeOffset(lapses).AddHours(1));
        _left = [.. neglected.Where(a => a.Number % 2 != 0).Select(a => a.Request)];
        await Here.Erasure.StartAsync(Ct);
        await UntilAsync(async () => (await ReportAsync()).Count(line => line.GetProperty("overdue").GetBoolean() && !line.GetProperty("inTime").GetBoolean()) == neglected.Count);
        _left = [];
        await UntilAsync("everything", "true", Here.Clock.GetUtcNow().AddDays(3));
    }

    private void At(string stage)
    {
        Stage = _stage = stage;
        output.WriteLine($"{_watch.Elapsed.TotalSeconds:0} s, {Here.Clock.GetUtcNow():MM-dd HH:mm}: {stage}");
    }

    private void MoveOnTo(DateTimeOffset moment)
    {
        if (moment > Here.Clock.GetUtcNow()) Here.Clock.MoveTo(moment);
    }

    private async Task VerifyAsync(Listener listener, DateTimeOffset start)
    {
        At("looking at processors");
        _processors.SelectMany(p => p.Wrongs).ShouldBeEmpty();
        foreach (var processor in _processors) processor.Tasks.GroupBy(t => t.Request).ShouldAllBe(one => one.Count() == 1, $"{processor.Name} did something twice");
        foreach (var log in Here.LogFiles) (await File.ReadAllTextAsync(log, Ct)).ShouldNotContain(Canaries.Mark);

        At("looking at requests");
        var report = (await ReportAsync()).ToDictionary(line => line.GetProperty("id").GetGuid());
        report.Keys.ShouldBe(_asked.Select(a => a.Request), ignoreOrder: true);
        var events = (await EventsAsync()).Where(e => e.Request is not null).ToLookup(e => e.Request!.Value);
        foreach (var asked in _asked)
        {
            var request = await ReadAsync(asked);
            CheckRequest(asked, request, report[asked.Request]);
            CheckEvents(asked, request, [.. events[asked.Request]]);
        }

        At("looking at what was erased");
        await CheckOursAsync();
        foreach (var database in (string[])["consent", "preference", "erasure"])
        {
            await using var source = NpgsqlLedger.DataSource(Here.ConnectionString(database));
            await using var ledger = new NpgsqlEngine(source);
            (await ledger.FindFaultAsync(TenantId.Parse(Tenant), Ct)).ShouldBeNull(database);
        }

        At("listening");
        await CheckPublishedAsync(listener);
        foreach (var queue in (string[])["erasure.from-consent", "erasure.from-marketing", "erasure.persons", "erasure.policies", "consent.from-marketing", "consent.from-erasure", "marketing.from-consent", "marketing.from-erasure"])
            (await Here.Broker.CountReadyAsync($"{queue}.parked")).ShouldBe(0u, queue);

        At("verifying certificates");
        await CheckCertificatesAsync();
        foreach (var processor in _processors) output.WriteLine($"{processor.Name}: {processor.Calls} calls, {processor.Tasks.Count} tasks, told {processor.Tasks.Sum(t => t.Tellings)} times");
        output.WriteLine($"{(Here.Clock.GetUtcNow() - start).TotalDays:0.0} days passed; {events.Sum(e => e.Count())} events");
    }

    private void CheckRequest(Asked asked, JsonElement request, JsonElement line)
    {
        var what = $"{asked.Type} {asked.Number} {request}";
        (Text(request, "subject"), Text(request, "type")).ShouldBe((asked.Subject, asked.Type), what);
        Text(request, "state").ShouldBe("completed", what);
        var tasks = request.GetProperty("tasks").EnumerateArray().ToDictionary(t => Text(t, "system")!);
        tasks.Keys.ShouldBe(asked.Systems, ignoreOrder: true, what);
        foreach (var (system, task) in tasks) CheckTask(asked, system, task);

        var outcomes = tasks.Values.Select(t => Text(t, "outcome")).ToList();
        var isWhole = !outcomes.Exists(o => o is "refused" or "kept" or "partly-erased") && (!request.TryGetProperty("kept", out var kept) || kept.GetArrayLength() == 0);
        Text(request, "outcome").ShouldBe(outcomes.TrueForAll(o => o is "refused" or "kept") ? "refused" : isWhole ? "fully" : "partially", what);

        var (due, completedAt) = (DateOnly.Parse(Text(request, "dueOn")!, CultureInfo.InvariantCulture), request.GetProperty("completedAt").GetDateTimeOffset());
        due.ShouldBe(DateOnly.FromDateTime(request.GetProperty("receivedAt").GetDateTimeOffset().UtcDateTime).AddMonths(1), what);
        var isLate = completedAt >= new DateTimeOffset(due.AddDays(1).ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
        isLate.ShouldBe(asked.IsNeglected, what);
        (request.GetProperty("overdue").GetBoolean(), line.GetProperty("overdue").GetBoolean(), line.GetProperty("inTime").GetBoolean()).ShouldBe((isLate, isLate, !isLate), what);
    }

    /// <summary>What stands is what was said, and first; what was taken is found again.</summary>
    private void CheckTask(Asked asked, string system, JsonElement task)
    {
        var stands = WordOf(task);
        var later = task.TryGetProperty("later", out var others) ? others.EnumerateArray().Select(WordOf).ToList() : [];
        var what = $"{system} of {asked.Type} {asked.Request}: {task}";
        if (_byHand.TryGetValue((asked.Request, system), out var hand))
        {
            stands.ShouldBe(hand, what);
            later.ShouldBeEmpty(what);
            return;
        }

        if (_processors.FirstOrDefault(p => p.Name == system) is not { } processor || (system == "flaky-dsr" && asked.Type == "restriction"))
        {
            stands.ShouldBe((system, asked.Type) switch
            {
                ("flaky-dsr", _) => new Word("refused", "type-unsupported"),
                ("consent-withdrawals", _) => new Word("withdrawn"),
                (_, "restriction") => new Word("restricted"),

                // It knows people by what consent tells it, which may be on its way.
                ("marketing-preference", "access" or "portability") when stands == new Word("nothing-held") => stands,
                (_, "access" or "portability") => new Word("provided"),
                _ => new Word("erased"),
            }, what);
            later.ShouldBeEmpty(what);
            return;
        }

        var known = processor.Tasks.Single(t => t.Request == asked.Request);
        (known.Subject, known.Type).ShouldBe((asked.Subject, asked.Type), what);
        known.MayStand(stands).ShouldBeTrue($"{what} {known}");
        later.ShouldAllBe(word => known.Said(word), $"{what} {known}");
        known.Acknowledged.ShouldBeSubsetOf([stands, .. later], $"{what} {known}");
        later.ShouldNotContain(stands, what);
    }

    private static void CheckEvents(Asked asked, JsonElement request, IReadOnlyList<Recorded> events)
    {
        var what = $"{asked.Type} {asked.Request}: {string.Join('\n', events)}";
        foreach (var once in (string[])["erasure.requested.v1", "erasure.planned.v1", "erasure.completed.v1"]) events.Count(e => e.Type == once).ShouldBe(1, what);
        events.Where(e => e.Type == "erasure.task-completed.v1").Select(e => Text(e.Facts, "system")!).ShouldBe(asked.Systems, ignoreOrder: true, what);
        var told = events.Where(e => e.Type == "erasure.escalated.v1").Select(e => e.Facts.GetProperty("daysLeft").GetInt32()).ToList();
        told.ShouldBe(told.Distinct(), what);
        if (asked.IsNeglected) told.ShouldBe([14, 7, 2], what);
        events.Count(e => e.Type == "erasure.overdue.v1").ShouldBe(asked.IsNeglected ? 1 : 0, what);
        if (asked.IsNeglected) events.Single(e => e.Type == "erasure.overdue.v1").Position.ShouldBeLessThan(events.Single(e => e.Type == "erasure.completed.v1").Position, what);
        request.GetProperty("receivedAt").GetDateTimeOffset().ShouldBe(events.Single(e => e.Type == "erasure.requested.v1").At, what);
    }

    /// <summary>Each of our own systems did its part once.</summary>
    private async Task CheckOursAsync()
    {
        var (consent, preference) = (await CountAsync("consent"), await CountAsync("preference"));
        foreach (var asked in _asked)
        {
            var isErased = asked.Type == "erasure" ? 1 : 0;
            foreach (var log in (Dictionary<(string, string), long>[])[consent, preference])
            {
                // Begun once; that it is over is said to whoever asks again, because answers are lost.
                log.GetValueOrDefault((asked.Subject, "subject.erasure-started.v1")).ShouldBe(isErased, $"{asked}");
                log.ContainsKey((asked.Subject, "subject.erased.v1")).ShouldBe(isErased == 1, $"{asked}");
            }

            consent.GetValueOrDefault((asked.Subject, "consent.withdrawn.v1")).ShouldBe(asked.WithdrawsAll ? 1 : 0, $"{asked}");
            consent.GetValueOrDefault((asked.Subject, "processing.restricted.v1")).ShouldBe(asked.Type == "restriction" ? 1 : 0, $"{asked}");
        }

        var keys = await RowsAsync("consent_vault", "select stream_id::text from subject_keys where destroyed_at is null", row => row.GetString(0));
        keys.Intersect(_asked.Where(a => a.Type == "erasure").Select(a => a.Subject)).ShouldBeEmpty();
        _asked.Where(a => a.Type != "erasure").Select(a => a.Subject).ShouldBeSubsetOf(keys);

        // Soon after a request has ended. Of somebody who was killed before anything was sealed under it, a key of nothing may be left.
        await UntilAsync(async () => !(await RowsAsync("erasure_vault", "select stream_id from subject_keys where destroyed_at is null", row => row.GetGuid(0))).Intersect(_asked.Select(a => a.Request)).Any());
    }

    private async Task<Dictionary<(string Subject, string Type), long>> CountAsync(string database) =>
        (await RowsAsync(database, $"select stream_id, type, count(*) from mt_events where tenant_id = '{Tenant}' group by 1, 2", row => (Key: (row.GetString(0), row.GetString(1)), Count: row.GetInt64(2))))
        .ToDictionary(c => c.Key, c => c.Count);

    /// <summary>All that others are told of was told, each in its place.</summary>
    private async Task CheckPublishedAsync(Listener listener)
    {
        string[] told = ["erasure.requested.v1", "erasure.planned.v1", "erasure.completed.v1", "erasure.escalated.v1", "erasure.overdue.v1", "erasure.task-contradicted.v1"];
        var expected = (await EventsAsync()).Where(e => told.Contains(e.Type)).Select(e => e.Position).ToHashSet();
        var (heard, highest) = (new HashSet<long>(), -1L);
        await foreach (var e in listener.HearAsync(Ct))
        {
            var position = Listener.PositionOf(e);
            if (!heard.Add(position)) continue;
            position.ShouldBeGreaterThan(highest, "what is new follows what was heard");
            highest = position;
            expected.Remove(position);
            if (expected.Count == 0) break;
        }
    }

    private async Task CheckCertificatesAsync()
    {
        var key = (await _privacy.GetStringAsync(new Uri($"/log/{Tenant}/key", UriKind.Relative), Ct)).Trim();
        var sample = _asked.GroupBy(a => (a.Type, a.IsNeglected)).Select(g => g.First()).ToList();
        foreach (var asked in sample)
        {
            var file = Here.InFolder($"{asked.Request}.json");
            await File.WriteAllTextAsync(file, await InsistAsync(() => new HttpRequestMessage(HttpMethod.Get, $"/v1/erasures/{asked.Request}/certificate"), HttpStatusCode.OK), Ct);
            var (code, answer) = await LedgerTool.RunAsync(Ct, "verify-certificate", file, "--key", key, "--subject", asked.Subject, "--request", $"{asked.Request}");
            code.ShouldBe(0, $"{answer}");
            var stated = answer.GetProperty("certificate");
            stated.GetProperty("inTime").GetBoolean().ShouldBe(!asked.IsNeglected);
            stated.GetProperty("systems").EnumerateArray().Select(s => Text(s, "system")!).ShouldBe(asked.Systems, ignoreOrder: true);
        }
    }

    private async Task RegisterAsync()
    {
        var operators = Here.Client(Here.Erasure, Tenant, "operator");
        foreach (var processor in _processors) await operators.PutOkAsync($"/v1/processors/{processor.Name}", processor.Entry, Ct);
        await operators.PutOkAsync("/v1/processors/archive", new { name = "An archive", kind = "manual", assignee = "archivist", types = All }, Ct);
    }

    /// <summary>Everybody has something that can be withdrawn, and a key under which it is sealed.</summary>
    private async Task GrantAsync()
    {
        var consents = _asked.Select(asked => JsonSerializer.Serialize(new
        {
            subject = asked.Subject,
            grant = new { purpose = "newsletter", channel = "email", occurredAt = Acts.Ago(60), actor = "subject", method = "web-form", source = "chaos", evidence = Canaries.Evidence($"storm{asked.Number}") },
        }));
        using var list = new StringContent(string.Join('\n', consents), System.Net.Http.Headers.MediaTypeHeaderValue.Parse("application/x-ndjson"));
        using var answer = await Here.Client(Here.Consent, Tenant, "operator").PostAsync(new Uri("/v1/imports", UriKind.Relative), list, Ct);
        var lines = await answer.Content.ReadAsStringAsync(Ct);
        lines.Split('\n').Count(line => line.Contains("\"recorded\"", StringComparison.Ordinal)).ShouldBe(_asked.Count, lines);
    }

    /// <summary>A part of them before each of the first strikes, which meets some that are on their way.</summary>
    private async Task AskAllAsync()
    {
        foreach (var (number, part) in _asked.Chunk(AskedAtATime).Index())
        {
            while (_struck < number) await Task.Delay(20, Ct);
            await Parallel.ForEachAsync(part, new ParallelOptions { MaxDegreeOfParallelism = Callers, CancellationToken = Ct }, async (asked, _) => await AskAsync(asked));
        }
    }

    private static int AskedAtATime => (Requests + StrikesAtFirst - 1) / StrikesAtFirst;

    private async Task AskAsync(Asked asked)
    {
        var ids = await Task.WhenAll(Enumerable.Range(1, asked.Twice ? 2 : 1).Select(async time =>
        {
            var text = await InsistAsync(
                () => new HttpRequestMessage(HttpMethod.Post, "/v1/requests")
                {
                    Headers = { { "Idempotency-Key", $"storm-{asked.Number}-{time}" } },
                    Content = Acts.Body(new { subject = asked.Subject, type = asked.Type, withdrawAll = asked.WithdrawsAll, identities = new[] { new { type = "email", value = Canaries.Mail($"storm{asked.Number}"), format = "raw" } } }),
                },
                HttpStatusCode.Accepted, HttpStatusCode.OK);
            return JsonDocument.Parse(text).RootElement.GetProperty("id").GetGuid();
        }));
        ids.Distinct().Count().ShouldBe(1, $"{asked}");
        asked.Id = $"{ids[0]}";
    }

    /// <summary>What people do: their own part, and copies are handed out.</summary>
    private async Task WorkAtTheDeskAsync()
    {
        while (true)
        {
            await Parallel.ForEachAsync(await TasksAsync($"{ForPeople} and not {Left}"), new ParallelOptions { MaxDegreeOfParallelism = Callers, CancellationToken = Ct }, async (task, _) => await DoAsync(task));
            await Task.Delay(100, Ct);
        }
    }

    private async Task DoAsync(OpenTask task)
    {
        var asked = _asked.Single(a => a.Request == task.Request);
        if (task.Kind != "manual")
        {
            // Whoever handed it out and was killed says so the next time.
            var copy = await InsistAsync(() => new HttpRequestMessage(HttpMethod.Post, $"/v1/erasures/{task.Request}/copy"), HttpStatusCode.OK, HttpStatusCode.UnprocessableEntity);
            copy.ShouldMatch($"{asked.Subject}|copy_handed_out");
            return;
        }

        var word = _byHand.GetOrAdd((task.Request, task.System), _ => asked.Type switch
        {
            "erasure" => asked.Number % 4 == 0 ? new Word("kept", "technically-impossible") : new Word("erased"),
            "rectification" => new Word("corrected"),
            "restriction" => new Word("restricted"),
            _ => new Word("provided"),
        });
        await InsistAsync(
            () => new HttpRequestMessage(HttpMethod.Post, $"/v1/erasures/{task.Request}/tasks/{task.System}/outcome")
            {
                Headers = { { "Idempotency-Key", $"desk-{task.Request}-{task.System}" } },
                Content = Acts.Body(new { outcome = word.Outcome, reason = word.Reason }),
            },
            HttpStatusCode.OK);
    }

    /// <summary>kill -9 of one, or of a few, at a moment that chance picks; and they come back.</summary>
    private async Task StrikeAsync()
    {
        var chance = new Random(Seed);
        string[] everybody = ["erasure", "consent", "preference", "postgres", "rabbitmq"];
        chance.Shuffle(everybody);
        for (var time = 0; time < Strikes; time++)
        {
            if (time < StrikesAtFirst)
                while (_asked.Count(a => a.IsTaken) < (time * AskedAtATime) + Math.Min(5, AskedAtATime / 2)) await Task.Delay(5, Ct);
            else
                await Task.Delay(chance.Next(100, 2500), Ct);
            string[] victims = time switch { 0 => everybody[..1], 1 => everybody[1..3], 2 => everybody[3..], _ => [.. chance.GetItems(everybody, chance.Next(1, 4)).Distinct()] };
            At($"{_asked.Count(a => a.IsTaken)} taken: kill -9 {string.Join(", ", victims)}");
            foreach (var victim in victims) await (ServiceOf(victim) is { } service ? service.KillAsync() : OwnServers.KillAsync(victim));
            await Task.Delay(chance.Next(1000), Ct);
            await OwnServers.BringUpAsync();
            await Task.WhenAll(victims.Select(ServiceOf).OfType<ServiceProcess>().Select(s => s.StartAsync(Ct)));
            _struck++;
        }
    }

    private ServiceProcess? ServiceOf(string victim) => victim switch { "erasure" => Here.Erasure, "consent" => Here.Consent, "preference" => Here.Preference, _ => null };

    /// <summary>Lets time go by until no such task is open.</summary>
    /// <param name="atMost">By the test's clock, which stands still while anybody has anything to do.</param>
    private async Task UntilAsync(string what, string such, DateTimeOffset atMost)
    {
        At($"waiting for {what}");
        while (true)
        {
            await QuietAsync(Ct);
            var open = await TasksAsync(such);
            if (open.Count == 0) return;
            Here.Clock.GetUtcNow().ShouldBeLessThan(atMost, string.Join('\n', open));
            Here.Clock.Move(TimeSpan.FromHours(_chance.Next(4, 16)));
        }
    }

    /// <summary>Without the clock.</summary>
    private async Task UntilAsync(Func<Task<bool>> holds)
    {
        while (!await holds())
        {
            await FailedAsync();
            await Task.Delay(50, Ct);
        }
    }

    /// <summary>Returns when nobody has anything to do.</summary>
    private async Task QuietAsync(CancellationToken ct)
    {
        while (await FindBusyAsync() is { } busy)
        {
            Stage = $"{_stage}, with {busy}";
            await FailedAsync();
            await Task.Delay(100, ct);
        }

        await FailedAsync();
    }

    /// <summary>Something is due, a call has to be made, something is on the bus or somebody has something to do.</summary>
    private async Task<string?> FindBusyAsync()
    {
        if (await RowsAsync("erasure", "select stream_id from stream_timers where look_at <= $1 limit 1", row => row.GetGuid(0), Here.Clock.GetUtcNow()) is [var due]) return $"{due} due";
        return await TasksAsync($"(t.stage = 'calling' or {OnTheBus} or ({_peopleWork} and {ForPeople} and not {Left})) limit 1") is [var task] ? $"{task}" : null;
    }

    /// <summary>What works beside this has no reason to end but its own.</summary>
    private async Task FailedAsync()
    {
        foreach (var failed in _working.Concat(_processors.Select(p => p.Speaking)).Where(w => w.IsFaulted)) await failed;
    }

    private async Task<JsonElement> ReadAsync(Asked asked) => JsonDocument.Parse(await InsistAsync(() => new HttpRequestMessage(HttpMethod.Get, $"/v1/erasures/{asked.Request}"), HttpStatusCode.OK)).RootElement;

    private async Task<IReadOnlyList<JsonElement>> ReportAsync() =>
        [.. (await InsistAsync(() => new HttpRequestMessage(HttpMethod.Get, "/v1/erasures/report"), HttpStatusCode.OK)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];

    /// <summary>Again until somebody is there and in order. Anything else than what is expected is a fault.</summary>
    private async Task<string> InsistAsync(Func<HttpRequestMessage> ask, params HttpStatusCode[] expected)
    {
        while (true)
        {
            try
            {
                using var request = ask();
                using var answer = await _privacy.SendAsync(request, Ct);
                var text = await answer.Content.ReadAsStringAsync(Ct);
                if (expected.Contains(answer.StatusCode)) return text;
                if (answer.StatusCode != HttpStatusCode.ServiceUnavailable) throw new InvalidOperationException($"{request.Method} {request.RequestUri} answered {(int)answer.StatusCode}: {text}");
            }
            catch (Exception e) when (e is HttpRequestException or IOException || (e is TaskCanceledException && !Ct.IsCancellationRequested))
            {
                // It was just killed.
            }

            await Task.Delay(100, Ct);
        }
    }

    /// <summary>Everything in the erasure service's log that is of a request.</summary>
    private Task<IReadOnlyList<Recorded>> EventsAsync() => RowsAsync(
        "erasure",
        $"""
        select l.position, e.type, e.data::text, e.timestamp from ledger_entries l join mt_events e on e.tenant_id = l.tenant_id and e.stream_id = ledger_stream(l.entry) and e.version = ledger_version(l.entry)
        where l.tenant_id = '{Tenant}' order by l.position
        """,
        row => new Recorded(row.GetInt64(0), row.GetString(1), JsonDocument.Parse(row.GetString(2)).RootElement, row.GetFieldValue<DateTimeOffset>(3)));

    private Task<IReadOnlyList<OpenTask>> TasksAsync(string which) => RowsAsync(
        "erasure", $"select t.request, t.system, t.kind, t.stage, t.attempt from open_request_tasks t join erasure_requests r using (tenant_id, request) where $1::uuid[] is not null and {which}",
        row => new OpenTask(row.GetGuid(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetInt32(4)), _left);

    /// <summary>Again until the database is there.</summary>
    private async Task<IReadOnlyList<T>> RowsAsync<T>(string database, string sql, Func<NpgsqlDataReader, T> read, params IReadOnlyList<object> parameters)
    {
        while (true)
        {
            try
            {
                await using var connection = new NpgsqlConnection(Here.ConnectionString(database) + ";Pooling=false");
                await connection.OpenAsync(Ct);
                await using var select = new NpgsqlCommand(sql, connection);
                foreach (var parameter in parameters) select.Parameters.Add(new NpgsqlParameter { Value = parameter });
                await using var reader = await select.ExecuteReaderAsync(Ct);
                var rows = new List<T>();
                while (await reader.ReadAsync(Ct)) rows.Add(read(reader));
                return rows;
            }
            catch (NpgsqlException e) when (e is not PostgresException || e.SqlState!.StartsWith("57P", StringComparison.Ordinal))
            {
                // It was just killed.
                await Task.Delay(50, Ct);
            }
        }
    }

    private static Word WordOf(JsonElement task) => new(Text(task, "outcome")!, Text(task, "reason"));

    private static string? Text(JsonElement element, string member) => element.TryGetProperty(member, out var value) ? value.GetString() : null;

    private sealed record OpenTask(Guid Request, string System, string Kind, string Stage, int Attempt);

    private sealed record Recorded(long Position, string Type, JsonElement Facts, DateTimeOffset At)
    {
        public Guid? Request => Facts.TryGetProperty("request", out var request) ? request.GetGuid() : null;

        public override string ToString() => $"{Position} {Type} {Facts} {At:O}";
    }
}
