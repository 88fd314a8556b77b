using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ConsentLedger.Contracts;
using ConsentLedger.MarketingPreference.Tests.Addresses;
using EmailSystem;
using static ConsentLedger.MarketingPreference.Tests.RunningService;

namespace ConsentLedger.MarketingPreference.Tests.Bulk;

[Collection(nameof(RunningService))]
public sealed class ImportTests(RunningService service)
{
    private const string Header = "subject,topic,channel,state,occurredAt,actor,addressTag";
    private const string Canary = "canary.imported@example.org";

    [Fact]
    public async Task A_list_is_looked_at_first_and_writes_nothing_before_somebody_says_so()
    {
        var (never, left, given, suppressed) = (NewSubject(), NewSubject(), NewSubject(), AddressCalls.NewTag());
        (await service.ChooseAsync(left, "module-crm", false)).EnsureSuccessStatusCode();
        var import = await UploadAsync($"""
            {Header}
            {never},module-crm,email,unsubscribed,2020-05-01T10:00:00+02:00,,
            {left},module-crm,email,subscribed,2020-05-01T10:00:00+02:00,subject,
            {given},module-crm,email,subscribed,2020-05-01T10:00:00+02:00,subject,
            ,,,suppressed,,,{suppressed}
            """);
        import.GetProperty("state").GetString().ShouldBe("accepted");
        var id = import.GetProperty("id").GetString();
        string[] foreseen = ["2 recorded", "3 refused unsubscribe_prevails", "4 recorded", "5 recorded"];
        var (preview, end) = await LinesAsync($"/v1/imports/{id}/preview");
        preview.ShouldBe(foreseen);
        end.GetProperty("counts").GetProperty("recorded").GetInt64().ShouldBe(3);
        (await service.PreferencesAsync(never)).GetProperty("version").GetInt64().ShouldBe(0);
        (await StandingAsync(suppressed)).ShouldBe("deliverable");

        await RunAsync(id!);
        var (results, done) = await LinesAsync($"/v1/imports/{id}/results");
        results.ShouldBe(foreseen);
        done.GetProperty("complete").GetBoolean().ShouldBeTrue();
        (await service.StateAsync(never, "module-crm")).ShouldBe("unsubscribed");
        (await service.StateAsync(left, "module-crm")).ShouldBe("unsubscribed");
        (await service.StateAsync(given, "module-crm")).ShouldBe("subscribed");
        (await StandingAsync(suppressed)).ShouldBe("suppressed");

        // Once over it is over, and who it was about is not kept.
        await RunAsync(id!);
        (await CodeAsync(await service.SendAsync(HttpMethod.Get, $"/v1/imports/{id}/preview", role: "operator"), HttpStatusCode.UnprocessableEntity)).ShouldBe("import_started");
        (await service.CountAsync($"select count(*) from import_parts where import_id = '{id}' and lines is not null")).ShouldBe(0);
    }

    [Fact]
    public async Task What_was_exported_can_be_imported_and_changes_nothing()
    {
        var subject = NewSubject();
        foreach (var (topic, yes) in (IEnumerable<(string, bool)>)[("module-crm", true), ("module-booking", false)]) (await service.ChooseAsync(subject, topic, yes)).EnsureSuccessStatusCode();
        (await service.SuppressAsync(AddressCalls.NewTag())).EnsureSuccessStatusCode();
        var (_, end) = await LinesAsync($"/v1/imports/{(await UploadAsync(await ExportAsync(Packs.Tenant))).GetProperty("id").GetString()}/preview");
        var counts = end.GetProperty("counts");
        (counts.GetProperty("recorded").GetInt64(), counts.GetProperty("invalid").GetInt64()).ShouldBe((0, 0));
        counts.GetProperty("unchanged").GetInt64().ShouldBeGreaterThanOrEqualTo(3);
    }

