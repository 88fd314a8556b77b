using System.Text.RegularExpressions;
using ConsentLedger.Contracts;
using Npgsql;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>What a privacy team does over HTTP, and what a person does with a mailed link.</summary>
public sealed partial class DeskTests(Orchestrator orchestrator) : IClassFixture<Orchestrator>
{
    private const string Canary = "canary.person@example.org";

    private readonly string _subject = People.NewSubject().ToString();

    [Fact]
    public async Task Nothing_begins_before_the_person_has_confirmed_the_mailed_link_which_works_once()
    {
        var asked = await orchestrator.PostAsync("/v1/erasures", new { subject = _subject, confirmAt = Canary, identities = new[] { new { type = "email", value = Canary } } });
        (asked.Status, asked.State).ShouldBe((202, "awaiting-identity"));
        var link = await LinkAsync(asked.Id);
        (await orchestrator.GetPageAsync(link)).Status.ShouldBe(200);
        (await orchestrator.GetPageAsync(link)).Text.ShouldNotContain(_subject);
        (await orchestrator.GetAsync(asked.Location!)).State.ShouldBe("awaiting-identity", "scanners open every link of a mail");

        (await orchestrator.GetPageAsync(link, HttpMethod.Post)).Status.ShouldBe(200);
        (await orchestrator.GetAsync(asked.Location!)).State.ShouldBe("running");
        (await orchestrator.GetPageAsync(link, HttpMethod.Post)).Status.ShouldBe(404);
        (await orchestrator.GetPageAsync(link)).Status.ShouldBe(404);
        (await orchestrator.GetPageAsync("/identity/nothing")).Status.ShouldBe(404);

        // Neither the link nor the address lies anywhere in clear.
        (await InDatabaseAsync(link.Split('/')[^1])).ShouldBe(0);
        (await InDatabaseAsync(Canary)).ShouldBe(0);
        orchestrator.Log.ShouldNotContain(Canary);

        foreach (var system in (string[])["consent", "marketing-preference"]) await orchestrator.Others.AnswerAsync(system, _subject, asked.Id);
        await orchestrator.CompletedAsync(asked.Id);
        await Eventually.HoldsAsync(async () => (await orchestrator.QueryAsync("select count(*) from erasure_requests where request = @id and sealed", asked.Id)).ShouldBe(0));
        (await SealedAsync(asked.Id)).ShouldBe(0, "what identified the person is gone with the request");
    }

    [Fact]
    public async Task Who_asks_again_at_the_same_address_has_one_request_that_waits()
    {
        var first = await AskAsync(Canary);
        (await AskAsync(Canary.ToUpperInvariant())).Id.ShouldBe(first.Id);
        var other = await AskAsync("another@example.org");
        other.Id.ShouldNotBe(first.Id, "whoever may be a stranger stands in nobody's way");
        (await orchestrator.PostAsync("/v1/erasures", new { subject = _subject, confirmAt = Canary, withdrawAll = true })).Id.ShouldNotBe(first.Id, "it asks for more");
        (await orchestrator.QueryAsync("select count(*) from erasure_requests where subject = @id", Guid.Parse(_subject))).ShouldBe(3);
        await Eventually.HoldsAsync(async () => (await orchestrator.QueryAsync("select count(*) from erasure_requests where subject = @id and link_owed", Guid.Parse(_subject))).ShouldBe(0, "other tests look for their own mails"));

        Task<Answer> AskAsync(string confirmAt) => orchestrator.PostAsync("/v1/erasures", new { subject = _subject, confirmAt });
    }

