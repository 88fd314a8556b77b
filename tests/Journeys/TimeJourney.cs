using System.Text.Json;
using ConsentLedger.Support;

namespace ConsentLedger.Journeys;

/// <summary>A consent comes to its end by the clock alone: recorded once and told once, whoever is killed meanwhile.</summary>
public sealed class TimeJourney : IAsyncLifetime
{
    private const string Tenant = "spectral-tms";

    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(4));
    private Installation _here = null!;
    private Overhearing _heard = null!;

    private CancellationToken Ct => _patience.Token;

    public async Task InitializeAsync()
    {
        _here = await Installation.StartAsync(Ct, consentAlone: true, movableClock: true);
        await RunningServices.PublishPolicyAsync(_here, Tenant, Ct);
        _heard = await Overhearing.EverythingAsync(_here.Broker, "consent.events");
    }

    public async Task DisposeAsync()
    {
        await _heard.DisposeAsync();
        await _here.DisposeAsync();
        _patience.Dispose();
    }

    [Fact]
    public async Task A_consent_ends_on_its_day_while_services_are_killed_and_the_clock_jumps()
    {
        var start = _here.Clock.GetUtcNow();
        var subjects = Enumerable.Range(0, 40).Select(_ => Acts.NewSubject()).ToList();
        var backend = _here.Client(_here.Consent, Tenant, "backend");
        foreach (var subject in subjects) await GrantAsync(backend, subject, start.AddDays(300));

        // One of them is renewed, one changes their mind; both in time.
        await GrantAsync(backend, subjects[0], start.AddDays(600));
        await backend.PostOkAsync($"/v1/subjects/{subjects[1]}/withdrawals", Acts.Withdrawal("partner-offers"), Ct);

        // Nobody is there when the day comes.
        await _here.Consent.KillAsync();
        _here.Clock.MoveTo(start.AddDays(301));
        await _here.Consent.StartAsync(Ct);
        await _here.Consent.KillAsync();
        await _here.Consent.StartAsync(Ct);
        var second = await _here.StartConsentReplicaAsync(Ct);
        await Acts.EventuallyAsync("every end is told", () => Task.FromResult(Expired().Distinct().Count() == 38), Ct);
        await _here.Consent.KillAsync();
        _here.Clock.MoveTo(start.AddDays(100));
        _here.Clock.MoveTo(start.AddDays(310));
        (await MayAsync(second, subjects[0])).ShouldBeTrue("it was renewed");
        (await MayAsync(second, subjects[2])).ShouldBeFalse();

        // Only the other replica sees the last one end; it is asleep when the clock is moved.
        _here.Clock.MoveTo(start.AddDays(601));
        await Acts.EventuallyAsync("the renewed one ends too", () => Task.FromResult(Expired().Distinct().Count() == 39), Ct);

        // What was published just before a kill may be published again, and says so by its version.
        Expired().Distinct().Select(e => e.Subject).Order().ShouldBe(subjects.Where(s => s != subjects[1]).Order());
        var auditor = _here.Client(second, Tenant, "auditor");
        foreach (var subject in subjects)
        {
            var types = (await auditor.GetOkAsync($"/v1/subjects/{subject}/history", Ct)).EnumerateArray().Select(e => e.GetProperty("type").GetString()).ToList();
            types.Count(t => t == "consent.expired.v1").ShouldBe(subject == subjects[1] ? 0 : 1);
        }

        File.ReadAllText(second.LogFile).ShouldContain("Clock__OffsetFile");
    }

    private Task GrantAsync(HttpClient backend, string subject, DateTimeOffset until) => backend.PostOkAsync(
        $"/v1/subjects/{subject}/grants",
        new { purpose = "partner-offers", channel = "email", occurredAt = Acts.Ago(1), actor = "subject", method = "web-form", text = new { id = "partner-offers-v1", locale = "en" }, until }, Ct);

    private Task<bool> MayAsync(ServiceProcess service, string subject) => _here.Client(service, Tenant, "backend").MayAsync(subject, "partner-offers", Ct);

    private List<(string? Subject, long Version)> Expired() => [.. _heard.Bodies.Select(b => JsonDocument.Parse(b).RootElement)
        .Where(e => e.GetProperty("type").GetString() == "consent.expired.v1")
        .Select(e => (e.GetProperty("subject").GetString(), e.GetProperty("streamversion").GetInt64()))];
}