    [Fact]
    public async Task What_one_tenant_exported_answers_the_gate_of_another_the_same_and_is_exported_from_there_again()
    {
        var (from, to) = (Packs.Other, "eastwind");
        foreach (var tenant in (string[])[from, to])
        {
            var pack = Packs.NorthwindJson();
            pack["tenant"] = tenant;
            await service.PublishPolicyAsync(pack, version: 1);
        }

        // Whoever came back, whoever left, whoever was heard of over there, and each way in which an address can be stopped.
        var (back, left, chose, stranger) = (NewSubject(), NewSubject(), NewSubject(), NewSubject());
        string[] people = [back, left, chose, stranger], topics = ["module-crm", "module-booking", "account-notices"];
        foreach (var (who, yes, actor) in (IEnumerable<(string, bool, string)>)[(back, false, "agent"), (back, true, "subject"), (left, true, "subject"), (left, false, "subject"), (chose, true, "guardian")])
            (await service.ChooseAsync(who, "module-crm", yes, actor: actor, tenant: from)).EnsureSuccessStatusCode();
        await service.ConsentSaysAsync(chose, 1, ConsentWithdrawnV1.Type, new ConsentWithdrawnV1("newsletter", "controller", "1", People.Noon, "subject", "app:settings/mail", "email"), tenant: from);
        await EventuallyAsync("it is heard", async () => (await service.DecideAsync(chose, "newsletter", tenant: from)).GetProperty("rule").GetString() == "unsubscribed");
        var (asked, barred, bounced, complained) = (AddressCalls.NewTag(), AddressCalls.NewTag(), AddressCalls.NewTag(), AddressCalls.NewTag());
        (await service.SuppressAsync(asked, tenant: from)).EnsureSuccessStatusCode();
        (await service.SuppressAsync(barred, everything: true, tenant: from)).EnsureSuccessStatusCode();
        await TellAsync(from, bounced, "bounced", "hard");
        await TellAsync(from, complained, "complained");

        var table = await ExportAsync(from);
        var id = (await UploadAsync(table, tenant: to)).GetProperty("id").GetString()!;
        var (foreseen, _) = await LinesAsync($"/v1/imports/{id}/preview", to);
        foreseen.Count.ShouldBe(8);
        foreseen.ShouldAllBe(line => line.EndsWith(" recorded", StringComparison.Ordinal));
        await RunAsync(id, to);
        (await LinesAsync($"/v1/imports/{id}/results", to)).Lines.ShouldBe(foreseen);

        foreach (var address in (string?[])[null, asked, barred, bounced, complained, AddressCalls.NewTag()])
            foreach (var (who, topic) in people.SelectMany(_ => topics.Append("newsletter"), (who, topic) => (who, topic)))
                (await RuleAsync(to, who, topic, address)).ShouldBe(await RuleAsync(from, who, topic, address), $"{topic} {Array.IndexOf(people, who)}");

        // Nothing but where it lies, and that choices came by a list, is another.
        Comparable(await ExportAsync(to)).ShouldBe(Comparable(table), ignoreOrder: true);
        foreach (var tenant in (string[])[from, to])
        {
            var again = (await UploadAsync(await ExportAsync(tenant), tenant: tenant)).GetProperty("id").GetString();
            (await LinesAsync($"/v1/imports/{again}/preview", tenant)).Lines.ShouldAllBe(line => line.EndsWith(" unchanged", StringComparison.Ordinal));
        }

        async Task<(bool, string?)> RuleAsync(string tenant, string who, string topic, string? address)
        {
            var decision = await service.DecideAsync(who, topic, tenant: tenant, address: address);
            return (decision.GetProperty("allowed").GetBoolean(), decision.GetProperty("rule").GetString());
        }

        static List<string> Comparable(string table)
        {
            var header = table.Split("\r\n")[0].Split(',');
            return [.. table.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Select(row => string.Join(',', row.Split(',').Where((_, i) => header[i] is not ("version" or "cause" or "position"))))];
        }
    }

