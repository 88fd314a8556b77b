using System.Text.Json;
using System.Text.Json.Nodes;
using ConsentLedger.Support;
using RabbitMQ.Client;

namespace ConsentLedger.Journeys;

/// <summary>What others hear of the consent service over RabbitMQ, and what backends may tell it there.</summary>
public sealed class AnnouncementJourney(RunningConsent product) : IClassFixture<RunningConsent>, IDisposable
{
    private const string Tenant = "spectral-tms";

    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(2));

    private Installation Here => product.Installation;

    private CancellationToken Ct => _patience.Token;

    public void Dispose() => _patience.Dispose();

    [Fact]
    public async Task Recipients_of_withdrawn_and_of_erased_data_are_named_on_the_bus_and_in_the_history()
    {
        await using var bus = await Overhearing.EverythingAsync(Here.Broker, "consent.events");
        var backend = Here.Client(Here.Consent, Tenant, "backend");
        var subject = Acts.NewSubject();
        var path = $"/v1/subjects/{subject}";
        await backend.PostOkAsync($"{path}/grants", Acts.Grant("partner-offers", recipient: "marketing-partners"), Ct);
        await backend.PostOkAsync($"{path}/grants", Acts.Grant("reseller-sharing", channel: null, recipient: "resellers"), Ct);
        await backend.PostOkAsync($"{path}/withdrawals", Acts.Withdrawal("partner-offers", channel: null), Ct);

        var withdrawn = await HeardAsync(bus, subject, "consent.withdrawn.v1", atLeast: 4);
        withdrawn.Select(w => (w.GetProperty("channel").GetString(), w.GetProperty("recipient").GetString(), string.Join(' ', ToTell(w)))).ShouldBe(
        [
            ("email", "controller", ""), ("email", "marketing-partners", "marketing-partners"), ("sms", "controller", ""), ("sms", "marketing-partners", ""),
        ]);

        var history = await Here.Client(Here.Consent, Tenant, "auditor").GetOkAsync($"{path}/history", Ct);
        history.EnumerateArray().Where(e => e.GetProperty("type").GetString() == "consent.withdrawn.v1").Select(e => e.GetProperty("data")).SelectMany(ToTell).ShouldBe(["marketing-partners"]);

        // Who was erased is told to all who ever held data.
        await SendErasureAsync(subject);
        var fence = await HeardAsync(bus, subject, "subject.erasure-started.v1", atLeast: 1);
        ToTell(fence.Single()).ShouldBe(["marketing-partners", "resellers"]);
        foreach (var body in bus.Bodies) body.ShouldNotContain("@");
    }

    public static TheoryData<string, string, string, string> Commands => new()
    {
        { Tenant, "consent.ask.v1", "consent.asked.v1", """{"purpose":"partner-offers","channel":"email","text":{"id":"partner-offers-v1","locale":"en"}}""" },
        { Tenant, "consent.grant.v1", "consent.granted.v1", """{"purpose":"partner-offers","channel":"email","jurisdiction":"DE"}""" },
        { Tenant, "consent.grant.v1", "consent.pending.v1", """{"purpose":"partner-offers","channel":"email","confirm":true}""" },
        { Tenant, "consent.refuse.v1", "consent.refused.v1", """{"purpose":"partner-offers","channel":"email"}""" },
        { Tenant, "consent.withdraw.v1", "consent.withdrawn.v1", """{"purpose":"partner-offers","channel":"email","recipient":"controller"}""" },
        { "quintus", "terms.answer.v1", "terms.answered.v1", """{"version":"2018-04-24","accepted":false}""" },
        { Tenant, "signal.receive.v1", "signal.received.v1", """{"signal":"gpc"}""" },
        { Tenant, "objection.raise.v1", "objection.raised.v1", """{"to":"marketing"}""" },
        { Tenant, "objection.raise.v1", "objection.raised.v1", """{"to":"profiling"}""" },
    };

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task What_needs_no_evidence_may_be_told_over_the_bus(string tenant, string command, string recorded, string data)
    {
        var subject = Acts.NewSubject();
        (await TellAsync(tenant, subject, command, data)).ShouldBe("recorded");
        await ShouldBeRecordedAsync(tenant, subject, recorded);
    }

    [Fact]
    public async Task Both_steps_of_a_double_opt_in_may_be_told_over_the_bus()
    {
        var subject = Acts.NewSubject();
        (await TellAsync(Tenant, subject, "consent.grant.v1", """{"purpose":"partner-offers","channel":"email","confirm":true}""")).ShouldBe("recorded");
        (await TellAsync(Tenant, subject, "consent.confirm.v1", """{"purpose":"partner-offers","channel":"email"}""")).ShouldBe("recorded");
        await ShouldBeRecordedAsync(Tenant, subject, "consent.pending.v1", "consent.confirmed.v1");
    }

    [Fact]
    public async Task An_objection_with_a_reason_is_not_for_the_bus() =>
        (await TellAsync(Tenant, Acts.NewSubject(), "objection.raise.v1", """{"to":"purpose","purpose":"content-analysis"}""")).ShouldBe("reason_required");

    /// <returns>The outcome, or the code of the refusal.</returns>
    private async Task<string?> TellAsync(string tenant, string subject, string type, string data)
    {
        var members = JsonNode.Parse(data)!.AsObject();
        (members["occurredAt"], members["actor"], members["method"]) = (Acts.Ago(5), "subject", "web-form");
        var answer = (await NodeClient.PublishAsync(Here, tenant, [new { type, subject, data = members }], Ct)).ShouldHaveSingleItem();
        return answer.TryGetProperty("code", out var code) ? code.GetString() : answer.GetProperty("outcome").GetString();
    }

    private async Task ShouldBeRecordedAsync(string tenant, string subject, params string[] types)
    {
        var history = await Here.Client(Here.Consent, tenant, "auditor").GetOkAsync($"/v1/subjects/{subject}/history", Ct);
        history.EnumerateArray().Select(e => e.GetProperty("type").GetString()).ShouldBe([.. types, "consent.history-read.v1"]);
    }

    private async Task SendErasureAsync(string subject)
    {
        var task = new
        {
            specversion = "1.0",
            id = Acts.NewSubject(),
            source = "https://consentledger/erasure-orchestrator",
            type = "erasure.task-dispatched.v1",
            tenant = Tenant,
            subject,
            data = new { request = Acts.NewSubject(), system = "consent" },
        };
        await using var channel = await Here.Broker.OpenChannelAsync();
        await channel.BasicPublishAsync("erasure.events", task.type, mandatory: true, new BasicProperties { Persistent = true }, JsonSerializer.SerializeToUtf8Bytes(task), Ct);
    }

    /// <summary>What the bus said about this person under this type, in order.</summary>
    private async Task<IReadOnlyList<JsonElement>> HeardAsync(Overhearing bus, string subject, string type, int atLeast)
    {
        IReadOnlyList<JsonElement> heard = [];
        await Acts.EventuallyAsync($"{type} is heard", () => Task.FromResult((heard = [.. from body in bus.Bodies
            let message = JsonDocument.Parse(body).RootElement
            where message.GetProperty("type").GetString() == type && message.TryGetProperty("subject", out var about) && about.GetString() == subject
            select message.GetProperty("data")]).Count >= atLeast), Ct);
        return heard;
    }

    private static IEnumerable<string> ToTell(JsonElement data) => data.TryGetProperty("recipientsToTell", out var told) ? told.EnumerateArray().Select(r => r.GetString()!) : [];
}
