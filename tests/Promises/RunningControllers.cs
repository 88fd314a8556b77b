using System.Text.Json.Nodes;
using ConsentLedger.Support;

namespace ConsentLedger.Promises;

/// <summary>The three services, started once for all tests, and the five controllers that use them.</summary>
public sealed class RunningControllers : IAsyncLifetime
{
    private static readonly Lazy<Task<Installation>> Started = new(StartAsync);
    private static int _alone;

    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(15));
    private Installation _here = null!;

    private CancellationToken Ct => _patience.Token;

    public async Task InitializeAsync() => _here = await Started.Value;

    public Task DisposeAsync()
    {
        _patience.Dispose();
        return Task.CompletedTask;
    }

    public Controller Controller(string name) => new(_here, name, PackOf(name), Ct);

    /// <summary>A controller with the same policy under a name of its own, for tests that publish further versions.</summary>
    /// <param name="tenant">That name, where somebody has to know it.</param>
    public async Task<Controller> AloneAsync(string name, string? tenant = null)
    {
        var pack = PackOf(name);
        var alone = new Controller(_here, tenant ?? $"{name}-{Interlocked.Increment(ref _alone)}", pack, Ct);
        await alone.PublishAsync((string)pack["version"]!);
        return alone;
    }

    private static JsonObject PackOf(string name) => (JsonObject)JsonNode.Parse(File.ReadAllText(Path.Combine(Servers.Checkout, "deploy", "policies", $"{name}.json")))!;

    private static async Task<Installation> StartAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var product = new RunningProduct();
        WholeRun.AtEnd(product.DisposeAsync);
        await product.InitializeAsync();
        foreach (var tenant in RunningServices.Tenants)
        {
            var sending = product.Installation.Client(product.Installation.Preference, tenant, "email");
            await Acts.EventuallyAsync($"the policy of {tenant} reached marketing-preference", async () =>
                (await sending.PostOkAsync("/v1/send-decisions", new { subject = Acts.NewSubject(), topic = "none", channel = "email" }, patience.Token)).GetProperty("rule").GetString() != "policy_missing", patience.Token);
        }

        return product.Installation;
    }
}