    [Fact]
    public async Task A_stopped_address_says_why_and_how_far_in_either_form()
    {
        var (barred, bounced) = (AddressCalls.NewTag(), AddressCalls.NewTag());
        var table = await UploadAsync($"""
            state,addressTag,cause,everything
            suppressed,{barred},asked,true
            suppressed,{bounced},bounce,
            suppressed,{AddressCalls.NewTag()},,perhaps
            """);
        await RunAsync(table.GetProperty("id").GetString()!);
        (await StandingAsync(barred)).ShouldBe("barred");
        (await StandingAsync(bounced)).ShouldBe("hard-bounced");
        (await LinesAsync($"/v1/imports/{table.GetProperty("id").GetString()}/results")).Lines.ShouldBe(["2 recorded", "3 recorded", "4 invalid line_invalid everything"]);
        var lines = await UploadAsync(
            $$"""
            {"state":"suppressed","addressTag":"{{bounced}}","everything":true}
            {"state":"suppressed","addressTag":"{{bounced}}","cause":"bounce"}
            {"state":"unsubscribed","subject":"{{NewSubject()}}","topic":"module-crm","channel":"email","occurredAt":"2020-05-01T10:00:00Z","everything":true}
            """, "application/x-ndjson");
        (await LinesAsync($"/v1/imports/{lines.GetProperty("id").GetString()}/preview")).Lines.ShouldBe(["1 recorded", "2 unchanged", "3 invalid line_invalid everything"]);
    }

    [Theory]
    [InlineData("\uFEFF", ",", "\r\n")]
    [InlineData("", ";", "\n")]
    [InlineData("\uFEFF", "\t", "\r\n")]
    public async Task Tables_come_as_people_export_them(string mark, string delimiter, string end)
    {
        var list = mark + string.Join(end, new[] { Header, $"\"{NewSubject()}\",module-crm,\"email\",unsubscribed,2020-05-01T10:00:00Z,,", "", $" {NewSubject()} ,module-crm,email,unsubscribed,2020-05-01T10:00:00Z,," }
            .Select(line => line.Replace(",", delimiter)));
        var import = await UploadAsync(list);
        (await LinesAsync($"/v1/imports/{import.GetProperty("id").GetString()}/preview")).Lines.ShouldBe(["2 recorded", "4 recorded"]);
    }

    [Fact]
    public async Task A_stray_quote_swallows_no_line_after_it()
    {
        var line = $"{NewSubject()},module-crm,email,unsubscribed,2020-05-01T10:00:00Z,,";
        foreach (var end in (string[])["\n", "\r\n"])
        {
            using var answer = await SendAsync(Encoding.UTF8.GetBytes(string.Join(end, Header, line, $"\"{line}", line, $"\"{line}", line)), "text/csv", "old-list", Packs.Tenant);
            var text = await answer.Content.ReadAsStringAsync();
            JsonDocument.Parse(text).RootElement.GetProperty("code").GetString().ShouldBe("list_malformed", text);
            text.ShouldContain("line 3 ");
        }
    }

    [Fact]
    public async Task A_table_with_a_byte_order_mark_and_quotes_around_everything_is_read()
    {
        var fields = $"{Header}\n{NewSubject()},module-crm,email,unsubscribed,2020-05-01T10:00:00Z,,".Split('\n').Select(line => string.Join(',', line.Split(',').Select(field => $"\"{field}\"")));
        (await UploadAsync($"\uFEFF{string.Join("\r\n", fields)}")).GetProperty("lines").GetInt64().ShouldBe(1);
    }

    [Fact]
    public async Task A_row_that_does_not_end_is_not_read_on()
    {
        using var answer = await SendAsync(Encoding.UTF8.GetBytes($"{Header}\n{new string(',', 1_000_000)}"), "text/csv", "old-list", Packs.Tenant);
        (await CodeAsync(answer, HttpStatusCode.UnprocessableEntity)).ShouldBe("list_malformed");
        var blank = await UploadAsync($"{Header}\n{new string('\n', 1_000_000)}{NewSubject()},module-crm,email,unsubscribed,2020-05-01T10:00:00Z,,");
        blank.GetProperty("lines").GetInt64().ShouldBe(1);
    }

