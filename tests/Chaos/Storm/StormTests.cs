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
/// STORM_REQUESTS sets how many (default 60), STORM_SEED repeats what chance picked, as far as threads let it.
/// </summary>
[Collection(nameof(OwnServers))]
public sealed class StormTests(ITestOutputHelper output) : Killing(TimeSpan.FromMinutes(6) + TimeSpan.FromSeconds(2 * Requests))
{
    private const string Tenant = "vms";

    private static readonly int Requests = int.Parse(Environment.GetEnvironmentVariable("STORM_REQUESTS") ?? "60", CultureInfo.InvariantCulture);
    private static readonly int Seed = int.Parse(Environment.GetEnvironmentVariable("STORM_SEED") ?? $"{Environment.TickCount & 0xFFFF}", CultureInfo.InvariantCulture);
    private static readonly int Strikes = 6 + (Requests / 80);
    private static readonly string[] All = ["erasure", "access", "portability", "rectification", "restriction"];
    private static readonly TimeSpan Week = TimeSpan.FromDays(7);

    private readonly Random _chance = new(Seed);
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly ConcurrentDictionary<(Guid Request, string System), Word> _byHand = [];
    private readonly ConcurrentDictionary<Guid, bool> _copies = [];
    private IReadOnlyList<Asked> _asked = [];
    private int _struck;
    private Task _striking = Task.CompletedTask;
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
        await Task.WhenAll(Here.Services.Select(s => s.StartAsync(Ct)));
        await RunningServices.PublishPolicyAsync(Here, Tenant, Ct);
        _privacy = Here.Client(Here.Erasure, Tenant, "privacy");
        await RegisterAsync();
        _asked = [.. Enumerable.Range(0, Requests).Select(n => Asked.Of(n, Acts.NewSubject()))];
    }

    public override async Task DisposeAsync()
    {
        await LosePatienceAsync();
        await _striking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
        var start = Here.Clock.GetUtcNow();

        At("asking and striking, with one processor dead");
        using var desk = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var working = WorkAtTheDeskAsync(asked => !asked.IsNeglected, desk.Token);
        var asking = Task.WhenAll(_asked.Select(AskAsync));
        var striking = _striking = StrikeAsync(Strikes);
        while (!striking.IsCompleted || !asking.IsCompleted || Here.Clock.GetUtcNow() < start + Week)
        {
            foreach (var failed in (Task[])[.. ((Task[])[working, asking, striking]).Where(t => t.IsFaulted)]) await failed;
            if (Here.Clock.GetUtcNow() < start + (Week * Math.Min(1, (_struck + 1d) / Strikes))) Here.Clock.Move(TimeSpan.FromMinutes(_chance.Next(1, 60 * 24)));
            await Task.WhenAny(QuietAsync(), Task.Delay(_chance.Next(500, 4000), Ct));
            if (striking.IsCompleted && asking.IsCompleted) await QuietAsync();
        }

        await Task.WhenAll(asking, striking);

        // Whoever is dead stops nobody else: the others come to their end without it.
        await UntilAsync("everything but what the dead one and neglected people have to do", "t.system <> 'dead' and not (t.kind = 'manual' and t.request = any($1))", start.AddDays(13), working);
        var dead = _processors.Single(p => p.Name == "dead");
        (Here.Clock.GetUtcNow() - start).ShouldBeGreaterThan(Week);
        dead.Tasks.ShouldBeEmpty();

        At("the dead one is back");
        await dead.OpenAsync();
        await UntilAsync("everything but what neglected people have to do", "not (t.kind = 'manual' and t.request = any($1))", start.AddDays(16), working);
        await MissDeadlinesAsync(desk, working);

        At("listening to the last words");
        foreach (var processor in _processors) await processor.SayAllAsync();
        await VerifyAsync(listener, start);
    }

    /// <summary>Time goes by, and nobody does what people have to: somebody is told of it while there is time, and when there is none.</summary>
    private async Task MissDeadlinesAsync(CancellationTokenSource desk, Task working)
    {
        var neglected = _asked.Where(a => a.IsNeglected).ToList();
        var lapses = (await Task.WhenAll(neglected.Select(ReadAsync))).Max(r => DateOnly.Parse(r.GetProperty("dueOn").GetString()!, CultureInfo.InvariantCulture).AddDays(1).ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc));
        foreach (var days in (int[])[14, 7, 2])
        {
            At($"{days} days before");
            if (days == 7) await Here.Erasure.KillAsync();
            MoveOnTo(new DateTimeOffset(lapses).AddDays(-days).AddHours(1));
            if (days == 7) await Here.Erasure.StartAsync(Ct);
            await Acts.EventuallyAsync($"all are told {days} days before", async () => (await RowsAsync(
                "erasure", "select data->>'request' from mt_events where type = 'erasure.escalated.v1' and (data->>'daysLeft')::int = $1 and (data->>'request')::uuid = any($2)", row => row.GetString(0),
                days, neglected.Select(a => a.Request).ToArray())).Count == neglected.Count, Ct);
        }

        // Nobody is there when the day is over; and then people answer before anybody else looks.
        At("the day is over");
        await desk.CancelAsync();
        await working;
        await Here.Erasure.KillAsync();
        MoveOnTo(new DateTimeOffset(lapses).AddHours(1));
        using var late = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var soon = WorkAtTheDeskAsync(asked => asked.Number % 2 == 0, late.Token);
        await Here.Erasure.StartAsync(Ct);
        await Acts.EventuallyAsync("the report has all who are late", async () =>
            (await ReportAsync()).Count(line => line.GetProperty("overdue").GetBoolean() && !line.GetProperty("inTime").GetBoolean()) == neglected.Count, Ct);
        var rest = WorkAtTheDeskAsync(_ => true, late.Token);
        await UntilAsync("everything", "true", Here.Clock.GetUtcNow().AddDays(3), rest);
        await late.CancelAsync();
        await Task.WhenAll(soon, rest);
    }

    private void At(string stage)
    {
        Stage = stage;
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

        // Of somebody who was killed before anything was sealed under it, a key of nothing may be left.
        (await RowsAsync("erasure_vault", "select stream_id from subject_keys where destroyed_at is null", row => row.GetGuid(0))).Intersect(_asked.Select(a => a.Request)).ShouldBeEmpty();
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

    private async Task AskAsync(Asked asked)
    {
        await Task.Delay(new Random(Seed + asked.Number).Next(Requests * 40), Ct);
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
    private async Task WorkAtTheDeskAsync(Func<Asked, bool> archives, CancellationToken stop)
    {
        var done = new ConcurrentDictionary<Guid, bool>();
        while (!stop.IsCancellationRequested)
        {
            await Parallel.ForEachAsync(_asked.Where(a => a.IsTaken && !done.ContainsKey(a.Request)).ToList(), new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Ct }, async (asked, _) =>
            {
                if (stop.IsCancellationRequested) return;
                var request = await ReadAsync(asked);
                foreach (var task in request.GetProperty("tasks").EnumerateArray().Where(t => Text(t, "state") == "dispatched")) await DoAsync(asked, Text(task, "system")!, Text(task, "kind")!, archives(asked));
                if (Text(request, "state") == "completed") done[asked.Request] = true;
            });
            await Task.Delay(100, Ct);
        }
    }

    private async Task DoAsync(Asked asked, string system, string kind, bool archives)
    {
        if (kind == "manual" && (archives || system != "archive"))
        {
            var word = _byHand.GetOrAdd((asked.Request, system), _ => asked.Type switch
            {
                "erasure" => asked.Number % 4 == 0 ? new Word("kept", "technically-impossible") : new Word("erased"),
                "rectification" => new Word("corrected"),
                "restriction" => new Word("restricted"),
                _ => new Word("provided"),
            });
            await InsistAsync(
                () => new HttpRequestMessage(HttpMethod.Post, $"/v1/erasures/{asked.Request}/tasks/{system}/outcome")
                {
                    Headers = { { "Idempotency-Key", $"desk-{asked.Request}-{system}" } },
                    Content = Acts.Body(new { outcome = word.Outcome, reason = word.Reason }),
                },
                HttpStatusCode.OK);
        }
        else if (system == "consent" && asked.Type is "access" or "portability" && _copies.TryAdd(asked.Request, true))
        {
            // Whoever handed it out and was killed says so the next time.
            var copy = await InsistAsync(() => new HttpRequestMessage(HttpMethod.Post, $"/v1/erasures/{asked.Request}/copy"), HttpStatusCode.OK, HttpStatusCode.UnprocessableEntity);
            if (copy.Contains("copy_not_ready", StringComparison.Ordinal) || copy.Contains("copy_not_whole", StringComparison.Ordinal)) _copies.TryRemove(asked.Request, out _);
            else copy.ShouldMatch($"{asked.Subject}|copy_handed_out");
        }
    }

    /// <summary>kill -9 of one, or of two, at a moment that chance picks; and they come back.</summary>
    private async Task StrikeAsync(int times)
    {
        var chance = new Random(Seed);
        string[] everybody = ["erasure", "consent", "preference", "postgres", "rabbitmq"];
        chance.Shuffle(everybody);
        await MoreAsync(() => _asked.Count(a => a.IsTaken), Math.Min(5, Requests / 4), []);
        for (var time = 0; time < times; time++)
        {
            await Task.Delay(chance.Next(100, 2500), Ct);
            string[] victims = time < everybody.Length ? [everybody[time]] : [.. chance.GetItems(everybody, chance.Next(1, 4)).Distinct()];
            At($"{_asked.Count(a => a.IsTaken)} taken: kill -9 {string.Join(", ", victims)}");
            foreach (var victim in victims) await (ServiceOf(victim) is { } service ? service.KillAsync() : OwnServers.KillAsync(victim));
            await Task.Delay(chance.Next(1000), Ct);
            await OwnServers.BringUpAsync();
            await Task.WhenAll(victims.Select(ServiceOf).OfType<ServiceProcess>().Select(s => s.StartAsync(Ct)));
            _struck++;
        }
    }

    private ServiceProcess? ServiceOf(string victim) => victim switch { "erasure" => Here.Erasure, "consent" => Here.Consent, "preference" => Here.Preference, _ => null };

    /// <summary>Lets time go by until no task is open that this is true of.</summary>
    /// <param name="sql">Of tasks <c>t</c>; <c>$1</c> are the neglected requests.</param>
    private async Task UntilAsync(string what, string sql, DateTimeOffset atMost, Task working)
    {
        At($"waiting for {what}");
        var neglected = _asked.Where(a => a.IsNeglected).Select(a => a.Request).ToArray();
        while (true)
        {
            await QuietAsync();
            if (working.IsFaulted) await working;
            var open = await RowsAsync("erasure", $"select t.system || ' ' || t.stage || ' ' || t.attempt || ' of ' || t.request from open_request_tasks t where $1::uuid[] is not null and {sql}", row => row.GetString(0), neglected);
            if (open.Count == 0) return;
            Stage = $"waiting for {what}: {open.Count} open, such as {open[0]}";
            Here.Clock.GetUtcNow().ShouldBeLessThan(atMost, string.Join('\n', open));
            Here.Clock.Move(TimeSpan.FromHours(_chance.Next(4, 16)));
        }
    }

    /// <summary>Nothing is due and no call has to be made, or it takes long.</summary>
    private async Task QuietAsync()
    {
        // The services look at the clock five times a second.
        await Task.Delay(250, Ct);
        for (var patience = 0; patience < 200; patience++)
        {
            try
            {
                var busy = await RowsAsync(
                    "erasure", "select (select count(*) from open_request_tasks where stage = 'calling' or (stage = 'waiting' and kind = 'service' and system <> 'consent-withdrawals')) + (select count(*) from stream_timers where look_at <= $1)",
                    row => row.GetInt64(0), Here.Clock.GetUtcNow());
                if (busy[0] == 0) return;
            }
            catch (NpgsqlException)
            {
                // It was just killed.
            }

            await Task.Delay(50, Ct);
        }
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

            // Everybody waits for the same.
            await Task.Delay(50 + Requests, Ct);
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

    private async Task<IReadOnlyList<T>> RowsAsync<T>(string database, string sql, Func<NpgsqlDataReader, T> read, params IReadOnlyList<object> parameters)
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

    private static Word WordOf(JsonElement task) => new(Text(task, "outcome")!, Text(task, "reason"));

    private static string? Text(JsonElement element, string member) => element.TryGetProperty(member, out var value) ? value.GetString() : null;

    private sealed record Recorded(long Position, string Type, JsonElement Facts, DateTimeOffset At)
    {
        public Guid? Request => Facts.TryGetProperty("request", out var request) ? request.GetGuid() : null;

        public override string ToString() => $"{Position} {Type} {Facts} {At:O}";
    }
}
