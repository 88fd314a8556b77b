using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using RabbitMQ.Client;

namespace ConsentLedger.Support;

/// <summary>A virtual host of its own on the real broker, deleted at the end.</summary>
public sealed class Broker : IAsyncDisposable
{
    private readonly HttpClient _management;
    private readonly string _virtualHost;
    private readonly Dictionary<string, Uri> _users = [];
    private IConnection? _connection;

    private Broker(string virtualHost)
    {
        _virtualHost = virtualHost;
        Uri = new UriBuilder(Servers.Amqp) { Path = virtualHost }.Uri;
        var management = new Uri(Servers.AmqpManagement);
        _management = new HttpClient { BaseAddress = new Uri(management, "/api/") };
        _management.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(management.UserInfo))));
    }

    /// <summary><c>amqp://user:password@host:port/vhost</c></summary>
    public Uri Uri { get; }

    public static async Task<Broker> CreateAsync(string prefix)
    {
        var broker = new Broker($"{prefix}-{Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}");
        await broker.CallAsync(HttpMethod.Put, $"vhosts/{broker._virtualHost}", new { });
        var user = broker.Uri.UserInfo.Split(':')[0];
        await broker.CallAsync(HttpMethod.Put, $"permissions/{broker._virtualHost}/{user}", new { configure = ".*", write = ".*", read = ".*" });
        return broker;
    }

    /// <summary>The same for somebody who has the rights that deploy/rabbitmq gives them, once <see cref="AddUsersAsync"/> has made them.</summary>
    public Uri UriOf(string user) => _users[user];

    /// <summary>Makes these users and the exchanges, as deploy/rabbitmq/definitions has them.</summary>
    public async Task AddUsersAsync(params string[] users)
    {
        var definitions = await DefinitionsAsync(users);
        foreach (var exchange in definitions.GetProperty("exchanges").EnumerateArray())
            await CallAsync(HttpMethod.Put, $"exchanges/{_virtualHost}/{exchange.GetProperty("name").GetString()}", new { type = exchange.GetProperty("type").GetString(), durable = true });
        foreach (var permission in definitions.GetProperty("permissions").EnumerateArray())
        {
            var user = permission.GetProperty("user").GetString()!;
            var name = $"{_virtualHost}.{user}";
            await CallAsync(HttpMethod.Put, $"users/{name}", new { password = name, tags = "" });
            await CallAsync(HttpMethod.Put, $"permissions/{_virtualHost}/{name}", permission);
            _users[user] = new UriBuilder(Uri) { UserName = name, Password = name }.Uri;
        }
    }

    /// <summary>A channel with confirms, on a connection that the services under test know nothing of.</summary>
    public async Task<IChannel> OpenChannelAsync()
    {
        if (_connection is not { IsOpen: true })
            _connection = await new ConnectionFactory { Uri = Uri, ClientProvidedName = "test", AutomaticRecoveryEnabled = false }.CreateConnectionAsync();
        return await _connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
    }

    /// <summary>Cuts every connection to this virtual host but the test's own, as a dying broker or network would.</summary>
    /// <returns>How many were cut. The broker lists a connection some seconds after it was made.</returns>
    public async Task<int> CutConnectionsAsync()
    {
        var cut = 0;
        var connections = await _management.GetFromJsonAsync<JsonElement>($"vhosts/{_virtualHost}/connections");
        foreach (var connection in connections.EnumerateArray())
        {
            if (connection.TryGetProperty("user_provided_name", out var name) && name.GetString() == "test") continue;
            using var answer = await _management.DeleteAsync(new Uri($"connections/{Uri.EscapeDataString(connection.GetProperty("name").GetString()!)}", UriKind.Relative));
            if (answer.IsSuccessStatusCode) cut++;
        }

        return cut;
    }

    /// <summary>How many messages wait in a queue that nobody has taken yet.</summary>
    public async Task<uint> CountReadyAsync(string queue)
    {
        await using var channel = await OpenChannelAsync();
        return await channel.MessageCountAsync(queue);
    }

    /// <summary>Whether a queue is there and somebody listens to it.</summary>
    public async Task<bool> IsConsumedAsync(string queue)
    {
        await using var channel = await OpenChannelAsync();
        try
        {
            return await channel.ConsumerCountAsync(queue) > 0;
        }
        catch (RabbitMQ.Client.Exceptions.OperationInterruptedException)
        {
            return false;
        }
    }

    /// <summary>Leaves the virtual host behind.</summary>
    public async Task LeaveAsync()
    {
        if (_connection is not null) await _connection.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await LeaveAsync();
        await CallAsync(HttpMethod.Delete, $"vhosts/{_virtualHost}", null);
        foreach (var user in _users.Keys) await CallAsync(HttpMethod.Delete, $"users/{_virtualHost}.{user}", null);
        _management.Dispose();
    }

    private static async Task<JsonElement> DefinitionsAsync(IEnumerable<string> users)
    {
        var start = new ProcessStartInfo(Path.Combine(Servers.Checkout, "deploy", "rabbitmq", "definitions"), users.Select(user => $"{user}=/dev/null")) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var printed = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return JsonDocument.Parse(printed).RootElement;
    }

    private async Task CallAsync(HttpMethod method, string path, object? body)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var answer = await _management.SendAsync(request);
        if (answer.StatusCode != HttpStatusCode.NotFound) answer.EnsureSuccessStatusCode();
    }
}