    [Fact]
    public async Task A_bad_line_is_refused_by_code_and_does_not_stop_the_next()
    {
        var good = $"{NewSubject()},module-crm,email,unsubscribed,2020-05-01T10:00:00Z,,";
        var import = await UploadAsync($"""
            {Header}
            maria,module-crm,email,unsubscribed,2020-05-01T10:00:00Z,,
            {NewSubject()},module-crm,email,perhaps,2020-05-01T10:00:00Z,,
            {NewSubject()},module-crm,email
            {NewSubject()},,email,unsubscribed,2020-05-01T10:00:00Z,,
            {NewSubject()},module-crm,email,unsubscribed,yesterday,,
            {NewSubject()},horoscopes,email,unsubscribed,2020-05-01T10:00:00Z,,
            ,,,suppressed,,,not-a-tag
            {NewSubject()},module-crm,email,unsubscribed,2020-05-01T10:00:00Z,,{AddressCalls.NewTag()}
            {good}
            """);
        import.GetProperty("invalid").GetInt64().ShouldBe(7);
        (await LinesAsync($"/v1/imports/{import.GetProperty("id").GetString()}/preview")).Lines.ShouldBe(
        [
            "2 invalid line_invalid subject", "3 invalid line_invalid state", "4 invalid line_malformed", "5 invalid line_invalid topic", "6 invalid line_invalid occurredAt",
            "7 refused topic_undeclared", "8 invalid line_invalid addressTag", "9 invalid line_invalid addressTag", "10 recorded",
        ]);
    }

    [Fact]
    public async Task Json_lines_are_read_by_the_same_rules()
    {
        var import = await UploadAsync(
            $$"""
            {"subject":"{{NewSubject()}}","topic":"module-crm","channel":"email","state":"unsubscribed","occurredAt":"2020-05-01T10:00:00Z"}

            {"subject":"{{NewSubject()}}","topic":"module-crm","channel":"email","state":"subscribed","occurredAt":"2020-05-01T10:00:00Z"}
            {"state":"suppressed","addressTag":"{{AddressCalls.NewTag()}}"}
            {"state":"suppressed","addressTag":"{{AddressCalls.NewTag()}}","subject":"{{NewSubject()}}"}
            {"state":"suppressed","who":"{{AddressCalls.NewTag()}}"}
            not json
            {"padding":"{{new string('x', 9_000)}}"}
            """, "application/x-ndjson");
        (await LinesAsync($"/v1/imports/{import.GetProperty("id").GetString()}/preview")).Lines.ShouldBe(
            ["1 recorded", "3 refused own_act_needed", "4 recorded", "5 invalid line_invalid subject", "6 invalid line_invalid who", "7 invalid line_invalid", "8 invalid line_too_long"]);
    }

    [Theory]
    [InlineData("text/csv")]
    [InlineData("application/x-ndjson")]
    public async Task What_looks_like_an_address_is_refused_by_its_line_and_nowhere_to_be_found(string type)
    {
        var (tag, escaped) = (AddressCalls.NewTag(), Canary.Replace("@", "\\u0040"));
        var list = type == "text/csv"
            ? $"{Header}\n{Canary},module-crm,email,unsubscribed,2020-05-01T10:00:00Z,,\n,,,suppressed,,,{tag}"
            : $$"""{"subject":"{{escaped}}","state":"suppressed"}{{"\n"}}{"state":"suppressed","addressTag":"{{tag}}"}""";
        var import = await UploadAsync(list, type);
        var (lines, _) = await LinesAsync($"/v1/imports/{import.GetProperty("id").GetString()}/preview");
        lines[0].ShouldEndWith("invalid address_in_import");
        (await service.CountAsync("select count(*) from import_parts where position('canary' in encode(lines, 'escape')) > 0")).ShouldBe(0);
        (await File.ReadAllTextAsync(service.LogFile)).ShouldNotContain("canary");
    }