    [Fact]
    public async Task Identities_that_come_with_a_second_asking_are_sealed_with_the_request_that_runs_and_go_with_it()
    {
        var tenant = $"join-{People.NewId():N}"[..20];
        await orchestrator.PutAsync("/v1/processors/archive", new { name = "The archive", kind = "manual", assignee = "archivist" }, tenant);
        await orchestrator.PutAsync("/v1/request-settings", new { coolingOffHours = 24 }, tenant);
        var first = await orchestrator.PostAsync("/v1/erasures", new { subject = _subject }, tenant);
        first.Json.TryGetProperty("identities", out _).ShouldBeFalse();
        var again = new { subject = _subject, identities = new[] { new { type = "email", value = Canary } } };
        foreach (var time in (int[])[1, 2])
        {
            var joined = await orchestrator.PostAsync("/v1/erasures", again, tenant);
            (joined.Status, joined.Id).ShouldBe((202, first.Id));
            joined.Json.GetProperty("identities").GetProperty("kept").GetBoolean().ShouldBeTrue();
            joined.Json.GetProperty("identities").GetProperty("toldWithout").GetArrayLength().ShouldBe(0);
            (await orchestrator.QueryAsync("select count(*) from mt_events where type = 'identities.sealed.v1' and data ->> 'request' = @id::text", first.Id)).ShouldBe(1, $"the {time}. time nothing is new");
        }

        (await SealedAsync(first.Id)).ShouldBe(1);
        var known = await orchestrator.GetAsync($"{first.Location}/identities", tenant);
        known.Json.GetProperty("identities")[0].GetProperty("value").GetString().ShouldBe(Canary, "somebody has to tell those who are told by hand");
        (await orchestrator.GetAsync($"{first.Location}/identities", tenant, role: "auditor")).Status.ShouldBe(403);
        (await InDatabaseAsync(Canary)).ShouldBe(0);
        await orchestrator.PostAsync($"{first.Location}/withdrawal", new { }, tenant);
        await Eventually.HoldsAsync(async () => (await SealedAsync(first.Id)).ShouldBe(0, "they end with the request"));
        (await orchestrator.GetAsync($"{first.Location}/identities", tenant)).Json.GetProperty("identities").GetArrayLength().ShouldBe(0);

        await orchestrator.PutAsync("/v1/request-settings", new { coolingOffHours = 0 }, tenant);
        var running = await orchestrator.PostAsync("/v1/erasures", new { subject = _subject }, tenant);
        running.Id.ShouldNotBe(first.Id);
        var late = (await orchestrator.PostAsync("/v1/erasures", again, tenant)).Json.GetProperty("identities");
        (late.GetProperty("kept").GetBoolean(), late.GetProperty("toldWithout")[0].GetString()).ShouldBe((true, "archive"), "who was told without them is named");
    }

    [Fact]
    public async Task A_kill_between_two_steps_of_asking_mails_the_same_link()
    {
        var asked = await orchestrator.PostAsync("/v1/erasures", new { subject = _subject, confirmAt = Canary });
        await orchestrator.KillAsync();
        await orchestrator.StartAgainAsync();
        var link = await LinkAsync(asked.Id);
        (await orchestrator.GetPageAsync(link, HttpMethod.Post)).Status.ShouldBe(200);
        (await orchestrator.GetAsync(asked.Location!)).State.ShouldBe("running");
    }

    [Fact]
    public async Task The_plan_is_shown_before_it_runs_and_a_request_that_waits_can_be_withdrawn()
    {
        var tenant = $"desk-{People.NewId():N}"[..20];
        (await orchestrator.PutAsync("/v1/processors/crm", new { name = "The CRM", kind = "manual", assignee = "sales-desk", keeps = new[] { "legal-obligation" } }, tenant)).Status.ShouldBe(200);
        (await orchestrator.PutAsync("/v1/request-settings", new { timeZone = "Europe/Stockholm", coolingOffHours = 24, policyProcessors = "tasks" }, tenant)).Status.ShouldBe(200);
        var asked = await orchestrator.PostAsync("/v1/erasures", new { subject = _subject }, tenant);
        asked.State.ShouldBe("cooling-off");
        var plan = (await orchestrator.GetAsync($"{asked.Location}/plan", tenant)).Json;
        plan.GetProperty("recorded").GetBoolean().ShouldBeFalse();
        plan.GetProperty("steps").EnumerateArray().Select(s => s.GetProperty("system").GetString()).ShouldBe(["consent", "marketing-preference", "crm"]);
        plan.GetProperty("kept")[0].GetProperty("reason").GetString().ShouldBe("legal-obligation");

        (await orchestrator.PostAsync($"{asked.Location}/withdrawal", new { }, tenant)).State.ShouldBe("withdrawn");
        (await orchestrator.PostAsync($"{asked.Location}/withdrawal", new { }, tenant)).State.ShouldBe("withdrawn");
        (await orchestrator.PostAsync($"{asked.Location}/refusal", new { reason = "excessive" }, tenant)).Code.ShouldBe("request_ended");
        (await orchestrator.Others.HearAsync(_subject, 2)).Select(m => m.Type).ShouldBe([ErasureRequestedV1.Type, ErasureWithdrawnV1.Type]);
    }

