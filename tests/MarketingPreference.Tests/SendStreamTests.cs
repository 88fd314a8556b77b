using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using ConsentLedger.MarketingPreference.Tests.Addresses;
using static ConsentLedger.MarketingPreference.Tests.RunningService;

namespace ConsentLedger.MarketingPreference.Tests;

/// <summary>A whole mailing through the gate in one call: a line for a line.</summary>
[Collection(nameof(RunningService))]
public sealed class SendStreamTests(RunningService service) : IDisposable
{
    public void Dispose() => (service.Consent.IsAway, service.Consent.IsOfAnOlderRelease) = (false, false);

    [Fact]
    public async Task Each_line_is_answered_in_its_place_and_a_bad_one_by_its_code()
    {
        var (left, given) = (NewSubject(), NewSubject());
        await service.ChooseAsync(left, "newsletter", subscribed: false);
        service.Consent.Give(given, "newsletter");
        var answers = await StreamAsync(
            Question(given), "not json", Question(left), "", Question(given, "account-notices"), $$"""{"subject":"{{given}}","topic":"newsletter","channel":"email","timeZone":"Atlantis"}""",
            $$"""{"subject":"{{given}}","topic":"{{new string('x', 9000)}}","channel":"email"}""", """{"subject":"anna@example.com","topic":"newsletter","channel":"email"}""", Question(given));
        answers.Select(a => a.GetProperty("rule").GetString())
            .ShouldBe(["consent_given", "body_not_json", "unsubscribed", "transactional", "body_invalid", "line_too_long", "subject_id_invalid", "consent_given"]);
        answers.Select(a => a.GetProperty("allowed").GetBoolean()).ShouldBe([true, false, false, true, false, false, false, true]);
        answers.Where(a => a.TryGetProperty("line", out _)).Select(a => a.GetProperty("line").GetInt64()).ShouldBe([2, 6, 7, 8]);
        answers[4].GetProperty("member").GetString().ShouldBe("timeZone");
        answers[0].GetProperty("listUnsubscribe").GetString()!.ShouldStartWith("<https://");
    }