    [Fact]
    public async Task A_list_that_cannot_be_read_is_refused_whole_and_names_no_value()
    {
        var line = $"{NewSubject()},module-crm,email,unsubscribed,2020-05-01T10:00:00Z,,";
        await RefusedAsync("import_not_utf8", Encoding.Unicode.GetPreamble().Concat(Encoding.Unicode.GetBytes($"{Header}\n{line}")).ToArray());
        await RefusedAsync("import_not_utf8", Encoding.Latin1.GetBytes($"{Header}\nJosé,module-crm,email,unsubscribed,2020-05-01T10:00:00Z,,"));
        await RefusedAsync("import_not_utf8", Encoding.Latin1.GetBytes("{\"topic\":\"José\"}"), "application/x-ndjson");
        await RefusedAsync("column_unknown", Encoding.UTF8.GetBytes("subject,state,e-mail\n"));
        await RefusedAsync("column_unknown", Encoding.UTF8.GetBytes($"{Canary},state\n"));
        await RefusedAsync("list_malformed", Encoding.UTF8.GetBytes("subject,topic\n"));
        await RefusedAsync("list_malformed", Encoding.UTF8.GetBytes($"{Header}\n\"{new string('x', 20_000)}"));
        await RefusedAsync("list_empty", Encoding.UTF8.GetBytes(Header));
        await RefusedAsync("list_empty", [], "application/x-ndjson");
        await RefusedAsync("media_type_unsupported", Encoding.UTF8.GetBytes(line), "text/plain", HttpStatusCode.UnsupportedMediaType);
        await RefusedAsync("source_required", Encoding.UTF8.GetBytes($"{Header}\n{line}"), source: "");
        (await CodeAsync(await service.SendAsync(HttpMethod.Get, $"/v1/imports/{People.NewId()}", role: "operator"), HttpStatusCode.NotFound)).ShouldBe("not_found");
    }

    [Fact]
    public async Task Killed_in_the_middle_it_goes_on_and_no_line_counts_twice()
    {
        const int Lines = 6_500;
        var subjects = Enumerable.Range(0, Lines).Select(_ => NewSubject()).ToList();
        var list = new StringBuilder(Header).Append('\n');
        foreach (var subject in subjects) list.Append(CultureInfo.InvariantCulture, $"{subject},module-crm,email,unsubscribed,2020-05-01T10:00:00Z,,\n");
        var id = (await UploadAsync(list.ToString())).GetProperty("id").GetString()!;
        var before = await ChangesSinceAsync(-1);
        using (await service.SendAsync(HttpMethod.Post, $"/v1/imports/{id}/runs", role: "operator")) { }

        var done = 0L;
        for (var kill = 0; kill < 3; kill++)
        {
            await service.RestartAsync();
            await EventuallyAsync("it has gone on", async () =>
            {
                var import = await OkAsync(await service.SendAsync(HttpMethod.Get, $"/v1/imports/{id}", role: "operator"));
                var before = done;
                return (done = import.GetProperty("done").GetInt64()) > before || done == Lines;
            });
        }

        await RunAsync(id);
        var (results, _) = await LinesAsync($"/v1/imports/{id}/results");
        results.ShouldBe(Enumerable.Range(2, Lines).Select(n => $"{n} recorded"));
        var closed = (await ChangesSinceAsync(before[^1].GetProperty("position").GetInt64())).Where(e => e.GetProperty("type").GetString() == "marketing.unsubscribed.v1")
            .Select(e => e.GetProperty("subject").GetString()!).Where(subjects.ToHashSet().Contains).ToList();
        closed.Count.ShouldBe(Lines);
        closed.Distinct().Count().ShouldBe(Lines);
    }

    [Fact]
    public async Task A_line_that_was_carried_out_and_not_noted_hears_its_first_outcome_again()
    {
        var subject = NewSubject();
        var id = (await UploadAsync($"{Header}\n{subject},module-crm,email,unsubscribed,2020-05-01T10:00:00Z,,")).GetProperty("id").GetString()!;
        await service.CountAsync($"""
            create function not_now() returns trigger language plpgsql as $$ begin raise exception 'not now'; end $$;
            create trigger not_now before update on import_parts for each row when (old.import_id = '{id}') execute function not_now();
            select 0::bigint
            """);
        using (await service.SendAsync(HttpMethod.Post, $"/v1/imports/{id}/runs", role: "operator")) { }
        await EventuallyAsync("the line is carried out", async () => await service.StateAsync(subject, "module-crm") == "unsubscribed");
        await service.CountAsync("drop trigger not_now on import_parts; drop function not_now(); select 0::bigint");
        await RunAsync(id);
        (await LinesAsync($"/v1/imports/{id}/results")).Lines.ShouldBe(["2 recorded"]);
    }

