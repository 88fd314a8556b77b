namespace ConsentLedger.Transparency.Tests;

public sealed class PublicReadsTests
{
    [Fact]
    public async Task Whoever_finds_no_room_is_told_to_come_back_and_finds_it_later()
    {
        using var reads = new PublicReads(atOnce: 1, waiting: 1);
        var first = new TaskCompletionSource<object?>();
        var reading = reads.RunAsync(() => new ValueTask<object?>(first.Task), default).AsTask();
        var waiting = reads.RunAsync(() => new ValueTask<object?>("second"), default).AsTask();
        (await reads.RunAsync(() => new ValueTask<object?>("third"), default)).ShouldBe(LogProblems.Busy);

        first.SetResult("first");
        (await Task.WhenAll(reading, waiting)).ShouldBe(["first", "second"]);
        (await reads.RunAsync(() => new ValueTask<object?>("third"), default)).ShouldBe("third");
    }
}
