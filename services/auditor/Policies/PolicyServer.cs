using System.CommandLine;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Auditor.Policies;

/// <summary>Which running service, and with what right.</summary>
internal sealed class PolicyServerOptions(Surroundings surroundings, bool required)
{
    private readonly Option<string?> _server = new("--server") { Description = "The consent service, such as https://ledger.example.", HelpName = "URL", Required = required };

    private readonly Option<string?> _tokenFile = new("--token-file")
    {
        Description = $"A file with the controller's bearer token (scope policy:publish; to compare, policy:read is enough). Without it, {RemoteOptions.TokenVariable}.",
        HelpName = "FILE",
    };

    public void AddTo(Command verb)
    {
        verb.Options.Add(_server);
        verb.Options.Add(_tokenFile);
    }

    /// <returns>Null where no service was named.</returns>
    public async Task<PolicyServer?> OpenAsync(ParseResult parsed, HttpClient client, CancellationToken ct) =>
        parsed.GetValue(_server) is { } url
            ? new PolicyServer(client, RemoteOptions.ReadUrl(url), await RemoteOptions.ReadTokenAsync(parsed.GetValue(_tokenFile), surroundings, ct))
            : null;
}

/// <summary>The published policies of a controller, as the service keeps them.</summary>
internal sealed class PolicyServer(HttpClient client, Uri server, string? token)
{
    /// <returns>The pack as it is served; null where there is none.</returns>
    public async Task<byte[]?> ReadAsync(string version, string? tenant, CancellationToken ct)
    {
        using var answer = await SendAsync(HttpMethod.Get, version, tenant, body: null, ct);
        return answer.StatusCode == HttpStatusCode.NotFound ? null
            : answer.IsSuccessStatusCode ? await answer.Content.ReadAsByteArrayAsync(ct)
            : throw Unanswered(answer);
    }

    public async Task<PublishAnswer> PublishAsync(PolicyPack pack, byte[] bytes, CancellationToken ct)
    {
        using var answer = await SendAsync(HttpMethod.Put, pack.Version, pack.Tenant, bytes, ct);
        if (!answer.IsSuccessStatusCode && answer.StatusCode != HttpStatusCode.UnprocessableEntity) throw Unanswered(answer);
        try
        {
            var told = JsonSerializer.Deserialize<Told>(await answer.Content.ReadAsByteArrayAsync(ct), JsonSerializerOptions.Web)!;
            return answer.IsSuccessStatusCode ? new(told.Outcome ?? "", told.Position, Refusal: null) : new("refused", null, (told.Code ?? "", told.Detail ?? told.Title ?? ""));
        }
        catch (JsonException e)
        {
            throw new UnansweredException("no_answer", $"{answer.RequestMessage!.RequestUri}: that is no answer of a consent service.", e);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string version, string? tenant, byte[]? body, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, new Uri(server, $"v1/policies/{Uri.EscapeDataString(version)}"));
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (tenant is not null) request.Headers.Add("X-Tenant", tenant);
        if (body is not null) request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        return await client.SendAsync(request, ct);
    }

    private static UnansweredException Unanswered(HttpResponseMessage answer) => answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
        ? new("access_denied", $"{answer.RequestMessage!.RequestUri}: {(int)answer.StatusCode}. Policies are published with the controller's own token: --token-file, or {RemoteOptions.TokenVariable}.")
        : new("no_answer", $"{answer.RequestMessage!.RequestUri}: {(int)answer.StatusCode}. The same command again finds out.");

    private sealed record Told(string? Outcome, long? Position, string? Code, string? Title, string? Detail);
}

/// <param name="Outcome"><c>recorded</c>, <c>unchanged</c> or <c>refused</c>.</param>
internal sealed record PublishAnswer(string Outcome, long? Position, (string Code, string Reason)? Refusal);