    [Fact]
    public async Task A_list_that_nobody_ran_is_not_kept_and_one_that_was_is()
    {
        var list = $"{Header}\n{NewSubject()},module-crm,email,unsubscribed,2020-05-01T10:00:00Z,,";
        var (left, run) = ((await UploadAsync(list)).GetProperty("id").GetString()!, (await UploadAsync(list)).GetProperty("id").GetString()!);
        await RunAsync(run);
        await service.CountAsync($"with aged as (update import_parts set uploaded_at = now() - interval '8 days' where import_id in ('{left}', '{run}') returning 1) select count(*) from aged");

        // It looks when it starts, with the next thing that happens.
        await service.RestartAsync();
        (await service.ChooseAsync(NewSubject(), "module-crm", false)).EnsureSuccessStatusCode();
        await EventuallyAsync("it is gone", async () => await service.CountAsync($"select count(*) from import_parts where import_id = '{left}'") == 0);
        (await LinesAsync($"/v1/imports/{run}/results")).Lines.ShouldBe(["2 recorded"]);
    }

    [Fact]
    public async Task A_list_that_waits_for_its_turn_is_kept_however_old_it_is()
    {
        var (first, waits, left) = (await IdAsync(), await IdAsync(), await IdAsync());
        await service.CountAsync($"""
            create function not_yet() returns trigger language plpgsql as $$ begin raise exception 'not yet'; end $$;
            create trigger not_yet before update of results on import_parts for each row when (old.import_id = '{first}') execute function not_yet();
            select 0::bigint
            """);
        foreach (var id in (string[])[first, waits])
            using (var started = await service.SendAsync(HttpMethod.Post, $"/v1/imports/{id}/runs", role: "operator")) started.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        await service.CountAsync($"with aged as (update import_parts set uploaded_at = now() - interval '8 days' where import_id in ('{waits}', '{left}') returning 1) select count(*) from aged");
        await service.RestartAsync();
        await EventuallyAsync("what nobody started is gone", async () => await service.CountAsync($"select count(*) from import_parts where import_id = '{left}'") == 0);
        await service.CountAsync("drop trigger not_yet on import_parts; drop function not_yet(); select 0::bigint");
        await RunAsync(waits);
        (await LinesAsync($"/v1/imports/{waits}/results")).Lines.ShouldBe(["2 recorded"]);

        async Task<string> IdAsync() => (await UploadAsync($"{Header}\n{NewSubject()},module-crm,email,unsubscribed,2020-05-01T10:00:00Z,,")).GetProperty("id").GetString()!;
    }

    [Fact]
    public async Task An_import_of_which_lines_are_gone_fails_and_the_next_goes_on()
    {
        var line = $"{NewSubject()},module-crm,email,unsubscribed,2020-05-01T10:00:00Z,,";
        var (broken, next) = ((await UploadAsync($"{Header}\n{line}")).GetProperty("id").GetString()!, (await UploadAsync($"{Header}\n{line}")).GetProperty("id").GetString()!);
        await service.CountAsync($"with gone as (delete from import_parts where import_id = '{broken}' returning 1) select count(*) from gone");
        using (await service.SendAsync(HttpMethod.Post, $"/v1/imports/{broken}/runs", role: "operator")) { }
        await RunAsync(next);
        var failed = await OkAsync(await service.SendAsync(HttpMethod.Get, $"/v1/imports/{broken}", role: "operator"));
        (failed.GetProperty("state").GetString(), failed.GetProperty("code").GetString()).ShouldBe(("failed", "import_part_missing"));
        var (lines, end) = await LinesAsync($"/v1/imports/{broken}/results");
        lines.ShouldBeEmpty();
        end.GetProperty("complete").GetBoolean().ShouldBeFalse();
    }

