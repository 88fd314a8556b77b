using ConsentLedger.Support;
using EmailSystem;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace ConsentLedger.MarketingPreference.Tests;

/// <summary>What the published examples of an e-mail system do with a log in which something is recorded whenever they look.</summary>
public sealed class CatchingUpTests : IAsyncLifetime
{
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(20));
    private readonly WebApplication _service;
    private long _recorded = 2_500;
    private int _pages;

    public CatchingUpTests()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _service = builder.Build();
        _service.MapGet("/v1/preferences/changes", (long after, int? limit) =>
        {
            _pages++;
            var positions = Enumerable.Range((int)after + 1, (int)Math.Min(limit ?? 1_000, ++_recorded - after - 1));
            return Results.Text(string.Concat(positions.Select(position => $$"""{"type":"marketing.preferences-read.v1","position":{{position}}}{{'\n'}}""")), "application/x-ndjson");
        });
    }

    private CancellationToken Ct => _patience.Token;

    public Task InitializeAsync() => _service.StartAsync();

    public async Task DisposeAsync()
    {
        await _service.DisposeAsync();
        _patience.Dispose();
    }

    [Theory]
    [InlineData("dotnet")]
    [InlineData("node")]
    public async Task Catching_up_reads_all_there_is_and_ends_though_there_is_always_more(string language)
    {
        var position = language == "node" ? await CatchUpInNodeAsync() : await CatchUpAsync();
        position.ShouldBe(2_502);
        _pages.ShouldBe(3);
    }

    private async Task<long> CatchUpAsync()
    {
        using var emailSystem = new PreferenceService(new Uri(_service.Urls.Single()), "none");
        var wishes = new Wishes();
        await emailSystem.CatchUpAsync(wishes, _ => { }, Ct);
        return wishes.Position;
    }

    private async Task<long> CatchUpInNodeAsync()
    {
        const string Program = """
            import { PreferenceService } from './email-system/preference-service.mjs';
            import { Wishes } from './email-system/wishes.mjs';
            const wishes = new Wishes();
            await new PreferenceService(process.env.PREFERENCE_URL, 'none').catchUp(wishes, () => {});
            console.log(JSON.stringify({ position: wishes.position }));
            """;
        await using var emailSystem = NodeClient.StartAlone([("PREFERENCE_URL", _service.Urls.Single())], "--input-type=module", "--eval", Program);
        return (await emailSystem.ReadUntilAsync(_ => true, Ct))[^1].GetProperty("position").GetInt64();
    }
}
