using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Register;
using Microsoft.AspNetCore.Http;
using static ConsentLedger.ErasureOrchestrator.Tests.Processors.CallingProcessors;

namespace ConsentLedger.ErasureOrchestrator.Tests.Processors;

/// <summary>Flaky, slow and dead ones: each is answered for, and none stands in another's way.</summary>
public sealed class UnreliableProcessorTests
{
    [Fact]
    public async Task A_hiccup_is_overcome_within_the_call()
    {
        await using var here = new CallingProcessors();
        var processor = await here.StartProcessorAsync();
        var hiccups = 2;
        processor.Before = context => Interlocked.Decrement(ref hiccups) < 0 ? AnswerAsync(context, """{"outcome":"erased"}""") : FailAsync(context, 503);
        (await here.SendAsync(CallOf(Crm(processor)))).ShouldBe(new TaskReply.Done(TaskOutcome.Erased, null));
        processor.Heard.Count.ShouldBe(3);
    }

    [Fact]
    public async Task Who_asks_to_be_left_alone_for_long_is_left_alone_by_the_call_and_the_request_hears_for_how_long()
    {
        await using var here = new CallingProcessors();
        var processor = await here.StartProcessorAsync();
        processor.Before = context =>
        {
            context.Response.Headers.RetryAfter = "3600";
            return FailAsync(context, 503);
        };
        (await here.SendAsync(CallOf(Crm(processor)))).ShouldBe(new TaskReply.Unreachable("status-503", TimeSpan.FromHours(1)));
        processor.Heard.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_dead_one_is_soon_not_asked_at_all()
    {
        await using var here = new CallingProcessors();
        var processor = await here.StartProcessorAsync();
        var dead = Crm(processor) with { Endpoint = new Uri("http://localhost:1/hook") };
        for (var call = 0; call < 5; call++) (await here.SendAsync(CallOf(dead))).ShouldBe(new TaskReply.Unreachable("no-answer", null));
        (await here.SendAsync(CallOf(dead))).ShouldBeOfType<TaskReply.Unreachable>().Code.ShouldBe("circuit-open");

        processor.Before = context => AnswerAsync(context, """{"outcome":"erased"}""");
        (await here.SendAsync(CallOf(Crm(processor, "other")))).ShouldBe(new TaskReply.Done(TaskOutcome.Erased, null), "another processor's breaker is another");
    }

    [Fact]
    public async Task A_slow_one_fills_its_own_lane_and_starves_nobody()
    {
        await using var here = new CallingProcessors(("Processors:AtOnce", "2"), ("Processors:Waiting", "1"));
        var (slow, quick) = (await here.StartProcessorAsync(), await here.StartProcessorAsync());
        var (release, reached) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new SemaphoreSlim(0));
        slow.Before = async context =>
        {
            reached.Release();
            await release.Task;
            return await AnswerAsync(context, """{"outcome":"erased"}""");
        };
        quick.Before = context => AnswerAsync(context, """{"outcome":"nothing-held"}""");

        Task<TaskReply>[] hanging = [here.SendAsync(CallOf(Crm(slow))), here.SendAsync(CallOf(Crm(slow)))];
        await reached.WaitAsync();
        await reached.WaitAsync();
        var waiting = here.SendAsync(CallOf(Crm(slow)));
        (await here.SendAsync(CallOf(Crm(slow)))).ShouldBeOfType<TaskReply.Unreachable>().Code.ShouldBe("busy");
        for (var call = 0; call < 20; call++) (await here.SendAsync(CallOf(Crm(quick, "quick")))).ShouldBe(new TaskReply.Done(TaskOutcome.NothingHeld, null));
        slow.Heard.Count.ShouldBe(2);

        release.SetResult();
        foreach (var answer in await Task.WhenAll([.. hanging, waiting])) answer.ShouldBe(new TaskReply.Done(TaskOutcome.Erased, null));
    }

    [Fact]
    public async Task One_that_hangs_ends_by_the_time_limit()
    {
        await using var here = new CallingProcessors(("Resilience:processor:AttemptTimeoutMs", "5000"), ("Resilience:processor:Attempts", "2"));
        var processor = await here.StartProcessorAsync();
        processor.Before = async context =>
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        (await here.SendAsync(CallOf(Crm(processor)))).ShouldBe(new TaskReply.Unreachable("timeout", null));
        processor.Heard.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_redirect_leads_nowhere()
    {
        await using var here = new CallingProcessors();
        var (processor, elsewhere) = (await here.StartProcessorAsync(), await here.StartProcessorAsync());
        processor.Before = context =>
        {
            context.Response.Headers.Location = $"{elsewhere.Url}hook";
            return FailAsync(context, 307);
        };
        (await here.SendAsync(CallOf(Crm(processor)))).ShouldBe(new TaskReply.Unreachable("status-307", null));
        elsewhere.Heard.ShouldBeEmpty();
    }

    [Fact]
    public async Task An_answer_without_an_end_is_not_read_to_it()
    {
        await using var here = new CallingProcessors();
        var processor = await here.StartProcessorAsync();
        processor.Before = context => AnswerAsync(context, new string(' ', 300 * 1024));
        (await here.SendAsync(CallOf(Crm(processor)))).ShouldBe(new TaskReply.Unreachable("answer-too-long", null));
    }

    [Theory]
    [InlineData("https://localhost:1/")]
    [InlineData("https://127.0.0.1:1/")]
    [InlineData("https://[::1]:1/")]
    [InlineData("https://[::ffff:10.1.2.3]:1/")]
    [InlineData("https://169.254.169.254/latest/meta-data/")]
    [InlineData("https://0x7f000001/")]
    [InlineData("http://example.org/")] // not over TLS
    [InlineData("https://user@example.org/")]
    [InlineData("ftp://example.org/")]
    public async Task Our_own_network_is_not_reached_through_us(string endpoint)
    {
        await using var here = new CallingProcessors(("Outbound:AllowPrivateNetworks", "false"));
        var processor = new Processor("crm", "A CRM", ProcessorKind.Webhook, new Uri(endpoint), null, [], Secret: "crm");
        (await here.SendAsync(CallOf(processor))).ShouldBeOfType<TaskReply.Unreachable>().Code.ShouldBe("address-refused");
    }

    [Fact]
    public async Task What_has_no_endpoint_is_not_called()
    {
        await using var here = new CallingProcessors();
        (await here.SendAsync(CallOf(new Processor("paper", "An archive", ProcessorKind.Manual, null, "archive", [])))).ShouldBe(new TaskReply.Unreachable("endpoint-missing", null));
    }

    internal static async Task<bool> AnswerAsync(HttpContext context, string json, int status = 200)
    {
        context.Response.StatusCode = status;
        await context.Response.WriteAsync(json);
        return true;
    }

    private static Task<bool> FailAsync(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return Task.FromResult(true);
    }
}
