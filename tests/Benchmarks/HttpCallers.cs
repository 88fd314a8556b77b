using System.Diagnostics;
using System.Net.Sockets;

namespace ConsentLedger.Benchmarks;

/// <summary>Callers that each have one request under way and make the next when they have heard its answer, looked after by two threads, as <c>pgbench -j 2</c> looks after its clients.</summary>
/// <param name="callers">An even number.</param>
/// <param name="question">The bytes of a caller's request of this number.</param>
/// <param name="check">Reads its answer's body.</param>
internal sealed class HttpCallers(IReadOnlyList<HttpCaller> callers, Func<int, int, byte[]> question, HttpCallers.Check check)
{
    private const int Threads = 2;

    public delegate void Check(int caller, int request, ReadOnlySpan<byte> answer);

    /// <summary>How many answers came a second.</summary>
    public async Task<double> MeasureAsync(int seconds, CancellationToken ct)
    {
        var clock = Stopwatch.StartNew();
        var heard = await Task.WhenAll(Enumerable.Range(0, callers.Count).Chunk(callers.Count / Threads)
            .Select(mine => Task.Factory.StartNew(() => LookAfter(mine, () => clock.Elapsed.TotalSeconds < seconds && !ct.IsCancellationRequested), ct, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        return heard.Sum() / clock.Elapsed.TotalSeconds;
    }

    private long LookAfter(int[] mine, Func<bool> goesOn)
    {
        var asked = new int[callers.Count];
        var waiting = mine.ToDictionary(caller => callers[caller].Socket);
        foreach (var caller in mine) callers[caller].Ask(question(caller, 0));
        var answered = new List<Socket>(mine.Length);
        while (waiting.Count > 0)
        {
            answered.Clear();
            answered.AddRange(waiting.Keys);
            Socket.Select(answered, null, null, -1);
            foreach (var socket in answered)
            {
                var caller = waiting[socket];
                check(caller, asked[caller], callers[caller].Hear());
                asked[caller]++;
                if (goesOn()) callers[caller].Ask(question(caller, asked[caller]));
                else waiting.Remove(socket);
            }
        }

        return asked.Sum();
    }
}
