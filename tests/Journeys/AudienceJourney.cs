using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using ConsentLedger.Support;

namespace ConsentLedger.Journeys;

/// <summary>What a mailing does before it goes out: it asks who may get it, or which of its recipients may.</summary>
public sealed class AudienceJourney(RunningConsent product) : IClassFixture<RunningConsent>, IDisposable
{
    private const string Question = "/v1/audiences?purpose=newsletter&channel=email";

    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(2));

    private Installation Here => product.Installation;

    private CancellationToken Ct => _patience.Token;

    public void Dispose() => _patience.Dispose();

    [Fact]
    public async Task Everybody_who_may_get_a_mailing_is_listed_and_who_withdrew_before_is_not()
    {
        var backend = Here.Client(Here.Consent, "quintus", "backend");
        var people = Enumerable.Range(0, 20).Select(_ => Acts.NewSubject()).ToList();
        foreach (var person in people) await backend.PostOkAsync($"/v1/subjects/{person}/grants", Acts.Grant("newsletter", secondsAgo: 60), Ct);
        foreach (var person in people.Take(5)) await backend.PostOkAsync($"/v1/subjects/{person}/withdrawals", Acts.Withdrawal("newsletter"), Ct);

        var (listed, end) = Read(await Here.Client(Here.Consent, "quintus", "email").GetStringAsync(new Uri(Question, UriKind.Relative), Ct));
        listed.Order().ShouldBe(people.Skip(5).Order());
        end.GetProperty("listed").GetInt64().ShouldBe(15);
        end.GetProperty("position").GetInt64().ShouldBeGreaterThanOrEqualTo(25);

        var (left, _) = Read(await FilterAsync("quintus", [people[0], $"\"{people[6]}\"", $$"""{"subject":"{{people[7]}}"}""", Acts.NewSubject(), "maria@example.org", ""]));
        left.ShouldBe([people[6], people[7]]);
    }

    [Fact]
    public async Task An_answer_is_as_new_as_the_position_that_was_asked_for()
    {
        var backend = Here.Client(Here.Consent, "vms", "backend");
        var person = Acts.NewSubject();
        var granted = (await backend.PostOkAsync($"/v1/subjects/{person}/grants", Acts.Grant("newsletter"), Ct)).GetProperty("position").GetInt64();
        using var answer = await AskAsync($"?atLeast={granted}");
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Headers.GetValues("Ledger-Position").Select(long.Parse).Single().ShouldBeGreaterThanOrEqualTo(granted);
        using var stale = await AskAsync("?maxStalenessMs=60000");
        stale.StatusCode.ShouldBe(HttpStatusCode.OK);
        using var ahead = await AskAsync($"?atLeast={granted + 1_000_000}");
        ahead.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        using var wrong = await AskAsync("?atLeast=-1");
        wrong.StatusCode.ShouldBe(HttpStatusCode.BadRequest);

        async Task<HttpResponseMessage> AskAsync(string query)
        {
            using var question = new StringContent(JsonSerializer.Serialize(new { subject = person, purpose = "newsletter", channel = "email" }), Encoding.UTF8, "application/json");
            return await backend.PostAsync(new Uri($"/v1/decisions{query}", UriKind.Relative), question, Ct);
        }
    }

    [Fact]
    public async Task About_many_a_question_is_asked_once_and_answered_in_some_bytes_each()
    {
        var backend = Here.Client(Here.Consent, "quintus", "backend");
        var people = Enumerable.Range(0, 5).Select(_ => Acts.NewSubject()).ToList();
        foreach (var person in people[..4]) await backend.PostOkAsync($"/v1/subjects/{person}/grants", Acts.Grant("newsletter", secondsAgo: 60), Ct);
        await backend.PostOkAsync($"/v1/subjects/{people[1]}/withdrawals", Acts.Withdrawal("newsletter"), Ct);
        foreach (var _ in Enumerable.Range(0, 2))
        {
            var answers = await backend.PostOkAsync("/v1/decisions/many", new[] { new { purpose = "newsletter", channel = "email", subjects = Bytes(people) }, new { purpose = "horoscopes", channel = "email", subjects = Bytes(people[..1]) } }, Ct);
            var (first, second) = (answers[0], answers[1]);
            var codes = first.GetProperty("rules").EnumerateArray().Select(r => r.GetProperty("code").GetString()).ToList();
            first.GetProperty("rule").GetBytesFromBase64().Select(rule => codes[rule]).ShouldBe(["consent_given", "consent_withdrawn", "consent_given", "consent_given", "consent_unknown"]);
            var single = await backend.PostOkAsync("/v1/decisions", people.Select(subject => new { subject, purpose = "newsletter", channel = "email" }), Ct);
            first.GetProperty("positions").GetBytesFromBase64().Chunk(8).Select(position => BinaryPrimitives.ReadInt64BigEndian(position)).ShouldBe(single.EnumerateArray().Select(s => s.TryGetProperty("position", out var p) ? p.GetInt64() : -1));
            second.GetProperty("rules")[0].GetProperty("code").GetString().ShouldBe("purpose_undeclared");
        }
    }

    [Theory]
    [InlineData("AAAA", "backend", HttpStatusCode.BadRequest)]
    [InlineData("AY8AAAAAEACAAAAAAAAACg==", "backend", HttpStatusCode.BadRequest)]
    [InlineData("not base64", "backend", HttpStatusCode.BadRequest)]
    [InlineData("AY8AAAAAcACAAAAAAAAACg==", "operator", HttpStatusCode.Forbidden)]
    [InlineData("AY8AAAAAcACAAAAAAAAACg==", "backend", HttpStatusCode.OK)]
    public async Task Ids_are_those_of_subjects_and_whole(string subjects, string role, HttpStatusCode status)
    {
        using var question = new StringContent(JsonSerializer.Serialize(new { purpose = "newsletter", channel = "email", subjects }), Encoding.UTF8, "application/json");
        using var answer = await Here.Client(Here.Consent, "quintus", role).PostAsync(new Uri("/v1/decisions/many", UriKind.Relative), question, Ct);
        answer.StatusCode.ShouldBe(status);
    }

    [Fact]
    public async Task More_than_ten_thousand_are_too_many()
    {
        using var question = new StringContent(JsonSerializer.Serialize(new { purpose = "newsletter", channel = "email", subjects = Bytes(Enumerable.Repeat(Acts.NewSubject(), 10_001)) }), Encoding.UTF8, "application/json");
        using var answer = await Here.Client(Here.Consent, "quintus", "backend").PostAsync(new Uri("/v1/decisions/many", UriKind.Relative), question, Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await answer.Content.ReadAsStringAsync(Ct)).ShouldContain("too_many_questions");
    }

    [Theory]
    [InlineData("/v1/audiences", "email", HttpStatusCode.BadRequest)]
    [InlineData("/v1/audiences?purpose=newsletter&colour=red", "email", HttpStatusCode.BadRequest)]
    [InlineData("/v1/audiences?purpose=newsletter&purpose=research", "email", HttpStatusCode.BadRequest)]
    [InlineData("/v1/audiences?purpose=newsletter&subject=0195a1b2-0000-7000-8000-000000000001", "email", HttpStatusCode.BadRequest)]
    [InlineData(Question, "backend", HttpStatusCode.Forbidden)]
    public async Task A_question_is_held_to_the_rules_of_a_single_one(string question, string role, HttpStatusCode status)
    {
        using var answer = await Here.Client(Here.Consent, "quintus", role).GetAsync(new Uri(question, UriKind.Relative), Ct);
        answer.StatusCode.ShouldBe(status);
    }

    private async Task<string> FilterAsync(string tenant, IEnumerable<string> lines)
    {
        using var ids = new StringContent(string.Join('\n', lines), Encoding.UTF8, new MediaTypeHeaderValue("application/x-ndjson"));
        using var answer = await Here.Client(Here.Consent, tenant, "email").PostAsync(new Uri(Question, UriKind.Relative), ids, Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        return await answer.Content.ReadAsStringAsync(Ct);
    }

    private static byte[] Bytes(IEnumerable<string> people) => [.. people.SelectMany(p => Guid.Parse(p).ToByteArray(bigEndian: true))];

    private static (IReadOnlyList<string?> Listed, JsonElement End) Read(string answer)
    {
        var lines = answer.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement).ToList();
        return ([.. lines.SkipLast(1).Select(l => l.GetProperty("subject").GetString())], lines[^1]);
    }
}
