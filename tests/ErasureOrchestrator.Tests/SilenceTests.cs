using ConsentLedger.Contracts;

namespace ConsentLedger.ErasureOrchestrator.Tests;

public sealed class SilenceTests : IAsyncLifetime
{
    private readonly Orchestrator _orchestrator = new();

    public Task InitializeAsync() => _orchestrator.StartAsync(redispatchAfter: "00:00:02");

    public Task DisposeAsync() => _orchestrator.DisposeAsync();

    [Fact]
    public async Task A_system_that_stays_silent_is_told_again_also_after_a_crash()
    {
        var subject = People.NewSubject().ToString();
        var request = (await _orchestrator.RequestAsync(subject)).Id;
        await _orchestrator.Others.AnswerAsync("consent", subject, request);
        var told = (await _orchestrator.AnsweredAsync(request, "consent")).TaskOf("consent").GetProperty("attempts").GetInt32();
        await _orchestrator.Others.HearAsync(subject, 5);
        await _orchestrator.KillAsync();
        await _orchestrator.StartAgainAsync();

        var again = (await _orchestrator.Others.HearAsync(subject, 6))[5];
        (again.Type, again.DataAs<ErasureTaskDispatchedV1>()).ShouldBe((ErasureTaskDispatchedV1.Type, new ErasureTaskDispatchedV1(request, "marketing-preference")));

        await _orchestrator.Others.AnswerAsync("marketing-preference", subject, request);
        var completed = await _orchestrator.CompletedAsync(request);
        completed.TaskOf("marketing-preference").GetProperty("attempts").GetInt32().ShouldBeGreaterThan(1);
        completed.TaskOf("consent").GetProperty("attempts").GetInt32().ShouldBe(told, "who has answered is left alone");
        _orchestrator.Log.ShouldNotContain(subject);
    }
}
