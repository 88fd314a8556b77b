using System.Net;
using System.Net.Http.Headers;
using Npgsql;
using static ConsentLedger.MarketingPreference.Tests.RunningService;

namespace ConsentLedger.MarketingPreference.Tests.Addresses;

/// <summary>The list of all that is stopped, for as long as somebody takes to read it.</summary>
[Collection(nameof(RunningService))]
public sealed class SuppressionsTests(RunningService service) : IAsyncLifetime
{
    /// <summary>One whose list no socket takes at once.</summary>
    private const string Tenant = "long-list";

    public Task InitializeAsync() => OnDatabaseAsync($"""
        insert into addresses (tenant_id, tag, stream_id, standing, position, since)
        select '{Tenant}', sha256(n::text::bytea), gen_random_uuid(), 3, n, now() from generate_series(1, 300000) as n
        """);

    public Task DisposeAsync() => OnDatabaseAsync($"delete from addresses where tenant_id = '{Tenant}'");

    [Fact]
    public async Task Who_does_not_read_on_keeps_two_turns_and_no_more_and_leaves_other_tenants_theirs()
    {
        using var http = new HttpClient { BaseAddress = service.Url };
        using (var first = await BeginAsync(http))
        using (var second = await BeginAsync(http))
        {
            (first.StatusCode, second.StatusCode).ShouldBe((HttpStatusCode.OK, HttpStatusCode.OK));
            using var third = await BeginAsync(http);
            third.Headers.RetryAfter.ShouldNotBeNull();
            (await CodeAsync(third, HttpStatusCode.ServiceUnavailable)).ShouldBe("suppressions_busy");
            (await service.SendAsync(HttpMethod.Get, "/v1/suppressions", role: "email")).StatusCode.ShouldBe(HttpStatusCode.OK, "another tenant's turn");
        }

        await EventuallyAsync("their turns are over", async () =>
        {
            using var again = await BeginAsync(http);
            return again.StatusCode == HttpStatusCode.OK;
        });
    }

    private async Task<HttpResponseMessage> BeginAsync(HttpClient http)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/suppressions");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", service.Token("email", Tenant));
        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private async Task OnDatabaseAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(service.Database);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
