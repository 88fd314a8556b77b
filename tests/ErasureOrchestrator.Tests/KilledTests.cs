using System.Collections.Concurrent;
using ConsentLedger.Contracts;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>kill -9 between any two steps, and at no step in particular.</summary>
public sealed class KilledTests(Orchestrator orchestrator) : IClassFixture<Orchestrator>
{
    private static readonly string[] Systems = ["consent", "marketing-preference"];

    private OtherSystems Others => orchestrator.Others;

    [Fact]
    public async Task Killed_after_every_step_it_still_comes_to_its_end()
    {
        var subject = People.NewSubject().ToString();
        var request = (await orchestrator.RequestAsync(subject)).Id;
        await RestartAsync();
        (await Others.HearAsync(subject, 4)).Count(m => m.Type == ErasureTaskDispatchedV1.Type).ShouldBe(2);

        // An answer while it is away waits in the queue.
        await orchestrator.KillAsync();
        await Others.AnswerAsync("consent", subject, request);
        await orchestrator.StartAgainAsync();
        await Others.HearAsync(subject, 5);
        await RestartAsync();

        (await orchestrator.RequestAsync(subject)).Id.ShouldBe(request);
        await RestartAsync();
        await Others.AnswerAsync("marketing-preference", subject, request);
        await orchestrator.CompletedAsync(request);
        await RestartAsync();

        (await orchestrator.CompletedAsync(request)).TaskOf("consent").GetProperty("attempts").GetInt32().ShouldBe(1);
        (await Others.HearAsync(subject, 7)).Select(m => m.StreamVersion).ShouldBe([1, 2, 3, 4, 5, 6, 7]);
    }

    [Fact]
    public async Task Killed_at_any_moment_it_loses_no_request_and_completes_none_twice()
    {
        var requests = new ConcurrentDictionary<string, Guid>();
        Others.OnHearing = message => message.Type == ErasureTaskDispatchedV1.Type && message.DataAs<ErasureTaskDispatchedV1>() is var task
            ? Others.SendAsync(OtherSystems.Erased(task.System, message.Subject!, task.Request, id: $"{task.Request} {task.System}"))
            : Task.CompletedTask;
        var asking = Task.WhenAll(Enumerable.Range(0, 40).Select(async n =>
        {
            await Task.Delay(n * 100);
            var subject = People.NewSubject().ToString();
            requests[subject] = await AskUntilAnsweredAsync(subject);
        }));
        foreach (var delay in (int[])[700, 300, 500])
        {
            await Task.Delay(delay);
            await RestartAsync();
        }

        await asking;
        foreach (var (subject, request) in requests)
        {
            await orchestrator.CompletedAsync(request);
            var heard = await Others.HearAsync(subject, 7);
            heard.Select(m => m.StreamVersion).ShouldBe([1, 2, 3, 4, 5, 6, 7]);
            heard[^1].Type.ShouldBe(ErasureCompletedV1.Type);
            heard.Where(m => m.Type == ErasureTaskCompletedV1.Type).Select(m => m.DataAs<ErasureTaskCompletedV1>().System).Order().ShouldBe(Systems);
        }
    }

    private async Task<Guid> AskUntilAnsweredAsync(string subject)
    {
        while (true)
        {
            try
            {
                if (await orchestrator.RequestAsync(subject, key: subject) is { Status: 200 or 202 } answer) return answer.Id;
            }
            catch (HttpRequestException)
            {
                // Nobody is there just now.
            }

            await Task.Delay(50);
        }
    }

    private async Task RestartAsync()
    {
        await orchestrator.KillAsync();
        await orchestrator.StartAgainAsync();
    }
}