    [Fact]
    public async Task Many_parts_come_back_in_order_and_complete()
    {
        var subjects = Enumerable.Range(0, 12_000).Select(_ => NewSubject()).ToList();
        foreach (var subject in subjects.Where((_, i) => i % 3 == 0)) service.Consent.Give(subject, "newsletter");
        var answers = await StreamAsync([.. subjects.Select(s => Question(s))]);
        answers.Select(a => a.GetProperty("allowed").GetBoolean()).ShouldBe(subjects.Select((_, i) => i % 3 == 0));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Questions_of_many_kinds_are_asked_once_each_and_answered_in_their_places(bool older)
    {
        service.Consent.IsOfAnOlderRelease = older;
        string[] topics = ["newsletter", "module-crm", "contests", "account-notices", "horoscopes"];
        var people = Enumerable.Range(0, 200).Select(i => (Subject: NewSubject(), Topic: topics[i * 7 % topics.Length], Given: i % 2 == 0, Stopped: i % 11 == 0)).ToList();
        foreach (var (subject, _, given, stopped) in people)
        {
            if (given) service.Consent.Give(subject, "newsletter");
            if (given) service.Consent.Give(subject, "surveys-and-contests");
            if (stopped) service.Consent.Stop(subject, "processing_restricted");
        }

        var answers = await StreamAsync([.. people.Select(p => Question(p.Subject, p.Topic))]);
        answers.Select(a => a.GetProperty("rule").GetString()).ShouldBe(people.Select(p => p switch
        {
            { Topic: "horoscopes" } => "topic_undeclared",
            { Stopped: true } => "processing_restricted",
            { Topic: "account-notices" } => "transactional",
            { Topic: "module-crm" } => "not_unsubscribed",
            { Given: true } => "consent_given",
            _ => "consent_unknown",
        }));
    }

    [Fact]
    public async Task Without_an_answer_about_consent_a_mailing_that_rests_on_it_stops_and_what_is_owed_goes_out()
    {
        var subject = NewSubject();
        service.Consent.Give(subject, "newsletter");
        service.Consent.IsAway = true;
        (await StreamAsync(Question(subject), Question(subject, "account-notices"))).Select(a => a.GetProperty("rule").GetString()).ShouldBe(["consent_unavailable", "transactional"]);
    }

    /// <summary>One line at a time: whoever left before theirs is read is never told yes after, though the stream was begun long before and asked about them already.</summary>
    [Fact]
    public async Task Whoever_leaves_while_a_stream_runs_is_not_in_what_is_still_to_come()
    {
        await using var replica = await service.StartReplicaAsync();
        using var other = new HttpClient { BaseAddress = replica.Url };
        await using var talk = await Talk.BeginAsync(service);
        for (var i = 0; i < 10; i++)
        {
            var (subject, tag) = (NewSubject(), AddressCalls.NewTag());
            var link = await service.LinkAsync(subject);
            (await talk.AskAsync(Question(subject, "module-crm", tag))).GetProperty("allowed").GetBoolean().ShouldBeTrue();

            // Told to another replica than the one that streams.
            using var answer = i % 2 == 0
                ? await service.SendAsync(HttpMethod.Post, link, Form("List-Unsubscribe=One-Click"), through: other)
                : await service.SendAsync(HttpMethod.Post, $"/v1/addresses/{tag}/suppressions", Json(new { occurredAt = People.Noon, actor = "agent", method = "phone" }), "email", through: other);
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
            (await talk.AskAsync(Question(subject, "module-crm", tag))).GetProperty("allowed").GetBoolean().ShouldBeFalse();
        }
    }

    [Fact]
    public async Task What_is_said_over_there_counts_from_the_next_line_on()
    {
        var subject = NewSubject();
        service.Consent.Give(subject, "newsletter");
        await using var talk = await Talk.BeginAsync(service);
        (await talk.AskAsync(Question(subject))).GetProperty("allowed").GetBoolean().ShouldBeTrue();
        service.Consent.Stop(subject, "consent_withdrawn");
        (await talk.AskAsync(Question(subject))).GetProperty("rule").GetString().ShouldBe("consent_withdrawn");
    }

    [Fact]
    public async Task A_caller_who_hangs_up_is_no_fault_and_the_next_is_answered()
    {
        await using (var talk = await Talk.BeginAsync(service)) await talk.AskAsync(Question(NewSubject()));
        (await StreamAsync(Question(NewSubject(), "account-notices"))).ShouldHaveSingleItem().GetProperty("rule").GetString().ShouldBe("transactional");
    }

    private static string Question(string subject, string topic = "newsletter", string? address = null) => address is null
        ? JsonSerializer.Serialize(new { subject, topic, channel = "email" })
        : JsonSerializer.Serialize(new { subject, topic, channel = "email", address });

    private async Task<IReadOnlyList<JsonElement>> StreamAsync(params string[] lines)
    {
        using var content = new StringContent(string.Join('\n', lines), Encoding.UTF8, "application/x-ndjson");
        using var answer = await service.SendAsync(HttpMethod.Post, "/v1/send-decisions", content, "email");
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/x-ndjson");
        return [.. (await answer.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }

    /// <summary>A stream that stays open: a line goes out, its answer comes back. Over a socket, because the client of the framework hears nothing before it has said all.</summary>
    private sealed class Talk : IAsyncDisposable
    {
        private readonly TcpClient _connection = new() { NoDelay = true };
        private StreamReader _answers = null!;

        public static async Task<Talk> BeginAsync(RunningService service)
        {
            var talk = new Talk();
            await talk._connection.ConnectAsync(service.Url.Host, service.Url.Port);
            talk._answers = new StreamReader(talk._connection.GetStream());
            await talk.WriteAsync(
                $"POST /v1/send-decisions HTTP/1.1\r\nHost: {service.Url.Authority}\r\nAuthorization: Bearer {service.Token("email")}\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n");
            return talk;
        }

        public async Task<JsonElement> AskAsync(string line)
        {
            await WriteAsync($"{line.Length + 1:x}\r\n{line}\n\r\n");

            // The head of the answer and the lengths of its chunks are passed over.
            while (true)
                if ((await _answers.ReadLineAsync()).ShouldNotBeNull() is ['{', ..] answer) return JsonDocument.Parse(answer).RootElement;
        }

        public ValueTask DisposeAsync()
        {
            _connection.Dispose();
            _answers.Dispose();
            return ValueTask.CompletedTask;
        }

        private ValueTask WriteAsync(string text) => _connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes(text));
    }
}
