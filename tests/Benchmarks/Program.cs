using ConsentLedger.Benchmarks;

// One JSON line a figure, each with its baseline measured in the same run: `deploy/local/bench [name]`.
var benchmarks = new Dictionary<string, Func<CancellationToken, Task>>
{
    ["append"] = AppendBenchmark.RunAsync,
    ["follow"] = FollowBenchmark.RunAsync,
    ["price"] = PriceBenchmark.RunAsync,
    ["latency"] = LatencyBenchmark.RunAsync,
    ["replay"] = ReplayBenchmark.RunAsync,
    ["ledger"] = LedgerBenchmark.RunAsync,
    ["erasure"] = ErasureBenchmark.RunAsync,
    ["decisions"] = DecisionBenchmark.RunAsync,
    ["unsubscribe"] = UnsubscribeBenchmark.RunAsync,
    ["gate"] = GateBenchmark.RunAsync,
};

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) => { e.Cancel = true; stop.Cancel(); };

foreach (var name in args.Length == 0 ? benchmarks.Keys.ToArray() : args)
{
    if (!benchmarks.TryGetValue(name, out var run))
    {
        Console.Error.WriteLine($"There is no benchmark '{name}'. There are: {string.Join(", ", benchmarks.Keys)}.");
        return 2;
    }

    await run(stop.Token);
}

return 0;
