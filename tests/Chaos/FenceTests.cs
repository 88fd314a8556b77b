using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using ConsentLedger.Support;

namespace ConsentLedger.Chaos;

/// <summary>
/// Once a withdrawal is answered, by whichever replica, nobody anywhere hears a yes: three replicas of consent, two of marketing-preference, and no broker to tell them.
/// FENCE_TRIALS sets how many people withdraw (default 400).
/// </summary>
[Collection(nameof(OwnServers))]
public sealed class FenceTests() : Killing(TimeSpan.FromMinutes(4) + TimeSpan.FromMilliseconds(30 * Trials))
{
    private const string Tenant = "vms";
    private const int Workers = 24;

    private static readonly int Trials = int.Parse(Environment.GetEnvironmentVariable("FENCE_TRIALS") ?? "400", CultureInfo.InvariantCulture);

    private HttpClient[] _consents = [];
    private HttpClient[] _gates = [];

    protected override async Task StartAsync()
    {
        await Task.WhenAll(Here.Services.Select(s => s.StartAsync(Ct)));
        await RunningServices.PublishPolicyAsync(Here, Tenant, Ct);
        ServiceProcess[] consents = [Here.Consent, await Here.StartConsentReplicaAsync(Ct), await Here.StartConsentReplicaAsync(Ct)];
        ServiceProcess[] gates = [Here.Preference, await Here.StartPreferenceReplicaAsync(consents[1], Ct)];
        _consents = [.. consents.Select(c => Here.Client(c, Tenant, "backend"))];
        _gates = [.. gates.Select(g => Here.Client(g, Tenant, "email"))];
    }

    [Fact]
    public async Task Once_a_withdrawal_is_answered_nobody_anywhere_hears_a_yes()
    {
        // The gates have the policy; from here on nobody tells them anything.
        var known = Acts.NewSubject();
        await GrantAsync(known, 0);
        foreach (var gate in _gates) await Acts.EventuallyAsync("a gate that has the policy", async () => (await MaySendAsync(gate, known)).Allowed, Ct);
        await OwnServers.KillAsync("rabbitmq");

        var (next, yes) = (-1, 0);
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(async worker =>
        {
            var chance = new Random(worker);
            for (var trial = Interlocked.Increment(ref next); trial < Trials; trial = Interlocked.Increment(ref next))
            {
                var subject = Acts.NewSubject();
                await GrantAsync(subject, chance.Next(_consents.Length));

                // Everybody has the yes in memory before the no.
                var before = await EverybodyAsync(subject);
                before.ShouldAllBe(answer => answer.Allowed, "a yes is a yes everywhere");

                using var body = Acts.Body(Acts.Withdrawal("newsletter"));
                using var answer = await _consents[chance.Next(_consents.Length)].PostAsync(new Uri($"/v1/subjects/{subject}/withdrawals", UriKind.Relative), body, Ct);
                answer.StatusCode.ShouldBe(HttpStatusCode.OK);
                foreach (var heard in (await EverybodyAsync(subject)).Where(a => a.Allowed))
                {
                    Interlocked.Increment(ref yes);
                    Assert.Fail($"{heard.Who} said yes to a person who had withdrawn (trial {trial}, of worker {worker}).");
                }
            }
        }));
        yes.ShouldBe(0);
    }

    private async Task GrantAsync(string subject, int replica) => await _consents[replica].PostOkAsync($"/v1/subjects/{subject}/grants", Acts.Grant("newsletter"), Ct);

    private async Task<IReadOnlyList<(string Who, bool Allowed)>> EverybodyAsync(string subject) =>
        await Task.WhenAll([.. _consents.Select((c, i) => MayAsync(c, $"consent {i}", subject)), .. _gates.Select((g, i) => MaySendAsync(g, subject, $"gate {i}")), .. _gates.Select((g, i) => MayMailAsync(g, subject, $"mailing {i}"))]);

    private async Task<(string Who, bool Allowed)> MayAsync(HttpClient consent, string who, string subject) => (who, await consent.MayAsync(subject, "newsletter", Ct));

    private async Task<(string Who, bool Allowed)> MaySendAsync(HttpClient gate, string subject, string who = "") =>
        (who, (await gate.PostOkAsync("/v1/send-decisions", new { subject, topic = "newsletter", channel = "email" }, Ct)).GetProperty("allowed").GetBoolean());

    /// <summary>As a line of a mailing, of which what was answered before is remembered.</summary>
    private async Task<(string Who, bool Allowed)> MayMailAsync(HttpClient gate, string subject, string who)
    {
        using var line = new StringContent(JsonSerializer.Serialize(new { subject, topic = "newsletter", channel = "email" }), Encoding.UTF8, "application/x-ndjson");
        using var answer = await gate.PostAsync(new Uri("/v1/send-decisions", UriKind.Relative), line, Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        return (who, JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct)).RootElement.GetProperty("allowed").GetBoolean());
    }
}