    [Fact]
    public async Task What_people_do_by_hand_is_said_with_a_reason_where_something_is_kept()
    {
        var tenant = $"hand-{People.NewId():N}"[..20];
        await orchestrator.PutAsync("/v1/processors/archive", new { name = "The archive", kind = "manual", assignee = "archivist" }, tenant);
        var asked = await orchestrator.PostAsync("/v1/erasures", new { subject = _subject }, tenant);
        var outcome = $"{asked.Location}/tasks/archive/outcome";
        (await orchestrator.PostAsync(outcome, new { outcome = "kept" }, tenant)).Code.ShouldBe("reason_required");
        (await orchestrator.PostAsync(outcome, new { outcome = "erased", reason = "third-party" }, tenant)).Code.ShouldBe("reason_not_needed");
        (await orchestrator.PostAsync(outcome, new { outcome = "provided" }, tenant)).Code.ShouldBe("outcome_not_applicable");
        (await orchestrator.PostAsync($"{asked.Location}/tasks/consent/outcome", new { outcome = "erased" }, tenant)).Code.ShouldBe("task_not_by_hand");
        (await orchestrator.PostAsync($"{asked.Location}/tasks/nobody/outcome", new { outcome = "erased" }, tenant)).Code.ShouldBe("task_unknown");
        (await orchestrator.PostAsync(outcome, new { outcome = "kept", reason = "legal-claims" }, tenant)).TaskOf("archive").GetProperty("reason").GetString().ShouldBe("legal-claims");
        (await orchestrator.PostAsync(outcome, new { outcome = "erased" }, tenant)).TaskOf("archive").GetProperty("outcome").GetString().ShouldBe("kept", "what was said first stands");
        foreach (var system in (string[])["consent", "marketing-preference"]) await orchestrator.Others.SendAsync(OtherSystems.Erased(system, _subject, asked.Id, tenant));
        await Eventually.HoldsAsync(async () => (await orchestrator.GetAsync(asked.Location!, tenant)).State.ShouldBe("completed"));
        (await orchestrator.GetAsync(asked.Location!, tenant)).Json.GetProperty("outcome").GetString().ShouldBe("partially");
    }

    [Fact]
    public async Task Every_request_stands_against_its_deadline_in_the_list_and_in_the_report()
    {
        var tenant = $"list-{People.NewId():N}"[..20];
        var held = People.NewSubject().ToString();
        var hold = await orchestrator.PostAsync($"/v1/subjects/{held}/holds", new { authority = "court-order", reference = "T-17" }, tenant);
        hold.Status.ShouldBe(200);
        foreach (var subject in (string[])[_subject, held]) await orchestrator.PostAsync("/v1/erasures", new { subject }, tenant);
        await orchestrator.PostAsync("/v1/requests", new { subject = _subject, type = "rectification" }, tenant);

        (await ListAsync("", tenant)).Count.ShouldBe(3);
        (await ListAsync("?held=true", tenant)).ShouldHaveSingleItem().GetProperty("waitsFor").GetString().ShouldBe("legal-hold");
        (await ListAsync("?type=rectification", tenant)).ShouldHaveSingleItem().GetProperty("inTime").GetBoolean().ShouldBeTrue();
        (await ListAsync("?state=running", tenant)).Count.ShouldBe(2);
        (await ListAsync("?dueBy=2020-01-01", tenant)).ShouldBeEmpty();
        (await orchestrator.GetAsync("/v1/erasures?state=nonsense", tenant)).Status.ShouldBe(400);
        var page = (await orchestrator.GetAsync("/v1/erasures?limit=2", tenant)).Json;
        (await ListAsync($"?limit=2&after={page.GetProperty("next").GetString()}", tenant)).Count.ShouldBe(1);
        (await orchestrator.GetPageAsync("/v1/erasures/report", HttpMethod.Get, tenant)).Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(3);

        var lifted = await orchestrator.PostAsync($"/v1/holds/{hold.Json.GetProperty("holds")[0].GetProperty("hold").GetString()}/lifting", new { }, tenant);
        lifted.Status.ShouldBe(200);
        (await ListAsync("?held=true", tenant)).ShouldBeEmpty();
        (await ListAsync("?state=running", tenant)).Count.ShouldBe(3);
    }

