using System.Net;
using System.Net.Http.Json;
using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Support;
using Npgsql;

namespace ConsentLedger.Journeys;

/// <summary>An operator changes the engine and changes it back while backends go on writing: a replica on the other engine joins, then the old one is killed.</summary>
public sealed class EngineChangeJourney(RunningConsent product) : IClassFixture<RunningConsent>, IDisposable
{
    private const string Tenant = "quintus";
    private const int Writers = 8, BetweenChanges = 150;

    // A pace, and a slower one while enough is written to go on: on a slow machine what has to be audited in the end must not grow with the time that starts take.
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(60), SlowPace = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(4));
    private readonly List<string> _subjects = [];
    private readonly SemaphoreSlim _acknowledged = new(0);
    private ServiceProcess _serving = null!;

    private Installation Here => product.Installation;

    private CancellationToken Ct => _patience.Token;

    public void Dispose()
    {
        _patience.Dispose();
        _acknowledged.Dispose();
    }

    [Fact]
    public async Task No_backend_and_no_auditor_can_tell_when_the_engine_is_changed_and_changed_back()
    {
        _serving = Here.Consent;
        using var done = new CancellationTokenSource();
        var writing = Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => WriteUntilAsync(done.Token)));
        foreach (var engine in (string[])["npgsql", "marten", "npgsql", "marten"])
        {
            await AcknowledgedAsync(BetweenChanges);
            var successor = await Here.StartConsentReplicaAsync(Ct, engine);
            var predecessor = Interlocked.Exchange(ref _serving, successor);
            await AcknowledgedAsync(BetweenChanges / 3);
            await predecessor.KillAsync();
        }

        await AcknowledgedAsync(BetweenChanges);
        await done.CancelAsync();
        await writing;

        var auditor = Here.Client(_serving, Tenant, "auditor");
        await Parallel.ForEachAsync(_subjects, Ct, async (subject, ct) =>
        {
            var history = await auditor.GetOkAsync($"/v1/subjects/{subject}/history", ct);
            history.EnumerateArray().Select(e => e.GetProperty("type").GetString()).Where(t => t != "consent.history-read.v1").ShouldBe(["consent.granted.v1", "consent.withdrawn.v1"]);
        });

        (await CountAsync("select count(*) from ledger_entries where tenant_id = 'quintus'")).ShouldBe(await CountAsync("select next_position from ledger_head where tenant_id = 'quintus'"));
        (await CountAsync("select count(*) from mt_events e left join ledger_entries l on l.tenant_id = e.tenant_id and ledger_stream(l.entry) = e.stream_id and ledger_version(l.entry) = e.version where l.position is distinct from (e.headers ->> 'position')::bigint")).ShouldBe(0);

        await using var source = NpgsqlLedger.DataSource(Here.ConnectionString("consent"));
        await using var ledger = new NpgsqlEngine(source);
        (await ledger.FindFaultAsync(TenantId.Parse(Tenant), Ct)).ShouldBeNull();

        // Only Marten notes the class of an event.
        (await CountAsync("select count(*) from mt_events where mt_dotnet_type is null")).ShouldBeGreaterThan(BetweenChanges);
        (await CountAsync("select count(*) from mt_events where mt_dotnet_type is not null")).ShouldBeGreaterThan(BetweenChanges);
    }

    private async Task WriteUntilAsync(CancellationToken done)
    {
        while (!done.IsCancellationRequested)
        {
            await Task.Delay(_acknowledged.CurrentCount > BetweenChanges ? SlowPace : Pace, Ct);
            var subject = Acts.NewSubject();
            await PostUntilAnsweredAsync($"/v1/subjects/{subject}/grants", Acts.Grant("newsletter"), $"grant {subject}");
            await PostUntilAnsweredAsync($"/v1/subjects/{subject}/withdrawals", Acts.Withdrawal("newsletter"), $"withdraw {subject}");
            lock (_subjects) _subjects.Add(subject);
            _acknowledged.Release();
        }
    }

    /// <summary>As a backend does: the same command again, to whoever serves now, until somebody answers.</summary>
    private async Task PostUntilAnsweredAsync(string path, object body, string id)
    {
        while (true)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = JsonContent.Create(body), Headers = { { "Idempotency-Key", id.Replace(' ', '-') } } };
                using var client = Here.Client(_serving, Tenant, "backend");
                using var answer = await client.SendAsync(request, Ct);
                if (answer.StatusCode == HttpStatusCode.OK) return;
                answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable, await answer.Content.ReadAsStringAsync(Ct));
            }
            catch (HttpRequestException)
            {
                // Killed in the middle. The id finds out whether it was recorded.
            }
        }
    }

    private async Task AcknowledgedAsync(int subjects)
    {
        for (var i = 0; i < subjects; i++) await _acknowledged.WaitAsync(Ct);
    }

    private async Task<long> CountAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(Here.ConnectionString("consent"));
        await using var count = source.CreateCommand(sql);
        return (long)(await count.ExecuteScalarAsync(Ct))!;
    }
}