    /// <summary>As a tenant's mail system tells of it.</summary>
    private async Task TellAsync(string tenant, string address, string type, string? bounce = null)
    {
        var (id, at) = ($"{People.NewId()}", TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());
        var body = Json(new { id, type, occurredAt = People.Noon.AddDays(-3), address, bounce });
        var signature = Convert.ToBase64String(HMACSHA256.HashData(IntakeKey, Encoding.UTF8.GetBytes($"{id}.{at}.{await body.ReadAsStringAsync()}")));
        using var answer = await service.SendAsync(
            HttpMethod.Post, "/v1/intake/events", body, headers: [("X-Tenant", tenant), ("webhook-id", id), ("webhook-timestamp", $"{at}"), ("webhook-signature", $"v1,{signature}")]);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    private async Task<string> ExportAsync(string tenant) =>
        await (await service.SendAsync(HttpMethod.Get, "/v1/preferences/snapshot", role: "email", tenant: tenant, headers: ("Accept", "text/csv"))).Content.ReadAsStringAsync();

    private async Task RunAsync(string id, string tenant = Packs.Tenant)
    {
        using (var started = await service.SendAsync(HttpMethod.Post, $"/v1/imports/{id}/runs", role: "operator", tenant: tenant)) started.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        await EventuallyAsync(
            "the import is completed", async () => (await OkAsync(await service.SendAsync(HttpMethod.Get, $"/v1/imports/{id}", role: "operator", tenant: tenant))).GetProperty("state").GetString() == "completed");
    }

    private async Task<JsonElement> UploadAsync(string list, string type = "text/csv", string tenant = Packs.Tenant)
    {
        using var answer = await SendAsync(Encoding.UTF8.GetBytes(list), type, "old-list", tenant);
        var text = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.ShouldBe(HttpStatusCode.Created, text);
        return JsonDocument.Parse(text).RootElement;
    }

    private async Task RefusedAsync(string code, byte[] list, string type = "text/csv", HttpStatusCode status = HttpStatusCode.UnprocessableEntity, string source = "old-list")
    {
        using var answer = await SendAsync(list, type, source);
        var text = await answer.Content.ReadAsStringAsync();
        (answer.StatusCode, JsonDocument.Parse(text).RootElement.GetProperty("code").GetString()).ShouldBe((status, code));
        text.ShouldNotContain("canary");
        text.ShouldNotContain("José");
    }

    private async Task<HttpResponseMessage> SendAsync(byte[] list, string type, string source, string tenant = Packs.Tenant)
    {
        var body = new ByteArrayContent(list);
        body.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        return await service.SendAsync(HttpMethod.Post, $"/v1/imports?source={source}", body, "operator", tenant);
    }

    private async Task<(IReadOnlyList<string> Lines, JsonElement End)> LinesAsync(string path, string tenant = Packs.Tenant)
    {
        using var answer = await service.SendAsync(HttpMethod.Get, path, role: "operator", tenant: tenant);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        var lines = (await answer.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        return ([.. lines.SkipLast(1).Select(l => string.Join(' ', new[] { "line", "outcome", "code", "member" }.Select(name => l.TryGetProperty(name, out var value) ? value.ToString() : null).OfType<string>()))], lines[^1]);
    }

    private async Task<string?> StandingAsync(string tag) => (await service.AddressAsync(tag)).GetProperty("standing").GetString();

    private async Task<List<JsonElement>> ChangesSinceAsync(long position)
    {
        using var emailSystem = service.AsEmailSystem();
        var (wishes, heard) = (new Wishes(), new List<JsonElement>());
        wishes.Start(JsonSerializer.SerializeToElement(new { tenant = Packs.Tenant, position }));
        await emailSystem.CatchUpAsync(wishes, heard.Add, CancellationToken.None);
        return heard;
    }
}