    [Fact]
    public async Task A_processor_waits_for_its_controller_and_does_as_it_says()
    {
        var tenant = $"proc-{People.NewId():N}"[..20];
        await orchestrator.PutAsync("/v1/request-settings", new { instructor = "acme" }, tenant);
        var asked = await orchestrator.PostAsync("/v1/erasures", new { subject = _subject }, tenant);
        asked.State.ShouldBe("awaiting-instruction");
        (await orchestrator.Others.HearAsync(_subject, 2))[1].DataAs<ErasureForwardedV1>().ShouldBe(new ErasureForwardedV1(asked.Id, "acme"));
        (await orchestrator.PostAsync($"{asked.Location}/instruction", new { instruction = "proceed" }, tenant)).Code.ShouldBe("scope_missing");
        (await orchestrator.PostAsync($"{asked.Location}/instruction", new { instruction = "proceed" }, tenant, "instructor")).State.ShouldBe("running");
        (await orchestrator.PostAsync($"{asked.Location}/instruction", new { instruction = "decline" }, tenant, "instructor")).Code.ShouldBe("instructed_already");

        var other = await orchestrator.PostAsync("/v1/erasures", new { subject = People.NewSubject().ToString() }, tenant);
        var declined = await orchestrator.PostAsync($"{other.Location}/instruction", new { instruction = "decline" }, tenant, "instructor");
        (declined.State, declined.Json.GetProperty("outcome").GetString()).ShouldBe(("completed", "refused"));
    }

    /// <summary>How much lies sealed that came with a request.</summary>
    private Task<long> SealedAsync(Guid request) => orchestrator.QueryAsync("select count(*) from ledger_entries where envelope is not null and position(uuid_send(@id) in entry) > 0", request);

    private async Task<IReadOnlyList<System.Text.Json.JsonElement>> ListAsync(string query, string tenant) =>
        [.. (await orchestrator.GetAsync($"/v1/erasures{query}", tenant)).Json.GetProperty("requests").EnumerateArray()];

    /// <summary>The path of the link that was mailed for this request.</summary>
    private async Task<string> LinkAsync(Guid request)
    {
        var path = "";
        await Eventually.HoldsAsync(async () =>
        {
            (await orchestrator.QueryAsync("select count(*) from mt_events where type = 'erasure.identity-mailed.v1' and data ->> 'request' = @id::text", request)).ShouldBe(1);
            var mails = Directory.GetFiles(orchestrator.MailFolder, "*.eml").OrderByDescending(File.GetLastWriteTimeUtc).Select(File.ReadAllText);
            path = Link().Match(mails.First()).Groups[1].Value;
            path.ShouldNotBeEmpty();
        });
        return path;
    }

    private async Task<long> InDatabaseAsync(string text)
    {
        await using var connection = new NpgsqlConnection(orchestrator.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("select (select count(*) from mt_events e where e::text like @t) + (select count(*) from identity_links l where l::text like @t) + (select count(*) from erasure_requests r where r::text like @t)", connection);
        command.Parameters.AddWithValue("t", $"%{text}%");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    [GeneratedRegex(@"https://privacy\.example(/identity/\S+)")]
    private static partial Regex Link();
}
